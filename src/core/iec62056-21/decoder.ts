// Bytes of any origin -> telegrams: readouts with and without BCC, mode D, P1 plain and encrypted, profiles.
// The rule of the file: what does not check out is a problem with its reason, never a telegram without a mark; a check that
// is missing where its form has one does not check out.

import { isNeverSet } from '../cosem/date-time';
import { metersBehind, withMeters } from '../cosem/meters-behind';
import { lackOf, proofByKeys, type Proof } from '../cosem/proof';
import type { Meter, Origin, Telegram } from '../cosem/reading';
import { checksumOf, fits, type Check, type CheckPolicy } from '../framing/check';
import type { BlockCheck } from '../framing/iec-block';
import { emptyLine, wholeText } from '../framing/p1';
import { checkCrc, type CrcCheck } from '../framing/p1-frame';
import { FAMILIES } from '../meters/table';
import { SmlAside, type Piece } from '../framing/sml-aside';
import { DlmsError, told } from '../wire/errors';
import { concat, fromLatin1 } from '../wire/hex';
import { textOf } from './characters';
import { parseDataBlock } from './data-block';
import type { Identification } from './identification';
import { decryptP1, protectionOf, type P1Keys } from './p1-decrypt';
import { ParityFilter, type ParityMode } from './parity';
import { apart } from './apart';
import { makerOf } from './makers';
import { isProfile, NO_ENTRIES, parseProfile, type IecProfile } from './profile';
import { dropError, partsOf, type Part } from './parts';
import { Scanner } from './scanner';
import { Typing, type IecReading, type TypingOptions } from './typing';

export interface DecoderOptions extends TypingOptions {
  readonly check?: CheckPolicy;
  readonly parity?: ParityMode;
  /** Mode A is spoken: its list may come without STX, ETX and block check, whatever the identification says. */
  readonly modeA?: boolean;
  /** The P1 port sends 0000 in place of a CRC, always; believed until one that fits has come (Iskraemeco AM550). */
  readonly zeroCrc?: boolean;
  readonly keys?: P1Keys;
  /** How far a telegram has to be proven to leave as one. Default: as far as the keys can prove. */
  readonly require?: Proof;
  /** Bound for one message in characters. */
  readonly limitBytes?: number;
}

export interface IecTelegram extends Omit<Telegram, 'receivedAt'> {
  readonly readings: readonly IecReading[];
}

export type DecoderEvent =
  | {
      readonly type: 'telegram';
      readonly telegram: IecTelegram;
      readonly origin: Origin;
      readonly identification: Identification | null;
      readonly bcc: BlockCheck | null;
      readonly crc: CrcCheck | null;
      /** Lines that could not be read; their neighbours are in the telegram. */
      readonly unparsed: readonly string[];
    }
  | {
      readonly type: 'profile';
      readonly profile: IecProfile;
      readonly meter: Meter;
      readonly origin: Origin;
      readonly identification: Identification | null;
      readonly bcc: BlockCheck | null;
    }
  | {
      readonly type: 'problem';
      readonly error: DlmsError;
      readonly bytes: Uint8Array;
      readonly origin: Partial<Origin>;
    };

/** Feed it chunks of any size; call flush() when nothing came for a while. */
export class IecDecoder {
  readonly #scanner: Scanner;
  readonly #parity: ParityFilter;
  readonly #sml = new SmlAside();
  readonly #typing: Typing;
  #identification: Identification | null = null;
  /** Text of partial blocks (EOT) before their last one. */
  #partial = '';
  /** Whether anything was understood since the last flush; noise alone is a problem. */
  #understood = false;
  #noise: Uint8Array = new Uint8Array(0);
  #discarded = 0;
  /** What stood in front of the next block was a part of it with a wrong check, or broke off where the block begins. */
  #partialBad = false;
  /** The source has sent a P1 telegram with a CRC that fitted: from now on one without is damaged. */
  #crcSeen = false;

  constructor(readonly options: DecoderOptions = {}) {
    this.#scanner = new Scanner(options.limitBytes);
    this.#parity = new ParityFilter(options.parity ?? 'auto');
    this.#typing = new Typing(options);
  }

