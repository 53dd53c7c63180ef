// Which readings a rule means: OBIS codes with wildcards and ranges, or words for a key, a name or the meter's own id.
// The rule of the file: what is not written is not narrowed, except the history: no "*F" means the current value only.

import { DlmsError } from '../wire/errors';
import { unhex } from '../wire/hex';
import { Obis, type ObisSeparator } from './obis';

/** What a pattern looks at. A Reading is one. */
export interface Matchable {
  readonly obis: string | null;
  readonly id?: string;
  readonly key: string;
  readonly name: string;
}

/**
 * `1.8.0`            any medium and channel, as people write it: 1-0:1.8.0*255, 1-1:1.8.0*255
 * `1-0:1.8.*`        every tariff; `*` stands for any number of a group
 * `*.7.0`            every instantaneous value
 * `1.8.1-4`          a range; also [1-4] and [0,2,8-9]
 * `1.6.2*01`         history: value 1 of the automatic resets; `1.6.2&01` of the manual ones; `1.6.2**` all automatic
 * `F.F`, `C.1.0`     letters as text protocols write them
 * 0100010800ff       the octets in hex; also 01 00 01 08 00 FF, 01.00.01.08.00.FF
 * `active_energy_*`  no code: the key, the name or the meter's own id, upper or lower case, `*` for any characters
 */
export class ObisPattern {
  private constructor(
    /** As written. */
    readonly text: string,
    readonly code: CodePattern | null,
    readonly words: ((text: string) => boolean) | null,
  ) {}

  /** Throws BAD_SETTING for an empty pattern and for a group beyond 255. */
  static parse(text: string): ObisPattern {
    const t = text.trim();
    if (t === '') throw notAPattern(text);
    if (t === '*') return new ObisPattern(t, null, () => true);
    const dotted = /^((?:[^.]+\.){2})((?:[^.]+\.){3}[^.]+)$/.exec(t);
    const m = FORM.exec(dotted === null ? t : `${(dotted[1] as string).slice(0, -1).replace('.', '-')}:${dotted[2]}`);
    if (m !== null) return new ObisPattern(t, codePattern(m, text), null);
    if (HEX.test(t)) return ObisPattern.parse(Obis.from(unhex(t.replaceAll('.', ''))).toString());
    if (/^[\d.:*&[\]\s-]+$/.test(t)) throw notAPattern(text);
    return new ObisPattern(t, null, wordPattern(t));
  }

  /** A code alone; patterns of words match none but `*`. */
  matches(obis: Obis): boolean {
    const code = this.code;
    if (code === null) return this.text === '*';
    return (
      (code.separator === null || code.separator === obis.separator) &&
      code.groups.every((g, i) => holds(g, obis.bytes[i] as number))
    );
  }

  /** A reading, also one whose id is no OBIS code. */
  matchesReading(reading: Matchable): boolean {
    if (this.words !== null) {
      return this.words(reading.key) || this.words(reading.name) || this.words(reading.id ?? reading.key);
    }
    if (reading.obis === null) return reading.id === this.text;
    const obis = parsed(reading.obis);
    return obis !== null && this.matches(obis);
  }

  /** Means one code (of any medium and channel) or one word, without wildcard, range or list. */
  get isPlain(): boolean {
    if (this.code === null) return !this.text.includes('*');
    return this.code.groups.slice(2).every(group => group?.length === 1 && group[0]?.[0] === group[0]?.[1]);
  }

  toString(): string {
    return this.text;
  }
}

/** `*` for any characters. The pieces are looked for one behind the other, so the time grows with the text alone. */
function wordPattern(text: string): (text: string) => boolean {
  const [first = '', ...others] = text.toLowerCase().split('*');
  const last = others.pop();
  if (last === undefined) return given => given.toLowerCase() === first;
  return given => {
    const words = given.toLowerCase();
    if (!words.startsWith(first) || !words.endsWith(last)) return false;
    let at = first.length;
    for (const piece of others) {
      at = words.indexOf(piece, at);
      if (at === -1) return false;
      at += piece.length;
    }
    return at + last.length <= words.length;
  };
}

/** null: any number. */
type Group = readonly (readonly [from: number, to: number])[] | null;

interface CodePattern {
  /** A B C D E F. */
  readonly groups: readonly Group[];
  /** null: both. */
  readonly separator: ObisSeparator | null;
}

function codePattern(m: RegExpExecArray, text: string): CodePattern {
  const [, a, b, c, d, e, separator, f, plainF] = m;
  const history = f ?? plainF;
  return {
    groups: [
      group(a, null, text),
      group(b, null, text),
      group(c, null, text),
      group(d, null, text),
      group(e, ZERO, text),
      group(history, CURRENT, text),
    ],
    separator: separator === undefined ? '*' : (separator as ObisSeparator),
  };
}

function group(written: string | undefined, missing: Group, text: string): Group {
  if (written === undefined) return missing;
  if (written === '*') return null;
  const letter = LETTERS[written.toUpperCase()];
  if (letter !== undefined) return [[letter, letter]];
  return written
    .replace(/[[\]\s]/g, '')
    .split(',')
    .map(part => {
      const [from = NaN, to = from] = part.split('-').map(Number);
      if (!(from <= to && to <= 255)) throw notAPattern(text);
      return [from, to] as const;
    });
}

function holds(ranges: Group, n: number): boolean {
  if (ranges === null) return true;
  for (const [from, to] of ranges) if (n >= from && n <= to) return true;
  return false;
}

function parsed(code: string): Obis | null {
  let obis = MEMO.get(code);
  if (obis === undefined) {
    obis = Obis.tryParse(code);
    if (MEMO.size >= MEMO_LIMIT) MEMO.clear();
    MEMO.set(code, obis);
  }
  return obis;
}

function notAPattern(value: string): DlmsError {
  return new DlmsError({
    code: 'BAD_SETTING',
    setting: 'OBIS pattern',
    value,
    expected:
      'a code with numbers 0 to 255, wildcards or ranges, for example 1.8.0, 1-0:1.8.*, 1.8.1-4, 1.6.2*01, or a key',
  });
}

const NUMBER = '\\*|\\d{1,3}|\\[[\\d,\\s-]+\\]';
const RANGE = `${NUMBER}|\\d{1,3}-\\d{1,3}`;
const LETTER = `${RANGE}|[CFLPcflp]`;
// [A[-B]:] C . D [. E] [ (*|&) F | . F ]
const FORM = new RegExp(
  `^(?:(${NUMBER})(?:-(${NUMBER}))?:)?(${LETTER})\\.(${LETTER})(?:\\.(${RANGE}))?(?:([*&])(${RANGE})|\\.(${RANGE}))?$`,
);
const HEX = /^(?:0x)?[\da-f]{2}([ .:-]?)[\da-f]{2}(?:\1[\da-f]{2}){4}$/i;
const LETTERS: Readonly<Record<string, number>> = { C: 96, F: 97, L: 98, P: 99 };
const ZERO: Group = [[0, 0]];
const CURRENT: Group = [[255, 255]];
const MEMO = new Map<string, Obis | null>();
const MEMO_LIMIT = 4096;
