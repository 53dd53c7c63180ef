// What all connections of an installation share, in `dlms` in the user directory: the client system title, the counters that
// were sent, those that were received. The rules: made once for each directory and process; a damaged file is kept aside and
// told; without a directory that can be written it is said once, and nothing is repeated all the same.

import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { invocationCounter, LAST_COUNTER, systemTitleText } from '../../core/security';
import { equalBytes, hex, unhex } from '../../core/wire/hex';
import { NumbersInMemory } from '../../io/session/counter-keeper';
import { codeOf } from '../../io/transport/net-errors';
import { newSystemTitle, type Installation } from '../../io/session/own-side';
import { Received } from '../../io/session/received-counters';
import { CounterDirectory, type OlderCounters } from './counter-directory';
import { keepAsideSync } from './kept-aside';
import { NumberJournal } from './number-journal';
import { stateDirectory } from './state-file';

export function installationOf(RED: NodeAPI, tell: (text: string) => void): Required<Installation> {
  const directory = stateDirectory(RED);
  const key = directory ?? '';
  const installation = INSTALLATIONS.get(key) ?? installed(directory, tell);
  INSTALLATIONS.set(key, installation);
  return installation;
}

/** `directory` null: there is none. */
export function installed(directory: string | null, tell: (text: string) => void): Required<Installation> {
  try {
    if (directory === null) throw new Error('Node-RED has no user directory');
    const counters = join(directory, 'counters');
    mkdirSync(counters, { recursive: true });
    // What is there and cannot be written to is no place either.
    for (const place of [directory, counters]) accessSync(place, constants.W_OK);
    const journal = NumberJournal.shared({
      what: 'The counters received from meters',
      path: join(directory, 'received.log'),
      limit: RECEIVED_LIMIT,
      tell,
      full: () => tell(`Counters of more than ${RECEIVED_LIMIT} meters were received; the oldest are forgotten`),
    });
    const systemTitle = keptTitle(join(directory, 'system-title'), tell);
    return {
      systemTitle,
      counters: new CounterDirectory(counters, olderCounters(directory, systemTitle, tell), tell),
      received: new Received(journal),
    };
  } catch (error) {
    tell(
      `Invocation counters are not kept across a restart: ${reasonOf(error)}. This run has a client system title of its own;` +
        ` where one is set, it begins above the number that the meter tells`,
    );
    const systemTitle = newSystemTitle(randomOctets);
    return { systemTitle, counters: aboveWhatLies(directory, systemTitle, tell), received: new Received() };
  }
}

/** Numbers of this run, above those that can still be read where nothing can be written. */
function aboveWhatLies(
  directory: string | null,
  systemTitle: Uint8Array,
  tell: (text: string) => void,
): Required<Installation>['counters'] {
  const memory = new NumbersInMemory(true);
  if (directory === null) return memory;
  let kept: CounterDirectory;
  try {
    kept = new CounterDirectory(join(directory, 'counters'), olderCounters(directory, systemTitle, tell), tell);
  } catch {
    // Nothing can be read either.
    return memory;
  }
  // Another run that could write nothing began above the same number.
  const [high = 0, low = 0] = randomOctets(2);
  const jump = 1 + 256 * high + low;
  return {
    forgetful: true,
    free: async (fingerprint, title) => {
      const own = await memory.free(fingerprint);
      // What cannot be read is as good as nothing here.
      const before = own === null ? await kept.free(fingerprint, title).catch(() => null) : null;
      return before === null ? own : { ...before, next: Math.min(before.next + jump, LAST_COUNTER) };
    },
    reserve: (fingerprint, wanted) => memory.reserve(fingerprint, wanted),
  };
}

/** The title of this installation; made where there is none, and the same for two processes that make it at once. */
function keptTitle(path: string, tell: (text: string) => void): Uint8Array {
  try {
    return readOrMakeTitle(path, tell);
  } catch (error) {
    tell(
      `The client system title of this installation is another one in each run until this is mended: ${reasonOf(error)}`,
    );
    return newSystemTitle(randomOctets);
  }
}

function readOrMakeTitle(path: string, tell: (text: string) => void): Uint8Array {
  for (;;) {
    const text = textOf(path);
    if (text !== null && TITLE.test(text.trim())) return unhex(text.trim());
    if (text !== null) {
      const copy = keepAsideSync(path);
      tell(`${path} was damaged: it was kept as ${copy}, and this installation has a new client system title`);
      rmSync(path, { force: true });
    }
    const next = `${path}.${hex(randomOctets(4))}.new`;
    try {
      writeFileSync(next, `${hex(newSystemTitle(randomOctets))}\n`, { mode: 0o600, flush: true });
      link(next, path);
    } finally {
      rmSync(next, { force: true });
    }
  }
}

/** Who comes first has made it; the others read it. Some file systems have no links: there the last one to come wins. */
function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') renameSync(from, to);
  }
}

/**
 * counters.json of older versions: numbers by host and title. The highest of a title is never fallen behind, whatever key it
 * belonged to. The file stays where it is, and a damaged one beside it, which says that some numbers are lost.
 */
function olderCounters(directory: string, own: Uint8Array, tell: (text: string) => void): OlderCounters {
  const path = join(directory, 'counters.json');
  const [whole, entries] = entriesOf(textOf(path) ?? '{}', path);
  if (!whole) {
    const copy = keepAsideSync(path);
    tell(`${path} was damaged: it was kept as ${copy}, and what could be read of it is used`);
    try {
      writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    } catch {
      // Then the next start says it again.
    }
  }
  const highest = new Map<string, number>();
  for (const [key, next] of entries) {
    const title = / ([0-9a-f]{16})$/.exec(key)?.[1];
    if (title !== undefined) highest.set(title, Math.max(next, highest.get(title) ?? 0));
  }
  return {
    lost: existsSync(`${path}.damaged`),
    highest: systemTitle => {
      // Meters that count by key alone go on where the title of everybody ended.
      const before = equalBytes(systemTitle, own) ? TITLE_OF_ALL : null;
      const titles = [systemTitleText(systemTitle), before];
      const numbers = titles.flatMap(title => highest.get(title ?? '') ?? []);
      return numbers.length === 0 ? null : Math.max(...numbers);
    },
  };
}

/** Whether all of it could be read, and what could. */
function entriesOf(text: string, where: string): [boolean, [string, number][]] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [false, []];
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return [false, []];
  const all = Object.entries(parsed);
  const good = all.flatMap(([key, value]: [string, unknown]): [string, number][] => {
    try {
      // One above the last was written where a key was used up.
      return [[key, value === LAST_COUNTER + 1 ? LAST_COUNTER : invocationCounter(value, where)]];
    } catch {
      return [];
    }
  });
  return [good.length === all.length, good];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function randomOctets(n: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(n));
}

const INSTALLATIONS = new Map<string, Required<Installation>>();
const TITLE = /^[0-9a-f]{16}$/;
/** The client system title that versions before had where none was set. */
const TITLE_OF_ALL = '4d464c0000000001';
const RECEIVED_LIMIT = 100_000;
