// Pushed bytes of one source to telegrams: frames, segments, blocks, ciphering in any nesting, bodies of any layout, SML.
// The rule of the file: every byte ends in a telegram or in a problem with its reason, and nothing unchecked becomes a value.

import { decodeApdu, type GeneralBlockTransfer } from '../apdu';
import { elementsOf, type Data } from '../cosem/data';
import type { ClockPolicy } from '../cosem/date-time';
import { lackOf, type Proof } from '../cosem/proof';
import type { Origin } from '../cosem/reading';
import { isNational, type NationalStandard } from '../obis/national';
import { namedBy } from '../obis/obis-names';
import { SegmentJoiner, type Joined } from '../framing/hdlc-segments';
import { LineFault } from '../framing/line-fault';
import { MbusJoiner, type MbusJoined } from '../framing/mbus-segments';
import { wholeText, type TextExtent } from '../framing/p1';
import type { SmlFrame } from '../framing/sml';
import { Obis } from '../obis/obis';
import {
  isCiphered,
  openApdu,
  type CipheredApdu,
  type Key,
  type KeyRing,
  type KeyRow,
  type KeyTable,
} from '../security';
import type { DecoderEvent } from '../iec62056-21/decoder';
import { readSml } from '../sml';
import { step, type Step } from '../step';
import type { MeterFamily } from '../meters/family';
import { GeneralBlockReceiver } from '../transfer';
import { DlmsError, isDlmsError } from '../wire/errors';
import { equalBytes, hex, unhex } from '../wire/hex';
import { AloneBytes, readBareBodies } from './bare-body';
import { readBody, type Body } from './body';
import { PUSH_TAGS, plausibleApdu } from '../framing/plausible';
import { FRAMINGS, pushStream, type Framed, type Framing } from './framing';
import { ConfirmedConventions, type Settled } from './confirmed';
import { Conventions, importConventions, NO_CONVENTION, type Choice } from './conventions';
import { isImpossible } from './electrical';
import { SourceIdentity } from './identity';
import { isGuess, proposeLayout, type Layout } from './layouts';
import { originOf, securedOrigin, smlOrigin, withInner, withoutProof, withPart, type Told } from './origin';
import { P1Text } from './p1-text';
import { readPushed, type Pushed } from './pushed';
import { ReplayGuard } from './replay';
import { isAmong, type UserScaler } from './scaling';
import { Senders, type RowPreset, type Way } from './senders';
import { hasClock, policyOfLayout, rescaled, telegramOf, type Decoded } from './telegram';

export interface PushOptions {
  /** Default `auto`: found by itself, anew for each frame. */
  readonly framing?: 'auto' | Framing;
  /** Name of the one layout to use, built-in or own; default `auto`: chosen by the contents. */
  readonly layout?: string;
  /** The user's own layouts; they come before the built-in ones. */
  readonly layouts?: readonly Layout[];
  /** The user's own families: their layouts and conventions come before the built-in ones. */
  readonly families?: readonly MeterFamily[];
  /** Name of the convention for lists without scaler; default `auto`: by what identifies the meter. */
  readonly convention?: string;
  /** One for all decoders of a node: what the telegrams of a meter have shown of its convention. */
  readonly confirmed?: ConfirmedConventions;
  /** What a meter without id and system title is told apart by. */
  readonly source?: string;
  /** OBIS code or pattern to power of ten; counts above what telegram and layout say. */
  readonly scalers?: Readonly<Record<string, unknown>>;
  readonly encryptionKey?: Key | null;
  /** null: tags are not verified, `authenticated` is false. */
  readonly authenticationKey?: Key | null;
  readonly broadcastKey?: Key | null;
  /** Key encryption key, for wrapped keys. */
  readonly masterKey?: Key | null;
  /** Of the meter, for telegrams that carry none. */
  readonly systemTitle?: Uint8Array | null;
  readonly agreement?: KeyRing['agreement'];
  /** Of many meters, found by the system title of a telegram. The keys above count for meters that are in no row. */
  readonly keys?: KeyTable | null;
  /** The keys above open nothing whose system title is in no row. */
  readonly onlyListed?: boolean;
  /** How telegrams are read whose row has a preset, by its name; what it leaves out is as for the others. */
  readonly presets?: ReadonlyMap<string, RowPreset>;
  readonly policy?: ClockPolicy;
  /** How far a telegram has to be proven to leave as one. Default: as far as the keys can prove. */
  readonly require?: Proof | null;
  /** What happens to a telegram whose invocation counter is not above the last one. Default `accept`: marked. */
  readonly replay?: 'accept' | 'refuse';
  /** One for all decoders of a node, instead of `replay`. */
  readonly replayGuard?: ReplayGuard;
  /** Mend what SML meters are known to send otherwise than they mean it, and say so on the reading. Default true. */
  readonly corrections?: boolean;
  /** P1 telegrams that always end in !0000 have no CRC: a meter's habit that is believed where it is set. */
  readonly zeroCrc?: boolean;
  /** A national standard, whose names its codes get; keys stay those of the dictionary. */
  readonly standard?: 'dlms' | NationalStandard;
  /** Put the bytes of each telegram into its origin. */
  readonly hex?: boolean;
  /** Silence after which unfinished bytes are given up, in ms. Default 5000: an E450 pauses 3 s before its last block. */
  readonly idleMs?: number;
}

