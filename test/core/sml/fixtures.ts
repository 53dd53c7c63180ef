// SML telegrams of meters that do not exist, built by the writer: what an FNN meter and an old EDL meter send.

import { smlFile } from '../../../src/core/framing/sml';
import type { SmlEntry, SmlList } from '../../../src/core/sml/messages';
import {
  closeBody,
  encodeMessage,
  listBody,
  openBody,
  signed,
  unsigned,
  type SmlField,
} from '../../../src/core/sml/write';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';

/** 1 ABC01 0012 3456, DIN 43863-5. */
export const SERVER = unhex('0a 01 41 42 43 01 0001e240');
/** An import direction in the status word of FNN meters; bit 11 is export. */
export const FNN_IMPORT = 0x1c0104;
export const FNN_EXPORT = 0x1c0904;

/** An entry with what is given; all else is absent. `name`: six groups, or octets in hex. */
export function entry(name: string, more: Partial<Omit<SmlEntry, 'name'>> = {}): SmlEntry {
  const absent = { status: null, time: null, unit: null, scaler: null, value: null, signature: null };
  return { name: nameOf(name), ...absent, ...more };
}

export const i = (value: number | bigint, octets: number): SmlEntry['value'] => ({
  type: 'number',
  ...signed(value, octets),
});
export const u = (value: number | bigint, octets: number): SmlEntry['value'] => ({
  type: 'number',
  ...unsigned(value, octets),
});
export const octets = (value: Uint8Array | string): SmlEntry['value'] => ({
  type: 'octets',
  value: typeof value === 'string' ? fromLatin1(value) : value,
});

export const energy = (raw: number, more: Partial<SmlEntry> = {}): SmlEntry =>
  entry('1-0:1.8.0*255', { unit: 30, scaler: -1, value: u(raw, 4), status: FNN_IMPORT, ...more });
export const power = (raw: number, size = 4, more: Partial<SmlEntry> = {}): SmlEntry =>
  entry('1-0:16.7.0*255', { unit: 27, scaler: 0, value: i(raw, size), ...more });

export function list(entries: readonly SmlEntry[], more: Partial<SmlList> = {}): Omit<SmlList, 'type'> {
  return {
    serverId: SERVER,
    listName: unhex('0100620affff'),
    time: { form: 'seconds', value: 4711 },
    entries,
    signature: null,
    ...more,
  };
}

/** Open, the bodies, close: the content of a file. */
export function content(
  bodies: readonly (readonly [tag: number, body: SmlField])[],
  check: 'x25' | 'kermit' = 'x25',
): Uint8Array {
  const all: (readonly [number, SmlField])[] = [
    [0x0101, openBody(SERVER, unhex('0102'))],
    ...bodies,
    [0x0201, closeBody()],
  ];
  return concat(...all.map(([tag, body], n) => encodeMessage(Uint8Array.of(0, 0, 9, n), tag, body, check)));
}

/** A whole file with one list. */
export function file(
  entries: readonly SmlEntry[],
  more: Partial<SmlList> = {},
  check: 'x25' | 'kermit' = 'x25',
): Uint8Array {
  return smlFile(content([[0x0701, listBody(list(entries, more))]], check), check);
}

export function nameOf(text: string): Uint8Array {
  const groups = text.match(/\d+/g) ?? [];
  return /^\d+-\d+:/.test(text) ? Uint8Array.from(groups.map(Number)) : unhex(text);
}
