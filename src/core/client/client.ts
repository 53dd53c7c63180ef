// Link, association and requests joined: bytes in, Step out. It keeps the phase and hands each APDU to whom it concerns;
// blocks, lists, proofs and ciphers live in their own files.

import { encodeApdu, type Apdu, type GeneralBlockTransfer } from '../apdu';
import type { Data } from '../cosem/data';
import type { Link, LinkStep } from '../link/link';
import { checkChallenge, hlsReply, hlsVerify, type Challenges } from '../security';
import { step, type Step } from '../step';
import { GeneralBlockReceiver } from '../transfer';
import { DlmsError, isDlmsError } from '../wire/errors';
import { equalBytes } from '../wire/hex';
import {
  assumedAssociation,
  buildAarq,
  buildRlrq,
  proofMethod,
  readAare,
  serviceRefusal,
  type Association,
} from './association';
import { Ciphering, isHigh, isRefusal, UNASKED, type Refusal } from './ciphering';
import { LnAction, LnGet, LnSet } from './ln';
import { CLIENT_DEFAULTS, type ClientOptions } from './options';
import { isWaiting, nextPhase, type Input, type Phase, type Request, type Waiting } from './phases';
import { notTheMeter } from './peer';
import {
  answerTo,
  invokeOf,
  mayComeAgain,
  type AttributeRef,
  type Exchange,
  type ExchangeEvent,
  type MethodRef,
  type Turn,
} from './request';
import { SnAction, SnProof, SnRead, SnWrite } from './sn';

export type ClientEvent =
  | { readonly type: 'connected'; readonly info: string }
  | { readonly type: 'associated'; readonly association: Association }
  /** No association: refused by the meter or by us (proof, keys). The link stands. */
  | { readonly type: 'refused'; readonly error: DlmsError }
  | ExchangeEvent
  /** It goes on, but whoever runs this should know. */
  | { readonly type: 'warning'; readonly text: string }
  /** The request is done; all its values came before. */
  | { readonly type: 'answered' }
  /** The request was refused as a whole; the association stands. */
  | { readonly type: 'failed'; readonly error: DlmsError }
  /** Unasked, set aside: data-notification, event-notification, information-report, or what only others can decipher. */
  | { readonly type: 'notification'; readonly apdu: Apdu; readonly bytes: Uint8Array }
  | { readonly type: 'dropped'; readonly bytes: Uint8Array; readonly error: DlmsError }
  | { readonly type: 'released' }
  | { readonly type: 'disconnected' }
  /** Nothing goes on from here but disconnect. */
  | { readonly type: 'fault'; readonly error: DlmsError };

export type ClientStep = Step<ClientEvent>;

interface Proving {
  readonly association: Association;
  readonly challenges: Challenges;
  /** Our answer, f(StoC). */
  readonly proof: Uint8Array;
  /** By a coded password, after which the meter gives no proof of its own. */
  readonly coded: boolean;
}