export type PushEvent =
  | { readonly type: 'telegram'; readonly telegram: Decoded; readonly origin: Origin }
  | {
      readonly type: 'problem';
      readonly error: DlmsError;
      readonly bytes: Uint8Array;
      readonly origin: Partial<Origin>;
      /** For a list without layout: what to fill in. */
      readonly proposal?: Layout;
      /** Nothing of this telegram, but of all that come: told once. */
      readonly lasting?: true;
    };

/** One source's decoder. Feed it chunks of any size; call timeout() when `waitMs` passed without a byte. */
export class PushDecoder {
  readonly #stream: ReturnType<typeof pushStream>;
  readonly #segments = new SegmentJoiner();
  readonly #mbus = new MbusJoiner();
  readonly #fault = new LineFault();
  readonly #blocks = new GeneralBlockReceiver({ confirmed: false });
  /** Of the blocks that are held. */
  #blocksOrigin: Origin | null = null;
  readonly #replay: ReplayGuard;
  readonly #senders: Senders;
  #way: Way;
  /** The row whose keys opened what is being read. */
  #row: KeyRow | null = null;
  readonly #conventions: Conventions;
  readonly #confirmed: ConfirmedConventions;
  readonly #source: string;
  /** Layouts that are guessed and were possible. */
  readonly #believed = new WeakSet<Layout>();
  readonly #idleMs: number;
  readonly #waiting: Step<PushEvent>;
  readonly #withHex: boolean;
  readonly #corrections: boolean;
  readonly #zeroCrc: boolean;
  readonly #standard: NationalStandard | null;
  /** What plausibility found out is not read a second time. */
  #read: { bytes: Uint8Array; pushed: Pushed } | null = null;
  #title: { readonly octets: Uint8Array; readonly text: string } | null = null;
  /** By the zone of their times; made for the first P1 telegram. */
  readonly #p1 = new Map<string, P1Text>();
  readonly #bodies: boolean;
  readonly #alone = new AloneBytes();
  readonly #identity = new SourceIdentity();
  #events: PushEvent[] = [];

  /** Throws BAD_SETTING for an unknown framing or layout and for a scaler that is no power of ten. */
  constructor(options: PushOptions = {}) {
    const { framing = 'auto', families = [] } = options;
    if (framing !== 'auto' && !FRAMINGS.includes(framing)) {
      throw new DlmsError({
        code: 'BAD_SETTING',
        setting: 'framing',
        value: String(framing),
        expected: `auto, ${FRAMINGS.join(', ')}`,
      });
    }
    this.#stream = pushStream(framing === 'auto' ? null : framing);
    this.#bodies = framing === 'auto' || framing === 'raw';
    this.#senders = new Senders(options);
    this.#way = this.#senders.wayOf(null);
    const own = families.flatMap(family => importConventions(family.conventions ?? []));
    this.#conventions = new Conventions(own, options.convention ?? 'auto');
    this.#confirmed = options.confirmed ?? new ConfirmedConventions();
    this.#source = options.source ?? '';
    this.#idleMs = options.idleMs ?? IDLE_MS;
    this.#waiting = step<PushEvent>([], [], this.#idleMs);
    this.#withHex = options.hex === true;
    this.#corrections = options.corrections !== false;
    this.#zeroCrc = options.zeroCrc === true;
    this.#standard = isNational(options.standard) ? options.standard : null;
    this.#replay = options.replayGuard ?? new ReplayGuard(options.replay ?? 'accept');
  }

