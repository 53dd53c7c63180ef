// Octets as a list of numbers: of JSON, of programs and of the debug sidebar of Node-RED.
// The rule of the file: a number above 255, a place that is missing or a list that was cut short is refused.

import { unhex } from '../../core/wire/hex';
import { hexText, linesOf, shapeOf, type Found } from './text-hex';

/** "[126, 160]", "{0x7e, 0xa0}" with or without what declares it, "126 160 39". */
export function listText(text: string): Found {
  const trimmed = text.replace(/\/\*[^*]*\*\//g, '').trim();
  const end = /[}\])]\)?\s*;?$/.exec(trimmed.slice(-LONGEST_END));
  const open = Math.max(...['{', '[', '('].map(bracket => trimmed.lastIndexOf(bracket)));
  const bare = end === null || open === -1;
  if (!bare && (open > LONGEST_NAME || !DECLARED.test(trimmed.slice(0, open)))) return null;
  const inside = (bare ? trimmed : trimmed.slice(open + 1, trimmed.length - end[0].length)).trim().replace(/,$/, '');
  const tokens = inside.split(/\s*,\s*|\s+/);
  if (tokens.length < 2 || !tokens.every(token => NUMBER.test(token))) return null;
  const commas = inside.includes(',');
  // Two digits each are hex where neither a comma nor a bracket says otherwise.
  if (bare && (tokens.some(t => /^0x/i.test(t)) || (!commas && tokens.every(t => t.length === 2)))) return null;
  if (bare && tokens.some(t => /^0\d/.test(t)) && !tokens.every(t => t.length === 3)) return null;
  return octetsOf(tokens.map(Number));
}

/** An array, a Buffer, or an object that holds what it received under a known name. */
export function jsonText(text: string): Found {
  const lines = linesOf(text).map(line => /^([^[{"]*)(\{.*\})$/.exec(line.trim()));
  const found = lines.every(line => line !== null) ? lines.map(line => jsonOf(line[2] ?? '')) : [jsonOf(text)];
  if (found.some(each => each === null)) return null;
  const wrong = found.find(each => typeof each === 'string');
  if (wrong !== undefined) return wrong;
  if (new Set(lines.map(line => shapeOf(line?.[1] ?? ''))).size > 1)
    return 'lines that begin in different ways, as of two directions or topics';
  return Buffer.concat(found as Uint8Array[]);
}

function jsonOf(text: string): Found {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return octetsIn(value);
}

/** What JSON text held, or a node has parsed of it. */
export function octetsIn(value: unknown, depth = 0): Found {
  if (typeof value === 'string') {
    const found = depth === 0 ? null : hexText(value);
    return found !== null || depth === 0 ? found : 'a text that is no hex';
  }
  if (Array.isArray(value)) return octetsOf(value);
  if (typeof value !== 'object' || value === null || depth > 3) return null;
  const held = Object.entries(value).filter(([name]) => HOLDERS.has(name));
  if (held.length !== 1) return held.length === 0 ? null : `several of ${[...HOLDERS].join(', ')}`;
  return octetsIn(held[0]?.[1], depth + 1);
}

/** "0: 0x7e" or "0: 126", one a line, below "buffer[41]" or not. */
export function indexedText(text: string): Found {
  const [head = '', ...more] = linesOf(text).map(line => line.trim());
  const counted = /^(?:buffer|array|\w+) ?[[(](\d+)[\])]$/i.exec(head);
  const rows = (counted === null ? [head, ...more] : more).filter(line => !/^\[\d+ … \d+\]$/.test(line));
  const parsed = rows.map(row => /^(\d+): ?(0x[0-9a-f]{1,2}|\d{1,3})$/i.exec(row));
  if (parsed.length === 0 || parsed.some(row => row === null)) return null;
  if (parsed.some((row, i) => Number(row?.[1]) !== i)) return 'an index is missing';
  if (counted !== null && Number(counted[1]) !== parsed.length) {
    return `${counted[1] ?? ''} octets are announced and ${parsed.length} are there`;
  }
  return octetsOf(parsed.map(row => Number(row?.[2])));
}

/** "<Buffer 7e a0 27>" */
export function inspectedText(text: string): Found {
  const inside = /^<Buffer ([^<>]*)>$/.exec(text.trim())?.[1];
  if (inside === undefined) return null;
  if (/more bytes?$/.test(inside)) return 'it was cut short; print it with toString("hex")';
  return /^[0-9a-f]{2}(?: [0-9a-f]{2})*$/.test(inside) ? unhex(inside.replace(/ /g, '')) : null;
}

function octetsOf(numbers: readonly unknown[]): Found {
  const octet = (n: unknown): boolean => typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= 255;
  // Spread, since a place that is missing is skipped by `every`.
  return [...numbers].every(octet) ? Uint8Array.from(numbers as number[]) : 'a number that is no octet';
}

/** What stands in front of the brackets: nothing, a type and a name, a call. */
const DECLARED = /^[\w\s*:<>]*(?:\[\s*\d*\s*\])?\s*=?\s*(?:\w+\()?$/;
const LONGEST_NAME = 200;
const LONGEST_END = 20;
const NUMBER = /^(?:0x[0-9a-f]{1,2}|\d{1,3})$/i;
/** Tasmota, its software serial, Buffers of Node.js, messages of Node-RED. */
const HOLDERS: ReadonlySet<string> = new Set(['SerialReceived', 'SSerialReceived', 'data', 'Data', 'payload']);
