// The messages of an SML file to telegrams as docs/messages.md has them: readings with names, scales and signs, meter, time.
// The rule of the file: one telegram for each meter that speaks in it; seconds of operation are never a time, and what is no
// value leaves as an error with its words.

import { isNeverSet, isoAt, isoInPolicy, STANDARD_CLOCK, type ClockPolicy } from '../cosem/date-time';
import type { ObisPattern } from '../obis/pattern';
import type { Meter, Origin, Parameter, Reading, ScaleSource, Telegram, Value } from '../cosem/reading';
import { spelled, type Spelled } from '../cosem/spelled';
import { scaleExactly, unitSymbol } from '../cosem/units';
import { DlmsError, type Detail } from '../wire/errors';
import { equalBytes, hex } from '../wire/hex';
import { readMessages, type SmlBody, type SmlEntry, type SmlList, type SmlMessage, type SmlTime } from './messages';
import type { SmlTree } from './parameters';
import { SML_QUIRKS, statusOf, type SmlSender } from './quirks';
import { serverOf } from './server-id';
import { textOrHex } from './tlv';

export interface SmlOptions {
  /** For instants in UTC. */
  readonly policy?: ClockPolicy;
  /** The user's powers of ten; the first that matches counts above what the meter sends. */
  readonly scalers?: readonly { readonly pattern: ObisPattern; readonly scaler: number }[];
  /** Mend what meters are known to send otherwise than they mean it. Default true. */
  readonly corrections?: boolean;
}

/** Everything but the time of arrival. */
export interface SmlTelegram {
  readonly telegram: Omit<Telegram, 'receivedAt'>;
  readonly origin: Writable<SmlOrigin>;
}

export type SmlOrigin = Pick<
  Origin,
  | 'service'
  | 'serverId'
  | 'secIndex'
  | 'gatewayTime'
  | 'gatewaySecIndex'
  | 'listName'
  | 'listSignature'
  | 'signature'
  | 'messageCheck'
  | 'parameters'
>;

export interface SmlContents {
  readonly telegrams: readonly SmlTelegram[];
  readonly problems: readonly { readonly detail: Detail; readonly origin: Partial<SmlOrigin> }[];
}

/**
 * Content of a file, without escapes, and the CRC that its check fitted. Throws SML_FRAME, WIRE_INVALID, WIRE_TRUNCATED and
 * LIMIT_EXCEEDED.
 */
export function readSml(content: Uint8Array, check: 'x25' | 'kermit', options: SmlOptions = {}): SmlContents {
  const messages = readMessages(content, check);
  if (fitsByChance(messages, check)) throw new DlmsError({ code: 'SML_FRAME', reason: BY_CHANCE });
  const policy = options.policy ?? STANDARD_CLOCK;
  const problems: { detail: Detail; origin: Partial<SmlOrigin> }[] = [];
  const intact = messages.every(message => message.check === check);
  const bodies = messages.map(message => message.body);
  const signature = bodies.findLast(body => body.type === 'close')?.signature ?? null;
  const telegrams = meters(bodies).map(bundle => telegramOf(bundle, intact, signature, policy, options));
  for (const body of bodies) {
    if (body.type !== 'attention') continue;
    const server = body.serverId === null ? null : (serverOf(body.serverId).id ?? hex(body.serverId));
    const text = body.text === null ? null : textOrHex(body.text);
    problems.push({ detail: { code: 'SML_ATTENTION', server, number: hex(body.number), text }, origin: {} });
  }
  for (const { serverId, parameters, what } of parametersOf(bodies, policy, options)) {
    const spoken = telegrams.find(({ origin }) => origin.serverId === serverId);
    if (spoken !== undefined) spoken.origin.parameters = [...(spoken.origin.parameters ?? []), ...parameters];
    else {
      const origin = { service: 'sml-parameters', ...(serverId !== undefined && { serverId }), parameters };
      problems.push({ detail: { code: 'SML_NO_VALUES', what }, origin });
    }
  }
  if (telegrams.length + problems.length === 0)
    problems.push({ detail: { code: 'SML_NO_VALUES', what: whatOf(bodies) }, origin: {} });
  return { telegrams, problems };
}

/**
 * A meter computes the checks of its messages as that of its file. One damaged file in 65536 fits the other CRC: then those
 * of the messages tell. The seldom CRC has to be confirmed, the usual one not to be denied.
 */
function fitsByChance(messages: readonly SmlMessage[], check: 'x25' | 'kermit'): boolean {
  if (messages.length === 0 || messages.some(message => message.check === check)) return false;
  return check === 'kermit' || messages.some(message => message.check === 'kermit');
}

/** All that one meter says in a file. */
interface Bundle {
  readonly serverId: Uint8Array | null;
  readonly lists: (SmlList | Extract<SmlBody, { type: 'profile' }>)[];
}