  /** Seven-bit characters with parity arrive in eight bits, and it is stripped. */
  get parityStripped(): boolean {
    return this.#parity.stripping;
  }

  /** Bytes between the messages and before the first, since the decoder was made. */
  get discardedBytes(): number {
    return this.#discarded;
  }

  /** Something has come that is no whole message yet: flush() would tell what. */
  get busy(): boolean {
    const noisy = !this.#understood && (this.#scanner.noisy || this.#noise.length > 0);
    return (
      this.#scanner.busy ||
      this.#partial !== '' ||
      this.#identification !== null ||
      this.#parity.holding ||
      this.#sml.holding ||
      noisy
    );
  }

  receive(chunk: Uint8Array): readonly DecoderEvent[] {
    if (!this.#sml.touches(chunk)) return this.#text(chunk);
    return this.#pieces(this.#sml.receive(chunk));
  }

  #text(bytes: Uint8Array): readonly DecoderEvent[] {
    return this.#events(this.#scanner.receive(this.#parity.receive(bytes)));
  }

  /** A head may send SML: whoever reads text is told so, and not that characters were changed. */
  #pieces(pieces: readonly Piece[]): readonly DecoderEvent[] {
    return pieces.flatMap(({ sml, bytes }) => {
      if (!sml) return this.#text(bytes);
      this.#understood = true;
      return [problem(told({ code: 'OTHER_PROTOCOL', what: 'an SML file' }), bytes)];
    });
  }

  /** Nothing more comes: incomplete messages are given as such, and noise without a message is a problem. */
  flush(): readonly DecoderEvent[] {
    const events = [
      ...this.#pieces(this.#sml.flush()),
      ...this.#events(this.#scanner.receive(this.#parity.flush())),
      ...this.#events(this.#scanner.flush()),
    ];
    if (this.#identification !== null) {
      const { raw } = this.#identification;
      events.push(problem(incomplete(raw.length, 'data'), fromLatin1(raw)));
    } else if (!this.#understood && this.#noise.length > 0 && !TAIL.test(textOf(this.#noise))) {
      events.push(noiseProblem(this.#noise, this.#parity));
    }
    this.reset();
    return events;
  }

  reset(): void {
    this.#scanner.reset();
    this.#parity.reset();
    this.#sml.reset();
    this.#identification = null;
    this.#partial = '';
    this.#partialBad = false;
    this.#understood = false;
    this.#noise = new Uint8Array(0);
  }

  #events(parts: readonly Part[]): readonly DecoderEvent[] {
    // Most chunks hold no end of anything; they share one empty list.
    return parts.length === 0 ? NO_EVENTS : parts.flatMap(part => this.interpret(part));
  }

  /**
   * What one message means; for readers that look for the messages themselves. Values that were not proven as far as
   * required leave nowhere: in their place stands a problem.
   */
  interpret(part: Part): DecoderEvent[] {
    const { keys = {}, require = proofByKeys(keys.authenticationKey, keys.encryptionKey) } = this.options;
    const events = this.#interpret(part);
    if (require === 'nothing') return events;
    return events.map(event => {
      const lack = event.type === 'problem' ? null : lackOf(event.origin, require);
      return lack === null ? event : problem(lack, bytesOf(part), event.origin);
    });
  }

  #interpret(part: Part): DecoderEvent[] {
    switch (part.type) {
      case 'identification':
        this.#understood = true;
        this.#partialBad = false;
        this.#identification = part.identification;
        return [];
      case 'block':
        this.#understood = true;
        return this.#block(part);
      case 'telegram':
        this.#understood = true;
        return this.#plain(part);
      case 'encrypted':
        this.#understood = true;
        return this.#encrypted(part);
      case 'command':
        this.#understood = true;
        return part.command === 'B0'
          ? [problem(told({ code: 'IEC_BREAK', during: 'the session' }), new Uint8Array(0))]
          : [];
      case 'dropped':
        if (part.kind === 'noise') {
          this.#discarded += part.bytes.length;
          if (this.#understood) return [];
          this.#noise = concat(this.#noise, part.bytes);
          return this.#noise.length < NOISE_LIMIT ? [] : [this.#tooNoisy()];
        }
        this.#understood = true;
        return [problem(dropError(part, this.#scanner.limitBytes), part.bytes)];
      case 'ack':
      case 'nak':
        return [];
    }
  }

  /** A line at the wrong rate may never fall silent: told without waiting for its end. */
  #tooNoisy(): DecoderEvent {
    const noise = this.#noise;
    this.#noise = new Uint8Array(0);
    return noiseProblem(noise, this.#parity);
  }

  #block(part: Extract<Part, { type: 'block' }>): DecoderEvent[] {
    const text = this.#partial + part.text;
    this.#partial = '';
    const { check: policy = 'strict' } = this.options;
    const bytes = (): Uint8Array => fromLatin1(part.text);
    const complete = part.end !== null;
    const bad = complete && !fits(part.bcc.check) && policy !== 'off';
    const marked = bad || this.#partialBad;
    // In strict the rest of blocks whose first part was refused is no message either.
    const headless = this.#partialBad && policy === 'strict';
    this.#partialBad = part.end === null || (marked && part.end === 'eot');
    const origin = this.#origin('iec', complete, this.#partialBad || marked ? 'unreadable' : part.bcc.check);
    const problems: DecoderEvent[] = [];
    if (!complete) problems.push(problem(incomplete(text.length, 'ETX'), bytes(), origin));
    else if (bad) problems.push(problem(blockError(part), bytes(), origin));
    else if (headless) {
      const error = told({ code: 'SEGMENT_LOST', layer: 'block', expected: 1, got: 2 });
      problems.push(problem(error, bytes(), origin));
    }
    if (problems.length > 0 && policy === 'strict') {
      this.#identification = null;
      return problems;
    }
    if (part.end === 'eot') {
      if (text.length <= (this.options.limitBytes ?? 1_000_000)) this.#partial = text;
      return problems;
    }
    const identification = this.#identification;
    this.#identification = null;
    const refusal = errorText(text);
    if (refusal !== null) {
      return [...problems, problem(told({ code: 'IEC_ERROR', text: refusal }), bytes(), origin)];
    }
    if (isProfile(text)) {
      const profile = parseProfile(text, this.options);
      const meter = meterOf(identification, []);
      const told = withUnparsed(origin, profile.unparsed);
      return [...problems, { type: 'profile', profile, meter, origin: told, identification, bcc: part.bcc }];
    }
    const telegram = this.#telegram(text, identification, origin, { bcc: part.bcc, crc: null });
    if (telegram !== null) return [...problems, telegram];
    return problems.length > 0 ? problems : [problem(incomplete(text.length, 'readings'), bytes(), origin)];
  }

  #plain(part: Extract<Part, { type: 'telegram' }>, secured: Partial<Origin> = {}): DecoderEvent[] {
    const { check: policy = 'strict' } = this.options;
    const identification = this.#identification;
    this.#identification = null;
    const { crc, waitingFor } = this.#checked(part, identification, secured.authenticated === true);
    this.#crcSeen ||= crc.check === 'ok';
    const have = part.bytes.length;
    let error: DlmsError | null = null;
    if (!part.complete) error = incomplete(have, '"!"');
    else if (!fits(crc.check) && policy !== 'off') {
      error = waitingFor === null ? crcError(crc) : incomplete(have, waitingFor);
    }
    const origin: Origin = { ...this.#origin('p1', part.complete, crc.check), ...secured };
    const problems = error === null ? [] : [problem(error, part.bytes, origin)];
    if (error !== null && policy === 'strict') return problems;
    const telegram = this.#telegram(part.text, identification, origin, { bcc: null, crc });
    if (telegram !== null) return [...problems, telegram];
    // A "/" and a "!" in noise.
    return error !== null ? problems : [problem(told({ code: 'NO_FRAME', bytes: have }), part.bytes, origin)];
  }

  /** The check of a text without STX, and what did not come though it belongs to its form. */
  #checked(
    part: Extract<Part, { type: 'telegram' }>,
    identification: Identification | null,
    verified: boolean,
  ): { readonly crc: CrcCheck; readonly waitingFor: string | null } {
    const crc = checkCrc(part.bytes, part.crc);
    const zero = this.options.zeroCrc === true && !this.#crcSeen && crc.check === 'wrong' && crc.received === NO_CRC;
    if (zero) return { crc: { ...crc, check: 'none-by-form' }, waitingFor: null };
    // A tag that was verified proves more than a CRC that is not there.
    if (verified || crc.check !== 'none-by-form') return { crc, waitingFor: null };
    const waitingFor = this.#missing(part, identification);
    return { crc: waitingFor === null ? crc : { ...crc, check: 'unreadable' }, waitingFor };
  }

  /** The check that a text without one should have; null for a form that has none. */
  #missing(part: Extract<Part, { type: 'telegram' }>, identification: Identification | null): string | null {
    if (this.#crcSeen || versionOf(part.text) >= FIRST_WITH_CRC) return 'the CRC behind "!"';
    const text = textOf(part.bytes);
    // Who sets mode A knows it; an identification line may say it by chance.
    const modeA = this.options.modeA === true || (identification?.mode === 'A' && beginsWithCode(text));
    const noCheck = modeA || emptyLine(part.bytes) !== 'none' || hasWholeCodes(text);
    if (part.beheaded !== true && noCheck) return null;
    return 'STX in front and the block check behind';
  }

  #encrypted({ frame, outside }: Extract<Part, { type: 'encrypted' }>): DecoderEvent[] {
    const { keys = {} } = this.options;
    const line = this.#identification?.raw ?? '';
    this.#identification = null;
    try {
      const { plaintext, origin } = decryptP1(frame, keys);
      const events: DecoderEvent[] = [];
      for (const part of this.#partsOf(withLine(plaintext, line))) {
        if (part.type === 'identification') this.#identification = part.identification;
        // Where the text has no CRC of its own, the one outside covers it.
        if (part.type === 'telegram')
          events.push(...this.#plain(part.crc === '' ? { ...part, ...outside } : part, origin));
      }
      if (events.length > 0) return events;
      const error = told({ code: 'NO_FRAME', bytes: plaintext.length });
      return [problem(error, frame, origin)];
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error;
      return [problem(error, frame, { source: 'iec', framing: 'p1', ...protectionOf(frame, keys) })];
    }
  }

  /** Of the plaintext of a frame. */
  #partsOf(plaintext: Uint8Array): readonly Part[] {
    const extent = wholeText(plaintext);
    const parts = extent === null ? null : partsOf(plaintext, extent);
    if (parts !== null) return parts;
    const inner = new Scanner(this.options.limitBytes);
    return [...inner.receive(plaintext), ...inner.flush()];
  }

  /** null where there are no readings: no telegram without any leaves, whatever the check says. */
  #telegram(
    text: string,
    identification: Identification | null,
    origin: Origin,
    checks: { bcc: BlockCheck | null; crc: CrcCheck | null },
  ): DecoderEvent | null {
    const { dataSets, unparsed } = parseDataBlock(text);
    if (dataSets.length === 0) return null;
    const maker = makerOf(identification);
    const typed = this.#typing.readings(dataSets, {
      p1: this.options.p1 ?? checks.crc !== null,
      unread: unparsed,
      maker,
    });
    const each = apart(typed, maker);
    const meter = meterOf(identification, each);
    const time = clockOf(each);
    const silent = time === null && each.some(isClock);
    const readings = withMeters(silent ? each.map(withoutTime) : each, metersBehind(each, meter.id));
    const telegram = { meter, time, readings };
    const how: Origin = silent ? { ...origin, clock: 'invalid' } : origin;
    return {
      type: 'telegram',
      telegram,
      origin: withUnparsed(how, unparsed),
      identification,
      unparsed,
      ...checks,
    };
  }

  #origin(framing: 'iec' | 'p1', complete: boolean, check: Check): Origin {
    const checksum = checksumOf(check, this.options.check ?? 'strict');
    return { source: 'iec', framing, checksum, ...(complete ? {} : { complete: false as const }) };
  }
}

