// One readout from the request to the decoded list: modes A, B, C, E, programming mode, and listening for D and P1.
// The rule of the file: the rate changes only to what was identified and acknowledged, a repetition keeps Z or sets it to 0,
// and nothing that writes is ever sent.

import { SmlAside } from '../framing/sml-aside';
import { DlmsError } from '../wire/errors';
import { concat } from '../wire/hex';
import { step } from '../step';
import { transmissionMs } from './characters';
import { IecDecoder, type DecoderEvent } from './decoder';
import { confirmationIn } from './hand-over';
import { EchoFilter } from './echo';
import type { Identification } from './identification';
import { acknowledgement, breakMessage, repeatBlock, requestMessage } from './messages';
import { OptionSelect } from './option-select';
import { ParityFilter } from './parity';
import { ProgrammingSession } from './programming';
import { checkOptions, type ReaderEvent, type ReaderHints, type ReaderOptions } from './reader-options';
import { dropError, type Part } from './parts';
import { ReaderLine } from './reader-line';
import type { Phase, ReaderStep, Select } from './reader-phase';
import { MOST_RESTING_MS, WaitBound } from './wait-bound';
import { Scanner } from './scanner';

/** Feed it what comes; do what its steps say: write, wait for the port to drain, then carry out the events in order. */
export class IecReader {
  readonly #options: ReaderOptions;
  readonly #line: ReaderLine;
  readonly #scanner: Scanner;
  readonly #parity: ParityFilter;
  readonly #decoder: IecDecoder;
  readonly #echo = new EchoFilter();
  #phase: Phase = { in: 'idle' };
  #hints: ReaderHints;
  #attempts = 0;
  readonly #select: OptionSelect;
  /** What the meter said against the acknowledgement. */
  #refusal: DlmsError | null = null;
  /** Why a list was not taken; NAK is sent for the first of them only. */
  #damage: DlmsError | null = null;
  /** Why it is asked once more. */
  #retried: DlmsError | null = null;
  /** Why no identification was seen so far, when characters came. */
  #badIdentification: DlmsError | null = null;
  #noiseBytes = 0;
  /** Characters that could not be read at another rate than the last. */
  #unread: DlmsError | null = null;
  /** A head of a meter that sends SML by itself answers nothing. */
  readonly #sml = new SmlAside();
  readonly #bound: WaitBound;
  /** The last input brought a message. */
  #helped = false;

  constructor(options: ReaderOptions = {}) {
    this.#options = options;
    this.#line = new ReaderLine(options);
    this.#select = new OptionSelect(options, this.#line);
    this.#bound = new WaitBound(this.#line);
    this.#scanner = new Scanner(options.limitBytes);
    this.#parity = new ParityFilter(options.parity ?? 'auto');
    this.#decoder = new IecDecoder({ ...options, modeA: options.mode === 'a' });
    this.#hints = options.hints ?? {};
    checkOptions(options);
  }

  get phase(): Phase['in'] {
    return this.#phase.in;
  }
  get parityStripped(): boolean {
    return this.#parity.stripping;
  }
  get hints(): ReaderHints {
    return this.#hints;
  }