/** Lists with values; those of the same meter belong together, wherever they stand. */
function meters(bodies: readonly SmlBody[]): Bundle[] {
  const bundles: Bundle[] = [];
  let opener: Uint8Array | null = null;
  for (const body of bodies) {
    if (body.type === 'open') opener = body.serverId;
    if (!('entries' in body) || body.entries.length === 0) continue;
    const serverId: Uint8Array | null = body.serverId ?? opener;
    const known = bundles.find(bundle => sameServer(bundle.serverId, serverId));
    if (known !== undefined) known.lists.push(body);
    else bundles.push({ serverId, lists: [body] });
  }
  return bundles;
}

function sameServer(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}

function telegramOf(
  { serverId, lists }: Bundle,
  intact: boolean,
  signature: Uint8Array | null,
  policy: ClockPolicy,
  options: SmlOptions,
): SmlTelegram {
  const meter = meterOf(serverId, lists);
  const readings: Reading[] = [];
  for (const { entries } of lists) {
    const sender =
      options.corrections === false ? null : { manufacturer: meter.manufacturer, status: statusOf(entries) };
    for (const entry of entries) readings.push(readingOf(entry, sender, policy, options));
  }
  const origin: Writable<SmlTelegram['origin']> = {
    service: lists.some(l => l.type === 'list') ? 'sml-list' : 'sml-profile',
  };
  if (serverId !== null) origin.serverId = hex(serverId);
  let time: string | null = null;
  for (const list of lists) {
    if (list.time?.form === 'seconds') origin.secIndex ??= list.time.value;
    time ??= isoOf(list.time, policy);
    if (list.type !== 'list') continue;
    if (list.listName !== null)
      origin.listName ??= list.listName.length === 6 ? spelled(list.listName).code : textOrHex(list.listName);
    if (list.signature !== null) origin.listSignature ??= hex(list.signature);
    const { gatewayTime = null } = list;
    if (gatewayTime?.form === 'seconds') origin.gatewaySecIndex ??= gatewayTime.value;
    const there = isoOf(gatewayTime, policy);
    if (there !== null) origin.gatewayTime ??= there;
  }
  if (signature !== null) origin.signature = hex(signature);
  if (!intact) origin.messageCheck = 'bad';
  return { telegram: { meter, time, readings }, origin };
}

/** Trees with values, of whom, and what they are in words. */
function* parametersOf(
  bodies: readonly SmlBody[],
  policy: ClockPolicy,
  options: SmlOptions,
): Generator<{ serverId: string | undefined; parameters: Parameter[]; what: string }> {
  let opener: Uint8Array | null = null;
  for (const body of bodies) {
    if (body.type === 'open') opener = body.serverId;
    if (body.type !== 'parameter') continue;
    const serverId: Uint8Array | null = body.serverId ?? opener;
    const what = `a parameter of the meter (${body.path.join(' ')})`;
    const tree = parameterOf(body.tree, policy, options);
    yield { serverId: serverId === null ? undefined : hex(serverId), parameters: [tree], what };
  }
}

/** As a reading, with what stands below it. */
function parameterOf({ name, entry, children }: SmlTree, policy: ClockPolicy, options: SmlOptions): Parameter {
  const { value, unit, ...known } = readingOf(entry ?? { ...NO_ENTRY, name }, null, policy, options);
  const below = children.map(child => parameterOf(child, policy, options));
  return { ...known, ...(entry !== null && { value, unit }), ...(below.length > 0 && { children: below }) };
}

/** The maker's own word counts where it is a FLAG id; Hager writes its name there. */
function meterOf(serverId: Uint8Array | null, lists: Bundle['lists']): Meter {
  const server = serverId === null ? null : serverOf(serverId);
  let manufacturer: string | null = null;
  for (const { entries } of lists) {
    for (const { name, value } of entries) {
      if (value?.type !== 'octets' || value.value.length !== 3 || !isMaker(name)) continue;
      const text = textOrHex(value.value);
      if (/^[A-Z]{3}$/.test(text)) manufacturer ??= text;
    }
  }
  return { id: server?.id ?? null, manufacturer: manufacturer ?? server?.manufacturer ?? null, model: null };
}

/** 1-0:96.50.1*1 (FNN) and 129-129:199.130.3*255 (EDL). */
function isMaker(name: Uint8Array): boolean {
  return (
    (name[0] === 1 && name[2] === 96 && name[3] === 50 && name[4] === 1) ||
    (name[0] === 129 && name[2] === 199 && name[3] === 130 && name[4] === 3)
  );
}

