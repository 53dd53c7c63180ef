// dlms-read-load-profile: rows of a profile in the form a flow wants, one by one while the meter still sends or all at once.
// The rule of the file: wiring only; ranges stand in lib/range, text forms in filter/load-profile.

import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from 'node-red';
import type { MeterIdentity } from '../../core/client/meter-memory';
import { epochOf, isoInPolicy, type ClockPolicy } from '../../core/cosem/date-time';
import { toCsv, toReport, type LoadProfile } from '../../filter/load-profile';
import type { Obis } from '../../core/obis/obis';
import { namedBy } from '../../core/obis/obis-names';
import type { ProfileRow } from '../../core/cosem/profile';
import type { Origin } from '../../core/cosem/reading';
import type { ProfileStream, Session } from '../../io/session/session';
import { parse, type Parsed } from '../../io/settings/parse';
import { connectionOf } from '../lib/connection-api';
import { LastRead } from './last-read';
import { meterOf, originOf } from '../lib/meter-identity';
import { counted, type Said } from '../lib/status-words';
import { Unconfirmed, type UnconfirmedRead } from './unconfirmed';
import { onInput, type Fields, type Task } from '../lib/on-input';
import { evaluate, text } from '../lib/props';
import { keepsLastRead, wantedRange, type RangeInput, type WantedRange } from '../lib/range';
import type { Values } from '../lib/settings-table';
import { READ_LOAD_PROFILE } from './settings';

type Row = Parsed<typeof READ_LOAD_PROFILE>;
type Output = Row['output'];
type ProfileDef = NodeDef & Values;

export = (RED: NodeAPI): void => {
  function ReadLoadProfile(this: Node, config: ProfileDef): void {
    RED.nodes.createNode(this, config);
    // Rows of a message, for its status; forgotten with the message.
    const saidOf = new WeakMap<NodeMessageInFlow, Said>();
    const unconfirmed = new Unconfirmed(this.id);
    onInput(
      RED,
      this,
      async (msg, task) => {
        const { confirm } = msg as { confirm?: unknown };
        if (unconfirmed.isMine(confirm)) {
          saidOf.set(msg, { word: 'stored', facts: { n: unconfirmed.confirm(confirm) } });
          return null;
        }
        const given = { obis: (msg as { obis?: unknown }).obis, meter: task.meter };
        const ofMessage = text(given.obis, null, 'msg.obis');
        const row = parse(READ_LOAD_PROFILE, { ...config, ...(ofMessage !== null && { obis: ofMessage }) });
        const { obis, output, nullValues } = row;
        const connection = connectionOf(RED, row.connection);
        const place = `last read ${this.id} ${obis} ${connection.meterKey(given.meter)}`;
        const position = new LastRead(connection.numbers, place);
        const input = await rangeInput(RED, this, row.range, msg);
        const { confirm: counts, confirmWithin } = row.range;
        const confirms = counts === 'message';
        const upTo = (who: MeterIdentity): number | null => {
          const { newestMs, late } = unconfirmed.upTo(position.nameOf(who), confirmWithin * 60_000);
          if (late) this.warn(`Rows were not confirmed within ${confirmWithin} min, so they are read again`);
          return newestMs ?? position.of(who);
        };
        const work = async (session: Session): Promise<Fields | null> => {
          const rangeFor = (lastReadMs: number | null): WantedRange =>
            wantedRange({ ...input, policy: session.settings.clock, lastReadMs });
          // What is wrong with it is said before anything is opened.
          rangeFor(null);
          const reader = new ProfileReader(session, { obis, nullValues }, who => {
            const lastReadMs = confirms ? upTo(who) : position.of(who);
            const wanted = rangeFor(lastReadMs);
            return { wanted, knownMs: keepsLastRead(wanted) ? lastReadMs : null };
          });
          const stored = new Stored(async () =>
            confirms && keepsLastRead(reader.wanted) ? unconfirmed.begin(position, await reader.who) : null,
          );
          const fields = await stored.during(reader, () => send(reader, output, task, RED.util.generateId(), stored));
          saidOf.set(msg, counted(reader.count, 'row'));
          if (!confirms && keepsLastRead(reader.wanted) && reader.newestMs !== null)
            position.keep(await reader.who, reader.newestMs);
          return fields;
        };
        return connection.withSession(work, {
          signal: task.signal,
          meter: given.meter,
          onState: state => task.progress(state.phase === 'connected' ? 'reading' : state.says),
        });
      },
      { status: (_sent, msg) => saidOf.get(msg) ?? null },
    );
  }
  RED.nodes.registerType('dlms-read-load-profile', ReadLoadProfile);
};

/** Reads and gives the last message; with the output "row" all rows but the last leave while the meter still sends. */
async function send(
  reader: ProfileReader,
  output: Output,
  task: Task,
  sequence: string,
  stored: Stored,
): Promise<Fields | null> {
  const rows: ProfileRow[] = [];
  let last: ProfileRow | null = null;
  let dlms: Origin | null = null;
  const parts = (index: number): Fields => ({ id: sequence, type: 'array', len: 1, index });
  for await (const row of reader.rows(task.signal)) {
    task.progress(counted(reader.count, 'row'));
    if (output !== 'row') rows.push(row);
    // One row is held back, because the last one carries the count.
    else if (last !== null) {
      dlms ??= await reader.origin();
      // Of its own for each message: what a flow does to one, the next does not see.
      task.emit({
        payload: last,
        dlms: structuredClone(dlms),
        parts: parts(reader.count - 2),
        ...(await stored.fields()),
      });
    }
    last = row;
  }
  if (output === 'row') {
    const { count } = reader;
    if (last === null) return null;
    const more = await stored.fields();
    return { payload: last, dlms: dlms ?? (await reader.origin()), parts: { ...parts(count - 1), count }, ...more };
  }
  const profile = await reader.profile(rows);
  const { access } = profile.profile;
  return {
    payload: FORMS[output](profile),
    // The object says it all itself.
    dlms: output === 'object' ? await reader.bareOrigin() : await reader.origin(access),
    ...(reader.newestMs === null ? {} : await stored.fields()),
  };
}

