// A programming session that only reads: P0, password, read commands with partial blocks, break. IEC 62056-21, 6.4 and 6.5.
// The rule of the file: a password is sent once, whatever happens; one register's error is that register's alone.

import { checksumOf, fits, type Check } from '../framing/check';
import { DlmsError } from '../wire/errors';
import { step, type Step } from '../step';
import { transmissionMs } from './characters';
import { blockError, clockOf, errorText, meterOf, withUnparsed } from './decoder';
import { parseDataBlock } from './data-block';
import type { Identification } from './identification';
import {
  breakMessage,
  nextBlock,
  parseRegister,
  passwordMessage,
  readCommand,
  repeatBlock,
  type ReadCommand,
  type RegisterRequest,
} from './messages';
import { isProfile, parseProfile } from './profile';
import {
  commandsFor,
  isUsual,
  type ReaderEvent,
  type ReaderHints,
  type ReaderOptions,
  type RegisterFailure,
} from './reader-options';
import type { Part } from './parts';
import type { Scanner } from './scanner';
import { apart } from './apart';
import { makerOf } from './makers';
import { Typing, type IecReading } from './typing';

type Waiting =
  | { for: 'challenge' }
  | { for: 'password' }
  /** Between two messages of ours. */
  | { for: 'rest'; then: () => Step<ReaderEvent> }
  | { for: 'answer'; acknowledged: boolean }
  | { for: 'nothing' };

/** Begins behind the acknowledgement with Y = 1; ends by itself with a `done` or `fault` event, B0 sent. */
export class ProgrammingSession {
  readonly #items: readonly RegisterRequest[];
  readonly #typing: Typing;
  readonly #readings: IecReading[] = [];
  readonly #failures: RegisterFailure[] = [];
  #waiting: Waiting;
  #index = 0;
  /** Commands not yet tried for the current item. */
  #commands: readonly ReadCommand[] = [];
  #partial = '';
  #repeats = 0;
  /** NAKs to the current command. */
  #naks = 0;
  /** Why the current item was not read so far; an error text says more than a NAK or silence. */
  #refusal: DlmsError | null = null;
  /** The worst check of what was taken, of this register and of the session. */
  #check: Check = 'ok';
  #worst: Check = 'ok';
  readonly #unparsed: string[] = [];
  #resent = false;
  /** The command that was answered in this session; one that is remembered may be of another meter of the same model. */
  #proven: ReadCommand | null = null;
  #unanswered = true;
  #learned: ReaderHints;
  #profiles = 0;
  /** Something of it was heard since the acknowledgement, or its list just before. */
  #lively = false;

  constructor(
    readonly options: ReaderOptions,
    readonly identification: Identification,
    readonly scanner: Scanner,
    readonly baudRate: number,
    hints: ReaderHints,
  ) {
    const plan = options.read ?? { what: 'list' as const };
    this.#items =
      plan.what === 'registers'
        ? plan.registers.map(parseRegister)
        : plan.what === 'profile'
          ? [profileRequest(plan)]
          : [];
    this.#typing = new Typing(options);
    this.#waiting = { for: 'challenge' };
    this.#learned = hints;
  }

  /** Mode A and B: the readout is over, commands may follow at once. */
  startWithoutChallenge(): Step<ReaderEvent> {
    this.#lively = true;
    return this.#afterChallenge();
  }

  /** P0 has neither come nor been given up: what comes now is about the acknowledgement. */
  get awaitsChallenge(): boolean {
    return this.#waiting.for === 'challenge';
  }

  /** Nothing came so far that is an answer. */
  get unanswered(): boolean {
    return this.#unanswered;
  }

  part(part: Part): Step<ReaderEvent> {
    const waiting = this.#waiting;
    if (part.type !== 'dropped') {
      this.#unanswered = false;
      this.#lively = true;
    }
    if (part.type === 'command' && part.command === 'B0') return this.#brokenOff();
    switch (waiting.for) {
      case 'challenge':
        return this.#challenge(part);
      case 'password':
        return this.#passwordAnswer(part);
      case 'answer':
        return this.#answer(part, waiting);
      case 'rest':
      case 'nothing':
        return step();
    }
  }

