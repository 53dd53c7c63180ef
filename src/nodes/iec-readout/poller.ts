// Polls meters for dlms-iec-readout: one readout at a time for each, ranges of profiles, progress in words.
// The rule of the file: a trigger that overlaps is refused, never queued.

import { createHash } from 'node:crypto';
import type { Node, NodeAPI, NodeMessageInFlow } from 'node-red';
import { epochOf } from '../../core/cosem/date-time';
import { profileTable } from '../../core/iec62056-21/profile';
import { DlmsError } from '../../core/wire/errors';
import { IecSession, type IecProgress, type IecReadout } from '../../io/iec/iec-session';
import { RefusedPasswords } from '../../io/iec/refused-passwords';
import type { Properties } from '../../io/settings/settings';
import type { Connection } from '../lib/connection-api';
import { readoutFields } from './payload';
import { LOCAL_ZONE, readPlan, registerList, type IecSettings } from './meaning';
import type { Fields, Task } from '../lib/on-input';
import { evaluate, text } from '../lib/props';
import type { Said } from '../lib/status-words';
import { keepsLastRead, wantedRange, type WantedRange } from '../lib/range';

/** What a message may say itself. */
export type Extra = {
  readonly topic?: unknown;
  readonly reset?: unknown;
  readonly [name: string]: unknown;
};

interface Run {
  readonly address: string;
  readonly session: IecSession;
  readonly startedMs: number;
  running: boolean;
}

/** Asks meters, one after the other on a line; keeps a session for each of them, with what it learned of it. */
export class Poller {
  /** By address and password, in the order in which they were read last. */
  readonly #meters = new Map<string, Run>();
  /** By address: another password for the same meter is not another meter. */
  readonly #passwords = new Map<string, RefusedPasswords>();
  #warned = false;

  constructor(
    private readonly RED: NodeAPI,
    private readonly node: Node,
  ) {}

  async read(
    settings: IecSettings,
    msg: NodeMessageInFlow,
    task: Task,
    connection: Connection,
  ): Promise<Fields | null> {
    const { meter } = task;
    const { obis, objects, registers } = msg as Extra;
    const asked = registerList(registers ?? objects ?? obis, 'the registers of the message');
    const wanted = settings.read === 'profile' ? await this.#range(settings, msg, connection, meter) : ALL;
    const window = wanted.kind === 'time' ? wanted : { fromMs: null, toMs: null };
    const plan = readPlan(settings, asked.length > 0 ? asked : settings.registers, window);
    const meterAddress = addressOf(meter) ?? settings.session.meterAddress ?? '';
    const password = this.#password(settings, connection, meter);
    const address = `${connection.meterKey(meter)} ${meterAddress}`;
    const key = `${address} ${password === null ? '' : hash(password)}`;
    const nowMs = performance.now();
    const known = this.#meters.get(key);
    if (known?.running === true) {
      throw new DlmsError({
        code: 'READOUT_RUNNING',
        where: connection.where,
        forMs: Math.round(nowMs - known.startedMs),
      });
    }
    const session =
      known?.session ??
      new IecSession({
        ...settings.session,
        meterAddress,
        passwords: this.#passwordsOf(address),
        ...(password !== null && { password }),
      });
    this.#warnOfHurry(nowMs - (known?.startedMs ?? -Infinity), session.expectedMs);
    const run: Run = { address, session, startedMs: nowMs, running: true };
    this.#meters.delete(key);
    this.#meters.set(key, run);
    this.#forgetOldest(nowMs);
    try {
      const readout = await connection.withTransport(
        (transport, signal) => session.read(transport, signal, progress => task.progress(progressText(progress)), plan),
        task.signal,
        meter,
      );
      for (const text of readout.learned) this.node.warn(`${connection.where}: ${text}`);
      if (keepsLastRead(wanted)) this.#keepNewest(readout, settings, connection, meter);
      const messages = readoutFields(readout, settings, wanted);
      for (const fields of messages.slice(0, -1)) task.emit(fields);
      return messages.at(-1) ?? null;
    } finally {
      run.running = false;
    }
  }

