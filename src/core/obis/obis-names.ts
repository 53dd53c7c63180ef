// What an OBIS code means: an English name, and a machine name (key) that is unique per code.
// The rule of the file: a key is made of the parts of the code alone and never changes once it was published;
// only texts may be improved. A code the tables do not have is called by its numbers.

import { nationalCodes, nationalName } from './national';
import { Obis } from './obis';
import { ABSTRACT, ELECTRICITY, GENERAL, MEDIA, NAMED, type Part, type Table } from './obis-tables';
import { ENGLISH, type ObisTexts } from './obis-texts-en';

export type { ObisTexts } from './obis-texts-en';

/** "Active energy import (+A) total"; in the language of the texts, and as the standard calls it where it has a name. */
export function obisName(obis: Obis, texts: ObisTexts = ENGLISH, standard = ''): string {
  const national = standard === '' ? null : nationalName(obis.toString(), standard, texts);
  return national ?? (texts === ENGLISH ? known(obis).name : nameOf(obis, texts));
}

/** What has the English name of its code gets that of the standard; what was added to the name, or called otherwise, stays. */
export function namedBy<T extends { readonly obis: string | null; readonly name: string }>(
  standard: string,
  list: readonly T[],
): readonly T[] {
  return list.map(item => {
    const national = item.obis === null ? null : nationalName(item.obis, standard, ENGLISH);
    if (national === null) return item;
    const general = obisName(Obis.parse(item.obis as string));
    return item.name.startsWith(general) ? { ...item, name: national + item.name.slice(general.length) } : item;
  });
}

/** "active_energy_import_t1"; lower-case letters, digits and underscores, unique per code (with its separator). */
export function obisKey(obis: Obis): string {
  return known(obis).key;
}

/** Whether the tables, or the standard, have a word for the code, or only its numbers. */
export function isKnownObis(obis: Obis, standard = ''): boolean {
  const code = obis.toString();
  return partsOf(obis) !== null || NAMED[code] !== undefined || nationalName(code, standard, ENGLISH) !== null;
}

export interface ObisMatch {
  readonly obis: string;
  readonly key: string;
  readonly name: string;
}

/**
 * Codes whose name, key or number holds all words, best first; "import tariff 1", "1.8", "spannung l2". Marks on letters
 * do not matter, and words that people use instead of ours (`search_words`) are understood.
 * No words: the usual codes in the order of the tables, those of the standard in front.
 */
export function searchObis(words: string, texts: ObisTexts = ENGLISH, limit = 50, standard = ''): ObisMatch[] {
  const instead = plainLetters(texts['search_words'] ?? '').split(' ');
  const wanted = plainLetters(words)
    .split(/\s+/)
    .filter(Boolean)
    .map(word => [word, ...instead.filter(pair => word.length > 2 && pair.startsWith(word)).map(afterEqualSign)]);
  const found: { match: ObisMatch; rank: number }[] = [];
  for (const obis of codesToSearch(standard)) {
    const match = { obis: obis.toString(), key: obisKey(obis), name: obisName(obis, texts, standard) };
    const name = plainLetters(match.name);
    const all = `${match.obis} ${match.key} ${name}`;
    if (!wanted.every(anyOf => anyOf.some(w => all.includes(w)))) continue;
    // A word that begins the name or a group of the code is what was meant; the tables go from the usual to the rare.
    const starts = wanted.filter(([w = '']) => name.startsWith(w) || match.obis.includes(`:${w}`)).length;
    found.push({ match, rank: -starts });
  }
  if (wanted.length > 0) found.sort((a, b) => a.rank - b.rank);
  return found.slice(0, limit).map(f => f.match);
}

/** In lower case and without marks: é and E are e. */
export function plainLetters(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

function afterEqualSign(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1);
}

/** A text of this dictionary from the parts of the code. */
function nameOf(obis: Obis, texts: ObisTexts): string {
  const parts = partsOf(obis);
  if (parts === null) {
    const id = NAMED[obis.toString()];
    return id === undefined ? `OBIS ${obis.toString()}` : say({ id }, texts);
  }
  let name = '';
  for (const part of parts) {
    name += say(part.id === 'index' && /\d$/.test(name) ? { ...part, id: 'index_after_number' } : part, texts);
  }
  return name;
}

function say(part: Part, texts: ObisTexts): string {
  const text = texts[part.id] ?? ENGLISH[part.id] ?? part.id;
  return part.n === undefined ? text : text.replace('{n}', String(part.n));
}

function keyOf(obis: Obis): string {
  const parts = partsOf(obis);
  if (parts !== null) return parts.map(keyPiece).filter(Boolean).join('_');
  const { a, b, c, d, e, f, separator } = obis;
  return `obis_${a}_${b}_${c}_${d}_${e}_${f}${separator === '&' ? '_manual' : ''}`;
}

function keyPiece(part: Part): string {
  if (part.silent === true) return '';
  if (part.id === 'index') return String(part.n);
  return part.n === undefined ? part.id : part.glued === true ? `${part.id}${part.n}` : `${part.id}_${part.n}`;
}

/** The parts in the order of the name; null when the tables do not know the code. */
function partsOf(obis: Obis): Part[] | null {
  const stem = stemOf(obis);
  if (stem === null) return null;
  const parts = [...stem];
  if (obis.b > 0) parts.push({ id: 'ch', n: obis.b, glued: true });
  if (obis.f !== 255) parts.push({ id: 'billing', n: obis.f });
  if (obis.separator === '&') parts.push({ id: 'manual' });
  return parts;
}