/** What messages carry so that the flow can say that their rows are stored; nothing where nobody waits for it. */
class Stored {
  #read: UnconfirmedRead | null = null;

  constructor(private readonly begin: () => Promise<UnconfirmedRead | null>) {}

  /** Of one message. */
  async fields(): Promise<Fields> {
    this.#read ??= await this.begin();
    return this.#read === null ? {} : { confirm: this.#read.token() };
  }

  async during<T>(reader: ProfileReader, work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      this.#read?.ended(reader.newestMs);
      return done;
    } catch (error) {
      this.#read?.broken();
      throw error;
    }
  }
}

/** One read: its rows, and what is known when they are all there. */
class ProfileReader {
  count = 0;
  newestMs: number | null = null;
  wanted: WantedRange = { kind: 'all' };
  /** Rows up to here were read before. */
  #knownMs: number | null = null;
  #stream: ProfileStream | null = null;

  constructor(
    readonly session: Session,
    readonly what: { readonly obis: Obis; readonly nullValues: Row['nullValues'] },
    /** Depends on who answers: two meters at one address have been read up to different rows. */
    readonly plan: (who: MeterIdentity) => { readonly wanted: WantedRange; readonly knownMs: number | null },
  ) {}

  async *rows(signal: AbortSignal): AsyncGenerator<ProfileRow> {
    const range = (who: MeterIdentity): WantedRange => {
      ({ wanted: this.wanted, knownMs: this.#knownMs } = this.plan(who));
      return this.wanted;
    };
    this.#stream = this.session.readProfile(this.what.obis, range, { signal, nullValues: this.what.nullValues });
    for await (const row of this.#stream.rows) {
      const at = row.time === null ? null : this.#at(row.time);
      if (at !== null && this.#knownMs !== null && at <= this.#knownMs) continue;
      if (at !== null && (this.newestMs === null || at > this.newestMs)) this.newestMs = at;
      this.count++;
      yield row;
    }
  }

  get who(): Promise<MeterIdentity> {
    return (this.#stream as ProfileStream).meter;
  }

  async bareOrigin(): Promise<Origin> {
    return originOf(this.session.settings, (await this.who).title, 'profile');
  }

  /** `msg.dlms` beside bare rows: whose they are, and what their columns mean. */
  async origin(access?: LoadProfile['profile']['access']): Promise<Origin> {
    const { columns, capturePeriod } = await this.#head;
    const profile = { obis: this.what.obis.toString(), capturePeriod, ...(access !== undefined && { access }) };
    const meter = meterOf(await this.who, this.session.settings);
    return { ...(await this.bareOrigin()), meter, profile, columns };
  }

  async profile(rows: readonly ProfileRow[]): Promise<LoadProfile> {
    const stream = this.#stream as ProfileStream;
    const { columns, capturePeriod } = await this.#head;
    const { wanted } = this;
    const byTime = wanted.kind === 'time';
    const iso = (ms: number): string => isoInPolicy(ms, this.#policy);
    // Meters sort as they like.
    const times = rows.flatMap(row => (row.time === null ? [] : [row.time])).sort((a, b) => this.#at(a) - this.#at(b));
    return {
      meter: meterOf(await this.who, this.session.settings),
      profile: { obis: this.what.obis.toString(), capturePeriod, access: await stream.access },
      from: byTime && wanted.fromMs !== null ? iso(wanted.fromMs) : (times[0] ?? null),
      to: byTime ? iso(wanted.toMs ?? now()) : (times.at(-1) ?? null),
      columns,
      rows,
    };
  }

  get #head(): ProfileStream['head'] {
    const { standard } = this.session.settings;
    const { head } = this.#stream as ProfileStream;
    return head.then(({ columns, ...rest }) => ({ ...rest, columns: namedBy(standard, columns) }));
  }

  #at(time: string): number {
    return epochOf(time, { ...this.#policy, zone: this.#policy.zone ?? LOCAL_ZONE }) ?? NaN;
  }

  get #policy(): ClockPolicy {
    return this.session.settings.clock;
  }
}

/** What node and message say of the range, with the values of typed fields. */
async function rangeInput(
  RED: NodeAPI,
  node: Node,
  range: Row['range'],
  msg: NodeMessageInFlow,
): Promise<Omit<RangeInput, 'policy' | 'lastReadMs'>> {
  const { mode } = range;
  const field = (name: 'from' | 'to'): Promise<unknown> =>
    mode === 'between' && text(range[name], null) !== null
      ? evaluate(RED, node, msg, `range ${name}`, range[name], range[`${name}Type`])
      : Promise.resolve(undefined);
  const { from, to, entries } = msg as { from?: unknown; to?: unknown; entries?: unknown };
  return {
    mode,
    last: range.last,
    from: await field('from'),
    to: await field('to'),
    entries: range.entries,
    message: { from, to, entries },
    nowMs: now(),
    localZone: LOCAL_ZONE,
  };
}

/** Whole seconds: meters know no finer ones. */
function now(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}

const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const FORMS: Record<Exclude<Output, 'row'>, (profile: LoadProfile) => unknown> = {
  object: profile => profile,
  rows: profile => profile.rows,
  csv: toCsv,
  report: toReport,
};
