// Association lists that were read, kept over restarts so that a form can show them while the meter is away. One small
// file a meter, beside the counters. The rules: no secret in name or content; a file that cannot be kept is no error.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectEntry } from '../../core/client/meter-memory';
import { Obis } from '../../core/obis/obis';
import type { ConnectionSettings } from '../../io/settings/settings';

export interface CachedObjects {
  /** Milliseconds since 1970. */
  readonly readAtMs: number;
  /** The logical device name of the meter that told the list: another one may be there now. null: it did not tell. */
  readonly meter: string | null;
  readonly objects: readonly ObjectEntry[];
}

export class ObjectCache {
  readonly #memory = new Map<string, CachedObjects>();

  /** `directory` null: nothing outlives the process. */
  constructor(readonly directory: string | null) {}

  get(settings: ConnectionSettings): CachedObjects | null {
    const key = keyOf(settings);
    return this.#memory.get(key) ?? this.#load(key);
  }

  put(settings: ConnectionSettings, cached: CachedObjects): void {
    const key = keyOf(settings);
    this.#memory.delete(key);
    this.#memory.set(key, cached);
    const [oldest] = this.#memory.keys();
    if (this.#memory.size > IN_MEMORY && oldest !== undefined) this.#memory.delete(oldest);
    if (this.directory === null) return;
    try {
      mkdirSync(this.directory, { recursive: true });
      const path = join(this.directory, `${PREFIX}${key}.json`);
      writeFileSync(`${path}.new`, JSON.stringify({ ...cached, objects: cached.objects.map(pack) }));
      renameSync(`${path}.new`, path);
      this.#prune(this.directory);
    } catch {
      // A full or read-only disk: the list stays in memory, and can be read again at any time.
    }
  }

  #load(key: string): CachedObjects | null {
    if (this.directory === null) return null;
    try {
      const parsed: unknown = JSON.parse(readFileSync(join(this.directory, `${PREFIX}${key}.json`), 'utf8'));
      const { readAtMs, meter, objects } = parsed as Partial<Record<keyof CachedObjects, unknown>>;
      if (typeof readAtMs !== 'number' || !Array.isArray(objects)) return null;
      const cached = { readAtMs, meter: typeof meter === 'string' ? meter : null, objects: objects.map(unpack) };
      this.#memory.set(key, cached);
      return cached;
    } catch {
      // Not there the first time; a damaged one is as good as none.
      return null;
    }
  }

  #prune(directory: string): void {
    const files = readdirSync(directory)
      .filter(name => name.startsWith(PREFIX))
      .map(name => ({ path: join(directory, name), atMs: statSync(join(directory, name)).mtimeMs }))
      .sort((x, y) => y.atMs - x.atMs);
    for (const { path } of files.slice(FILES)) rmSync(path, { force: true });
  }
}

/** Another client or authentication sees another list; a serial port alone does not tell meters apart, the address does. */
function keyOf(s: ConnectionSettings): string {
  const { transport: t, server, clientAddress, authentication, referencing, interface: link } = s;
  const where = t.kind === 'serial' ? t.path : `${t.kind} ${t.host}:${t.port}`;
  const parts = [where, link, referencing, clientAddress, server.logical, server.physical, authentication];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}

type Packed = [
  code: string,
  classId: number,
  version: number,
  attributes?: [number, number][] | null,
  methods?: [number, number][] | null,
  baseName?: number,
];

function pack(o: ObjectEntry): Packed {
  const packed: Packed = [o.obis.toString(), o.classId, o.version, pairs(o.attributes), pairs(o.methods)];
  if (o.baseName !== undefined) packed.push(o.baseName);
  return packed;
}

function pairs(map: ReadonlyMap<number, number> | undefined): [number, number][] | null {
  return map === undefined ? null : [...map];
}

function unpack(packed: Packed): ObjectEntry {
  const [code, classId, version, attributes, methods, baseName] = packed;
  return {
    obis: Obis.parse(code),
    classId,
    version,
    ...(attributes && { attributes: new Map(attributes) }),
    ...(methods && { methods: new Map(methods) }),
    ...(baseName !== undefined && { baseName }),
  };
}

const PREFIX = 'objects-';
const IN_MEMORY = 20;
const FILES = 64;
