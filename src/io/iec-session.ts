// Drives an IecReader over a Transport: the one place of IEC 62056-21 with timers and an AbortSignal.
// The rule of the file: what a step says is carried out in its order, whatever arrives meanwhile; nothing is read twice at once.

import type { Meter } from '../core/cosem/reading';
import type { Identification } from '../core/iec62056-21/identification';
import type { DecoderEvent } from '../core/iec62056-21/decoder';
import { IecReader } from '../core/iec62056-21/reader';
import type {
  ReadPlan,
  ReaderEvent,
  ReaderHints,
  ReaderOptions,
  RegisterFailure,
} from '../core/iec62056-21/reader-options';
import type { IecProfile } from '../core/iec62056-21/profile';
import { transmissionMs } from '../core/iec62056-21/characters';
import type { Step } from '../core/step';
import { DlmsError } from '../core/wire/errors';
import { concat } from '../core/wire/hex';
import type { SerialFormat, Transport } from './transport';

export type TelegramEvent = Extract<ReaderEvent, { type: 'telegram' }>;

/** What one readout gave. */
export interface IecReadout {
  readonly identification: Identification | null;
  readonly telegrams: readonly TelegramEvent[];
  readonly profiles: readonly { readonly profile: IecProfile; readonly meter: Meter }[];
  /** What did not check out and was reported instead of failing the readout (check policy "warn"). */
  readonly problems: readonly DlmsError[];
  /** Registers that the meter refused. */
  readonly failures: readonly RegisterFailure[];
  /** For the next readout of this meter. */
  readonly hints: ReaderHints;
  readonly durationMs: number;
}

export interface IecProgress {
  readonly stage: 'connecting' | 'waking' | 'requesting' | 'reading' | 'repeating';
  readonly characters: number;
  /** Of the whole readout, from the size and rate of the last; null before the first. */
  readonly expectedMs: number | null;
  readonly elapsedMs: number;
}

export interface IecSessionOptions extends ReaderOptions {
  /** Battery meters: not woken again before this time has passed, in milliseconds. Default one hour, 0: no guard. */
  readonly wakeUpGuardMs?: number;
  /** Called with everything a reader says, for traces. */
  readonly onEvent?: (event: ReaderEvent) => void;
}

/** Readouts of one meter, one after the other; keeps what it learned of the meter. */
export class IecSession {
  #hints: ReaderHints;
  #runningSinceMs: number | null = null;
  #lastWakeUpMs: number | null = null;
  #lastDurationMs: number | null = null;

  constructor(readonly options: IecSessionOptions = {}) {
    this.#hints = options.hints ?? {};
  }

