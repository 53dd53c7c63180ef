// Keys and system titles. The rule of the file: a key can be used, never printed.

import { DlmsError } from '../wire/errors';
import { fromLatin1, hex, unhex } from '../wire/hex';

/** An AES key. Shown, logged, serialised or thrown it is `<key>`; its octets leave by {@link Key.octets} only. */
export class Key {
  readonly #octets: Uint8Array;

  private constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /**
   * Hex digits as people paste them: any case, with blanks, colons, dashes or 0x. 16 octets (suites 0 and 1) or 32 (suite 2).
   * Throws BAD_SETTING, which names the setting and never shows the text.
   */
  static parse(text: string, setting: string): Key {
    const digits = text.replace(/0x/gi, '').replace(/[\s:,;-]/g, '');
    // What is counted may be told: a digit lost in copying is the usual slip.
    if (!/^[0-9a-f]*$/i.test(digits)) throw noKey(setting, 'text with other characters');
    if (digits.length !== 32 && digits.length !== 64) throw noKey(setting, `${digits.length} digits`);
    return Key.from(unhex(digits, setting), setting);
  }

  static from(octets: Uint8Array, setting = 'key'): Key {
    if (octets.length !== 16 && octets.length !== 32) {
      throw new DlmsError({
        code: 'BAD_SETTING',
        setting,
        value: `(${octets.length} bytes)`,
        expected: '16 bytes as 32 hex digits, or 32 bytes as 64 for suite 2',
      });
    }
    return new Key(new Uint8Array(octets));
  }

  /** In octets: 16 or 32. */
  get length(): number {
    return this.#octets.length;
  }
  /** A copy, for a cipher or an initiate-request; not for a text. */
  octets(): Uint8Array {
    return this.#octets.slice();
  }

  /** Its octets behind one other, as the additional authenticated data has them. */
  after(octet: number): Uint8Array {
    const both = new Uint8Array(1 + this.#octets.length);
    both[0] = octet;
    both.set(this.#octets, 1);
    return both;
  }

  toString(): string {
    return SHOWN;
  }
  toJSON(): string {
    return SHOWN;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return SHOWN;
  }
}

function noKey(setting: string, found: string): DlmsError {
  const expected = '32 hex digits (AES-128), or 64 (AES-256)';
  return new DlmsError({ code: 'BAD_SETTING', setting, value: `(${found})`, expected });
}

/**
 * Eight octets: three letters of the maker's FLAG id and a serial number. 16 hex digits, or 8 characters as they are:
 * "4d4d4d3030303031" or "MMM00001". Throws BAD_SETTING for anything else.
 */
export function parseSystemTitle(text: string, setting = 'system title'): Uint8Array {
  if (/^[ -~]{8}$/.test(text) && !HALF_TYPED.test(text)) return fromLatin1(text);
  const digits = text.replace(/0x/gi, '').replace(/[\s:,;-]/g, '');
  if (/^[0-9a-f]{16}$/i.test(digits)) return unhex(digits, setting);
  throw new DlmsError({ code: 'BAD_SETTING', setting, value: text, expected: '16 hex digits or 8 characters' });
}

/** Lower-case hex as errors and messages show it; null for an absent or empty one. */
export function systemTitleText(title: Uint8Array | null): string | null {
  return title === null || title.length === 0 ? null : hex(title);
}

export const SYSTEM_TITLE_OCTETS = 8;
/** A title in hex begins with the three letters of its maker, so with 4 or 5: eight characters of one are no title in text. */
const HALF_TYPED = /^(?:0x|[45][0-9a-f])[0-9a-f\s:,;-]*$/i;
const SHOWN = '<key>';