  timeout(): Step<ReaderEvent> {
    const waiting = this.#waiting;
    switch (waiting.for) {
      case 'challenge':
        // Some meters never send P0; reading needs no password on most.
        return this.#afterChallenge();
      case 'password':
        return this.#fail(this.#noAnswer('answer to the password'));
      case 'rest':
        return waiting.then();
      case 'answer':
        return this.#silence(waiting);
      case 'nothing':
        return step();
    }
  }

  /** Ends it from outside, with what was read and a break. */
  giveUp(error: DlmsError): Step<ReaderEvent> {
    return this.#fail(error);
  }

  #challenge(part: Part): Step<ReaderEvent> {
    if (part.type === 'command' && part.command === 'P0') {
      const operand = /^\((.*)\)$/.exec(part.text)?.[1] ?? part.text;
      const next = this.#afterChallenge();
      return step([{ type: 'challenge', operand }, ...next.events], next.write, next.waitMs);
    }
    if (part.type === 'block' || part.type === 'telegram') {
      const text = errorText(part.text);
      const what = 'programming mode: it sent its list instead';
      return this.#fail(new DlmsError(text === null ? { code: 'IEC_REFUSED', what } : { code: 'IEC_ERROR', text }));
    }
    return step([], [], this.#answerMs());
  }