  /** `message`: the chunk was handed over as one message, and not as it came from a line. */
  receive(chunk: Uint8Array, message = false): Step<PushEvent> {
    const alone = !this.#waits;
    // Noise may wait in front of a message, and no frame that the message may go on with.
    if (message && !this.#unfinished && this.#bareBodies(chunk)) return this.#step();
    const frames = this.#stream.receive(chunk);
    if (frames.length > 0) this.#frames(frames);
    this.#alone.add(chunk, alone, this.#events.length > 0);
    return this.#step();
  }

  /** The line fell silent: whatever is unfinished comes out as a problem. */
  timeout(): Step<PushEvent> {
    if (!this.#bareBodies(this.#alone.take(), true)) this.#frames(this.#stream.flush());
    for (const joined of this.#segments.flush()) this.#joined(joined);
    for (const joined of this.#mbus.flush()) this.#mbusJoined(joined);
    const have = this.#blocks.pending;
    if (have > 0) {
      this.#problem(new DlmsError({ code: 'INCOMPLETE', what: 'gbt transfer', have }), NOTHING, { source: 'push' });
    }
    this.#blocks.reset();
    return this.#step();
  }

  /** Forgets what is buffered; invocation counters stay. */
  reset(): void {
    this.#stream.reset();
    this.#segments.reset();
    this.#mbus.reset();
    this.#blocks.reset();
    this.#p1.clear();
    this.#alone.take();
    this.#events = [];
    this.#read = null;
  }

  get #layouts(): readonly Layout[] {
    return this.#way.layouts;
  }
  get #onlyLayout(): boolean {
    return this.#way.onlyLayout;
  }
  get #scalers(): readonly UserScaler[] {
    return this.#way.scalers;
  }
  get #policy(): ClockPolicy {
    return this.#way.policy;
  }
  get #require(): Proof {
    return this.#way.require;
  }

  get #waits(): boolean {
    return this.#unfinished || this.#stream.pending;
  }

  /** More than noise waits. */
  get #unfinished(): boolean {
    const parts = this.#segments.pendingBytes > 0 || this.#mbus.pendingBytes > 0 || this.#blocks.pending > 0;
    return parts || this.#stream.unfinished;
  }

  #step(): Step<PushEvent> {
    const events = this.#events;
    // Most bytes that come singly end nothing.
    if (events.length === 0) return this.#waits ? this.#waiting : IDLE;
    this.#events = [];
    return step(events, [], this.#waits ? this.#idleMs : null);
  }

  /** A whole message, or what stands between two silences, that is lists of known forms and nothing else. `held` in the stream. */
  #bareBodies(all: Uint8Array, held = false): boolean {
    // Who sends frames with a check, or text, sends nothing bare.
    if (!this.#bodies || this.#stream.checkedBefore || this.#p1.size > 0) return false;
    const known = (body: Data): boolean => this.#body(body, false).form !== 'unknown';
    const found = readBareBodies(all, known);
    if (found === null) return false;
    if (held) this.#stream.reset();
    this.#frames(this.#stream.flush());
    for (const { body, bytes } of found) this.#pushed(body, bytes, this.#withHex ? { ...BARE, hex: hex(bytes) } : BARE);
    return true;
  }

  #frames(frames: readonly Framed[]): void {
    for (const framed of frames) {
      if (framed.type !== 'dropped') this.#fault.clear();
      switch (framed.type) {
        case 'hdlc':
          if (framed.frame.information.length === 0) {
            const reason = `${framed.frame.control.type} frame without information`;
            this.#problem(new DlmsError({ code: 'HDLC_FRAME', reason }), NOTHING, { source: 'push', framing: 'hdlc' });
          }
          for (const joined of this.#segments.receive(framed.frame)) this.#joined(joined);
          break;
        case 'mbus':
          for (const joined of this.#mbus.receive(framed.octets)) this.#mbusJoined(joined);
          break;
        case 'wrapper':
          this.#message(framed.apdu, BY_WRAPPER);
          break;
        case 'raw':
          this.#message(framed.apdu, BARE);
          break;
        case 'p1':
          this.#text(framed.telegram, framed.text, { source: 'push', framing: 'p1' });
          break;
        case 'sml':
          this.#sml(framed);
          break;
        case 'dropped':
          this.#problem(this.#fault.of(framed.error, framed.bytes), framed.bytes, { source: 'push' });
          // So many bytes may have been a segment whose flag or header was damaged.
          if (framed.error.code === 'HDLC_FCS' || framed.bytes.length >= SHORTEST_SEGMENT) {
            for (const joined of this.#segments.gap()) this.#joined(joined);
          }
          break;
        default:
          framed satisfies never;
      }
    }
  }

  #joined(joined: Joined): void {
    if (joined.type === 'apdu') {
      const before = this.#events.length;
      this.#message(joined.bytes, BY_HDLC);
      if (joined.segments > 1) this.#trustWhole(before);
    } else this.#problem(joined.error, joined.bytes, { source: 'push', framing: 'hdlc' });
  }

  /** Pushed segments carry no number: what leaves something over was put together from parts of two messages. */
  #trustWhole(from: number): void {
    const events = this.#events.slice(from);
    if (!events.some(e => e.type === 'problem' && e.error.code === 'WIRE_SURPLUS')) return;
    this.#events = [...this.#events.slice(0, from), ...events.filter(e => e.type === 'problem')];
  }

  #mbusJoined(joined: MbusJoined): void {
    if (joined.type === 'apdu') this.#message(joined.bytes, BY_MBUS);
    else this.#problem(joined.error, joined.bytes, { source: 'push', framing: 'mbus' });
  }

  /** One frame's contents: usually one APDU, sometimes several with an LLC header in front of each. */
  #message(bytes: Uint8Array, how: Origin): void {
    const origin: Origin = this.#withHex ? { ...how, hex: hex(bytes) } : how;
    if (bytes.length === 0) {
      this.#problem(new DlmsError({ code: 'INCOMPLETE', what: 'message', have: 0 }), bytes, origin);
      return;
    }
    this.#apdus(bytes, origin, 0);
  }

  #apdus(all: Uint8Array, origin: Origin, depth: number): void {
    let bytes = withoutLlc(all);
    for (let first = true; bytes.length > 0; first = false) {
      if (!first && !(PUSH_TAGS.has(bytes[0] as number) && plausibleApdu(i => bytes[i] ?? -1, 0, false) === 'yes')) {
        const surplus = bytes.length;
        this.#problem(new DlmsError({ code: 'WIRE_SURPLUS', field: 'apdu', surplus }), bytes, origin);
        return;
      }
      let surplus: number;
      try {
        surplus = this.#apdu(bytes, origin, depth);
      } catch (error) {
        // Anything else than a DlmsError is our own mistake and must be seen.
        if (!isDlmsError(error)) throw error;
        this.#problem(error, bytes, origin);
        return;
      }
      bytes = withoutLlc(bytes.subarray(bytes.length - surplus));
    }
  }

  /** One APDU; returns the number of octets behind it. */
  #apdu(bytes: Uint8Array, origin: Origin, depth: number): number {
    if (depth > LIMIT_DEPTH) {
      throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'layers of an apdu', limit: LIMIT_DEPTH, actual: depth });
    }
    const tag = bytes[0];
    if (tag === SLASH) {
      this.#text(bytes, wholeText(bytes), origin);
      return 0;
    }
    if (tag !== undefined && PLAIN_TAGS.has(tag)) return this.#plain(bytes, origin);
    const { apdu, surplus } = decodeApdu(bytes);
    if (apdu.type === 'general-block-transfer') this.#block(apdu, bytes, origin, depth);
    else if (isCiphered(apdu)) this.#ciphered(apdu, origin, depth);
    else throw new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: apdu.type, waitingFor: 'a pushed message' });
    return surplus;
  }

  #block(block: GeneralBlockTransfer, bytes: Uint8Array, origin: Origin, depth: number): void {
    const held = this.#blocks.pending > 0;
    if (held && block.block > 1 && !follows(this.#blocksOrigin, origin)) {
      this.#blocks.reset();
      const lost = new DlmsError({ code: 'SEGMENT_LOST', layer: 'gbt', expected: 1, got: block.block });
      return this.#problem(lost, bytes, origin);
    }
    const { apdu, error } = this.#blocks.take(block);
    // INCOMPLETE: what was held is dropped, and this block begins anew.
    const before = held && error?.code !== 'INCOMPLETE' ? this.#blocksOrigin : null;
    const whole = (this.#blocksOrigin = withPart(before, origin));
    if (error !== null) this.#problem(error, bytes, origin);
    if (apdu === null) return;
    this.#apdus(apdu, this.#withHex ? { ...whole, hex: hex(apdu) } : whole, depth + 1);
  }

  #ciphered(apdu: CipheredApdu, origin: Origin, depth: number): void {
    // Inside of what a meter sends it need not say again who it is.
    const outside = this.#row === null ? undefined : origin.systemTitle;
    const title =
      titleOf(apdu) ?? (outside === undefined ? this.#senders.usual.systemTitle : unhex(outside, 'system title'));
    const titleText = this.#titleText(title);
    const row = this.#senders.rowOf(titleText);
    let opened: ReturnType<typeof openApdu>;
    try {
      opened = openApdu(apdu, this.#senders.ringOf(row, title), this.#plausible);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      const ciphered = 'ciphered' in apdu ? apdu.ciphered : NOTHING;
      this.#problem(error, ciphered, securedOrigin(origin, true, false, titleText, counterOf(ciphered)));
      return;
    }
    const { counter, control, authenticated, key, plaintext } = opened;
    // What one meter can prove, it does not prove for another one.
    const outer = row === this.#row;
    const encrypted = (control & 0x20) !== 0 || (outer && origin.encrypted === true);
    const verified = authenticated || (outer && origin.authenticated === true);
    const inside = securedOrigin(origin, encrypted, verified, titleText, counter);
    this.#as(row, () => {
      const counted = this.#counted(inside, key, plaintext);
      if (counted !== null) this.#apdus(plaintext, counted, depth + 1);
    });
  }

  /** Reads as it is read of this meter. */
  #as(row: KeyRow | null, read: () => void): void {
    if (row === this.#row) return read();
    const [before, way] = [this.#row, this.#way];
    this.#way = this.#senders.wayOf(row);
    this.#row = row;
    try {
      read();
    } finally {
      this.#row = before;
      this.#way = way;
    }
  }

  /** With the marks of its counter; null where it is refused, which is told then. */
  #counted(origin: Origin, key: Key | null, bytes: Uint8Array): Origin | null {
    const { invocationCounter, systemTitle = '', authenticated, encrypted } = origin;
    // Nobody needs a key for a counter in clear; and what is refused anyway, if nothing inside is verified, is no precedent.
    const counts = authenticated === true || (encrypted === true && this.#require !== 'authenticated');
    if (key === null || invocationCounter === undefined || !counts) return origin;
    const { error, mark, full } = this.#replay.check(systemTitle, key, invocationCounter, authenticated === true);
    if (full !== null) {
      this.#events.push({ type: 'problem', error: full, bytes: NOTHING, origin: { source: 'push' }, lasting: true });
    }
    if (error !== null) this.#problem(error, bytes, origin);
    return error !== null ? null : mark === null ? origin : { ...origin, ...mark };
  }

  /** One meter's title comes again and again. */
  #titleText(title: Uint8Array | null): string | undefined {
    if (title === null) return undefined;
    if (this.#title === null || !equalBytes(this.#title.octets, title)) {
      this.#title = { octets: title.slice(), text: hex(title) };
    }
    return this.#title.text;
  }

  /** Could this be what was meant? The only sign of a wrong key where no tag is verified. */
  readonly #plausible = (plaintext: Uint8Array): boolean => {
    const tag = plaintext[0];
    if (tag === SLASH) return plaintext.subarray(0, 32).every(c => c === 0x0d || c === 0x0a || (c >= 0x20 && c < 0x7f));
    try {
      if (tag === undefined || !PLAIN_TAGS.has(tag)) return tag === BLOCK && decodeApdu(plaintext).surplus === 0;
      const pushed = readPushed(plaintext);
      this.#read = { bytes: plaintext, pushed };
      return pushed.surplus * 2 < plaintext.length;
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      return false;
    }
  };

  #plain(bytes: Uint8Array, origin: Origin): number {
    const pushed = this.#read?.bytes === bytes ? this.#read.pushed : readPushed(bytes);
    this.#read = null;
    return this.#pushed(pushed, bytes, origin);
  }

  #pushed(pushed: Pushed, bytes: Uint8Array, origin: Origin): number {
    const context = {
      policy: this.#policy,
      scalers: this.#scalers,
      clock: pushed.clock,
      systemTitle: origin.systemTitle ?? null,
    };
    if ('items' in pushed.content) {
      const telegram = telegramOf(pushed.content.items, context, NO_CONVENTION.scales, null);
      this.#content({ type: 'telegram', telegram, origin: originOf(origin, pushed.service) }, bytes);
      return pushed.surplus;
    }
    const body = this.#body(pushed.content.body, pushed.taggedClock);
    if (body.form === 'unknown') {
      this.#unknown(pushed.content.body, bytes, originOf(origin, pushed.service));
      return pushed.surplus;
    }
    const there = policyOfLayout(body.items, body.layout?.zone, context);
    const ofPlace = there === null ? context : { ...context, policy: there };
    const chosen = this.#conventions.choose(body, origin.systemTitle);
    const asChosen = telegramOf(body.items, ofPlace, chosen.scales, body.version);
    const { choice, problem } = this.#settled(chosen, body, asChosen, origin);
    const telegram = choice === chosen ? asChosen : rescaled(asChosen, body.items, ofPlace, choice.scales);
    const layout = body.layout?.name ?? listName(choice) ?? body.form;
    const how = originOf(origin, pushed.service, layout, there !== null, toldOf(choice, body, telegram));
    const silent = telegram.time === null && hasClock(body.items, pushed.clock);
    this.#content({ type: 'telegram', telegram, origin: silent ? { ...how, clock: 'invalid' } : how }, bytes);
    if (problem !== null) this.#events.push({ type: 'problem', error: problem, bytes, origin: how, lasting: true });
    return pushed.surplus;
  }

  /** As it is believed: what is only guessed must be possible. */
  #body(data: Data, taggedClock: boolean): Body {
    const body = readBody(data, this.#layouts, this.#onlyLayout, taggedClock);
    const { layout } = body;
    if (layout === null || this.#onlyLayout || !isGuess(layout)) return body;
    if (isImpossible(body.items, layout, this.#believed.has(layout))) return { ...body, form: 'unknown', layout: null };
    this.#believed.add(layout);
    return body;
  }

  /** What is not proven as far as required teaches nothing. */
  #settled(choice: Choice, body: Body, { meter }: Decoded, origin: Origin): Settled {
    const nothing = choice.by === 'setting' || choice.candidates.length === 0;
    if (nothing || lackOf(origin, this.#require) !== null) return { choice, problem: null };
    const who = meter.systemTitle ?? this.#identity.idOf(meter, origin) ?? this.#source;
    return this.#confirmed.settle(who, choice, body.items, this.#conventions);
  }

  #unknown(body: Data, bytes: Uint8Array, origin: Origin): void {
    const list = elementsOf(body) ?? [body];
    const error = new DlmsError({ code: 'UNKNOWN_LAYOUT', what: body.type, elements: list.length });
    this.#content({ type: 'problem', error, bytes, origin, proposal: proposeLayout(list) }, bytes);
  }

  /** All that was understood leaves here, and only here: as it is where it was proven as far as required, else as a problem. */
  #content(event: PushEvent, bytes: Uint8Array): void {
    const lack = lackOf(event.origin, this.#require);
    if (lack !== null) return this.#problem(lack, bytes, event.origin);
    if (event.type !== 'telegram') {
      this.#events.push(event);
      return;
    }
    const { type, origin } = event;
    this.#events.push({ type, telegram: this.#named(this.#identity.of(event.telegram, origin)), origin });
  }

  /** As the national standard calls its readings, and with the name that the table of keys has for the meter. */
  #named(telegram: Decoded): Decoded {
    const name = this.#row?.name ?? null;
    const { meter, readings } = telegram;
    if (name === null && this.#standard === null) return telegram;
    return {
      ...telegram,
      ...(name !== null && { meter: { ...meter, name } }),
      ...(this.#standard !== null && { readings: namedBy(this.#standard, readings) }),
    };
  }

  /**
   * P1 text, plain, in a P1 envelope or deciphered; from "/" on. Text with a wrong CRC gives no values; where a tag has shown
   * that it is whole it is marked (Luxembourg's own example fails its CRC).
   */
  #text(bytes: Uint8Array, extent: TextExtent | null, origin: Origin): void {
    const events = this.#textReader().read(bytes, extent);
    for (const event of events) {
      // A frame inside of the text has a sender and a counter of its own.
      const framed = event.origin.encrypted !== undefined;
      const row = framed ? this.#senders.rowOf(event.origin.systemTitle) : this.#row;
      const outer = row === this.#row ? origin : withoutProof(origin);
      this.#as(row, () => this.#textEvent(event, bytes, outer));
    }
    if (events.length === 0) this.#problem(new DlmsError({ code: 'NO_FRAME', bytes: bytes.length }), bytes, origin);
  }

  #textReader(): P1Text {
    const { zone } = this.#policy;
    let reader = this.#p1.get(zone ?? '');
    if (reader === undefined) {
      const { encryptionKey, authenticationKey, systemTitle } = this.#senders.usual;
      const keysOf = (title: Uint8Array): KeyRing => this.#senders.ringOf(this.#senders.rowOf(hex(title)), title);
      reader = new P1Text({ encryptionKey, authenticationKey, systemTitle, keysOf }, zone, this.#zeroCrc);
      this.#p1.set(zone ?? '', reader);
    }
    return reader;
  }

  #textEvent(event: DecoderEvent, bytes: Uint8Array, origin: Origin): void {
    const secured = withInner(origin, event.origin);
    if (event.type === 'profile') {
      const error = new DlmsError({ code: 'NOT_SUPPORTED', what: 'a load profile as text in a push' });
      return this.#problem(error, bytes, secured);
    }
    // What broke off has been told as a problem of its own.
    if (event.type === 'telegram' && event.origin.complete === false) return;
    const { checksum } = event.origin;
    const opened = event.type === 'telegram' && event.origin.invocationCounter !== undefined;
    const key = this.#row === null ? this.#senders.usual.encryptionKey : this.#row.encryptionKey;
    const counted = opened ? this.#counted(secured, key, bytes) : secured;
    if (counted === null) return;
    const whole: Origin = {
      ...event.origin,
      ...counted,
      ...(checksum === undefined ? {} : { checksum }),
      service: 'p1-text',
      source: 'push',
    };
    if (event.type === 'problem') this.#problem(event.error, event.bytes, whole);
    else if (whole.checksum !== 'bad' || whole.authenticated === true) {
      const telegram = withTitle(event.telegram, whole.systemTitle);
      this.#content({ type: 'telegram', telegram, origin: whole }, bytes);
    }
  }

  /** A file whose check fitted: its telegrams, or what is wrong with its contents, of which nothing leaves then. */
  #sml({ bytes, content, check }: SmlFrame): void {
    const by = check === 'kermit' ? BY_SML_KERMIT : BY_SML;
    const origin: Origin = this.#withHex ? { ...by, hex: hex(bytes) } : by;
    try {
      const options = { policy: this.#policy, scalers: this.#scalers, corrections: this.#corrections };
      const { telegrams, problems } = readSml(content, check, options);
      for (const { telegram, origin: more } of telegrams) {
        this.#content({ type: 'telegram', telegram, origin: smlOrigin(origin, more) }, bytes);
      }
      for (const { detail, origin: more } of problems)
        this.#problem(new DlmsError(detail), bytes, smlOrigin(origin, more));
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#problem(error, bytes, origin);
    }
  }

  #problem(error: DlmsError, bytes: Uint8Array, origin: Partial<Origin>): void {
    this.#events.push({ type: 'problem', error: this.#senders.told(error), bytes, origin });
  }
}

