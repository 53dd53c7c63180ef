// The words that the table of messages is written in: a part of a message and how it stands in XML, both ways at once.

import { hex } from '../wire/hex';
import { xmlInvalid } from './parse';
import type { Cursor, Width } from './cursor';
import type { Name, XmlForm, XmlWriter } from './writer';

export interface Part<T> {
  write(to: XmlWriter, value: T): void;
  read(from: Cursor): T;
  /** Can it begin with what stands next? */
  begins(from: Cursor): boolean;
}

type ValueOf<P> = P extends Part<infer T> ? T : never;

/** `ClassId` and `class-id`; `also` is taken when it is read. */
export function name(simple: string, standard: string, ...also: string[]): Name {
  return also.length === 0 ? { simple, standard } : { simple, standard, also };
}

/** An element that is called the same in both forms, without prefix. */
export function bare(simple: string): Name {
  return { simple, standard: simple, bare: true };
}

export function leaf<T>(
  name: Name,
  write: (to: XmlWriter, value: T) => string,
  read: (from: Cursor, element: ReturnType<Cursor['take']>) => T,
  comment?: (value: T) => string | null,
): Part<T> {
  return {
    write(to, value) {
      const said = to.style.comments ? (comment?.(value) ?? null) : null;
      if (said !== null) to.comment(said);
      to.leaf(name, write(to, value));
    },
    read: from => read(from, from.take(name)),
    begins: from => from.is(name),
  };
}

export interface NumberStyle<T> extends Width {
  /** Decimal with a sign in the standard form. */
  readonly signedStandard?: boolean;
  readonly comment?: (value: T) => string | null;
}

/** A whole number of so many octets: two hexadecimal digits an octet in the simple form, decimal in the standard one. */
export function number(name: Name, octets: number, style: NumberStyle<number> = {}): Part<number> {
  return leaf<number>(
    name,
    (to, value) => {
      if (!to.simple && style.signedStandard === true) return BigInt.asIntN(8 * octets, BigInt(value)).toString();
      return digits(to, BigInt(value), value < 2 ** (8 * octets) ? octets : (style.most ?? octets), style.plain);
    },
    (from, element) => Number(from.number(element, octets, style)),
    style.comment,
  );
}

export function digits(to: XmlWriter, value: bigint, octets: number, plain = false): string {
  if (!to.simple || !to.style.hexadecimal) return value.toString();
  const text = BigInt.asUintN(8 * octets, value)
    .toString(16)
    .toUpperCase();
  return plain ? text : text.padStart(2 * octets, '0');
}

export function octets(name: Name, comment?: (value: Uint8Array) => string | null): Part<Uint8Array> {
  return leaf<Uint8Array>(
    name,
    (_, value) => upperHex(value),
    (from, element) => from.octets(element),
    comment,
  );
}

export function upperHex(value: Uint8Array): string {
  return hex(value).toUpperCase();
}

/** True or false: mostly 01 and 00; `standard`: the words in the standard form, `spelled`: in both. */
export function truth(name: Name, words: 'numbers' | 'standard' | 'spelled' = 'numbers'): Part<boolean> {
  return leaf<boolean>(
    name,
    (to, value) =>
      words === 'spelled' || (words === 'standard' && !to.simple) ? String(value) : digits(to, value ? 1n : 0n, 1),
    (from, element) => {
      const text = from.value(element).trim().toLowerCase();
      if (text === 'true' || text === 'false') return text === 'true';
      return from.number(element, 1) !== 0n;
    },
  );
}

/** A number with its words in both forms; one without words is a number. */
export type Words = readonly (readonly [value: number, simple: string, standard: string, ...also: string[]])[];

export function word(name: Name, words: Words): Part<number> {
  return leaf<number>(
    name,
    (to, value) => wordOf(words, value, to.style.form) ?? digits(to, BigInt(value), 1),
    (from, element) => {
      const text = from.value(element).trim().toLowerCase();
      const row = words.find(([, ...known]) => known.some(w => w.toLowerCase() === text));
      if (row !== undefined) return row[0];
      if (!/^[0-9a-f]{1,3}$/.test(text)) throw xmlInvalid(element, `${element.name} has no word that is known here`);
      return Number(from.number(element, 1));
    },
  );
}

export function wordOf(words: Words, value: number, form: XmlForm): string | undefined {
  const row = words.find(([known]) => known === value);
  return row?.[form === 'simple' ? 1 : 2];
}

/** An element around a part. */
export function inside<T>(name: Name, part: Part<T>): Part<T> {
  return {
    write(to, value) {
      to.open(name);
      part.write(to, value);
      to.close(name);
    },
    read(from) {
      const within = from.enter(from.take(name));
      const value = part.read(within);
      within.end();
      return value;
    },
    begins: from => from.is(name),
  };
}

