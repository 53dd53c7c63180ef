// Keeps the highest number of many keys over restarts, for what must be cheap and may lag a second: marks of the counters
// that were received. A file of lines is added to, at most once a second, and written anew when most of it is out of date.
// The rules: nothing is written before everything that lies there was read; what cannot be read is copied aside and told.

import { createReadStream } from 'node:fs';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keepAside } from './kept-aside';
import { codeOf } from '../../io/transport/net-errors';

export interface JournalOptions {
  /** What is kept, in the plural, as the sentences about it begin. */
  readonly what: string;
  /** null: numbers live as long as the process. */
  readonly path: string | null;
  /** Keys that are kept; of more the one that was not used for longest goes first. */
  readonly limit: number;
  /** Damage and failed writes, each once until the next success. */
  readonly tell: (text: string) => void;
  /** The limit was reached; told once. */
  readonly full?: () => void;
  /** At most one write in this time. */
  readonly everyMs?: number;
}

export class NumberJournal {
  /** The same journal for the same path, so that two nodes never write over each other; the options of the first one hold. */
  static shared(options: JournalOptions & { readonly path: string }): NumberJournal {
    const journal = SHARED.get(options.path) ?? new NumberJournal(options);
    SHARED.set(options.path, journal);
    return journal;
  }

  /** Resolves, whatever happens, when the numbers of the runs before are there, or when they could not be read. */
  readonly loaded: Promise<void>;
  /** In the order of the last use. */
  readonly #numbers = new Map<string, number>();
  /** Whose number the file does not have yet. */
  #unwritten = new Set<string>();
  /** Whose numbers in the file do not count any more. */
  #forgotten = new Set<string>();
  #readable = false;
  /** Of the file as it was read or written last; another size says that somebody else wrote. */
  #fileBytes = 0;
  #fileLines = 0;
  /** The file has a line that is out of place; it is written anew instead of added to. */
  #untidy = false;
  #timer: NodeJS.Timeout | null = null;
  #wroteAtMs = -Infinity;
  #working: Promise<void> = Promise.resolve();
  #told = false;
  #toldFull = false;

  constructor(readonly options: JournalOptions) {
    this.loaded = this.#next(() => this.#load());
  }

  get size(): number {
    return this.#numbers.size;
  }

  keys(): Iterable<string> {
    return this.#numbers.keys();
  }

  /** Before `loaded` it knows this run only. */
  get(key: string): number | null {
    const number = this.#numbers.get(key);
    if (number === undefined) return null;
    this.#numbers.delete(key);
    this.#numbers.set(key, number);
    return number;
  }