/** Blocks that each have a tag are parts of one message only where one sender counted them one behind the other, or again. */
function follows(before: Origin | null, { systemTitle, invocationCounter }: Origin): boolean {
  // With one in clear among them they prove nothing together.
  if (invocationCounter === undefined || before?.invocationCounter === undefined) return true;
  const gap = invocationCounter - before.invocationCounter;
  return before.systemTitle === systemTitle && (gap === 0 || gap === 1);
}

/** As sent; null where it is left out. */
function titleOf(apdu: CipheredApdu): Uint8Array | null {
  const sent =
    'systemTitle' in apdu ? apdu.systemTitle : 'originatorSystemTitle' in apdu ? apdu.originatorSystemTitle : NOTHING;
  return sent.length > 0 ? sent : null;
}

function withoutLlc(bytes: Uint8Array): Uint8Array {
  const [a, b, c] = bytes;
  return a === 0xe6 && (b === 0xe6 || b === 0xe7) && c === 0 ? bytes.subarray(3) : bytes;
}

function counterOf(ciphered: Uint8Array): number | null {
  if (ciphered.length < 5) return null;
  return new DataView(ciphered.buffer, ciphered.byteOffset).getUint32(1);
}

/** The convention, or the first one of the family that sends this version of a list. */
function listName({ by, candidates: [row, ...others] }: Choice): string | undefined {
  if (row === undefined || (others.length === 0 && by !== null)) return row?.name;
  const { listVersion } = row.when;
  return listVersion !== undefined && others.every(({ when }) => when.listVersion === listVersion)
    ? row.name
    : undefined;
}