function stemOf({ a, c, d, e }: Obis): readonly Part[] | null {
  if (a === 0) return look(ABSTRACT, c, d, e);
  const medium = MEDIA[a];
  if (medium === undefined) return null;
  if (c === 0 || c >= 93) {
    const general = look(c === 0 ? GENERAL : ABSTRACT, c, d, e);
    return general === null ? null : [{ id: medium.id }, ...general];
  }
  return a === 1 ? electricity(c, d, e) : look(medium.table, c, d, e);
}

function look(table: Table, c: number, d: number, e: number): readonly Part[] | null {
  const exact = table[`${c}.${d}.${e}`];
  if (exact !== undefined) return [{ id: exact }];
  const numbered = table[`${c}.${d}`];
  if (numbered === undefined) return null;
  return e === 0 ? [{ id: numbered }] : [{ id: numbered }, { id: 'index', n: e }];
}

// Electricity is a grammar, not a list: quantity (C), phase (C), kind of value (D), tariff or harmonic (E).
function electricity(c: number, d: number, e: number): Part[] | null {
  if (c === 81 && d === 7) return angle(e);
  const phase = c >= 21 && c <= 80 ? Math.floor((c - 1) / 20) : 0;
  const quantity = ELECTRICITY.quantities[phase > 0 ? c - 20 * phase : c];
  const kind = ELECTRICITY.kinds[d];
  if (quantity === undefined || kind === undefined) return null;
  const power = typeof quantity !== 'string';
  const parts: Part[] = [{ id: power ? quantity[kind.energy === true ? 1 : 0] : quantity }];
  if (phase > 0) parts.push({ id: 'l', n: phase, glued: true });
  // The reading of an energy counter, the instantaneous value of anything: what people mean without a word.
  const plain = power ? d === 8 || d === 7 : d === 7;
  if (!plain) parts.push({ id: kind.id });
  if (e === 0) {
    if (d === 8 && power && phase === 0) parts.push({ id: 'total', silent: true });
    return parts;
  }
  const waves = !power && quantity !== 'power_factor' && quantity !== 'frequency' && (d === 7 || d === 24);
  if (waves && e <= 120) parts.push({ id: 'h', n: e, glued: true });
  else if (waves && e === 124) parts.push({ id: 'thd' });
  else if (waves && e === 125) parts.push({ id: 'tdd' });
  else if (e <= 63) parts.push({ id: 't', n: e, glued: true });
  else parts.push({ id: 'e', n: e, glued: true });
  return parts;
}

/** 81.7.E: E = 10 · reference + measured; 0..2 voltages L1..L3, 4..6 currents, 7 neutral current. */
function angle(e: number): Part[] | null {
  const reference = ANGLE_OF[Math.floor(e / 10)];
  const measured = ANGLE_OF[e % 10];
  if (reference === undefined || measured === undefined) return null;
  return [{ id: 'phase_angle' }, { id: measured }, { id: `to_${reference}` }];
}

interface Known {
  readonly key: string;
  readonly name: string;
}

function known(obis: Obis): Known {
  const code = obis.toString();
  let found = MEMO.get(code);
  if (found === undefined) {
    found = { key: keyOf(obis), name: nameOf(obis, ENGLISH) };
    if (MEMO.size >= MEMO_LIMIT) MEMO.clear();
    MEMO.set(code, found);
  }
  return found;
}

function* codesToSearch(standard: string): Generator<Obis> {
  const seen = new Set<string>();
  for (const obis of [...nationalCodes(standard), ...usualCodes()]) {
    if (!seen.has(obis.toString())) yield obis;
    seen.add(obis.toString());
  }
}

function* usualCodes(): Generator<Obis> {
  for (const c of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16]) {
    for (const d of [8, 7, 6, 4, 5, 29, 9]) {
      for (const tariff of d === 8 || d === 6 ? [0, 1, 2, 3, 4] : [0]) yield code(1, c, d, tariff);
    }
  }
  for (const phase of [0, 20, 40, 60]) {
    for (const c of [11, 12, 13, 14]) yield code(1, c + phase, 7, 0);
    if (phase > 0) for (const c of [1, 2, 3, 4, 9, 10, 16]) yield* [code(1, c + phase, 7, 0), code(1, c + phase, 8, 0)];
    for (const d of [32, 36]) yield code(1, 12 + phase, d, 0);
  }
  for (const e of [1, 2, 10, 4, 5, 6, 40, 51, 62]) yield code(1, 81, 7, e);
  yield* [code(1, 90, 7, 0), code(1, 91, 7, 0)];
  for (const [a, medium] of Object.entries(MEDIA)) yield* listed(Number(a), medium.table);
  yield* listed(0, ABSTRACT);
  yield* listed(1, GENERAL);
}

function* listed(a: number, table: Table): Generator<Obis> {
  for (const row of Object.keys(table)) {
    const [c = 0, d = 0, e = 0] = row.split('.').map(Number);
    yield code(a, c, d, e);
  }
}

function code(a: number, c: number, d: number, e: number): Obis {
  return Obis.from(Uint8Array.of(a, 0, c, d, e, 255));
}

const MEMO = new Map<string, Known>();
const MEMO_LIMIT = 4096;
const ANGLE_OF: Readonly<Record<number, string>> = { 0: 'u1', 1: 'u2', 2: 'u3', 4: 'i1', 5: 'i2', 6: 'i3', 7: 'in' };