  get busy(): boolean {
    return this.#runningSinceMs !== null;
  }
  get hints(): ReaderHints {
    return this.#hints;
  }
  /** How long the next readout will take, from the last one; null before the first. */
  get expectedMs(): number | null {
    if (this.#lastDurationMs !== null) return this.#lastDurationMs;
    const { characters, baudRate } = this.#hints;
    return characters === undefined || baudRate === undefined ? null : DEAD_MS + transmissionMs(characters, baudRate);
  }

  /**
   * Opens the transport, reads, closes it. Rejects with READOUT_RUNNING while another readout runs (it is skipped, not
   * queued), and with what went wrong: NO_ANSWER, BCC_MISMATCH, WRONG_PASSWORD, ABORTED, CONNECTION_LOST, ...
   * `plan`: what this readout is for, in place of the option.
   */
  async read(
    transport: Transport,
    signal: AbortSignal,
    onProgress: (progress: IecProgress) => void = () => undefined,
    plan: ReadPlan | undefined = this.options.read,
  ): Promise<IecReadout> {
    const startedMs = Date.now();
    if (this.#runningSinceMs !== null) {
      const forMs = startedMs - this.#runningSinceMs;
      throw new DlmsError({ code: 'READOUT_RUNNING', where: transport.where, forMs });
    }
    this.#guardBattery(startedMs);
    this.#runningSinceMs = startedMs;
    try {
      const asked = plan === undefined ? this.options : { ...this.options, read: plan };
      const options = withLine(asked, transport, this.#hints);
      const { characters } = this.#hints;
      const events: ReaderEvent[] = [];
      const tell = (stage: IecProgress['stage'], received = 0): void =>
        onProgress({ stage, characters: received, expectedMs: this.expectedMs, elapsedMs: Date.now() - startedMs });
      tell('connecting');
      await transport.open(signal);
      tell((options.wakeUpCharacters ?? 0) > 0 ? 'waking' : 'requesting');
      await drive(transport, new IecReader(options), { signal, limitMs: this.#limitMs(characters) }, event => {
        this.options.onEvent?.(event);
        if (event.type === 'progress') tell('reading', event.characters);
        else if (event.type === 'retry') tell('repeating');
        else events.push(event);
      });
      const durationMs = Date.now() - startedMs;
      const done = events.find(event => event.type === 'done');
      if (done?.type === 'done') this.#hints = done.hints;
      this.#lastDurationMs = durationMs;
      return readoutOf(events, this.#hints, durationMs);
    } finally {
      this.#runningSinceMs = null;
      await transport.close();
    }
  }

  #guardBattery(nowMs: number): void {
    if ((this.options.wakeUpCharacters ?? 0) === 0) return;
    const guardMs = this.options.wakeUpGuardMs ?? WAKE_UP_GUARD_MS;
    if (this.#lastWakeUpMs !== null && nowMs - this.#lastWakeUpMs < guardMs) {
      const restMinutes = Math.ceil((guardMs - (nowMs - this.#lastWakeUpMs)) / 60_000);
      const what = `waking a battery meter again before ${restMinutes} more minutes have passed`;
      throw new DlmsError({ code: 'NOT_SUPPORTED', what });
    }
    this.#lastWakeUpMs = nowMs;
  }

  /** Time for everything: the setting, or three times what the last size needs at the start rate when that is less. */
  #limitMs(characters: number | undefined): number {
    const settingMs = (this.options.maxReadoutSeconds ?? MAX_READOUT_SECONDS) * 1000;
    const knownMs = characters === undefined ? Infinity : 3 * transmissionMs(characters, this.options.baudRate ?? 300);
    return Math.min(settingMs, Math.max(knownMs, LEAST_LIMIT_MS));
  }
}

/**
 * Opens a transport and signs on for HDLC in mode E; afterwards the line is 8N1 at the agreed rate and belongs to HDLC.
 * Bytes that came behind the sign-on are delivered first. Rejects as IecSession.read, UNEXPECTED_RESPONSE when the meter
 * sends a plain readout instead, NOT_SUPPORTED when it offers no HDLC.
 */
export async function openModeE(
  transport: Transport,
  options: ReaderOptions,
  signal?: AbortSignal,
): Promise<Transport> {
  const opened = new ModeETransport(transport, options);
  await opened.open(signal);
  return opened;
}

/** What the sign-on of mode E left behind. */
export interface SignedOn {
  readonly identification: Identification | null;
  readonly baudRate: number;
  /** false: no confirmation came, the rate was changed all the same. */
  readonly confirmed: boolean;
  /** Bytes that came behind the confirmation; they are HDLC's. */
  readonly surplus: Uint8Array;
}

/**
 * Signs on for HDLC on a transport that is open. Whoever sets `onBytes` in the same turn as this resolves misses nothing
 * but `surplus`, which comes before. Rejects as {@link openModeE}.
 */
export async function signOnForHdlc(
  transport: Transport,
  options: ReaderOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<SignedOn> {
  let signedOn: SignedOn | null = null;
  let identification: Identification | null = null;
  const reader = new IecReader({ ...withLine(options, transport, options.hints ?? {}), mode: 'e' });
  await drive(transport, reader, { signal, limitMs: SIGN_ON_LIMIT_MS }, event => {
    if (event.type === 'identification') identification = event.identification;
    if (event.type !== 'hdlc') return;
    const { baudRate, confirmed, surplus } = event;
    signedOn = {
      identification,
      baudRate,
      confirmed,
      surplus: concat(signedOn?.surplus ?? new Uint8Array(0), surplus),
    };
  });
  if (signedOn === null) throw new DlmsError({ code: 'INTERNAL', reason: 'a sign-on ended without a hand-over' });
  return signedOn;
}

/** A Transport whose open() includes the sign-on of mode E, so that HDLC finds the line as it expects it. */
export class ModeETransport implements Transport {
  readonly where: string;
  readonly lineKey: string;
  #onBytes: ((chunk: Uint8Array) => void) | null = null;
  /** Came before anyone listened. Bounded: a meter does not speak unasked here. */
  #early: Uint8Array[] = [];
  #identification: Identification | null = null;
  #signedOn = false;
  onClose: (cause?: Error) => void = () => undefined;
  readonly setFormat?: (format: Partial<SerialFormat>) => Promise<void>;

  constructor(
    readonly inner: Transport,
    readonly options: ReaderOptions = {},
  ) {
    this.where = inner.where;
    this.lineKey = inner.lineKey;
    if (inner.setFormat !== undefined) this.setFormat = format => inner.setFormat?.(format) ?? Promise.resolve();
  }

  /** Who answered the sign-on. */
  get identification(): Identification | null {
    return this.#identification;
  }

  set onBytes(listener: (chunk: Uint8Array) => void) {
    this.#onBytes = listener;
    this.#handEarly();
  }
  get onBytes(): (chunk: Uint8Array) => void {
    return this.#onBytes ?? (() => undefined);
  }

  async open(signal?: AbortSignal): Promise<void> {
    if (this.#signedOn) return;
    const { inner } = this;
    await inner.open(signal);
    try {
      const signedOn = await signOnForHdlc(inner, this.options, signal);
      inner.onBytes = chunk => this.#deliver(chunk);
      this.#identification = signedOn.identification;
      this.#deliver(signedOn.surplus);
      inner.onClose = cause => {
        this.#signedOn = false;
        this.onClose(cause);
      };
      this.#signedOn = true;
      this.#handEarly();
    } catch (error) {
      await inner.close();
      throw error;
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.inner.write(bytes);
  }

  close(): Promise<void> {
    this.#signedOn = false;
    this.#early = [];
    return this.inner.close();
  }

  #deliver(chunk: Uint8Array): void {
    if (chunk.length > 0 && this.#early.length < EARLY_CHUNKS) this.#early.push(chunk.slice());
    this.#handEarly();
  }

  #handEarly(): void {
    if (!this.#signedOn || this.#onBytes === null) return;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#onBytes(chunk);
  }
}

/** Runs a reader to its `done` or `fault`; rejects with the fault's error. Between two chunks there is one timer. */
async function drive(
  transport: Transport,
  reader: IecReader,
  limits: { readonly signal: AbortSignal; readonly limitMs: number },
  onEvent: (event: ReaderEvent) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let limit: NodeJS.Timeout | undefined;
  let turn = 0;
  let effects: Promise<void> = Promise.resolve();
  let settle: { resolve: () => void; reject: (error: unknown) => void };
  const finished = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  let over = false;

  const input = (take: () => Step<ReaderEvent>): void => {
    if (over) return;
    clearTimeout(timer);
    const mine = ++turn;
    let taken: Step<ReaderEvent>;
    try {
      taken = take();
    } catch (error) {
      settle.reject(error);
      return;
    }
    effects = effects.then(() => carryOut(taken, mine)).catch((error: unknown) => settle.reject(error));
  };
  const carryOut = async (taken: Step<ReaderEvent>, mine: number): Promise<void> => {
    for (const bytes of taken.write) await transport.write(bytes);
    for (const event of taken.events) {
      if (event.type === 'format') {
        if (event.afterMs > 0) await pause(event.afterMs);
        await transport.setFormat?.(event.format);
      }
      onEvent(event);
      if (event.type === 'fault') return settle.reject(event.error);
      if (event.type === 'done') return settle.resolve();
    }
    if (taken.waitMs !== null && mine === turn && !over)
      timer = setTimeout(() => input(() => reader.timeout()), taken.waitMs);
  };
  const abort = (): void => {
    settle.reject(
      limits.signal.reason instanceof DlmsError
        ? limits.signal.reason
        : new DlmsError({ code: 'ABORTED', what: `the readout of ${transport.where}` }),
    );
  };

  transport.onBytes = chunk => input(() => reader.receive(chunk));
  transport.onClose = cause => {
    const reason = cause?.message ?? 'the other side closed it';
    settle.reject(new DlmsError({ code: 'CONNECTION_LOST', where: transport.where, reason }, { cause }));
  };
  try {
    if (limits.signal.aborted) abort();
    limits.signal.addEventListener('abort', abort, { once: true });
    limit = setTimeout(() => {
      const seconds = Math.round(limits.limitMs / 1000);
      settle.reject(
        new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'seconds of one readout', limit: seconds, actual: seconds }),
      );
    }, limits.limitMs);
    input(() => reader.start());
    await finished;
    // What came while the last steps were carried out belongs to this readout too.
    for (let last: Promise<void> | null = null; last !== effects; await last) last = effects;
  } catch (error) {
    over = true;
    // A session in programming mode is left with a break, even when nobody waits for its answer.
    for (const bytes of reader.abort().write) await transport.write(bytes).catch(() => undefined);
    throw error;
  } finally {
    over = true;
    clearTimeout(timer);
    clearTimeout(limit);
    limits.signal.removeEventListener('abort', abort);
    // Bytes between here and the next listener are collected by ModeETransport, or belong to nobody.
    transport.onClose = () => undefined;
  }
}

/** What depends on the line: whether the rate can follow, and how patient one has to be. */
function withLine(options: ReaderOptions, transport: Transport, hints: ReaderHints): ReaderOptions {
  const local = transport.setFormat !== undefined && !transport.lineKey.startsWith('tcp:');
  return {
    ...options,
    hints,
    rateFollows: options.rateFollows ?? transport.setFormat !== undefined,
    answerTimeoutMs: options.answerTimeoutMs ?? (local ? 3000 : 6000),
    characterTimeoutMs: options.characterTimeoutMs ?? (local ? 2000 : 5000),
  };
}

function readoutOf(events: readonly ReaderEvent[], hints: ReaderHints, durationMs: number): IecReadout {
  const telegrams = events.filter(event => event.type === 'telegram');
  const problems = events.filter(
    (event): event is Extract<DecoderEvent, { type: 'problem' }> => event.type === 'problem',
  );
  return {
    identification: events.find(event => event.type === 'identification')?.identification ?? null,
    telegrams,
    profiles: events.filter(event => event.type === 'profile').map(({ profile, meter }) => ({ profile, meter })),
    problems: problems.map(event => event.error),
    failures: telegrams.flatMap(event => event.failures ?? []),
    hints,
    durationMs,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Sign-on and reactions at 300 baud before the first character of data. */
const DEAD_MS = 1550;
const MAX_READOUT_SECONDS = 300;
const LEAST_LIMIT_MS = 30_000;
const SIGN_ON_LIMIT_MS = 20_000;
const WAKE_UP_GUARD_MS = 3_600_000;
const EARLY_CHUNKS = 1000;
