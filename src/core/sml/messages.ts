// The messages of an SML file: who sends, lists of values, profiles, and what is refused. BSI TR-03109-1, annex IV b, 7.
// The rule of the file: fields in wire order, each with its name; a kind of message that is not known here is skipped whole,
// a wrong field in a known one spoils the file.

import { fcs16, kermit16, lowFirst } from '../wire/crc16';
import { DlmsError, isDlmsError } from '../wire/errors';
import { hex, unhex } from '../wire/hex';
import { readTree, type SmlTree } from './parameters';
import { SmlReader, type SmlValue } from './tlv';

/** Seconds of operation, which are no clock, or an instant. */
export type SmlTime =
  | { readonly form: 'seconds'; readonly value: number }
  /** `offsetMinutes` null: in UTC. */
  | { readonly form: 'instant'; readonly value: number; readonly offsetMinutes: number | null };

export interface SmlEntry {
  /** An OBIS code where it has six octets. */
  readonly name: Uint8Array;
  readonly status: number | bigint | null;
  readonly time: SmlTime | null;
  /** DLMS unit code. */
  readonly unit: number | null;
  readonly scaler: number | null;
  readonly value: SmlValue;
  readonly signature: Uint8Array | null;
}

export interface SmlList {
  readonly type: 'list';
  readonly serverId: Uint8Array | null;
  readonly listName: Uint8Array | null;
  readonly time: SmlTime | null;
  readonly entries: readonly SmlEntry[];
  readonly signature: Uint8Array | null;
  readonly gatewayTime?: SmlTime | null;
}

export type SmlBody =
  | { readonly type: 'open'; readonly serverId: Uint8Array | null }
  | { readonly type: 'close'; readonly signature: Uint8Array | null }
  | SmlList
  /** One row or many: each entry has the time of its row. */
  | {
      readonly type: 'profile';
      readonly serverId: Uint8Array | null;
      readonly time: SmlTime | null;
      readonly entries: readonly SmlEntry[];
    }
  | {
      readonly type: 'parameter';
      readonly serverId: Uint8Array | null;
      readonly path: readonly string[];
      readonly tree: SmlTree;
    }
  | {
      readonly type: 'attention';
      readonly serverId: Uint8Array | null;
      readonly number: Uint8Array;
      readonly text: Uint8Array | null;
    }
  | { readonly type: 'request' }
  | { readonly type: 'unknown'; readonly tag: number };

export interface SmlMessage {
  /** Which CRC its own check fits. The check of the file counts more. */
  readonly check: 'x25' | 'kermit' | 'wrong';
  readonly body: SmlBody;
}

/** The messages of a file without escapes, whose own check is of the kind `usual`; fill octets may stand behind them. Throws WIRE_INVALID, WIRE_TRUNCATED, LIMIT_EXCEEDED. */
export function readMessages(content: Uint8Array, usual: 'x25' | 'kermit' = 'x25'): SmlMessage[] {
  const r = new SmlReader(content);
  const messages: SmlMessage[] = [];
  while (r.remaining > 0 && r.peek() !== 0) messages.push(readMessage(r, usual));
  // DZG sends four fill octets where the book has at most three.
  for (let at = r.offset; at < content.length; at++) {
    if (content[at] !== 0) throw invalid('SML fill octet', hex(content.subarray(at, at + 1)), 'zero', at);
  }
  return messages;
}

function readMessage(r: SmlReader, usual: 'x25' | 'kermit'): SmlMessage {
  const from = r.offset;
  r.list('SML message', 6, 6);
  r.skipOctets('SML transactionId');
  r.unsigned('SML groupNo');
  r.unsigned('SML abortOnError');
  r.list('SML messageBody', 2, 2);
  const body = readBody(r, r.unsigned('SML message tag'));
  const to = r.offset;
  const sent = r.unsigned('SML message check');
  if (r.peek() !== 0) throw invalid('SML end of message', r.peek(), 'zero', r.offset);
  r.offset++;
  const rare = usual === 'x25' ? 'kermit' : 'x25';
  const check =
    sent === checkOf(usual, r.bytes, from, to) ? usual : sent === checkOf(rare, r.bytes, from, to) ? rare : 'wrong';
  return { check, body };
}

/** The octet that is sent first is left out where it is zero: the low one, with Holley's CRC the high one. */
function checkOf(kind: 'x25' | 'kermit', bytes: Uint8Array, from: number, to: number): number {
  return kind === 'x25' ? lowFirst(fcs16(bytes, from, to)) : kermit16(bytes, from, to);
}