  #afterChallenge(): Step<ReaderEvent> {
    const { password = '', passwordCommand = 'P1' } = this.options;
    if (password === '') return this.#rest(() => this.#nextItem());
    return this.#rest(() => {
      this.#waiting = { for: 'password' };
      return this.#send(passwordMessage(passwordCommand, password));
    });
  }

  #passwordAnswer(part: Part): Step<ReaderEvent> {
    if (part.type === 'ack') return this.#rest(() => this.#nextItem());
    if (part.type === 'nak') return this.#fail(new DlmsError({ code: 'WRONG_PASSWORD', diagnostic: 'NAK' }));
    if (part.type === 'block') {
      const error = errorText(part.text);
      const { password = '' } = this.options;
      // The head reflected the password with a damaged character, so that it was not known as an echo: no answer yet.
      if (error === null && repeats(part.text, password)) return step([], [], this.#answerMs());
      // Never its own words: with another character damaged they would be most of the password.
      const diagnostic = error === null ? 'it sent data where a confirmation was due' : this.#quoted(error);
      return this.#fail(new DlmsError({ code: 'WRONG_PASSWORD', diagnostic }));
    }
    return step([], [], this.#answerMs());
  }

  /** What the meter said, for an error. Whoever is on that line may have it say the password. */
  #quoted(text: string): string {
    return repeats(text, this.options.password ?? '') ? '(it repeats the password)' : text;
  }

  #nextItem(): Step<ReaderEvent> {
    const item = this.#items[this.#index];
    if (item === undefined) return this.#finish();
    const plan = this.options.read ?? { what: 'list' };
    this.#commands = commandsFor(plan, item.command, this.#learned);
    this.#refusal = null;
    return this.#ask(item);
  }

  #ask(item: RegisterRequest): Step<ReaderEvent> {
    const command = this.#commands[0];
    if (command === undefined) return this.#finish();
    this.#check = 'ok';
    this.#repeats = 0;
    this.#naks = 0;
    // Where one command was met by silence twice, the others are asked once.
    this.#resent = this.#refusal?.code === 'NO_ANSWER';
    return this.#askAgain(item, command);
  }

  #askAgain(item: RegisterRequest, command: ReadCommand): Step<ReaderEvent> {
    this.#partial = '';
    this.#waiting = { for: 'answer', acknowledged: false };
    const plan = this.options.read;
    const rows =
      plan?.what === 'profile' && command === 'R6' && plan.rowsPerBlock !== undefined ? `(${plan.rowsPerBlock})` : '';
    return this.#send(readCommand(command, item.data + rows, this.options.commandEnding));
  }

  #answer(part: Part, waiting: Extract<Waiting, { for: 'answer' }>): Step<ReaderEvent> {
    const item = this.#items[this.#index] as RegisterRequest;
    switch (part.type) {
      case 'ack':
        waiting.acknowledged = true;
        return step([], [], this.#answerMs());
      case 'nak':
        return this.#nak(item);
      case 'block':
        return this.#block(part, item);
      case 'telegram':
        // Without STX and block check: what was asked for comes in a block.
        return this.#block({ type: 'block', text: part.text, end: 'mark', bcc: UNCHECKED }, item);
      default:
        return step([], [], this.#answerMs());
    }
  }

  /** NAK asks for the command once more (IEC 62056-21, 6.3.6); after that it is a refusal. */
  #nak(item: RegisterRequest): Step<ReaderEvent> {
    const command = this.#commands[0];
    if (command !== undefined && ++this.#naks <= NAKS) return this.#rest(() => this.#askAgain(item, command));
    return this.#otherwise(item, new DlmsError({ code: 'IEC_REFUSED', what: `${this.#named(item)} (NAK)` }));
  }

  #block(part: Extract<Part, { type: 'block' }>, item: RegisterRequest): Step<ReaderEvent> {
    const { check = 'strict' } = this.options;
    const events: ReaderEvent[] = [];
    if (part.end === null || (!fits(part.bcc.check) && check !== 'off')) {
      const error =
        part.end === null
          ? new DlmsError({ code: 'TELEGRAM_INCOMPLETE', have: part.text.length, waitingFor: 'ETX' })
          : blockError(part);
      if (++this.#repeats <= REPEATS)
        return this.#rest(() => this.#send(repeatBlock(), { for: 'answer', acknowledged: false }));
      if (check === 'strict' || part.end === null) return this.#failed(item, error);
      events.push({
        type: 'problem',
        error,
        bytes: Uint8Array.from(part.text, c => c.charCodeAt(0)),
        origin: { source: 'iec' },
      });
    }
    if (!fits(part.bcc.check)) this.#check = this.#worst = part.bcc.check;
    this.#repeats = 0;
    if (part.end === 'eot') {
      const text = this.#partial + part.text;
      const limit = this.options.limitBytes ?? 1_000_000;
      if (text.length > limit) {
        const actual = text.length;
        return this.#failed(item, new DlmsError({ code: 'LIMIT_EXCEEDED', what: this.#named(item), limit, actual }));
      }
      this.#partial = text;
      return this.#rest(() => this.#send(nextBlock(), { for: 'answer', acknowledged: false }));
    }
    return this.#value(this.#partial + part.text, item, events);
  }

  #value(text: string, item: RegisterRequest, events: ReaderEvent[]): Step<ReaderEvent> {
    this.#partial = '';
    const refusal = errorText(text);
    if (refusal !== null) {
      const error = new DlmsError({ code: 'IEC_ERROR', text: `${item.id}: ${this.#quoted(refusal)}` });
      // A command that has worked here is known to the meter; its error is about the register (Energomera CE301: ERR11 to any R5).
      return this.#isProven ? this.#failed(item, error) : this.#otherwise(item, error);
    }
    events.push(...this.#learn());
    if (isProfile(text)) {
      this.#profiles++;
      const profile = parseProfile(text, this.options);
      const checksum = checksumOf(this.#check, this.options.check ?? 'strict');
      const origin = { source: 'iec', framing: 'iec', service: this.#commands[0] ?? 'R5', checksum } as const;
      const { identification } = this;
      events.push({ type: 'profile', profile, meter: meterOf(identification, []), origin, identification, bcc: null });
    } else {
      const { dataSets, unparsed } = parseDataBlock(text);
      if (dataSets.length === 0) {
        const what = `${this.#named(item)}: its answer holds no data`;
        return this.#failed(item, new DlmsError({ code: 'IEC_REFUSED', what }));
      }
      const readings = this.#typing.readings(
        dataSets.map(set => (set.id === '' ? { ...set, id: item.id } : set)),
        { maker: makerOf(this.identification) },
      );
      for (const reading of readings) this.#readings.push(reading);
      for (const line of unparsed) this.#unparsed.push(line);
      const other = this.#otherThan(item, readings);
      if (other === null) events.push({ type: 'register', register: item.text, readings });
      else {
        // It leaves under its own name; what was asked for has not been given.
        const error = new DlmsError({ code: 'IEC_REFUSED', what: `${this.#named(item)}: it gave ${other} instead` });
        this.#failures.push({ register: item.text, error });
        events.push(problemOf(error));
      }
    }
    return this.#next(events);
  }

  /**
   * The ids of an answer that is of other codes than the one that was asked for; null where it is of that one, or where an id
   * is no code: what an address or the name of a list stands for only the meter knows.
   */
  #otherThan({ id }: RegisterRequest, readings: readonly IecReading[]): string | null {
    const asked = this.#typing.facts(id).obis;
    if (asked === null) return null;
    const groups = ASKED_GROUPS.slice(0, /^\w+\.\w+$/.test(id) ? 2 : 3);
    const isOther = ({ id: came }: IecReading): boolean => {
      const { obis } = this.#typing.facts(came);
      if (obis === null) return false;
      const otherPeriod = asked.f !== 255 && obis.f !== 255 && obis.f !== asked.f;
      return otherPeriod || groups.some(group => obis[group] !== asked[group]);
    };
    return readings.every(isOther)
      ? readings
          .map(reading => reading.id)
          .join(', ')
          .slice(0, LONGEST_LIST)
      : null;
  }

  /** Another command for the same register, where the user named none; else its failure. */
  #otherwise(item: RegisterRequest, error: DlmsError): Step<ReaderEvent> {
    this.#refusal = moreTelling(this.#refusal, error);
    this.#commands = this.#commands.slice(1);
    return this.#commands.length === 0 ? this.#failed(item, this.#refusal) : this.#rest(() => this.#ask(item));
  }

  #failed(item: RegisterRequest, error: DlmsError): Step<ReaderEvent> {
    this.#failures.push({ register: item.text, error });
    return this.#next([problemOf(error)]);
  }

  #next(events: readonly ReaderEvent[]): Step<ReaderEvent> {
    this.#index++;
    // A slow meter still answers the first of two commands that were the same: that would be taken for the next register.
    const next = this.#rest(() => this.#nextItem(), this.#resent ? this.#answerMs() : undefined);
    return step([...events, ...next.events], next.write, next.waitMs);
  }

  #silence(waiting: Extract<Waiting, { for: 'answer' }>): Step<ReaderEvent> {
    const item = this.#items[this.#index] as RegisterRequest;
    for (const part of this.scanner.flush()) if (part.type === 'block') return this.#block(part, item);
    if (waiting.acknowledged) {
      const what = `${this.#named(item)}: acknowledged, but no data came`;
      return this.#otherwise(item, new DlmsError({ code: 'IEC_REFUSED', what }));
    }
    const command = this.#commands[0];
    if (!this.#resent && command !== undefined) {
      this.#resent = true;
      return this.#askAgain(item, command);
    }
    const error = this.#noAnswer(`answer to ${this.#named(item)}`);
    const refusal = this.#refusal;
    if (this.#commands.length > 1 && !this.#isProven && !this.#unanswered) return this.#otherwise(item, error);
    return refusal === null || refusal.code === 'NO_ANSWER' ? this.#fail(error) : this.#failed(item, refusal);
  }

  /** B0 from the meter: what is still open will not be answered. */
  #brokenOff(): Step<ReaderEvent> {
    const waiting = this.#waiting;
    const item = this.#items[this.#index];
    const events: ReaderEvent[] = [];
    if (waiting.for === 'answer' && waiting.acknowledged && item !== undefined) {
      const what = `${this.#named(item)}: acknowledged, but no data came`;
      events.push(problemOf(new DlmsError({ code: 'IEC_REFUSED', what })));
    }
    const during = waiting.for === 'password' ? 'the session after the password' : 'the session';
    const ended = this.#fail(
      waiting.for === 'password'
        ? new DlmsError({ code: 'WRONG_PASSWORD', diagnostic: 'the meter left programming mode (B0)' })
        : new DlmsError({ code: 'IEC_BREAK', during }),
    );
    return step([...events, ...ended.events], ended.write, ended.waitMs);
  }

  /** Everything was asked. Without a single value the first failure is the session's. */
  #finish(): Step<ReaderEvent> {
    this.#waiting = { for: 'nothing' };
    const first = this.#failures[0];
    if (this.#readings.length === 0 && this.#profiles === 0 && first !== undefined) return this.#fail(first.error);
    return step([...this.#telegram(), { type: 'done', hints: this.#learned }], [breakMessage()]);
  }

  #fail(error: DlmsError): Step<ReaderEvent> {
    const unanswered = this.#waiting.for === 'password' && error.code !== 'WRONG_PASSWORD' && this.#lively;
    this.#waiting = { for: 'nothing' };
    const fault: ReaderEvent = { type: 'fault', error, ...(unanswered && { password: 'unanswered' as const }) };
    return step([...this.#telegram(), fault], [breakMessage()]);
  }

  #telegram(): ReaderEvent[] {
    if (this.#readings.length === 0) return [];
    const { identification } = this;
    const readings = apart(this.#readings, makerOf(identification));
    const unparsed = this.#unparsed;
    const checksum = checksumOf(this.#worst, this.options.check ?? 'strict');
    return [
      {
        type: 'telegram',
        telegram: { meter: meterOf(identification, readings), time: clockOf(readings), readings },
        origin: withUnparsed({ source: 'iec', framing: 'iec', service: 'registers', checksum }, unparsed),
        identification,
        bcc: null,
        crc: null,
        unparsed,
        failures: this.#failures,
      },
    ];
  }

  get #isProven(): boolean {
    return this.#commands[0] === this.#proven;
  }
  get #isLearned(): boolean {
    const { profileCommand, registerCommand } = this.#learned;
    return this.#commands[0] === (this.options.read?.what === 'profile' ? profileCommand : registerCommand);
  }

  /** The command that was answered is the first from now on; said where it is not the usual one. */
  #learn(): ReaderEvent[] {
    const command = this.#commands[0];
    const item = this.#items[this.#index];
    this.#proven = command ?? null;
    if (command === undefined || !isUsual(command) || item?.command !== null || this.#isLearned) return [];
    const profile = this.options.read?.what === 'profile';
    this.#learned = { ...this.#learned, ...(profile ? { profileCommand: command } : { registerCommand: command }) };
    if (command === 'R5') return [];
    const where = profile ? `choose ${command} for the profile` : `write ${command} in front of the registers`;
    return [
      { type: 'learned', text: `the meter does not answer to R5, but to ${command}: ${where} to save the first try` },
    ];
  }

  #rest(then: () => Step<ReaderEvent>, restMs = this.options.reactionMs): Step<ReaderEvent> {
    this.#waiting = { for: 'rest', then };
    return step([], [], restMs ?? this.identification.reactionMs);
  }

  #send(bytes: Uint8Array, waiting?: Waiting): Step<ReaderEvent> {
    if (waiting !== undefined) this.#waiting = waiting;
    return step([], [bytes], this.#answerMs() + transmissionMs(bytes.length, this.baudRate));
  }

  #answerMs(): number {
    return this.options.answerTimeoutMs ?? 3000;
  }

  #named(item: RegisterRequest): string {
    return `${this.#commands[0] ?? item.command ?? 'R5'} ${item.id}`;
  }

  #noAnswer(waitingFor: string): DlmsError {
    return new DlmsError({ code: 'NO_ANSWER', waitingFor, afterMs: this.#answerMs() });
  }
}

