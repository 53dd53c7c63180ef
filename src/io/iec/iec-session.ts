// Readouts of one meter over a Transport, one after the other, with what was learned of it.
// The rule of the file: nothing is read twice at once; what overlaps is refused. Times are of a clock that is never set.

import type { Meter, Origin } from '../../core/cosem/reading';
import type { Identification } from '../../core/iec62056-21/identification';
import type { DecoderEvent } from '../../core/iec62056-21/decoder';
import { IecReader } from '../../core/iec62056-21/reader';
import type {
  ReadPlan,
  ReaderEvent,
  ReaderHints,
  ReaderOptions,
  RegisterFailure,
} from '../../core/iec62056-21/reader-options';
import type { IecProfile } from '../../core/iec62056-21/profile';
import { transmissionMs } from '../../core/iec62056-21/characters';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { drive, withLine } from './iec-drive';
import { RefusedPasswords } from './refused-passwords';
import type { Transport } from '../transport/transport';

export type TelegramEvent = Extract<ReaderEvent, { type: 'telegram' }>;

/** What one readout gave. */
export interface IecReadout {
  readonly identification: Identification | null;
  readonly telegrams: readonly TelegramEvent[];
  readonly profiles: readonly { readonly profile: IecProfile; readonly meter: Meter; readonly origin: Origin }[];
  /** What did not check out and was reported instead of failing the readout (check policy "warn"). */
  readonly problems: readonly DlmsError[];
  /** What had to be asked once more, and why. */
  readonly repeated: readonly DlmsError[];
  /** In what it answers otherwise than the book says; told once, with what to set. */
  readonly learned: readonly string[];
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
  /** What was refused at this meter, where other sessions ask it too. */
  readonly passwords?: RefusedPasswords;
  /** Called with everything a reader says, for traces. */
  readonly onEvent?: (event: ReaderEvent) => void;
}

/** Readouts of one meter, one after the other; keeps what it learned of the meter. */
export class IecSession {
  #hints: ReaderHints;
  #runningSinceMs: number | null = null;
  #lastWakeUpMs: number | null = null;
  #lastDurationMs: number | null = null;
  readonly #passwords: RefusedPasswords;

  constructor(readonly options: IecSessionOptions = {}) {
    this.#hints = options.hints ?? {};
    this.#passwords = options.passwords ?? new RefusedPasswords();
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
    const startedMs = performance.now();
    if (this.#runningSinceMs !== null) {
      const forMs = Math.round(startedMs - this.#runningSinceMs);
      throw new DlmsError({ code: 'READOUT_RUNNING', where: transport.where, forMs });
    }
    this.#guardBattery(startedMs);
    const asksList = (plan?.what ?? 'list') === 'list';
    const password = asksList ? '' : (this.options.password ?? '');
    if (password !== '') this.#passwords.guard(password, startedMs);
    let unanswered = false;
    this.#runningSinceMs = startedMs;
    try {
      const asked = plan === undefined ? this.options : { ...this.options, read: plan };
      const options = withLine(asked, transport, this.#hints);
      // The size of the last list says nothing of registers and profiles.
      const characters = asksList ? this.#hints.characters : undefined;
      const events: ReaderEvent[] = [];
      const tell = (stage: IecProgress['stage'], received = 0): void =>
        onProgress({
          stage,
          characters: received,
          expectedMs: this.expectedMs,
          elapsedMs: Math.round(performance.now() - startedMs),
        });
      tell('connecting');
      await transport.open(signal);
      const wakes = (options.wakeUpCharacters ?? 0) > 0;
      if (wakes) this.#lastWakeUpMs = startedMs;
      tell(wakes ? 'waking' : 'requesting');
      await drive(transport, new IecReader(options), { signal, limitMs: this.#limitMs(characters) }, event => {
        this.options.onEvent?.(event);
        if (event.type === 'identification') this.#meet(event.identification.raw);
        if (event.type === 'fault') unanswered = event.password === 'unanswered';
        if (event.type === 'progress') tell('reading', event.characters);
        else events.push(event);
        if (event.type === 'retry') tell('repeating');
      });
      const durationMs = Math.round(performance.now() - startedMs);
      const done = events.find(event => event.type === 'done');
      if (done?.type === 'done') this.#hints = done.hints;
      this.#lastDurationMs = durationMs;
      // A list says nothing of passwords: it does not end the pause.
      if (password !== '') this.#passwords.taken(password);
      return readoutOf(events, this.#hints, durationMs);
    } catch (error) {
      // Some meters say nothing to a wrong password, and count it all the same.
      const refused = isDlmsError(error) && error.code === 'WRONG_PASSWORD';
      if (refused || unanswered) this.#passwords.refused(password, performance.now(), unanswered);
      throw error;
    } finally {
      this.#runningSinceMs = null;
      await transport.close();
    }
  }

  /** Size and duration of one meter's list would cut that of the next one under the same head. */
  #meet(identification: string): void {
    const { identification: known = identification } = this.#hints;
    if (known === identification) return;
    this.#hints = { identification };
    this.#lastDurationMs = null;
  }

  #guardBattery(nowMs: number): void {
    if ((this.options.wakeUpCharacters ?? 0) === 0) return;
    const guardMs = this.options.wakeUpGuardMs ?? WAKE_UP_GUARD_MS;
    if (this.#lastWakeUpMs !== null && nowMs - this.#lastWakeUpMs < guardMs) {
      const restMinutes = Math.ceil((guardMs - (nowMs - this.#lastWakeUpMs)) / 60_000);
      const what = `waking a battery meter again before ${restMinutes} more minutes have passed`;
      throw new DlmsError({ code: 'NOT_SUPPORTED', what });
    }
  }

  /** Time for everything: the setting, or three times what the last size needs at the start rate when that is less. */
  #limitMs(characters: number | undefined): number {
    const settingMs = (this.options.maxReadoutSeconds ?? MAX_READOUT_SECONDS) * 1000;
    const knownMs = characters === undefined ? Infinity : 3 * transmissionMs(characters, this.options.baudRate ?? 300);
    return Math.min(settingMs, Math.max(knownMs, LEAST_LIMIT_MS));
  }
}

function readoutOf(events: readonly ReaderEvent[], hints: ReaderHints, durationMs: number): IecReadout {
  const telegrams = events.filter(event => event.type === 'telegram');
  const problems = events.filter(
    (event): event is Extract<DecoderEvent, { type: 'problem' }> => event.type === 'problem',
  );
  return {
    identification: events.find(event => event.type === 'identification')?.identification ?? null,
    telegrams,
    profiles: events.filter(event => event.type === 'profile'),
    problems: problems.map(event => event.error),
    repeated: events.flatMap(event => (event.type === 'retry' ? [event.reason] : [])),
    learned: events.flatMap(event => (event.type === 'learned' ? [event.text] : [])),
    failures: telegrams.flatMap(event => event.failures ?? []),
    hints,
    durationMs,
  };
}

/** Sign-on and reactions at 300 baud before the first character of data. */
const DEAD_MS = 1550;
const MAX_READOUT_SECONDS = 300;
const LEAST_LIMIT_MS = 30_000;
const WAKE_UP_GUARD_MS = 3_600_000;

export { ModeETransport, openModeE } from './iec-mode-e';