function readingOf(entry: SmlEntry, sender: SmlSender | null, policy: ClockPolicy, options: SmlOptions): Reading {
  const { name, value, unit, status, time, signature } = entry;
  const known = name.length === 6 ? spelled(name) : null;
  const symbol = unit === null ? null : (UNITS[unit] ?? unitSymbol(unit));
  let reading: Writable<Reading>;
  if (value?.type === 'number') reading = numberOf(entry, value, known, symbol, sender, options);
  else {
    reading = unscaled(name, known, null, symbol);
    if (value?.type === 'octets') reading.value = textOrHex(value.value);
    else if (value?.type === 'boolean') reading.value = value.value;
    else if (value?.type === 'list') reading.text = hex(value.encoded);
  }
  const iso = isoOf(time, policy);
  if (iso !== null) reading.time = iso;
  if (status !== null) reading.status = typeof status === 'bigint' ? String(status) : status;
  if (signature !== null) reading.signature = hex(signature);
  return reading;
}

function numberOf(
  { name, unit, scaler }: SmlEntry,
  sent: Extract<SmlEntry['value'], { type: 'number' }>,
  known: Spelled | null,
  symbol: string | null,
  sender: SmlSender | null,
  { scalers = NO_SCALERS }: SmlOptions,
): Writable<Reading> {
  const user =
    known === null || scalers.length === 0 ? undefined : scalers.find(({ pattern }) => pattern.matches(known.obis));
  const power = user?.scaler ?? scaler ?? 0;
  let meant = sent.value;
  let corrected: string | null = null;
  // All that is known to be sent otherwise than meant is power.
  if (known !== null && sender !== null && unit === WATT && typeof sent.value === 'number' && known.obis.a === 1) {
    const { c, d, e } = known.obis;
    for (const quirk of SML_QUIRKS) {
      const other = quirk.meant(c, d, e, sent.value, sent, sender);
      if (other === null) continue;
      meant = other;
      corrected = quirk.name;
      break;
    }
  }
  const value = scaleExactly(meant, power);
  const bare = unit === null && scaler === null && user === undefined;
  const raw = typeof sent.value === 'number' ? sent.value : String(sent.value);
  const source = user === undefined ? 'telegram' : 'user';
  const reading = bare ? unscaled(name, known, value, symbol) : scaled(name, known, value, symbol, raw, power, source);
  if (corrected !== null) reading.corrected = corrected;
  return reading;
}

function unscaled(name: Uint8Array, known: Spelled | null, value: Value, unit: string | null): Writable<Reading> {
  return known === null
    ? { ...nameless(name), value, unit }
    : { obis: known.code, name: known.name, key: known.key, value, unit };
}

/** All at once: properties that are added one by one cost as much as the rest of the reading. */
function scaled(
  name: Uint8Array,
  known: Spelled | null,
  value: Value,
  unit: string | null,
  raw: number | string,
  scaler: number,
  scaleSource: ScaleSource,
): Writable<Reading> {
  return known === null
    ? { ...nameless(name), value, unit, raw, scaler, scaleSource }
    : { obis: known.code, name: known.name, key: known.key, value, unit, raw, scaler, scaleSource };
}

function nameless(name: Uint8Array): Pick<Reading, 'obis' | 'id' | 'name' | 'key'> {
  const id = hex(name);
  return { obis: null, id, name: `SML ${id}`, key: `sml_${id}` };
}

/** ISO 8601; null for what is no instant. */
function isoOf(time: SmlTime | null, policy: ClockPolicy): string | null {
  if (time?.form !== 'instant') return null;
  const ms = time.value * 1000;
  const at = new Date(ms);
  // A clock that was never set.
  if (isNeverSet(at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours())) return null;
  return time.offsetMinutes === null ? isoInPolicy(ms, policy) : isoAt(ms, time.offsetMinutes);
}

/** For people: why no values are there. */
function whatOf(bodies: readonly SmlBody[]): string {
  if (bodies.length === 0) return 'no message at all';
  if (bodies.some(body => body.type === 'list' || body.type === 'profile')) return 'its list is empty';
  if (bodies.some(body => body.type === 'request')) return 'requests of a reader, as an echo or a tap shows them';
  const unknown = bodies.find(body => body.type === 'unknown');
  return unknown === undefined
    ? 'it only opens and closes'
    : `a message of the unknown kind ${unknown.tag.toString(16)}`;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NO_SCALERS: NonNullable<SmlOptions['scalers']> = [];
const NO_ENTRY = { status: null, time: null, unit: null, scaler: null, value: null, signature: null } as const;
const WATT = 27;
/** As German meters print them. */
const UNITS: Readonly<Record<number, string>> = {
  8: '°',
  13: 'm³',
  14: 'm³',
  15: 'm³/h',
  16: 'm³/h',
  17: 'm³/d',
  18: 'm³/d',
};
const BY_CHANCE = 'its check fits only by chance: those of its messages are of another kind';
