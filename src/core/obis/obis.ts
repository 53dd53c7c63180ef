// The six value groups A-B:C.D.E*F. IEC 62056-61 (OBIS), IEC 62056-6-1.
// One canonical text: "1-0:1.8.0*255", no leading zeros; '&' before F is kept, because it means another value than '*'.

import { DlmsError } from '../wire/errors';

/** '*' automatic, '&' manual reset in front of F (text protocols only). */
export type ObisSeparator = '*' | '&';

export class Obis {
  /** Written once: codes are compared and looked up by their text. */
  #text: string | undefined;

  private constructor(
    /** The six octets A, B, C, D, E, F. */
    readonly bytes: Uint8Array,
    readonly separator: ObisSeparator = '*',
  ) {}

  /** Six octets of a logical name. Throws BAD_SETTING for any other length. */
  static from(bytes: Uint8Array): Obis {
    if (bytes.length !== 6) throw notObis(`${bytes.length} octets`);
    return new Obis(Uint8Array.from(bytes));
  }

  /**
   * What people and text protocols write: `1.8.0`, `1-0:1.8.0*255`, `1-0:1.8.0.255`, `1.0.1.8.0.255`, `1.8`, `F.F`,
   * `C.1.0`, `0:0.0.0`. Missing A-B become `prefix` (default 1-0), missing E 0, missing F 255; C, F, L, P are 96, 97, 98, 99.
   * Throws BAD_SETTING where it is no OBIS code.
   */
  static parse(text: string, prefix: readonly [number, number] = [1, 0]): Obis {
    const obis = Obis.tryParse(text, prefix);
    if (obis === null) throw notObis(text);
    return obis;
  }

  static tryParse(text: string, prefix: readonly [number, number] = [1, 0]): Obis | null {
    const t = text.trim();
    const plain = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(t);
    if (plain !== null) return Obis.#of(plain.slice(1).map(Number), '*');
    const m = FORM.exec(t);
    if (m === null) return null;
    const a = m[1] === undefined ? prefix[0] : Number(m[1]);
    const b = m[2] === undefined ? (m[1] === undefined ? prefix[1] : 0) : Number(m[2]);
    const f = m[6] === undefined ? m[8] : m[7];
    return Obis.#of(
      [a, b, letter(m[3] as string), letter(m[4] as string), Number(m[5] ?? 0), Number(f ?? 255)],
      (m[6] as ObisSeparator | undefined) ?? '*',
    );
  }

  static #of(groups: readonly number[], separator: ObisSeparator): Obis | null {
    return groups.some(g => g > 255) ? null : new Obis(Uint8Array.from(groups), separator);
  }

  get a(): number {
    return this.bytes[0] as number;
  }
  get b(): number {
    return this.bytes[1] as number;
  }
  get c(): number {
    return this.bytes[2] as number;
  }
  get d(): number {
    return this.bytes[3] as number;
  }
  get e(): number {
    return this.bytes[4] as number;
  }
  get f(): number {
    return this.bytes[5] as number;
  }

  equals(other: Obis): boolean {
    return this.toString() === other.toString();
  }

  /** Canonical: "1-0:1.8.0*255". */
  toString(): string {
    this.#text ??= this.#write();
    return this.#text;
  }
  #write(): string {
    return `${this.a}-${this.b}:${this.c}.${this.d}.${this.e}${this.separator}${this.f}`;
  }
  toJSON(): string {
    return this.toString();
  }
}

function letter(group: string): number {
  return LETTERS[group] ?? Number(group);
}

function notObis(value: string): DlmsError {
  return new DlmsError({
    code: 'BAD_SETTING',
    setting: 'OBIS code',
    value,
    expected: 'of the form A-B:C.D.E*F, for example 1-0:1.8.0*255 or 1.8.0',
  });
}

// [A-[B]:] C . D [. E] [ (*|&) F | . F ]
const FORM =
  /^(?:(\d{1,3})(?:-(\d{1,3}))?:)?(\d{1,3}|[CFLP])\.(\d{1,3}|[CFLP])(?:\.(\d{1,3}))?(?:([*&])(\d{1,3})|\.(\d{1,3}))?$/;
const LETTERS: Readonly<Record<string, number>> = { C: 96, F: 97, L: 98, P: 99 };