  /** A lower number changes nothing. */
  raise(key: string, number: number): void {
    if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`no number of a journal: ${number}`);
    const known = this.#numbers.get(key);
    if (known !== undefined && known >= number) return;
    this.#keep(key, number);
    this.#unwritten.add(key);
    this.#soon();
  }

  /** The next number may be any again. */
  forget(key: string): void {
    this.#numbers.delete(key);
    this.#forgotten.add(key);
    this.#soon();
  }

  /** Everything is on the disk when it resolves, as far as the disk takes it. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#next(() => this.#write(true));
  }

  /** The journal can be used again afterwards; a shared one may be the journal of others. */
  close(): Promise<void> {
    return this.flush();
  }

  #keep(key: string, number: number): void {
    this.#numbers.delete(key);
    this.#numbers.set(key, number);
    if (this.#numbers.size <= this.options.limit) return;
    const [oldest] = this.#numbers.keys();
    this.#numbers.delete(oldest as string);
    // The file has it until it is written anew.
    this.#unwritten.delete(oldest as string);
    if (this.#toldFull) return;
    this.#toldFull = true;
    this.options.full?.();
  }

  /** One thing after the other on the file. */
  #next(work: () => Promise<void>): Promise<void> {
    if (this.options.path === null) return Promise.resolve();
    this.#working = this.#working.then(async () => {
      try {
        await work();
        this.#told = false;
      } catch (error) {
        if (this.#told) return;
        this.#told = true;
        const reason = error instanceof Error ? error.message : String(error);
        this.options.tell(`${this.options.what} are not kept across a restart until this is mended: ${reason}`);
      }
    });
    return this.#working;
  }

  #soon(): void {
    if (this.options.path === null || this.#timer !== null) return;
    const everyMs = this.options.everyMs ?? EVERY_MS;
    // performance.now does not follow the clock of the computer, which may be set back.
    const waitMs = Math.max(0, this.#wroteAtMs + everyMs - performance.now());
    this.#timer = setTimeout(() => {
      void this.#next(() => this.#write(false)).then(() => {
        this.#timer = null;
        if (this.#unwritten.size + this.#forgotten.size > 0) this.#soon();
      });
    }, waitMs);
    this.#timer.unref();
  }

  async #write(durable: boolean): Promise<void> {
    const path = this.options.path as string;
    this.#wroteAtMs = performance.now();
    if (!this.#readable) await this.#load();
    await mkdir(dirname(path), { recursive: true });
    const more = this.#unwritten.size + this.#forgotten.size;
    if (this.#untidy || this.#fileLines + more > 2 * this.#numbers.size + SLACK_LINES) {
      // Another process has written: what it wrote is taken along. After a write that failed half-way it is our own.
      if ((await sizeOf(path)) !== this.#fileBytes) await this.#load();
      return await this.#with(() => this.#writeAnew(path));
    }
    if (more > 0) await this.#with((forgotten, unwritten) => this.#append(path, forgotten, unwritten, durable));
  }

  /** What was not written yet, for one write; it is unwritten again where that fails. */
  async #with(write: (forgotten: ReadonlySet<string>, unwritten: ReadonlySet<string>) => Promise<void>): Promise<void> {
    const [forgotten, unwritten] = [this.#forgotten, this.#unwritten];
    this.#forgotten = new Set();
    this.#unwritten = new Set();
    try {
      await write(forgotten, unwritten);
    } catch (error) {
      for (const key of forgotten) this.#forgotten.add(key);
      for (const key of unwritten) this.#unwritten.add(key);
      throw error;
    }
  }

  async #append(
    path: string,
    forgotten: ReadonlySet<string>,
    unwritten: ReadonlySet<string>,
    durable: boolean,
  ): Promise<void> {
    const entries: [string, number | null][] = [...forgotten].map(key => [key, null]);
    for (const key of unwritten) {
      const number = this.#numbers.get(key);
      if (number !== undefined) entries.push([key, number]);
    }
    this.#untidy = true;
    this.#fileBytes += await put(path, 'a', entries, durable);
    this.#fileLines += entries.length;
    this.#untidy = false;
  }

  /** The whole content to a second file, which takes the place of the first. */
  async #writeAnew(path: string): Promise<void> {
    const entries = [...this.#numbers];
    const bytes = await put(`${path}.new`, 'w', entries, true);
    await rename(`${path}.new`, path);
    this.#fileBytes = bytes;
    this.#fileLines = entries.length;
    this.#untidy = false;
  }

  async #load(): Promise<void> {
    const path = this.options.path as string;
    const read = { numbers: new Map<string, number>(), lines: 0, bytes: 0, damaged: 0 };
    try {
      let rest = '';
      for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
        read.bytes += Buffer.byteLength(chunk);
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        // A file that is no journal may be one line without end.
        if (rest.length > LONGEST_LINE) {
          lines.push(rest);
          rest = '';
        }
        for (const line of lines) take(read, line);
      }
      if (rest !== '') read.damaged++;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    if (read.damaged > 0 && !this.#untidy) {
      const copy = await keepAside(path);
      const count = `${read.damaged} of ${read.lines + read.damaged} lines`;
      this.options.tell(
        `${path} was damaged: ${count} could not be read. The file was kept as ${copy}, the rest is used`,
      );
    }
    if (read.damaged > 0) this.#untidy = true;
    this.#readable = true;
    this.#fileBytes = read.bytes;
    this.#fileLines = read.lines;
    const thisRun = [...this.#numbers];
    this.#numbers.clear();
    for (const [key, number] of read.numbers) if (!this.#forgotten.has(key)) this.#keep(key, number);
    for (const [key, number] of thisRun) this.#keep(key, Math.max(number, this.#numbers.get(key) ?? 0));
  }
}

function take(read: { numbers: Map<string, number>; lines: number; damaged: number }, line: string): void {
  const [, digits, quoted] = LINE.exec(line) ?? [];
  let key: unknown = null;
  try {
    key = JSON.parse(quoted ?? '');
  } catch {
    // Told with the other damaged lines.
  }
  const number = digits === '-' ? null : Number(digits);
  if (typeof key !== 'string' || !(number === null || Number.isSafeInteger(number))) {
    read.damaged++;
    return;
  }
  read.lines++;
  const known = read.numbers.get(key) ?? 0;
  read.numbers.delete(key);
  if (number !== null) read.numbers.set(key, Math.max(number, known));
}

/** Returns the octets written. `durable`: on the disk; else with the operating system, which outlives us but no power cut. */
async function put(
  path: string,
  flags: 'a' | 'w',
  entries: Iterable<readonly [string, number | null]>,
  durable: boolean,
): Promise<number> {
  const file = await open(path, flags, MODE);
  let bytes = 0;
  try {
    for (const text of chunks(entries)) {
      await file.appendFile(text);
      bytes += Buffer.byteLength(text);
    }
    if (durable) await file.datasync();
  } finally {
    await file.close();
  }
  return bytes;
}

/** Lines in pieces that do not hold the event loop for long. */
function* chunks(entries: Iterable<readonly [string, number | null]>): Generator<string> {
  let text = '';
  for (const [key, number] of entries) {
    text += `${number ?? '-'} ${JSON.stringify(key)}\n`;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

const SHARED = new Map<string, NumberJournal>();
/** `<number> "<key>"`; `- "<key>"` forgets it. A line that was cut has no quote at its end. */
const LINE = /^(-|\d{1,16}) (".*")$/;
const EVERY_MS = 1000;
const SLACK_LINES = 256;
const LONGEST_LINE = 4096;
const CHUNK = 65536;
const MODE = 0o600;
