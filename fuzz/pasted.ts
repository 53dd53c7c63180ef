// Octets written in the forms that programs print, and in batches of records: they come back as they were, or are refused.
// Rules: a form that is whole gives its own octets; one that lacks a line that is counted is refused; whatever is changed in it is
// a DlmsError at worst; what a batch holds comes out record by record however it is cut.

import { constants, deflateRawSync } from 'node:zlib';

import { isDlmsError } from '../src/core/wire/errors';
import { concat, equalBytes, fromLatin1, hex } from '../src/core/wire/hex';
import { recordBatches } from '../src/nodes/lib/containers';
import { bytesOf } from '../src/nodes/lib/bytes-of';
import type { Dice } from './dice';
import { diced } from './fuzzer';

export interface PastedInput {
  readonly form: string;
  readonly octets: Uint8Array;
  readonly text: string;
  /** Nothing was changed in it. */
  readonly whole: boolean;
  /** A line is missing that the others count. */
  readonly lacking: boolean;
  /** A batch, and where it is cut. */
  readonly batch: Uint8Array | null;
  readonly cuts: readonly number[];
}

export const pasted = diced<PastedInput>(
  'pasted',
  3,
  dice => {
    const octets = octetsOf(dice);
    if (dice.chance(0.2)) return batch(dice, octets);
    const form = dice.pick(Object.keys(WRITTEN));
    const text = WRITTEN[form]?.(dice, octets) ?? '';
    const kind = dice.below(4);
    if (kind === 0 && COUNTED.has(form) && text.split('\n').length > 3) {
      const lines = text.split('\n');
      lines.splice(1 + dice.below(lines.length - 2), 1);
      return { form, octets, text: lines.join('\n'), whole: false, lacking: true, batch: null, cuts: [] };
    }
    const changed = kind === 1 ? change(dice, text) : text;
    return { form, octets, text: changed, whole: changed === text, lacking: false, batch: null, cuts: [] };
  },
  (input, tally) => {
    if (input.batch !== null) return unpacked(input, input.batch);
    let bytes: Uint8Array;
    try {
      bytes = bytesOf(input.text);
    } catch (error) {
      if (!isDlmsError(error) || error.code !== 'BAD_SETTING') throw error;
      tally.add('refused');
      return input.whole && !mayBeRefused(input) ? `${input.form} is refused: ${error.short.slice(0, 60)}` : null;
    }
    tally.add('taken');
    if (input.lacking) return `${input.form} without one of its lines is taken`;
    return !input.whole || equalBytes(bytes, input.octets) ? null : `${input.form} gives other octets`;
  },
);

function octetsOf(d: Dice): Uint8Array {
  const n = 1 + d.below(d.chance(0.1) ? 200 : 40);
  // Often those that look like something else: digits, times, letters.
  const like = d.pick<readonly number[] | null>([
    null,
    null,
    [0x10, 0x12, 0x20, 0x23, 0x59],
    [0x30, 0x31, 0x41, 0x2f, 0x21],
  ]);
  return like === null ? d.bytes(n) : Uint8Array.from({ length: n }, () => d.pick(like));
}

/** Two readings with different octets, or a count that is an octet: told, not guessed. */
function mayBeRefused({ form, octets }: PastedInput): boolean {
  const digits = [...octets].map(octet => octet.toString(16));
  const pairs = octets.every(octet => octet >= 10 && octet <= 99) || digits.every(each => /^\d\d$/.test(each));
  return pairs || (form.startsWith('log') && /^\d\d$/.test(digits[0]?.padStart(2, '0') ?? '')) || octets.length < 4;
}

const pairsOf = (octets: Uint8Array): string[] => [...octets].map(octet => octet.toString(16).padStart(2, '0'));
const rowsOf = (octets: Uint8Array, width: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(octets.length / width) }, (_, i) => octets.slice(i * width, (i + 1) * width));
const shown = (row: Uint8Array): string =>
  [...row].map(o => (o >= 0x20 && o < 0x7f ? String.fromCharCode(o) : '.')).join('');
const logged = (front: (d: Dice, i: number) => string, separator: string) => (d: Dice, octets: Uint8Array) => {
  const width = 2 + d.below(30);
  return rowsOf(octets, width)
    .map((row, i) => `${front(d, i)}${pairsOf(row).join(separator)}`)
    .join('\n');
};
const two = (d: Dice, below: number): string => String(d.below(below)).padStart(2, '0');
const clock = (d: Dice): string => `${two(d, 24)}:${two(d, 60)}:${two(d, 60)}`;

