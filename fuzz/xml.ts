// Messages to XML and back: bytes of any kind, and texts that were damaged.
// Rules: nothing is thrown but a DlmsError; what is said to come back comes back, in both forms; a text that is read gives bytes
// whose own XML gives the same bytes; no error shows what a value says.

import { encodeApdu, decodeApdu } from '../src/core/apdu';
import { encodeHdlcFrame } from '../src/core/framing/hdlc-frame';
import { encodeWrapper } from '../src/core/framing/wrapper';
import { isDlmsError } from '../src/core/wire/errors';
import { concat, hex, unhex } from '../src/core/wire/hex';
import { fromXml, toXml, type ToXmlOptions } from '../src/core/xml';
import { vectors } from '../test/feed';
import { edited, edits, type Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { plainTelegrams } from './telegrams';

export type XmlInput =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly style: number }
  | { readonly kind: 'text'; readonly text: string };

export const xml: Fuzzer<XmlInput> = {
  name: 'xml',
  share: 3,
  open() {
    const messages = [...vectors('apdu').map(v => unhex(v.hex)), ...plainTelegrams()].filter(
      bytes => bytes.length < 2000,
    );
    const pool = [...messages, ...messages.slice(0, 40).flatMap(framed)];
    const texts = pool.flatMap(bytes => STYLES.flatMap(style => written(bytes, style).map(m => m.xml)));
    const tally = new Tally();
    return {
      counts: tally.counts,
      make(dice) {
        if (dice.chance(0.5)) {
          return {
            kind: 'bytes',
            bytes: edited(dice.pick(pool), edits(dice, 5, pool)),
            style: dice.below(STYLES.length),
          };
        }
        return { kind: 'text', text: damaged(dice, dice.pick(texts), texts) };
      },
      check: input => (input.kind === 'bytes' ? thereAndBack(input, tally) : readAgain(input.text, tally)),
    };
  },
};

function thereAndBack({ bytes, style }: Extract<XmlInput, { kind: 'bytes' }>, tally: Tally): string | null {
  const options = STYLES[style] as ToXmlOptions;
  const messages = written(bytes, options);
  tally.add(messages.length === 0 ? 'bytes refused' : 'bytes written');
  for (const { xml: text, exact } of messages) {
    const back = orRefused(() => fromXml(text, { numbers: options.numbers ?? 'hexadecimal' }));
    if (exact && back === null) return 'an exact document cannot be read';
    if (exact && messages.length === 1 && options.framing === 'none' && hex(back as Uint8Array) !== hex(bytes)) {
      return 'an exact document gives other bytes';
    }
  }
  return null;
}

function readAgain(text: string, tally: Tally): string | null {
  const bytes = orRefused(() => fromXml(text));
  tally.add(bytes === null ? 'text refused' : 'text read');
  if (bytes === null) return null;
  // Values alone are read too, but are no message.
  const apdu = orRefused(() => decodeApdu(bytes));
  if (apdu === null || apdu.surplus > 0 || hex(encodeApdu(apdu.apdu)) !== hex(bytes)) return null;
  const [again] = written(bytes, { framing: 'none' });
  if (again === undefined) return 'what was read cannot be written';
  return hex(fromXml(again.xml, { numbers: 'hexadecimal' })) === hex(bytes)
    ? null
    : 'what was read comes back otherwise';
}

function written(bytes: Uint8Array, options: ToXmlOptions): ReturnType<typeof toXml> {
  return orRefused(() => toXml(bytes, options)) ?? [];
}

function orRefused<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    if (/<|Value=/.test(error.short)) throw new Error('an error shows its text', { cause: error });
    return null;
  }
}

function framed(apdu: Uint8Array): Uint8Array[] {
  const information = concat(unhex('e6e700'), apdu);
  const control = { type: 'I', ns: 0, nr: 0, pf: true } as const;
  return [
    encodeHdlcFrame({ destination: Uint8Array.of(0x21), source: Uint8Array.of(0x03), control, information }),
    encodeWrapper(1, 16, apdu),
  ];
}

/** Letters changed, parts cut out, doubled or taken from another document. */
function damaged(dice: Dice, text: string, others: readonly string[]): string {
  let out = text;
  for (let i = 1 + dice.below(4); i > 0; i--) {
    const at = dice.below(out.length + 1);
    const to = Math.min(out.length, at + dice.below(40));
    const kind = dice.below(5);
    const other = dice.pick(others);
    const from = dice.below(other.length);
    if (kind === 0) out = out.slice(0, at) + dice.pick(PIECES) + out.slice(at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(to);
    else if (kind === 2) out = out.slice(0, to) + out.slice(at);
    else if (kind === 3) out = out.slice(0, at) + other.slice(from, from + dice.below(200)) + out.slice(at);
    else out = out.replace(dice.pick(NUMBERS), dice.pick(PIECES));
  }
  return out;
}

const STYLES: readonly ToXmlOptions[] = [
  { framing: 'none' },
  { framing: 'none', numbers: 'decimal', comments: true },
  { framing: 'none', form: 'standard', comments: true },
  { form: 'simple' },
  { form: 'standard', frames: false },
];
const NUMBERS = [/"[0-9A-F]{2}"/, /"[0-9A-F]{4}"/, />\d+</, /<\w+ /, /\/>/];
const PIECES = [
  '<',
  '>',
  '"',
  '&',
  '&#0;',
  '&x;',
  '--',
  'FF',
  '-1',
  '<None />',
  '<Array>',
  '</Array>',
  'x:',
  '\u0000',
  ']]>',
  '<![CDATA[',
  '<!DOCTYPE a>',
  '<?a?>',
  '\ud800',
];
