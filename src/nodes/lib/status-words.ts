// What a status says, in the language of the server's texts. Node-RED resolves keys of the catalog in the editor only: a Status
// node and whoever stores its messages would get the key. So a status leaves as text, and the words are looked up here.
// The rule of the file: there is always a text; where the catalog has none it is the English one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { isDlmsError, type DlmsError } from '../../core/wire/errors';

/** Words of locales/<lang>/_shared.json, status, with what stands in them. */
export interface StatusWords {
  readonly word: string;
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** A text as it is, words of the catalog, what went wrong as a short sentence, or several of them, which a comma joins. */
export type Said = string | StatusWords | DlmsError | readonly Said[];

/** "1 row", "3 rows". */
export function counted(count: number, one: string, many = `${one}s`): StatusWords {
  return { word: count === 1 ? one : many, facts: { n: count } };
}

/** At most `most` characters; where one must give way, it is the end of the first part, which is the longest to tell. */
export function spoken(RED: NodeAPI, said: Said, most = Infinity): string {
  if (typeof said === 'string') return cut(said, most);
  if (isSeveral(said)) {
    const [first, ...others] = said;
    const rest = others.map(part => `, ${spoken(RED, part)}`).join('');
    return first === undefined ? '' : cut(spoken(RED, first, Math.max(LEAST, most - rest.length)) + rest, most);
  }
  return cut(isDlmsError(said) ? faultWords(RED, said.code, said.detail, said.short) : wordsIn(RED, said), most);
}

function isSeveral(said: Said): said is readonly Said[] {
  return Array.isArray(said);
}

function wordsIn(RED: NodeAPI, said: StatusWords): string {
  const { word, facts = {} } = said;
  return translated(RED, `shared.status.${word}`, facts) ?? filled(inEnglish().words[word] ?? word, facts);
}

/** What went wrong as a short sentence; `short` of the error where there is none. */
export function faultWords(RED: NodeAPI, code: string, facts: unknown, short: string): string {
  const known = plainFacts(facts);
  const sentence = inEnglish().faults[code];
  return (
    translated(RED, `dlms-connection.fault.${code}`, known) ??
    (sentence === undefined ? short : filled(sentence, known))
  );
}

function translated(RED: NodeAPI, key: string, facts: Readonly<Record<string, string | number>>): string | null {
  const found: unknown = RED._(`${NAMESPACE}:${key}`, facts as Record<string, string>);
  return typeof found === 'string' && !found.endsWith(key) ? found : null;
}

/** Numbers and texts only: what else an error knows is not for a sentence. */
function plainFacts(facts: unknown): Record<string, string | number> {
  if (typeof facts !== 'object' || facts === null) return {};
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  ) as Record<string, string | number>;
}

interface English {
  readonly words: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, string>>;
}
let english: English | null = null;

/** The connection, which has the catalog of all, may be switched off by the user. */
function inEnglish(): English {
  if (english !== null) return english;
  const catalog = JSON.parse(readFileSync(join(__dirname, ...ENGLISH), 'utf8')) as {
    shared: { status: English['words'] };
    'dlms-connection': { fault: English['faults'] };
  };
  return (english = { words: catalog.shared.status, faults: catalog['dlms-connection'].fault });
}

function filled(text: string, facts: Readonly<Record<string, string | number>>): string {
  return text.replace(/__(\w+?)__/g, (_all, name: string) => String(facts[name] ?? ''));
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Of what gives way, so much stays. */
const LEAST = 16;
const NAMESPACE = '@meterflow/node-red-dlms/dlms-connection';
const ENGLISH = ['..', 'connection', 'locales', 'en-US', 'dlms-connection.json'];