function readBody(r: SmlReader, tag: number): SmlBody {
  switch (tag) {
    case 0x0101:
      return readOpen(r);
    case 0x0201:
      return fields(r, 'SML close', 1, () => ({ type: 'close', signature: r.optionalOctets('SML globalSignature') }));
    case 0x0701:
      return readList(r);
    case 0x0401:
      return readProfileList(r);
    case 0x0301:
      return readProfilePack(r);
    case 0x0501:
      return readParameter(r);
    case 0xff01:
      return readAttention(r);
    default:
      r.skip('SML message body');
      // Requests have even tags: 0100, 0700, ...
      return tag % 0x100 === 0 ? { type: 'request' } : { type: 'unknown', tag };
  }
}

/** A list of at least `known` elements; those that a later version has behind them are skipped. */
function fields<T>(r: SmlReader, field: string, known: number, read: () => T): T {
  const count = r.list(field, known);
  const result = read();
  for (let i = known; i < count; i++) r.skip(field);
  return result;
}

function readOpen(r: SmlReader): SmlBody {
  return fields(r, 'SML open', 6, () => {
    r.skip('SML codepage');
    r.optionalOctets('SML clientId');
    r.skipOctets('SML reqFileId');
    const serverId = r.optionalOctets('SML serverId');
    readTime(r, 'SML refTime');
    r.skip('SML smlVersion');
    return { type: 'open', serverId };
  });
}

function readList(r: SmlReader): SmlList {
  return fields(r, 'SML list', 7, () => {
    r.optionalOctets('SML clientId');
    const serverId = r.optionalOctets('SML serverId');
    const listName = r.optionalOctets('SML listName');
    const time = readTime(r, 'SML actSensorTime');
    const entries: SmlEntry[] = [];
    for (let left = r.absent() ? 0 : r.list('SML valList', 0); left > 0; left--) entries.push(readEntry(r));
    const signature = r.optionalOctets('SML listSignature');
    const gatewayTime = readTime(r, 'SML actGatewayTime');
    return { type: 'list', serverId, listName, time, entries, signature, gatewayTime };
  });
}

function readEntry(r: SmlReader): SmlEntry {
  const count = r.list('SML entry', 7);
  const entry = {
    name: r.name('SML objName'),
    status: readStatus(r),
    time: readTime(r, 'SML valTime'),
    unit: r.absent() ? null : r.unsigned('SML unit'),
    scaler: r.absent() ? null : r.signed('SML scaler'),
    value: r.value('SML value'),
    signature: r.optionalOctets('SML valueSignature'),
  };
  for (let i = 7; i < count; i++) r.skip('SML entry');
  return entry;
}

function readStatus(r: SmlReader): number | bigint | null {
  return r.absent() ? null : r.unsigned64('SML status');
}

/** Absent, a choice of three forms, or Holley's bare number of seconds (DTZ541 ZDBA). */
function readTime(r: SmlReader, field: string): SmlTime | null {
  if (r.absent()) return null;
  if (!r.nextIsList) return { form: 'seconds', value: r.unsigned(field) };
  r.list(field, 2, 2);
  const form = r.unsigned(field);
  switch (form) {
    case 1:
      return { form: 'seconds', value: r.unsigned(field) };
    case 2:
      return instant(r.unsigned(field), null);
    case 3: {
      r.list(field, 3, 3);
      const value = r.unsigned(field);
      const offset = r.signed(field);
      return instant(value, offset + r.signed(field));
    }
    default:
      throw invalid(field, form, 'a form of time (1 to 3)', r.offset);
  }
}

/** 0: no time, as is what no Unsigned32 holds or no place on earth has. */
function instant(value: number, offsetMinutes: number | null): SmlTime | null {
  if (value === 0 || value > 0xffff_ffff || Math.abs(offsetMinutes ?? 0) > MOST_OFFSET) return null;
  return { form: 'instant', value, offsetMinutes };
}

/** One row of a profile. */
function readProfileList(r: SmlReader): SmlBody {
  return fields(r, 'SML profile list', 9, () => {
    const head = readProfileHead(r);
    const time = readTime(r, 'SML valTime');
    const status = readStatus(r);
    const entries: SmlEntry[] = [];
    for (let left = r.list('SML periodEntries', 0); left > 0; left--) entries.push(readPeriodEntry(r, status, time));
    r.skip('SML rawdata');
    r.optionalOctets('SML periodSignature');
    return { type: 'profile', ...head, entries };
  });
}

function readPeriodEntry(r: SmlReader, status: SmlEntry['status'], time: SmlTime | null): SmlEntry {
  return fields(r, 'SML periodEntry', 5, () => ({
    name: r.name('SML objName'),
    status,
    time,
    unit: r.absent() ? null : r.unsigned('SML unit'),
    scaler: r.absent() ? null : r.signed('SML scaler'),
    value: r.value('SML value'),
    signature: r.optionalOctets('SML valueSignature'),
  }));
}