const WRITTEN: Readonly<Record<string, (d: Dice, octets: Uint8Array) => string>> = {
  hex: (d, o) => pairsOf(o).join(d.pick(['', ' ', ':', '-', '.', ', ', '·'])),
  'hex with 0x': (_, o) =>
    pairsOf(o)
      .map(p => `0x${p}`)
      .join(', '),
  'JSON list': (_, o) => JSON.stringify([...o]),
  'JSON buffer': (_, o) => JSON.stringify(Buffer.from(o)),
  tasmota: (_, o) => JSON.stringify({ SerialReceived: hex(o).toUpperCase() }),
  array: (_, o) => `uint8_t frame[${o.length}] = { ${[...o].join(', ')} };`,
  sidebar: (_, o) => `buffer[${o.length}]\n${[...o].map((octet, i) => `${i}: 0x${octet.toString(16)}`).join('\n')}`,
  inspected: (_, o) => `<Buffer ${pairsOf(o).join(' ')}>`,
  python: (_, o) =>
    `b'${pairsOf(o)
      .map(p => `\\x${p}`)
      .join('')}'`,
  hexdump: (_, o) =>
    [...rowsOf(o, 16), new Uint8Array(0)]
      .map((row, i, all) => {
        const at = (i === all.length - 1 ? o.length : 16 * i).toString(16).padStart(8, '0');
        const halves = [row.subarray(0, 8), row.subarray(8)].map(half => pairsOf(half).join(' ')).join('  ');
        return row.length === 0 ? at : `${at}  ${halves.padEnd(50)}|${shown(row)}|`;
      })
      .join('\n'),
  xxd: (_, o) =>
    rowsOf(o, 16)
      .map((row, i) => {
        const words = (hex(row).match(/.{1,4}/g) ?? []).join(' ');
        return `${(16 * i).toString(16).padStart(8, '0')}: ${words.padEnd(39)}  ${shown(row)}`;
      })
      .join('\n'),
  od: (_, o) =>
    [...rowsOf(o, 16).map((row, i) => `${(16 * i).toString(8).padStart(7, '0')} ${pairsOf(row).join(' ')}`)]
      .concat(o.length.toString(8).padStart(7, '0'))
      .join('\n'),
  'log of ESPHome': logged(d => `[${clock(d)}][D][uart_debug:114]: <<< `, ':'),
  'log of Tasmota': logged(d => `${clock(d)}.${100 + d.below(900)} :>`, ' '),
  'log of syslog': logged(d => `Nov ${10 + d.below(20)} ${clock(d)} gateway meter[${d.below(9999)}]: `, ' '),
  'log in pieces': logged(d => `2026-11-30 ${clock(d)} DEBUG received: `, ''),
};
/** Forms of which each line is counted. */
const COUNTED: ReadonlySet<string> = new Set(['sidebar', 'hexdump', 'xxd', 'od']);

function change(d: Dice, text: string): string {
  const characters = [...text];
  for (let n = 1 + d.below(4); n > 0; n--) {
    const at = d.below(characters.length + 1);
    characters.splice(
      at,
      d.below(2),
      d.pick(['', ' ', '\n', ':', '0', 'f', 'x', '"', '\\', '(', '|', ',', 'ü', '\u{1f50c}']),
    );
  }
  return characters.join('');
}

function batch(d: Dice, octets: Uint8Array): PastedInput {
  const records = rowsOf(octets, 1 + d.below(20));
  const compressed = d.chance();
  const lengths = d.chance(0.8);
  let before: Uint8Array = new Uint8Array(0);
  const parts = records.map((record, i) => {
    if (!compressed) return field(0x1a, record);
    const options = { finishFlush: constants.Z_SYNC_FLUSH, ...(i === 0 ? {} : { dictionary: before }) };
    const part = deflateRawSync(record, options);
    before = concat(before, record);
    return concat(
      field(0x1a, i === 0 ? concat(Uint8Array.of(0x78, 0x9c), part) : part),
      lengths ? concat(Uint8Array.of(0x20), varint(record.length)) : new Uint8Array(0),
    );
  });
  const bodies = parts.map(part =>
    field(0x12, concat(concat(Uint8Array.of(0x09), d.bytes(8)), field(0x12, fromLatin1('P1')), part)),
  );
  const whole = concat(Uint8Array.of(0x08), varint(d.below(1_000_000)), Uint8Array.of(0x18, 1), ...bodies);
  const intact = d.chance();
  if (!intact) for (let n = 1 + d.below(4); n > 0; n--) whole[d.below(whole.length)] = d.below(256);
  const cuts = d.list(d.below(4), () => d.below(whole.length));
  return {
    form: compressed ? 'packed batch' : 'batch',
    octets,
    text: '',
    whole: intact,
    lacking: false,
    batch: whole,
    cuts,
  };
}

function unpacked({ form, octets, whole, cuts }: PastedInput, bytes: Uint8Array): string | null {
  const batches = recordBatches();
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  const out = at.slice(1).flatMap((end, i) => [...batches.receive(bytes.subarray(at[i], end), true)]);
  out.push(...batches.flush());
  // A piece that begins as a batch does may be one.
  if (!whole || at.slice(1, -1).some(cut => bytes[cut] === 0x08)) return null;
  if (out.some(each => 'error' in each)) return `${form} is refused`;
  return equalBytes(concat(...out.map(each => each.bytes)), octets) ? null : `${form} gives other octets`;
}

const field = (tag: number, bytes: Uint8Array): Uint8Array => concat(Uint8Array.of(tag), varint(bytes.length), bytes);
function varint(n: number): Uint8Array {
  return n < 0x80 ? Uint8Array.of(n) : concat(Uint8Array.of((n & 0x7f) | 0x80), varint(Math.floor(n / 0x80)));
}