/** Parts one after the other: an object. */
export function fields<P extends Readonly<Record<string, Part<unknown>>>>(
  parts: P,
): Part<{ readonly [K in keyof P]: ValueOf<P[K]> }> {
  type T = { readonly [K in keyof P]: ValueOf<P[K]> };
  const all = Object.entries(parts);
  return {
    write(to, value) {
      for (const [key, part] of all) part.write(to, value[key]);
    },
    // Each key of the parts is read, so the object is whole.
    read: from => Object.fromEntries(all.map(([key, part]) => [key, part.read(from)])) as T,
    begins: from => all[0]?.[1].begins(from) === true,
  };
}

/** null is an absent element. */
export function optional<T>(part: Part<T>): Part<T | null> {
  return {
    write(to, value) {
      if (value !== null) part.write(to, value);
    },
    read: from => (part.begins(from) ? part.read(from) : null),
    begins: part.begins,
  };
}

/** As many as stand there. */
export function many<T>(part: Part<T>): Part<readonly T[]> {
  return {
    write(to, values) {
      for (const value of values) part.write(to, value);
    },
    read(from) {
      const values: T[] = [];
      while (from.next !== undefined) values.push(part.read(from));
      return values;
    },
    begins: part.begins,
  };
}

/** An element around many, which tells their number in the simple form. What it says there is not believed. */
export function counted<T>(name: Name, part: Part<T>, plain = false): Part<readonly T[]> {
  const list = many(part);
  return {
    write(to, values) {
      to.open(name, plain ? String(values.length) : digits(to, BigInt(values.length), 1));
      list.write(to, values);
      to.close(name);
    },
    read: inside(name, list).read,
    begins: from => from.is(name),
  };
}

/** The two forms differ in more than names. */
export function byForm<T>(simple: Part<T>, standard: Part<T>): Part<T> {
  return {
    write: (to, value) => (to.simple ? simple : standard).write(to, value),
    read: from => (from.simple ? simple : standard).read(from),
    begins: from => (from.simple ? simple : standard).begins(from),
  };
}

/** One of several; `fits` says which of them a value is. */
export interface Choice<T> extends Part<T> {
  fits(value: T): boolean;
}

/** `from` gives what the part writes, or undefined where the value is another alternative. */
export function when<T, U>(part: Part<U>, from: (value: T) => U | undefined, to: (value: U) => T): Choice<T> {
  return {
    // Asked only where it fits.
    write: (out, value) => part.write(out, from(value) as U),
    read: cursor => to(part.read(cursor)),
    begins: part.begins,
    fits: value => from(value) !== undefined,
  };
}

/** What the alternatives before it do not fit. */
export function rest<T>(part: Part<T>): Choice<T> {
  return { write: part.write, read: part.read, begins: part.begins, fits: () => true };
}

/** The same value seen otherwise. */
export function mapped<T, U>(part: Part<U>, from: (value: T) => U, to: (value: U) => T): Part<T> {
  return {
    write: (out, value) => part.write(out, from(value)),
    read: cursor => to(part.read(cursor)),
    begins: part.begins,
  };
}

export function oneOf<T>(...choices: readonly Choice<T>[]): Part<T> {
  return {
    write(to, value) {
      const choice = choices.find(c => c.fits(value));
      if (choice === undefined) throw new TypeError('a value of no alternative');
      choice.write(to, value);
    },
    read(from) {
      const choice = choices.find(c => c.begins(from));
      if (choice !== undefined) return choice.read(from);
      const { next, parent } = from;
      if (next === undefined) throw xmlInvalid(parent, `${parent.name} ends too early`);
      throw xmlInvalid(next, `${next.name} is not expected in ${parent.name}`);
    },
    begins: from => choices.some(c => c.begins(from)),
  };
}

/** The member of a union whose `type` is, or may be, this one. */
export type Member<T, K> = T extends { readonly type: infer X } ? (K extends X ? T : never) : never;

/** A member of a union by its `type`: its other fields. */
export function typed<T extends { readonly type: string }, K extends T['type']>(
  type: K,
  part: Part<Omit<Member<T, K>, 'type'>>,
): Choice<T> {
  return when<T, Omit<Member<T, K>, 'type'>>(
    part,
    value => (value.type === type ? (value as Member<T, K>) : undefined),
    // Omit<Member, 'type'> & { type } is the member.
    value => ({ type, ...value }) as unknown as T,
  );
}

/** Nothing between the tags. */
export function nothing(name: Name): Part<Readonly<Record<string, never>>> {
  return {
    write: to => to.empty(name),
    read(from) {
      from.enter(from.take(name)).end();
      return {};
    },
    begins: from => from.is(name),
  };
}