/** A profile as rows under one header. */
function readProfilePack(r: SmlReader): SmlBody {
  return fields(r, 'SML profile pack', 8, () => {
    const head = readProfileHead(r);
    const columns: Pick<SmlEntry, 'name' | 'unit' | 'scaler'>[] = [];
    for (let left = r.list('SML header', 0); left > 0; left--) {
      columns.push(
        fields(r, 'SML header entry', 3, () => ({
          name: r.name('SML objName'),
          unit: r.absent() ? null : r.unsigned('SML unit'),
          scaler: r.absent() ? null : r.signed('SML scaler'),
        })),
      );
    }
    const entries: SmlEntry[] = [];
    for (let left = r.list('SML periods', 0); left > 0; left--)
      fields(r, 'SML period', 3, () => readRow(r, columns, entries));
    r.skip('SML rawdata');
    r.optionalOctets('SML profileSignature');
    return { type: 'profile', ...head, entries };
  });
}

function readRow(
  r: SmlReader,
  columns: readonly Pick<SmlEntry, 'name' | 'unit' | 'scaler'>[],
  entries: SmlEntry[],
): void {
  const time = readTime(r, 'SML valTime');
  const status = readStatus(r);
  r.list('SML row', columns.length, columns.length);
  for (const column of columns) {
    entries.push(
      fields(r, 'SML row value', 2, () => ({
        ...column,
        status,
        time,
        value: r.value('SML value'),
        signature: r.optionalOctets('SML valueSignature'),
      })),
    );
  }
}

function readProfileHead(r: SmlReader): { serverId: Uint8Array | null; time: SmlTime | null } {
  const serverId = r.optionalOctets('SML serverId');
  const time = readTime(r, 'SML actTime');
  r.unsigned('SML regPeriod');
  readPath(r);
  return { serverId, time };
}

/** Codes, in hex. */
function readPath(r: SmlReader): string[] {
  const path: string[] = [];
  for (let left = r.list('SML path', 0); left > 0; left--) path.push(hex(r.octets('SML path entry')));
  return path;
}

function readParameter(r: SmlReader): SmlBody {
  return fields(r, 'SML parameter', 3, () => {
    const serverId = r.optionalOctets('SML serverId');
    const path = readPath(r);
    const from = r.offset;
    try {
      return { type: 'parameter', serverId, path, tree: readTree(r, readParameterValue) };
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      // Of another form than the book's: it stands in hex, and the lists beside it lose nothing.
      r.offset = from;
      r.skip('SML parameterTree');
      const entry = { ...NOTHING, name: unhex(path.at(-1) ?? ''), value: encoded(r, from) };
      return { type: 'parameter', serverId, path, tree: { name: entry.name, entry, children: [] } };
    }
  });
}

/** SML_ProcParValue: a value, an entry of a profile, entries under a signature, a time, an entry of a list. */
function readParameterValue(r: SmlReader, name: Uint8Array): SmlEntry {
  const bare = { ...NOTHING, name };
  const from = r.offset;
  r.list('SML parameterValue', 2, 2);
  switch (r.unsigned('SML kind of a parameterValue')) {
    case 1:
      return { ...bare, value: r.value('SML value') };
    case 2:
      return readPeriodEntry(r, null, null);
    case 4: {
      const start = r.offset;
      const time = readTime(r, 'SML smlTime');
      // Seconds of operation are no time.
      return time?.form === 'instant' ? { ...bare, time } : { ...bare, value: encoded(r, start) };
    }
    case 5:
      return readEntry(r);
    default:
      r.skip('SML parameterValue');
      return { ...bare, value: encoded(r, from) };
  }
}

function encoded(r: SmlReader, from: number): SmlValue {
  return { type: 'list', encoded: r.bytes.subarray(from, r.offset) };
}

function readAttention(r: SmlReader): SmlBody {
  return fields(r, 'SML attention', 4, () => {
    const serverId = r.optionalOctets('SML serverId');
    const number = r.octets('SML attentionNo');
    const text = r.optionalOctets('SML attentionMsg');
    r.skip('SML attentionDetails');
    return { type: 'attention', serverId, number, text };
  });
}

function invalid(field: string, value: string | number, expected: string, offset: number): DlmsError {
  return new DlmsError({ code: 'WIRE_INVALID', field, value, expected, offset });
}

const NOTHING = { status: null, time: null, unit: null, scaler: null, value: null, signature: null } as const;
/** Minutes. */
const MOST_OFFSET = 15 * 60;