/** What flows and forms are told of it: how it is known, and what stayed open in this telegram. */
function toldOf({ by, candidates, open }: Choice, { layout, items }: Body, { readings }: Decoded): Told {
  const told: Told = {};
  if (layout !== null && isGuess(layout)) {
    told.guessed = true;
    told.layoutBy = 'guessed';
  }
  if (by !== null) told.conventionBy = by;
  if (open.size === 0) return told;
  const isOpen = readings.some(({ scaleSource }, i) => {
    const name = items[i]?.name ?? null;
    return scaleSource === 'none' && name !== null && isAmong(open, Obis.from(name));
  });
  if (isOpen) told.conventions = candidates.map(({ name }) => name);
  return told;
}

function withTitle(telegram: Decoded, systemTitle: string | undefined): Decoded {
  return systemTitle === undefined ? telegram : { ...telegram, meter: { ...telegram.meter, systemTitle } };
}

const BY_HDLC: Origin = { source: 'push', framing: 'hdlc', checksum: 'ok' };
const BY_MBUS: Origin = { source: 'push', framing: 'mbus', checksum: 'ok' };
const BY_WRAPPER: Origin = { source: 'push', framing: 'wrapper', checksum: 'none' };
const BY_SML: Origin = { source: 'push', framing: 'sml', checksum: 'ok' };
const BY_SML_KERMIT: Origin = { ...BY_SML, check: 'kermit' };
const BARE: Origin = { source: 'push', framing: 'raw', checksum: 'none' };
const IDLE: Step<PushEvent> = step();
/** Default of `idleMs`. */
export const IDLE_MS = 5000;
/** Flag, format, addresses of one octet, control, header check, one octet, frame check. */
const SHORTEST_SEGMENT = 11;
const LIMIT_DEPTH = 8;
const NOTHING = new Uint8Array(0);
const SLASH = 0x2f;
const BLOCK = 0xe0;
/** data-notification, information-report, event-notification. */
const PLAIN_TAGS: ReadonlySet<number> = new Set([0x0f, 0x18, 0xc2]);