  /** Begins: sets the line, wakes the meter, requests. In mode d and p1 it only listens. */
  start(): ReaderStep {
    if (this.#phase.in !== 'idle') throw new DlmsError({ code: 'BAD_STATE', input: 'start', phase: this.#phase.in });
    if (this.#options.mode === 'd' || this.#options.mode === 'p1') {
      this.#phase = { in: 'listening' };
      return step();
    }
    this.#phase = { in: 'resting', then: () => this.#wake() };
    return step(this.#line.format(this.#line.startRate, 0), [], 0, MOST_RESTING_MS);
  }

  receive(chunk: Uint8Array): ReaderStep {
    return this.#bounded(() => this.#receive(chunk));
  }

  /** Nothing came for the time the last step named; `late`: bytes came, but its limit is over. */
  timeout(late = false): ReaderStep {
    return this.#bounded(() => this.#timeout(late && this.#bound.begun));
  }

  /** Ends it from outside; a programming session is left with a break. */
  abort(): ReaderStep {
    const session = this.#phase.in === 'programming';
    this.#phase = { in: 'done' };
    return step([], session ? [this.#parity.send(breakMessage())] : []);
  }

  #bounded(input: () => ReaderStep): ReaderStep {
    const before = this.#phase.in;
    this.#helped = false;
    const taken = input();
    const moved = taken.write.length > 0 || this.#helped;
    return this.#bound.bound(taken, before, this.#phase, moved, () => this.#begins());
  }

  /** In other octets an ACK or a NAK is no answer, and before the identification nothing else is. */
  #isOfAnswer(part: Part): boolean {
    if (this.#phase.in === 'programming') return part.type !== 'dropped';
    return this.#phase.in === 'reading' && part.type === 'block';
  }

  /** Has what we wait for begun? SML and other octets hold an STX now and then, which begins no identification. */
  #begins(): boolean {
    const phase = this.#phase;
    if (phase.in === 'identifying') return this.#scanner.identifying;
    if (phase.in === 'falling-back') return true;
    if (phase.in === 'resting' && phase.identification === undefined) return false;
    return this.#scanner.busy;
  }

  #receive(chunk: Uint8Array): ReaderStep {
    const phase = this.#phase;
    if (phase.in === 'done' || phase.in === 'idle') return step();
    if (phase.in === 'handed-over') {
      return step([{ type: 'hdlc', baudRate: phase.baudRate, surplus: chunk.slice(), confirmed: phase.confirmed }]);
    }
    this.#bound.count(chunk.length);
    if (phase.in === 'identifying' && this.#sml.receive(chunk).some(({ sml }) => sml)) {
      return this.#fault(new DlmsError({ code: 'OTHER_PROTOCOL', what: 'an SML file' }));
    }
    const bytes = this.#parity.receive(this.#echo.receive(chunk));
    if (phase.in === 'listening') return this.#listen(bytes);
    if (phase.in === 'confirming') return this.#confirm(phase, bytes);
    if (phase.in === 'reading') {
      phase.characters += bytes.length;
      const limit = this.#line.mostCharacters(phase.baudRate);
      if (phase.characters > limit) {
        const what = 'characters of one readout';
        return this.#fault(new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit, actual: phase.characters }));
      }
    }
    if (phase.in === 'falling-back') {
      phase.characters += chunk.length;
      // What still comes belongs to the readout that could not be understood; its end is the silence after it.
      if (phase.characters > this.#line.mostCharacters(this.#line.startRate)) return this.#fault(phase.reason);
      return step([], [], this.#line.characterMs);
    }
    return this.#takeAll(this.#scanner.receive(bytes), bytes);
  }

  #timeout(slow: boolean): ReaderStep {
    const phase = this.#phase;
    switch (phase.in) {
      case 'resting':
        return phase.then();
      case 'identifying':
        return this.#noIdentification();
      case 'reading':
        return slow ? this.#damaged(phase, this.#tooSlow(phase.characters)) : this.#readingStopped(phase);
      case 'falling-back':
        return this.#again(phase.reason);
      case 'confirming':
        return this.#handOver(phase, new Uint8Array(0), false);
      case 'programming': {
        if (slow) return this.#sent(this.#programmed(phase, phase.session.giveUp(this.#tooSlow(this.#bound.came))));
        const held = this.#held();
        if (held.length > 0) {
          const taken = this.#takeAll(this.#scanner.receive(held), held);
          if (taken.events.length > 0 || taken.write.length > 0) return taken;
        }
        if (phase.session.awaitsChallenge && this.#password !== '' && this.#options.rateFollows === false) {
          // A password is sent once: not before the meter has been heard.
          if (this.#hasOtherZ) return this.#otherZ(this.#noAnswer('P0 after the acknowledgement'));
        }
        return this.#sent(this.#programmed(phase, phase.session.timeout()));
      }
      case 'listening':
        return step(this.#decoder.flush());
      case 'idle':
      case 'handed-over':
      case 'done':
        return step();
    }
  }

  #wake(): ReaderStep {
    const { wakeUpCharacters = 0 } = this.#options;
    if (wakeUpCharacters === 0 || this.#attempts > 0) return this.#request();
    this.#phase = { in: 'resting', then: () => this.#request() };
    // IEC 62056-21, annex B: NUL for 2.1 to 2.3 s, then 1.5 to 1.7 s of silence.
    return step(
      [],
      [new Uint8Array(wakeUpCharacters)],
      transmissionMs(wakeUpCharacters, this.#line.startRate) + WAKE_PAUSE_MS,
    );
  }

  #request(): ReaderStep {
    const { breakFirst = false, meterAddress = '', request = '?' } = this.#options;
    if (breakFirst && this.#attempts === 0) {
      this.#phase = { in: 'resting', then: () => this.#requestNow(meterAddress, request) };
      const bytes = breakMessage();
      return this.#send(bytes, transmissionMs(bytes.length, this.#line.startRate) + REACTION_MS);
    }
    return this.#requestNow(meterAddress, request);
  }

  #requestNow(address: string, character: string): ReaderStep {
    this.#attempts++;
    this.#scanner.reset();
    this.#decoder.reset();
    this.#sml.reset();
    this.#noiseBytes = 0;
    this.#badIdentification = null;
    this.#refusal = null;
    this.#phase = { in: 'identifying' };
    const bytes = requestMessage(address, character);
    return this.#send(bytes, transmissionMs(bytes.length, this.#line.startRate) + this.#line.answerMs);
  }

  #takeAll(parts: readonly Part[], bytes: Uint8Array): ReaderStep {
    const events: ReaderEvent[] = [];
    const write: Uint8Array[] = [];
    let waitMs: number | null = this.#waiting();
    for (const part of parts) {
      if (this.#isOfAnswer(part)) this.#helped = true;
      const taken = this.#take(part);
      events.push(...taken.events);
      write.push(...taken.write);
      if (taken.waitMs !== null || this.#phase.in === 'done') waitMs = taken.waitMs;
    }
    const phase = this.#phase;
    if (phase.in === 'reading') {
      if (parts.length === 0 && this.#wrongRate(phase, bytes)) return this.#fallBack(phase);
      events.push(this.#progress(phase));
    }
    return step(events, write, waitMs);
  }

  #take(part: Part): ReaderStep {
    const phase = this.#phase;
    switch (phase.in) {
      case 'identifying':
        return this.#identify(part);
      case 'reading':
        return this.#read(phase, part);
      case 'programming':
        if (part.type === 'nak' && phase.session.awaitsChallenge) return this.#refused(phase.identification, '1');
        return this.#sent(this.#programmed(phase, phase.session.part(part)));
      case 'resting': {
        // A meter that pushes, or that sends its list without being asked: nobody has to acknowledge that.
        const { identification } = phase;
        if (identification === undefined || (part.type !== 'block' && part.type !== 'telegram')) return step();
        const reading = {
          in: 'reading' as const,
          identification,
          baudRate: this.#line.startRate,
          characters: 0,
          garbage: 0,
        };
        this.#phase = reading;
        return this.#read(reading, part);
      }
      default:
        return step();
    }
  }

  #identify(part: Part): ReaderStep {
    if (part.type === 'dropped') {
      this.#noiseBytes += part.bytes.length;
      if (part.kind === 'identification') this.#badIdentification = dropError(part, this.#scanner.limitBytes);
      return step();
    }
    if (part.type !== 'identification') return step();
    const { identification } = part;
    const event: ReaderEvent = { type: 'identification', identification };
    this.#decoder.interpret(part);
    this.#meet(identification.raw);
    const { mode = 'auto', read = { what: 'list' } } = this.#options;
    const chosen = mode === 'auto' ? (identification.mode.toLowerCase() as 'a' | 'b' | 'c') : mode;
    this.#select.meet(chosen === 'a' ? null : identification, this.#hints);
    if (chosen === 'a' || chosen === 'b') {
      const baudRate = chosen === 'b' ? (identification.baudRate ?? this.#line.startRate) : this.#line.startRate;
      this.#phase = { in: 'reading', identification, baudRate, characters: 0, garbage: 0 };
      return step([event, ...this.#line.format(baudRate, 0)], [], this.#line.answerMs);
    }
    const restMs = this.#options.reactionMs ?? identification.reactionMs;
    const y = chosen === 'e' ? '2' : read.what === 'list' ? '0' : '1';
    this.#phase = { in: 'resting', then: () => this.#acknowledge(identification, y), identification };
    return step([event], [], restMs);
  }

  #acknowledge(identification: Identification, y: Select): ReaderStep {
    const z = this.#select.take();
    const baudRate =
      z === identification.baudId ? (identification.baudRate ?? this.#line.startRate) : this.#line.startRate;
    const message = acknowledgement(this.#options.v ?? (y === '2' ? '2' : '0'), z, this.#options.y ?? y);
    const delayMs = this.#options.baudChangeDelayMs ?? BAUD_CHANGE_DELAY_MS;
    const sentMs = transmissionMs(message.length, this.#line.startRate);
    const format = this.#line.format(baudRate, delayMs);
    if (y === '2') {
      this.#phase = { in: 'confirming', identification, wanted: message, baudRate, received: new Uint8Array(0) };
      const sent = this.#send(message, sentMs + delayMs + CONFIRMATION_MS);
      // Its confirmation is the same six characters: only a head that has reflected before makes the first of them an echo.
      if (!this.#echo.seen) this.#echo.sent(new Uint8Array(0));
      return step(format, sent.write, sent.waitMs);
    }
    if (y === '1') {
      const session = new ProgrammingSession(this.#options, identification, this.#scanner, baudRate, this.#hints);
      this.#phase = { in: 'programming', session, identification, baudRate };
      this.#scanner.reset();
    } else {
      this.#phase = { in: 'reading', identification, baudRate, characters: 0, garbage: 0 };
    }
    const sent = this.#send(message, sentMs + delayMs + this.#line.answerMs);
    return step(format, sent.write, sent.waitMs);
  }

  /** NAK to the acknowledgement asks for it once more (IEC 62056-21, 6.3.6); a second one refuses it. */
  #refused(identification: Identification, y: Select): ReaderStep {
    const what = `the option select with Z = ${this.#select.sent ?? ''} and Y = ${this.#options.y ?? y} (NAK)`;
    const again = this.#refusal === null;
    this.#refusal = new DlmsError({ code: 'IEC_REFUSED', what });
    if (!again) return this.#otherZ(this.#refusal);
    this.#phase = { in: 'resting', then: () => this.#acknowledge(identification, y), identification };
    const restMs = this.#options.reactionMs ?? identification.reactionMs;
    return step(this.#line.format(this.#line.startRate, 0), [], restMs);
  }

  /** Signs on once more, with the next Z; what went wrong is the fault where none is left. */
  #otherZ(reason: DlmsError, silent = true): ReaderStep {
    if (!this.#hasOtherZ) return this.#fault(reason);
    this.#select.toOther();
    if (silent) return this.#again(reason);
    this.#phase = { in: 'falling-back', reason, characters: 0 };
    this.#scanner.reset();
    return step(this.#line.format(this.#line.startRate, 0), [], this.#line.characterMs);
  }

  get #password(): string {
    return this.#options.password ?? '';
  }

  get #hasOtherZ(): boolean {
    return this.#attempts < ATTEMPTS && this.#select.hasOther;
  }

  /** The head may sit on another meter than the last time. */
  #meet(identification: string): void {
    const { identification: known = identification } = this.#hints;
    this.#hints = known === identification ? { ...this.#hints, identification } : { identification };
  }

  #read(phase: Extract<Phase, { in: 'reading' }>, part: Part): ReaderStep {
    if (part.type === 'dropped' && (part.kind === 'noise' || part.kind === 'identification')) return step();
    if (part.type === 'nak' && phase.characters <= FEW && this.#select.sent !== null) {
      return this.#refused(phase.identification, '0');
    }
    // A list still is a list when the check is wrong; the reader may ask once more before it is believed or refused.
    const events = this.#decoder.interpret(part);
    const problem = events.find(event => event.type === 'problem');
    const answered = events.some(event => event.type === 'telegram' || event.type === 'profile');
    if (problem?.type === 'problem' && !answered && part.type !== 'command')
      return this.#damaged(phase, problem.error, events);
    if (problem?.type === 'problem' && part.type === 'command') return this.#fault(problem.error);
    if (!answered) return step(events);
    this.#hints = { ...this.#hints, characters: phase.characters, baudRate: phase.baudRate };
    const { read = { what: 'list' } } = this.#options;
    if (read.what !== 'list') return this.#commandsAfterList(phase, events);
    return this.#finish(events);
  }

  /** Modes A and B: programming may follow the list at once, without an acknowledgement. IEC 62056-21, 6.4.1. */
  #commandsAfterList(phase: Extract<Phase, { in: 'reading' }>, events: readonly DecoderEvent[]): ReaderStep {
    const session = new ProgrammingSession(
      this.#options,
      phase.identification,
      this.#scanner,
      phase.baudRate,
      this.#hints,
    );
    this.#phase = { in: 'programming', session, identification: phase.identification, baudRate: phase.baudRate };
    const next = session.startWithoutChallenge();
    return step([...events, ...next.events], next.write, next.waitMs);
  }

  #readingStopped(phase: Extract<Phase, { in: 'reading' }>): ReaderStep {
    const held = this.#held();
    const parts = [...this.#scanner.receive(held), ...this.#scanner.flush()];
    for (const part of parts) {
      if (part.type === 'dropped' && part.kind === 'noise') continue;
      const taken = this.#read(phase, part);
      if (taken.events.length > 0 || this.#phase !== phase) return taken;
    }
    return this.#fallBack(phase);
  }

  /** Nothing or only garbage came behind the acknowledgement. */
  #fallBack(phase: Extract<Phase, { in: 'reading' }>): ReaderStep {
    const { characters } = phase;
    if (this.#damage !== null && characters === 0) return this.#damaged(phase, this.#damage);
    const waitingFor = 'data after the acknowledgement';
    const reason =
      this.#refusal ??
      (characters === 0
        ? this.#noAnswer(waitingFor, this.#select.hint(phase.identification))
        : new DlmsError({ code: 'NO_FRAME', bytes: characters }));
    return this.#otherZ(reason, characters === 0);
  }

  #tooSlow(have: number): DlmsError {
    const { paceCharacters, paceMs } = this.#line;
    const waitingFor = `its end, of which fewer than ${paceCharacters} characters came in ${Math.round(paceMs / 1000)} s`;
    return new DlmsError({ code: 'TELEGRAM_INCOMPLETE', have, waitingFor });
  }

  #noAnswer(waitingFor: string, hint?: string): DlmsError {
    const afterMs = this.#line.answerMs;
    return new DlmsError({ code: 'NO_ANSWER', waitingFor, afterMs, ...(hint !== undefined && { hint }) });
  }

  /** A list came with a wrong check, or broke off: asked for once more, by NAK or by another request with the same Z. */
  #damaged(
    phase: Extract<Phase, { in: 'reading' }>,
    error: DlmsError,
    events: readonly DecoderEvent[] = [],
  ): ReaderStep {
    const first = this.#damage === null;
    this.#damage ??= error;
    if (first && error.code === 'BCC_MISMATCH' && this.#select.sent !== null) return this.#repeatList(phase, error);
    if (this.#attempts < ATTEMPTS && error.code !== 'IEC_ERROR') return this.#again(error);
    return this.#fault(
      error,
      events.filter(event => event.type !== 'problem'),
    );
  }

  /** Mode C: NAK asks for the list once more, at its own rate. IEC 62056-21, 6.3.6 and 6.4.3. */
  #repeatList({ identification, baudRate }: Extract<Phase, { in: 'reading' }>, reason: DlmsError): ReaderStep {
    const ask = (): ReaderStep => {
      this.#scanner.reset();
      this.#decoder.interpret({ type: 'identification', identification });
      this.#phase = { in: 'reading', identification, baudRate, characters: 0, garbage: 0 };
      return this.#send(repeatBlock(), this.#line.answerMs);
    };
    this.#phase = { in: 'resting', then: ask, identification };
    return step([{ type: 'retry', reason }], [], this.#options.reactionMs ?? identification.reactionMs);
  }

  #again(reason: DlmsError): ReaderStep {
    this.#retried = reason;
    return this.#requestAgain(reason);
  }

  #requestAgain(reason: DlmsError): ReaderStep {
    this.#phase = { in: 'resting', then: () => this.#request() };
    return step([{ type: 'retry', reason }, ...this.#line.format(this.#line.startRate, 0)], [], REPEAT_PAUSE_MS);
  }

  #noIdentification(): ReaderStep {
    for (const part of [...this.#scanner.receive(this.#held()), ...this.#scanner.flush()]) {
      if (part.type === 'identification') return this.#identify(part);
      if (part.type === 'dropped') this.#identify(part);
    }
    const reason = this.#parity.suspicion;
    if (reason !== null) return this.#fault(new DlmsError({ code: 'WRONG_PARITY', reason }));
    if (this.#badIdentification !== null) return this.#fault(this.#badIdentification);
    const noise = this.#noiseBytes > 0 ? new DlmsError({ code: 'NO_FRAME', bytes: this.#noiseBytes }) : null;
    const rates = this.#line.ratesTried.join(' and ');
    const hint = `${rates} baud; is the optical head on the meter, its cable downwards?`;
    const error = noise ?? this.#noAnswer('identification', hint);
    if (this.#retried === null && this.#line.nextRate(noise !== null)) {
      this.#unread ??= noise;
      this.#attempts = 0;
      this.#parity.reset();
      return this.#requestAgain(error);
    }
    // It has answered before: what went wrong then says more than its silence now.
    return this.#fault(this.#retried ?? this.#unread ?? error);
  }

  #confirm(phase: Extract<Phase, { in: 'confirming' }>, bytes: Uint8Array): ReaderStep {
    const received = concat(phase.received, bytes);
    const found = confirmationIn(received, phase.wanted);
    switch (found.type) {
      case 'confirmed':
      case 'hdlc':
        return this.#handOver(phase, received.slice(found.from), found.type === 'confirmed');
      case 'readout': {
        const waitingFor = 'the confirmation of HDLC (mode E); read this meter with the IEC readout instead';
        return this.#fault(new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: 'a plain readout', waitingFor }));
      }
      case 'refused':
        return this.#refused(phase.identification, '2');
      case 'nothing':
        this.#phase = { ...phase, received };
        return step([], [], CONFIRMATION_MS);
    }
  }

  #handOver(phase: Extract<Phase, { in: 'confirming' }>, surplus: Uint8Array, confirmed: boolean): ReaderStep {
    const { baudRate } = phase;
    this.#phase = { in: 'handed-over', baudRate, confirmed };
    const format: ReaderEvent[] =
      this.#options.rateFollows === false
        ? []
        : [{ type: 'format', format: { baudRate, dataBits: 8, parity: 'none', stopBits: 1 }, afterMs: 0 }];
    const lessons = confirmed ? this.#lessons() : [];
    const handed: ReaderEvent = { type: 'hdlc', baudRate, surplus, confirmed };
    return step([...format, handed, ...lessons, { type: 'done', hints: this.#hints }]);
  }

  #programmed(phase: Extract<Phase, { in: 'programming' }>, taken: ReaderStep): ReaderStep {
    const fault = taken.events.find(event => event.type === 'fault');
    if (fault === undefined && !taken.events.some(event => event.type === 'done')) return taken;
    const silent = fault?.type === 'fault' && fault.error.code === 'NO_ANSWER' && phase.session.unanswered;
    if (silent && this.#hasOtherZ && this.#password === '') return this.#otherZ(fault.error);
    this.#phase = { in: 'done' };
    const events = taken.events.flatMap(event => {
      if (event.type !== 'done') return [event];
      this.#hints = { ...this.#hints, ...event.hints };
      return [...this.#lessons(), { type: 'done' as const, hints: this.#hints }];
    });
    return step([...this.#line.format(this.#line.startRate, 0), ...events], taken.write);
  }

  #lessons(): ReaderEvent[] {
    const { hints, texts } = this.#select.lessons(this.#hints);
    this.#hints = hints;
    return texts.map(text => ({ type: 'learned', text }));
  }

  #listen(bytes: Uint8Array): ReaderStep {
    const events = this.#decoder.receive(bytes);
    return step(events, [], this.#decoder.busy ? this.#line.characterMs : null);
  }

  #finish(events: readonly ReaderEvent[]): ReaderStep {
    this.#phase = { in: 'done' };
    const lessons = this.#lessons();
    const format = this.#line.format(this.#line.startRate, 0);
    return step([...events, ...format, ...lessons, { type: 'done', hints: this.#hints }]);
  }

  #fault(error: DlmsError, events: readonly ReaderEvent[] = []): ReaderStep {
    this.#phase = { in: 'done' };
    return step([...events, ...this.#line.format(this.#line.startRate, 0), { type: 'fault', error }]);
  }

  /** Puts parity on what a machine below wants sent, and remembers it for its echo. */
  #sent(taken: ReaderStep): ReaderStep {
    const write = taken.write.map(bytes => this.#parity.send(bytes));
    for (const bytes of write) this.#echo.sent(bytes);
    return step(taken.events, write, taken.waitMs);
  }

  #send(bytes: Uint8Array, waitMs: number): ReaderStep {
    return this.#sent(step([], [bytes], waitMs));
  }

  #progress(phase: Extract<Phase, { in: 'reading' }>): ReaderEvent {
    const { characters = null } = this.#hints;
    return {
      type: 'progress',
      characters: phase.characters,
      expectedMs:
        characters === null ? null : transmissionMs(Math.max(0, characters - phase.characters), phase.baudRate),
    };
  }

  /** At the wrong rate characters come that are no text: no need to wait for their end. */
  #wrongRate(phase: Extract<Phase, { in: 'reading' }>, bytes: Uint8Array): boolean {
    if (phase.baudRate === this.#line.startRate || this.#scanner.busy) return false;
    for (const byte of bytes) if (byte >= 0x7f || (byte < 0x20 && byte !== 0x0d && byte !== 0x0a)) phase.garbage++;
    return phase.garbage >= GARBAGE;
  }

  /** What could still be an echo or parity, when no more comes. */
  #held(): Uint8Array {
    return concat(this.#parity.receive(this.#echo.flush()), this.#parity.flush());
  }

  #waiting(): number {
    // Characters during a rest prolong it: nobody speaks while the other does.
    if (this.#phase.in === 'resting') return RESTING_MS;
    return this.#scanner.busy ? this.#line.characterMs : this.#line.answerMs;
  }
}

/** Requests in one readout: the first, and one more after damage or silence. */
const ATTEMPTS = 2;
const GARBAGE = 12;
/** A NAK behind more characters is one of a list at the wrong rate. */
const FEW = 8;
const REACTION_MS = 200;
const RESTING_MS = 200;

const WAKE_PAUSE_MS = 1600;
const REPEAT_PAUSE_MS = 1500;
const CONFIRMATION_MS = 1500;
/** Proven on Iskra MT174 and others: later than the last bit has left, earlier than the answer. */
const BAUD_CHANGE_DELAY_MS = 300;
