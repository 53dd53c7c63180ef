// What went over the line, for people and for tests: the text a user pastes into an issue can be played back as the meter.
// The rule of the file: secrets are masked before anything is handed on.

import { DlmsError } from '../../core/wire/errors';
import { hex, unhex } from '../../core/wire/hex';
import { ASTERISK, SecretFrames } from './trace-frames';

export interface TraceLine {
  /** Milliseconds, of the clock or since the beginning. */
  readonly at: number;
  /** `>` to the meter, `<` from it. */
  readonly dir: '>' | '<';
  readonly layer: 'bytes' | 'frame' | 'apdu';
  readonly bytes: Uint8Array;
  readonly note?: string;
}

/** Takes lines as they happen; must not throw. */
export type Trace = (line: TraceLine) => void;

/** "0.123 > 7e a0 07 …   SNRM": seconds since `start`, direction, layer if it is not bytes, octets, note. */
export function formatTraceLine(line: TraceLine, start = 0): string {
  const seconds = ((line.at - start) / 1000).toFixed(3).padStart(8);
  const layer = line.layer === 'bytes' ? '' : `${line.layer} `;
  const octets = hex(line.bytes).replace(/..(?=.)/g, '$& ');
  const note = line.note === undefined || line.note === '' ? '' : `   ${line.note.replace(/\s+/g, ' ')}`;
  return `${seconds} ${line.dir} ${layer}${octets}${note}`;
}

/** A whole trace; `title` goes in front as a comment. */
export function formatTrace(lines: readonly TraceLine[], title = ''): string {
  const start = lines[0]?.at ?? 0;
  const head = title === '' ? [] : [`# ${title.replace(/\s+/g, ' ')}`];
  return [...head, ...lines.map(line => formatTraceLine(line, start)), ''].join('\n');
}

/** Reads a trace back. Times may be missing, `#` begins a comment line. @throws BAD_SETTING naming the line. */
export function parseTrace(text: string): TraceLine[] {
  const lines: TraceLine[] = [];
  for (const [i, row] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(row)) continue;
    const match = ROW.exec(row);
    if (match === null) {
      const expected = 'a trace line like "0.123 > 7e a0 07 03 21 93 0f 01 7e   SNRM"';
      throw new DlmsError({ code: 'BAD_SETTING', setting: `trace line ${i + 1}`, value: row.slice(0, 40), expected });
    }
    const [, seconds, dir, layer, octets, note] = match;
    lines.push({
      at: seconds === undefined ? 0 : Math.round(Number(seconds) * 1000),
      dir: dir === '<' ? '<' : '>',
      layer: layer === 'frame' || layer === 'apdu' ? layer : 'bytes',
      bytes: unhex(octets ?? ''),
      ...(note === undefined ? {} : { note }),
    });
  }
  return lines;
}

/**
 * A sink that overwrites each occurrence of a secret (password, key) with asterisks before it hands the line on. An APDU is
 * searched as a whole; where one that goes out has a secret, the frames that carry it are shown without their contents.
 * In other bytes, which may be cut anywhere, a part counts from four octets on; less would blot out the trace by chance.
 */
export function maskSecrets(sink: Trace, secrets: readonly Uint8Array[]): Trace {
  const hidden = secrets.filter(s => s.length > 0);
  if (hidden.length === 0) return sink;
  const frames = new SecretFrames();
  return line => {
    const outgoing = line.dir === '>';
    const framed =
      line.layer === 'apdu' ? line.bytes : outgoing ? frames.written(line.bytes) : frames.received(line.bytes);
    const bytes = withoutSecrets(framed, hidden);
    if (line.layer === 'apdu' && outgoing) frames.apdu(bytes !== framed);
    if (bytes === line.bytes) return sink(line);
    sink({ ...line, bytes, note: `${line.note ?? ''} (secret masked)`.trim() });
  };
}

/** The same array where there is none in it. */
function withoutSecrets(octets: Uint8Array, secrets: readonly Uint8Array[]): Uint8Array {
  let masked: Uint8Array | null = null;
  for (const secret of secrets) {
    for (let at = 1 - secret.length; at < octets.length; at++) {
      const from = Math.max(at, 0);
      const to = Math.min(at + secret.length, octets.length);
      if (to - from < Math.min(secret.length, MIN_PART)) continue;
      if (!matches(octets, from, to, secret, from - at)) continue;
      masked ??= octets.slice();
      masked.fill(ASTERISK, from, to);
    }
  }
  return masked ?? octets;
}

function matches(bytes: Uint8Array, from: number, to: number, secret: Uint8Array, offset: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== secret[offset + i - from]) return false;
  return true;
}

const ROW =
  /^\s*(?:(\d+(?:\.\d+)?)\s+)?([<>])\s*(?:(frame|apdu|bytes)\s+)?((?:[0-9a-f]{2} ?)*?)(?:\s{2,}(\S.*?))?\s*$/i;
const MIN_PART = 4;