/** What was not understood inside a good frame stands on the message. */
export function withUnparsed(origin: Origin, unparsed: readonly string[]): Origin {
  return unparsed.length === 0 ? origin : { ...origin, unparsed };
}

function incomplete(have: number, waitingFor: string): DlmsError {
  return told({ code: 'TELEGRAM_INCOMPLETE', have, waitingFor });
}

function crcError({ received, calculated }: CrcCheck): DlmsError {
  return told({ code: 'CRC_MISMATCH', got: received ?? '', want: calculated });
}

/**
 * The text of an answer that is nothing but an error: "(ER01)", "((ER11))", "(ERROR)", "(#0018)"; null for any other.
 * "P.01(ERROR)" is none: the profile has no entries.
 */
export function errorText(text: string): string | null {
  const m = /^[^()\r\n]*\(+(#\d{1,8}|ERR?[^()*]{0,32})\)+\s*(?:!\s*)?$/i.exec(text.trim());
  return m === null || (isProfile(text) && m[1] === NO_ENTRIES) ? null : (m[1] as string);
}

/** Why the check of a block whose end has come does not fit: it is wrong, or it has not come. */
export function blockError({ text, end, bcc }: Extract<Part, { type: 'block' }>): DlmsError {
  if (bcc.received !== null) return told({ code: 'BCC_MISMATCH', got: bcc.received, want: bcc.calculated });
  const waitingFor = end === 'mark' ? 'ETX and the block check' : 'the block check behind ETX';
  return incomplete(text.length, waitingFor);
}

/** Kaifa in Poland enciphers the data lines only: what stands around them in clear is put around them again. */
function withLine(plaintext: Uint8Array, identification: string): Uint8Array {
  const text = textOf(plaintext);
  if (identification === '' || /^\s*\//.test(text)) return plaintext;
  return fromLatin1(`${identification}\r\n\r\n${text}${/(?:^|[\r\n)])![0-9A-F]*\s*$/i.test(text) ? '' : '\r\n!\r\n'}`);
}

/** 0.2.8 of a P1 telegram, in tenths: 50, 42, 40, 22; 0 when it has none. */
function versionOf(text: string): number {
  return Number(/:0\.2\.8(?:\*255)?\((\d{2})\)/.exec(text)?.[1] ?? 0);
}

/**
 * Mode D and P1 up to 3.0 have neither STX nor a check: an empty line behind the identification, or complete codes without the
 * last group (a P1 log without empty lines). In modes B and C an STX stands there; a list that begins otherwise has lost it.
 * IEC 62056-21, 6.4.2 to 6.4.4.
 */
function hasWholeCodes(text: string): boolean {
  return /^\/[^\r\n]*[\r\n]+\d+-\d+:\d+\.\d+\.\d+(?:\*255)?\(/.test(text.slice(0, HEAD));
}

/** A list of mode A. What begins otherwise has lost its STX, and with it the check behind it. */
function beginsWithCode(text: string): boolean {
  return /^(?:\/[^\r\n]*[\r\n]+)?\s*(?:\d|[CFLP]\.)/.test(text.slice(0, HEAD));
}

/** Who sent the readings: the identification line, and the serial number from the list. */
export function meterOf(identification: Identification | null, readings: readonly IecReading[]): Meter {
  let id: string | null = null;
  let best = Infinity;
  for (const { obis, sets } of readings) {
    const place = obis === null ? undefined : SERIAL_RANK.get(obis);
    const [set] = sets;
    if (place === undefined || set === undefined) continue;
    const text = (set.decoded ?? digitsInHex(set.text.trim()) ?? set.text).trim();
    if (!/[1-9A-Za-z]/.test(text)) continue;
    const rank = SERIAL.test(text) ? place : place + SERIAL_RANK.size;
    if (rank >= best) continue;
    id = text;
    best = rank;
  }
  // A letter behind the backslash announces nothing: it begins the model ("/Ene5\\T211 ESMR 5.0").
  const letter = identification?.enhanced.filter(w => /[A-Za-z]/.test(w)).join('') ?? '';
  const model = letter + (identification?.model.trim() ?? '');
  return { id, manufacturer: identification?.manufacturer ?? null, model: model === '' ? null : model };
}

/** A serial number of digits that P1 writes in hex, as it does one with letters: twelve of "3d" and more are no number by chance. */
function digitsInHex(text: string): string | undefined {
  return /^(?:3\d){6,}$/.test(text) ? text.replace(/3(\d)/g, '$1') : undefined;
}

/** The meter's own clock: 0-0:1.0.0, date and time of 0.9.2 and 0.9.1, or 9.36 of heat meters. */
export function clockOf(readings: readonly IecReading[]): string | null {
  let date: string | undefined;
  let time: string | undefined;
  for (const { obis, time: at, sets } of readings) {
    if (CLOCKS.has(obis ?? '')) return at == null || isUnset(at) ? null : at;
    date ??= sets[0]?.date;
    time ??= sets[0]?.timeOfDay;
  }
  return date === undefined || time === undefined || isUnset(date) ? null : `${date}T${time}`;
}

/** A clock, or the date of one. */
function isClock({ obis, text, sets }: IecReading): boolean {
  return text !== '' && (CLOCKS.has(obis ?? '') || sets[0]?.date !== undefined);
}

/** Of a clock that was never set: what stood there is in its text. */
function withoutTime(reading: IecReading): IecReading {
  if (!CLOCKS.has(reading.obis ?? '') || reading.time == null) return reading;
  const [{ value: _value, ...first } = { text: '' }, ...others] = reading.sets;
  return { ...reading, value: null, time: null, sets: [{ ...first, time: null }, ...others] };
}

/** 1970, the first hours of 2000, 2099. */
function isUnset(iso: string): boolean {
  const part = (from: number, to: number): number => Number(iso.slice(from, to));
  return isNeverSet(part(0, 4), part(5, 7), part(8, 10), part(11, 13));
}

function bytesOf(part: Part): Uint8Array {
  if (part.type === 'block') return fromLatin1(part.text);
  return part.type === 'telegram' ? part.bytes : part.type === 'encrypted' ? part.frame : new Uint8Array(0);
}

function problem(error: DlmsError, bytes: Uint8Array, origin: Partial<Origin> = { source: 'iec' }): DecoderEvent {
  return { type: 'problem', error, bytes, origin };
}

function noiseProblem(noise: Uint8Array, parity: ParityFilter): DecoderEvent {
  const reason = parity.suspicion;
  const error = told(reason === null ? { code: 'NO_FRAME', bytes: noise.length } : { code: 'WRONG_PARITY', reason });
  return problem(error, noise);
}

const NO_EVENTS: readonly DecoderEvent[] = [];
/** Characters without any message among them. */
const NOISE_LIMIT = 4096;

/** The second one is that of heat meters. */
const CLOCKS: ReadonlySet<string> = new Set(['0-0:1.0.0*255', '6-0:9.36.0*255']);
const NO_CRC = '0000';
/** DSMR 4.0 brought the CRC. */
const FIRST_WITH_CRC = 40;
const HEAD = 256;

/** The rest of a telegram that had begun before anyone listened: nothing to complain of. */
const TAIL = /\)\s*![0-9A-F]{0,4}\s*(?:\x03[\0-\x7f]?)?\s*$/i;

/** A number that is told from others of its type; a model has three or four digits in a row (MA309M, E450, ZMD310). */
const SERIAL = /\d{5}/;
/** In this order, those that are no serial number behind all that are; M-Bus channels (0-1, 0-2 ...) name other devices. */
const SERIAL_RANK: ReadonlyMap<string, number> = new Map(
  FAMILIES.flatMap(({ identity }) => identity?.texts?.number ?? []).map((code, rank) => [code, rank]),
);