  #passwordsOf(address: string): RefusedPasswords {
    const passwords = this.#passwords.get(address) ?? new RefusedPasswords();
    this.#passwords.set(address, passwords);
    return passwords;
  }

  /** No meter that is being read; and no pause as long as a session of its meter counts in it, or it lasts. */
  #forgetOldest(nowMs: number): void {
    for (const [key, { running }] of this.#meters) {
      if (this.#meters.size <= METERS) break;
      if (!running) this.#meters.delete(key);
    }
    if (this.#passwords.size <= METERS) return;
    const kept = new Set([...this.#meters.values()].map(({ address }) => address));
    for (const [address, passwords] of this.#passwords)
      if (!kept.has(address) && !passwords.isPausing(nowMs)) this.#passwords.delete(address);
  }

  /** That of the message; null: the node's own, which is only for the place it was saved for. */
  #password(settings: IecSettings, connection: Connection, meter: Properties | undefined): string | null {
    const given = text(meter?.['password'], null);
    if (given === null && settings.read !== 'list' && (settings.session.password ?? '') !== '')
      connection.guardPlace(meter);
    return given;
  }

  async #range(
    settings: IecSettings,
    msg: NodeMessageInFlow,
    connection: Connection,
    meter: Properties | undefined,
  ): Promise<WantedRange> {
    const { profile } = settings;
    const { mode } = profile;
    const { from, to } = msg as Extra;
    const field = (name: 'from' | 'to'): Promise<unknown> =>
      mode === 'between' && text(profile[name], null) !== null
        ? evaluate(this.RED, this.node, msg, `profile ${name}`, profile[name], profile[`${name}Type`])
        : Promise.resolve(undefined);
    return wantedRange({
      mode,
      last: profile.last,
      from: await field('from'),
      to: await field('to'),
      entries: undefined,
      message: { from, to },
      lastReadMs: connection.numbers.get(this.#position(settings, connection, meter)),
      nowMs: Date.now(),
      policy: { mode: 'zone', zone: settings.zone ?? LOCAL_ZONE },
      localZone: LOCAL_ZONE,
    });
  }

  #keepNewest(readout: IecReadout, settings: IecSettings, connection: Connection, meter: Properties | undefined): void {
    const policy = { mode: 'zone' as const, zone: settings.zone ?? LOCAL_ZONE };
    for (const { profile } of readout.profiles) {
      const { to } = profileTable(profile);
      const newest = to === null ? null : epochOf(to, policy);
      if (newest !== null) connection.numbers.set(this.#position(settings, connection, meter), newest);
    }
  }

  #position({ profile: { code } }: IecSettings, connection: Connection, meter: Properties | undefined): string {
    return `last iec read ${this.node.id} ${code} ${connection.meterKey(meter)} ${addressOf(meter) ?? ''}`;
  }

  /** Triggers come faster than the line carries: said once, in the log. */
  #warnOfHurry(sinceMs: number, expectedMs: number | null): void {
    if (this.#warned || expectedMs === null || expectedMs < 5000 || sinceMs >= 1.2 * expectedMs) return;
    this.#warned = true;
    const [every, takes] = [sinceMs, expectedMs].map(ms => Math.round(ms / 1000));
    this.node.warn(
      `triggered every ${every} s, but one readout takes ${takes} s: read less often, or only the registers needed`,
    );
  }
}

/** For a key of a map: the secret itself stays where it is used. */
function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function addressOf(meter: unknown): string | undefined {
  if (typeof meter !== 'object' || meter === null || !('meterAddress' in meter)) return undefined;
  return text(meter.meterAddress, '');
}

function progressText({ stage, characters, expectedMs, elapsedMs }: IecProgress): Said {
  const seconds = (ms: number): number => Math.round(ms / 1000);
  const all = expectedMs === null ? {} : { all: seconds(expectedMs) };
  if (stage === 'reading') {
    const facts = { n: characters, seconds: seconds(elapsedMs), ...all };
    return { word: expectedMs === null ? 'characters' : 'characters-of', facts };
  }
  const at = { word: stage };
  return expectedMs === null ? at : [at, { word: 'about', facts: { seconds: seconds(expectedMs) } }];
}

const ALL: WantedRange = { kind: 'all' };
/** Meters of one node whose learned facts are kept. */
const METERS = 500;