/** Client of one meter over one link. Local misuse throws; what the meter does wrong arrives as an event. */
export class Client {
  #phase: Phase = 'disconnected';
  #exchange: Exchange | null = null;
  #association: Association | null = null;
  #proving: Proving | null = null;
  #invoke = 0;
  #listRefused = false;
  /** What came last was set aside, and nothing came after it. */
  #unanswered = false;
  /** What to ask again when nothing comes behind it. */
  #ask: Uint8Array | undefined;
  /** How much was set aside since the last request. */
  #aside = 0;
  /** Invoke-ids of the request that is under way and of the one before it. */
  #asked = 0;
  #askedBefore = 0;
  /** The meter has answered with the id of a request before. */
  #echoes = false;
  /** What came last, the newest first; only over a link that may bring it again. */
  #recent: readonly Uint8Array[] = [];
  readonly #ciphering: Ciphering;
  readonly #blocks: GeneralBlockReceiver;
  /** Who takes the APDU that a phase waits for; a phase that waits and has no row here does not compile. */
  readonly #takers: Readonly<Record<Waiting, (apdu: Apdu) => void>> = {
    associating: apdu => this.#onAare(apdu),
    proving: apdu => this.#onProof(apdu),
    awaiting: apdu => this.#onAnswer(apdu, this.#exchange as Exchange),
    releasing: apdu => {
      if (apdu.type !== 'rlre') this.#note(`release answered by ${apdu.type}`);
      this.#released();
    },
  };

  // Collected while one input is worked off.
  #write: Uint8Array[] = [];
  #events: ClientEvent[] = [];
  #waitMs: number | null = null;
  #limitMs: number | undefined;

  constructor(
    readonly link: Link,
    readonly options: ClientOptions,
  ) {
    this.#ciphering = new Ciphering(options);
    this.#blocks = new GeneralBlockReceiver({
      confirmed: true,
      window: options.gbtWindow ?? 1,
      limitBytes: options.valueLimit ?? CLIENT_DEFAULTS.valueLimit,
    });
  }

  get phase(): Phase {
    return this.#phase;
  }
  /** null before the meter accepted. */
  get association(): Association | null {
    return this.#association;
  }

  /** Link, association and, where asked for, proof. Ends in `associated`, `refused` or `fault`. */
  connect(): ClientStep {
    this.#go('connect');
    return this.#run(() => this.#absorb(this.link.connect()));
  }

  /** Reads attributes; with `stream` the parts of one long value are handed on as they come. */
  get(refs: readonly AttributeRef[], stream = false): ClientStep {
    const exchange =
      this.options.referencing === 'ln'
        ? new LnGet(refs, this.#context(), stream)
        : new SnRead(refs, this.#context(), stream);
    return this.#begin('get', exchange);
  }

  set(ref: AttributeRef, value: Data): ClientStep {
    const ln = this.options.referencing === 'ln';
    return this.#begin('set', ln ? new LnSet(ref, value, this.#context()) : new SnWrite(ref, value));
  }

  /** Invokes a method; the value is what it returns, null where it returns nothing. */
  act(ref: MethodRef, argument: Data | null = null): ClientStep {
    return this.#begin('act', this.#action(ref, argument));
  }

  /** RLRQ over the wrapper; over HDLC nothing is sent, because DISC ends the association. Ends in `released` in any case. */
  release(): ClientStep {
    this.#go('release');
    return this.#run(() => {
      if (this.link.name === 'wrapper' && this.options.preEstablished !== true) {
        this.#sendAsIs(encodeApdu(buildRlrq(this.options, this.#ciphering)));
      } else this.#released();
    });
  }

  /** DISC, also from `broken`; ends in `disconnected`. */
  disconnect(): ClientStep {
    this.#go('disconnect');
    return this.#run(() => this.#absorb(this.link.disconnect()));
  }

  /** Gives up what is under way. In mid-exchange the client is `broken` after it. */
  abort(): ClientStep {
    this.#go('abort');
    this.#exchange = null;
    return { write: [], events: [], waitMs: null };
  }

  receive(chunk: Uint8Array): ClientStep {
    return this.#run(() => this.#absorb(this.link.receive(chunk)));
  }

  timeout(): ClientStep {
    return this.#run(() => this.#absorb(this.link.timeout()));
  }

  #begin(input: Request, exchange: Exchange): ClientStep {
    if (this.#phase !== 'ready') nextPhase(this.#phase, input);
    // A request that cannot be built throws here and leaves the phase alone.
    const first = exchange.start();
    this.#go(input);
    this.#exchange = exchange;
    return this.#run(() => this.#send(first));
  }

  #run(work: () => void): ClientStep {
    this.#write = [];
    this.#events = [];
    this.#waitMs = null;
    this.#limitMs = undefined;
    try {
      work();
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      this.#fault(e);
    }
    return step(this.#events, this.#write, this.#waitMs, this.#limitMs);
  }

  #absorb(taken: LinkStep): void {
    this.#write.push(...taken.write);
    this.#waitMs = taken.waitMs;
    this.#limitMs = taken.limitMs ?? this.#limitMs;
    for (const event of taken.events) {
      switch (event.type) {
        case 'connected':
          this.#go('link-up');
          this.#events.push(event);
          this.#associate();
          break;
        case 'apdu':
          this.#onApdu(event.bytes);
          break;
        case 'dropped':
          this.#events.push(event);
          break;
        case 'disconnected':
          if (this.#phase !== 'disconnecting') {
            this.#fault(
              new DlmsError({ code: 'HDLC_REJECTED', reply: 'DM', reason: 'the link was closed by the meter' }),
            );
            break;
          }
          this.#go('link-down');
          this.#events.push(event);
          break;
        case 'fault':
          if (this.#phase === 'releasing') {
            // No answer to a release is as good as one; the link itself is given up with the DISC that follows.
            this.#events.push({ type: 'note', text: `release: ${event.error.short}` });
            this.#released();
          } else this.#fault(event.error);
          break;
      }
    }
    // The last word was not the answer, and the answer was not in the same piece: the link has to go on waiting for it.
    if (!this.#unanswered) return;
    this.#unanswered = false;
    const ask = this.#ask;
    this.#ask = undefined;
    if (isWaiting(this.#phase)) this.#absorb(this.link.keepWaiting(ask));
  }

  #associate(): void {
    if (this.options.preEstablished === true) {
      this.#go('pre-established');
      this.#associated(assumedAssociation(this.options, this.#ciphering));
      return;
    }
    const aarq = buildAarq(this.options, this.#ciphering);
    this.#go('associate');
    // A second challenge would spoil the proof of the first.
    this.#sendAsIs(encodeApdu(aarq), !this.#ciphering.active && !isHigh(this.options.authentication));
  }

  /** `inBlocks`: it came in general blocks, which hold no blocks again. */
  #onApdu(bytes: Uint8Array, inBlocks = false): void {
    this.options.onApdu?.('<', bytes);
    if (this.#isCopy(bytes)) {
      this.#note(`${bytes.length} octets that came before, dropped`);
      return this.#setAside();
    }
    let apdu: Apdu;
    try {
      const opened = this.#ciphering.open(bytes);
      apdu = opened.apdu;
      if (opened.surplus > 0) this.#note(`${opened.surplus} surplus octets after ${apdu.type}`);
      if (opened.note !== null) this.#note(opened.note);
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      // Whoever listens may have the keys of what was sent for others.
      const foreign = FOREIGN.has(e.code) ? this.#ciphering.unaskedFor(bytes) : null;
      if (foreign !== null) return this.#notified(foreign, bytes);
      if (this.#phase !== 'releasing') throw e;
      this.#note(`release: ${e.short}`);
      this.#released();
      return;
    }
    if (UNASKED.has(apdu.type)) return this.#notified(apdu, bytes);
    if (apdu.type === 'general-block-transfer' && !inBlocks && isWaiting(this.#phase)) return this.#onBlock(apdu);
    if (this.link.mayRepeat === true) this.#recent = [bytes.slice(), ...this.#recent.slice(0, RECENT - 1)];
    const invoke = invokeOf(apdu);
    if (this.#exchange !== null && invoke !== null && this.#isOld(apdu.type, invoke)) return this.#setAside();
    this.#unanswered = false;
    if (isWaiting(this.#phase)) this.#takers[this.#phase](apdu);
    else this.#note(`${apdu.type} came unasked`);
  }

  #notified(apdu: Apdu, bytes: Uint8Array): void {
    this.#events.push({ type: 'notification', apdu, bytes });
    this.#setAside();
  }

  /** A part of a long answer. */
  #onBlock(block: GeneralBlockTransfer): void {
    const { apdu, reply, error } = this.#blocks.take(block);
    if (error !== null) throw error;
    if (apdu !== null) return this.#onApdu(apdu, true);
    if (reply === null) {
      this.#setAside();
      // The last block of a window says that it is the last: lost, both sides would wait for each other.
      this.#ask = encodeApdu(this.#blocks.asked);
      return;
    }
    this.#unanswered = false;
    const bytes = encodeApdu(reply);
    this.#sendAsIs(bytes);
    this.#absorb(this.link.keepWaiting(bytes));
  }

  /** Not the answer: the link goes on waiting for it, for a bounded number of times. */
  #setAside(): void {
    this.#unanswered = true;
    if (++this.#aside <= ASIDE_LIMIT || !isWaiting(this.#phase)) return;
    const what = 'messages in place of an answer';
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit: ASIDE_LIMIT, actual: this.#aside });
  }

  /**
   * A datagram may come twice and late. The same octets are a copy, except where a new question may have the same answer:
   * one in clear whose invoke-id stays, or that has none. A ciphered one never recurs, because its counter is in it.
   */
  #isCopy(bytes: Uint8Array): boolean {
    if (!this.#recent.some(recent => equalBytes(recent, bytes))) return false;
    const numbered = this.options.referencing === 'ln' && this.options.invokeIdIncrease === true;
    return numbered || this.#exchange === null || !mayComeAgain(this.#exchange, bytes);
  }

  /**
   * Compares the invoke-id of an answer with that of the request. Another one is taken, because nothing else is outstanding
   * and meters exist that always answer with the same; but where the meter echoes ids, the one before is an answer that
   * came twice (UDP), and is dropped.
   */
  #isOld(type: string, got: number): boolean {
    if (got === this.#asked) {
      this.#echoes = true;
      return false;
    }
    const old = this.#echoes && got === this.#askedBefore;
    this.#note(`${type} with invoke-id ${got} where ${this.#asked} was asked${old ? ': an old one, dropped' : ''}`);
    return old;
  }

  #onAare(apdu: Apdu): void {
    if (isRefusal(apdu)) {
      this.#refused(this.#refusalIn(apdu));
      return;
    }
    if (apdu.type !== 'aare') {
      throw new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: apdu.type, waitingFor: 'aare' });
    }
    const verdict = readAare(apdu, this.options, this.#ciphering);
    if (verdict.type === 'refused') {
      this.#refused(verdict.error);
      return;
    }
    for (const text of verdict.association.notes) this.#note(text);
    if (verdict.type === 'accepted') {
      this.#go('aare-accepted');
      this.#associated(verdict.association);
      return;
    }
    const challenges = { sent: this.options.challenge ?? NO_OCTETS, received: verdict.challenge };
    const coded = this.#ciphering.isCoded(challenges.received);
    const context = this.#ciphering.hlsContext(coded);
    let proof: Uint8Array;
    try {
      checkChallenge(context.mechanism, challenges, this.options.sentChallenges?.());
      proof = hlsReply(context, challenges, this.#ciphering.hlsCounter());
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return this.#refused(e);
    }
    this.#go('aare-hls');
    this.#proving = { association: verdict.association, challenges, proof, coded };
    const method = proofMethod(this.options, verdict.association);
    const argument: Data = { type: 'octet-string', value: proof };
    this.#exchange =
      this.options.referencing === 'ln'
        ? new LnAction(method, argument, this.#context())
        : new SnProof(method, argument, coded);
    this.#sendProof(this.#exchange.start());
  }

  /** General protection is in force only once the association is. */
  #sendProof(request: Apdu): void {
    this.#remember(request);
    this.#sendAsIs(this.#ciphering.protect(encodeApdu(request), 'service-specific'));
  }

  #onProof(apdu: Apdu): void {
    const { association, challenges, proof, coded } = this.#proving as Proving;
    const failed = (reason: string): void => {
      const error = new DlmsError({ code: 'HLS_FAILED', mechanism: this.options.authentication, reason });
      this.#refused(error, 'proof-refused');
    };
    const exchange = this.#exchange as Exchange;
    let turn: Turn;
    if (isRefusal(apdu)) {
      const error = this.#refusalIn(apdu);
      const other = error.code === 'COUNTER_TOO_LOW' ? null : exchange.refused(error);
      if (other === null) return this.#refused(error, 'proof-refused');
      turn = other;
    } else turn = answerTo(exchange, apdu);
    if (turn.send !== null) {
      this.#events.push(...turn.events);
      return this.#sendProof(turn.send);
    }
    const event = turn.events.find(e => e.type === 'value');
    if (event === undefined) return failed('the meter did not answer the proof in one piece');
    if (!event.outcome.ok) return failed(event.outcome.error.short);
    const returned = event.outcome.value;
    if (coded || returned === null || returned.type !== 'octet-string') {
      const { authentication, landisGyr } = this.options;
      // L+G with its own mechanism 2 returns no proof of its own; every other mechanism and maker must.
      if (!coded && (authentication !== 'high' || landisGyr !== true)) return failed(NO_PROOF);
      this.#events.push({ type: 'warning', text: UNPROVEN });
      return this.#proved({ ...association, notes: [...association.notes, UNPROVEN] });
    }
    try {
      if (equalBytes(returned.value, proof)) throw notTheMeter('it sent our own proof back');
      hlsVerify(this.#ciphering.hlsContext(), challenges, returned.value);
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return this.#refused(e, 'proof-refused');
    }
    this.#proved(association);
  }

  #proved(association: Association): void {
    this.#exchange = null;
    this.#go('proof-accepted');
    this.#associated(association);
  }

  #onAnswer(apdu: Apdu, exchange: Exchange): void {
    if (isRefusal(apdu)) {
      const error = this.#refusalIn(apdu);
      const other = error.code === 'COUNTER_TOO_LOW' ? null : exchange.refused(error);
      if (other !== null) this.#turn(other);
      else this.#ended({ type: 'failed', error });
      return;
    }
    let turn: Turn;
    try {
      turn = answerTo(exchange, apdu);
    } catch (e) {
      if (!isDlmsError(e) || BREAKS.has(e.code)) throw e;
      // The answer was whole on the line but its content is damaged or too large: this request is lost, the next is not.
      this.#ended({ type: 'failed', error: e });
      return;
    }
    this.#turn(turn);
  }

  #turn(turn: Turn): void {
    this.#events.push(...turn.events);
    if (turn.send === null) this.#ended({ type: 'answered' });
    else {
      this.#go('part');
      this.#send(turn.send);
    }
  }

  #ended(event: ClientEvent): void {
    this.#exchange = null;
    this.#go('answered');
    this.#events.push(event);
  }

  #associated(association: Association): void {
    this.#association = association;
    this.#events.push({ type: 'associated', association });
  }

  #refused(error: DlmsError, input: Input = 'aare-refused'): void {
    this.#exchange = null;
    this.#go(input);
    this.#events.push({ type: 'refused', error });
  }

  #released(): void {
    this.#association = null;
    this.#go('released');
    this.#events.push({ type: 'released' });
  }

  #fault(error: DlmsError): void {
    this.#exchange = null;
    this.#association = null;
    this.#waitMs = null;
    if (this.#phase !== 'disconnected') this.#go('fault');
    this.#events.push({ type: 'fault', error });
  }

  #refusalIn(apdu: Refusal): DlmsError {
    return serviceRefusal(apdu, this.#ciphering);
  }

  #note(text: string): void {
    this.#events.push({ type: 'note', text });
  }

  #send(apdu: Apdu): void {
    this.#remember(apdu);
    this.#blocks.reset();
    // A ciphered APDU is refused the second time, for its counter.
    const repeatable = this.#exchange?.repeatable === true && !this.#ciphering.active;
    this.#sendAsIs(this.#ciphering.protect(encodeApdu(apdu)), repeatable);
  }

  #remember(request: Apdu): void {
    const invoke = invokeOf(request);
    if (invoke === null || invoke === this.#asked) return;
    this.#askedBefore = this.#asked;
    this.#asked = invoke;
  }

  #sendAsIs(bytes: Uint8Array, repeatable = false): void {
    this.#aside = 0;
    this.options.onApdu?.('>', bytes);
    this.#absorb(this.link.send(bytes, repeatable));
  }

  #action(ref: MethodRef, argument: Data | null): Exchange {
    return this.options.referencing === 'ln'
      ? new LnAction(ref, argument, this.#context())
      : new SnAction(ref, argument);
  }

  #context() {
    const listed = this.#association?.conformance.includes('multiple-references') === true && !this.#listRefused;
    return {
      invoke: () => this.#nextInvoke(),
      listSize: listed ? (this.options.listSize ?? CLIENT_DEFAULTS.listSize) : 1,
      valueLimit: this.options.valueLimit ?? CLIENT_DEFAULTS.valueLimit,
      listRefused: () => {
        this.#listRefused = true;
      },
    };
  }

  /** High priority, confirmed, and an id from 1 to 15. */
  #nextInvoke(): number {
    if (this.#invoke === 0 || this.options.invokeIdIncrease === true) this.#invoke = (this.#invoke % 15) + 1;
    return 0xc0 | this.#invoke;
  }

  #go(input: Input): void {
    this.#phase = nextPhase(this.#phase, input);
  }
}

const NO_PROOF =
  'the meter returned no proof of its own, so it may be somebody else (of Landis+Gyr meters only, with manufacturer LGZ, it is taken)';
const UNPROVEN = 'the meter took our proof and gave none of its own: nothing shows that it is the meter';
const NO_OCTETS = new Uint8Array(0);
/** Of what was ciphered for others. One that opens and is a repetition is not. */
const FOREIGN: ReadonlySet<string> = new Set(['NO_KEY', 'WRONG_KEY', 'AUTHENTICATION_FAILED', 'NO_SYSTEM_TITLE']);
/** Answers that are remembered, to know a copy. */
const RECENT = 4;
/** A meter that pushes so often while it owes an answer is no meter any more; each one restarts the wait. */
const ASIDE_LIMIT = 100;
/** After these nobody knows what the meter thinks it is answering. */
const BREAKS: ReadonlySet<string> = new Set(['UNEXPECTED_RESPONSE', 'SEGMENT_LOST']);
