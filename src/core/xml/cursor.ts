// The children of an element, one after the other, and the values in them. Numbers are hexadecimal or decimal by the whole
// document: which, is found by a first reading that only looks.

import { xmlInvalid, type XmlElement } from './parse';
import type { Name, XmlForm } from './writer';

/** How numbers of the simple form stand in a document; `auto`: as the document shows. */
export type XmlNumbers = 'auto' | 'hexadecimal' | 'decimal';

/** What holds for a whole document. */
export class Reading {
  /** A letter, or a zero in front of a number of full width: digits in base 16. */
  #hexadecimal = false;
  /** A number narrower or wider than its type would be in base 16. */
  #decimal = false;

  constructor(
    readonly form: XmlForm,
    /** null: not known yet, this reading finds it out and its numbers mean nothing. */
    readonly base: 10 | 16 | null,
  ) {}

  /** What the numbers seen so far say. A document that shows nothing has hexadecimal ones, as the writers of this form have. */
  get found(): 10 | 16 {
    return this.#decimal && !this.#hexadecimal ? 10 : 16;
  }

  saw(digits: string, octets: number): void {
    const full = digits.length === 2 * octets;
    if (/[a-f]/i.test(digits) || (full && digits.startsWith('0'))) this.#hexadecimal = true;
    else if (!full) this.#decimal = true;
  }

  /** A length beside the octets that it counts says in which base it stands, but for one of a single digit. */
  sawLength(digits: string, length: number): void {
    if (digits.length < 2) return;
    if (digits === length.toString()) this.#decimal = true;
    if (digits.toLowerCase() === length.toString(16)) this.#hexadecimal = true;
  }
}

export class Cursor {
  #at = 0;

  constructor(
    readonly parent: XmlElement,
    readonly reading: Reading,
  ) {}

  get simple(): boolean {
    return this.reading.form === 'simple';
  }

  /** The element that stands next, or undefined. */
  get next(): XmlElement | undefined {
    return this.parent.children[this.#at];
  }

  /** Is the next element called so? */
  is(name: Name): boolean {
    return this.next !== undefined && called(this.next, name, this.reading.form);
  }

  take(name: Name): XmlElement {
    const element = this.next;
    const wanted = this.simple ? name.simple : name.standard;
    if (element === undefined) throw xmlInvalid(this.parent, `${this.parent.name} ends where ${wanted} is expected`);
    if (!this.is(name)) throw xmlInvalid(element, `${element.name} stands where ${wanted} is expected`);
    this.#at++;
    return element;
  }

  takeAny(): XmlElement {
    const element = this.next;
    if (element === undefined) throw xmlInvalid(this.parent, `${this.parent.name} ends too early`);
    this.#at++;
    return element;
  }

  enter(element: XmlElement): Cursor {
    return new Cursor(element, this.reading);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.next !== undefined)
      throw xmlInvalid(this.next, `${this.next.name} is not expected in ${this.parent.name}`);
  }

  /** What a leaf says. */
  value(element: XmlElement): string {
    if (element.children.length > 0) throw xmlInvalid(element, `${element.name} has a value, no elements`);
    return element.attributes['Value'] ?? element.text;
  }

  octets(element: XmlElement): Uint8Array {
    // What it holds is never shown: it may be a password or a key.
    return octetsOf(this.value(element), () => xmlInvalid(element, `${element.name} is no even number of hex digits`));
  }

  /** A whole number of so many octets. */
  number(
    element: XmlElement,
    octets: number,
    { signed = false, plain = false, mute = plain, most = octets }: Width = {},
  ): bigint {
    const text = this.value(element).trim();
    const bits = BigInt(8 * most);
    const parsed = /^0*-?[0-9a-f]+$/i.test(text) ? this.#parse(text, octets, mute) : null;
    // Two's complement and a minus sign are both in use.
    const low = -(1n << (bits - 1n));
    const high = 1n << bits;
    if (parsed === null || parsed >= high || parsed < low) {
      throw xmlInvalid(element, `${element.name} is no whole number of ${most} ${most === 1 ? 'octet' : 'octets'}`);
    }
    return signed ? BigInt.asIntN(8 * most, parsed) : BigInt.asUintN(8 * most, parsed);
  }

  #parse(text: string, octets: number, mute: boolean): bigint | null {
    const minus = text.includes('-');
    const digits = text.replace('-', '');
    if (this.simple && !mute) this.reading.saw(minus ? text : digits, octets);
    const base = this.simple ? (this.reading.base ?? (/[a-f]/i.test(digits) ? 16 : 10)) : 10;
    if (base === 10 && !/^\d+$/.test(digits)) return null;
    const value = BigInt(base === 16 ? `0x${digits}` : digits);
    return minus ? -value : value;
  }
}

export interface Width {
  readonly signed?: boolean;
  /** Octets that it may have where its usual number is too few. */
  readonly most?: number;
  /** Written without leading zeros. */
  readonly plain?: boolean;
  /** Written by others in either width, so it says nothing of the numbers of its document. */
  readonly mute?: boolean;
}

export function called(element: XmlElement, name: Name, form: XmlForm): boolean {
  const { name: tag } = element;
  return tag === (form === 'simple' ? name.simple : name.standard) || name.also?.includes(tag) === true;
}

export function octetsOf(text: string, fault: () => Error): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw fault();
  const octets = new Uint8Array(digits.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return octets;
}