function profileRequest(plan: Extract<NonNullable<ReaderOptions['read']>, { what: 'profile' }>): RegisterRequest {
  const data = `${plan.code}(${plan.from ?? ''};${plan.to ?? ''})`;
  return { ...parseRegister(data), id: plan.code, command: plan.command ?? null };
}

function problemOf(error: DlmsError): ReaderEvent {
  return { type: 'problem', error, bytes: new Uint8Array(0), origin: { source: 'iec' } };
}

/** Is a piece of the password in a text? */
function repeats(text: string, password: string): boolean {
  const length = Math.min(password.length, TELLING_PIECE);
  if (length === 0) return false;
  for (let at = 0; at + length <= password.length; at++) {
    if (text.includes(password.slice(at, at + length))) return true;
  }
  return false;
}

const TELLING_PIECE = 3;
/** An error text says more than a NAK, and a NAK more than silence. */
function moreTelling(before: DlmsError | null, now: DlmsError): DlmsError {
  const rank = (error: DlmsError): number => ['NO_ANSWER', 'IEC_REFUSED', 'IEC_ERROR'].indexOf(error.code);
  return before === null || rank(now) > rank(before) ? now : before;
}

/** The last only where it was written. Without medium and channel, which short ids leave out, and without the billing period, which some meters add. */
const ASKED_GROUPS = ['c', 'd', 'e'] as const;
const LONGEST_LIST = 60;
const NAKS = 1;
const UNCHECKED = { received: null, calculated: 0, check: 'unreadable' } as const;
const REPEATS = 3;
