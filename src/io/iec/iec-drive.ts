// Drives an IecReader over a Transport: the one place of IEC 62056-21 with timers and an AbortSignal.
// The rule of the file: what a step says is carried out in its order, whatever arrives meanwhile.

import type { IecReader } from '../../core/iec62056-21/reader';
import type { ReaderEvent, ReaderHints, ReaderOptions } from '../../core/iec62056-21/reader-options';
import type { Step } from '../../core/step';
import { DlmsError } from '../../core/wire/errors';
import { Alarm } from '../transport/alarm';
import { lostError } from '../transport/net-errors';
import type { Transport } from '../transport/transport';

/** Runs a reader to its `done` or `fault`; rejects with the fault's error. Silence and the limits of steps are its time-outs. */
export async function drive(
  transport: Transport,
  reader: IecReader,
  limits: { readonly signal: AbortSignal; readonly limitMs: number },
  onEvent: (event: ReaderEvent) => void,
): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const silence = new Alarm(() => input(() => reader.timeout()));
  const bound = new Alarm(() => input(() => reader.timeout(true)));
  let turn = 0;
  /** The input that named the bound last. */
  let boundOf = 0;
  let effects: Promise<void> = Promise.resolve();
  let settle: { resolve: () => void; reject: (error: unknown) => void };
  const finished = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  let over = false;

  const input = (take: () => Step<ReaderEvent>): void => {
    if (over) return;
    silence.quiet();
    const mine = ++turn;
    let taken: Step<ReaderEvent>;
    try {
      taken = take();
    } catch (error) {
      settle.reject(error);
      return;
    }
    if (taken.waitMs === null || taken.limitMs !== undefined) {
      bound.quiet();
      boundOf = mine;
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
    if (over) return;
    if (taken.waitMs !== null && mine === turn) silence.set(taken.waitMs);
    if (taken.limitMs !== undefined && mine === boundOf) bound.set(taken.limitMs);
  };
  const abort = (): void => {
    settle.reject(
      limits.signal.reason instanceof DlmsError
        ? limits.signal.reason
        : new DlmsError({ code: 'ABORTED', what: `the readout of ${transport.where}` }),
    );
  };

  transport.onBytes = chunk => input(() => reader.receive(chunk));
  transport.onClose = cause => settle.reject(lostError(cause, transport.where));
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
    silence.stop();
    bound.stop();
    clearTimeout(limit);
    limits.signal.removeEventListener('abort', abort);
    // Bytes between here and the next listener are collected by ModeETransport, or belong to nobody.
    transport.onClose = () => undefined;
  }
}

/** What depends on the line: whether the rate can follow, and how patient one has to be. */
export function withLine(options: ReaderOptions, transport: Transport, hints: ReaderHints): ReaderOptions {
  const local = transport.setFormat !== undefined && !transport.lineKey.startsWith('tcp:');
  return {
    ...options,
    hints,
    rateFollows: options.rateFollows ?? transport.setFormat !== undefined,
    otherRates: options.otherRates ?? (options.baudRate === undefined ? OTHER_RATES : []),
    answerTimeoutMs: options.answerTimeoutMs ?? (local ? 3000 : 6000),
    characterTimeoutMs: options.characterTimeoutMs ?? (local ? 2000 : 5000),
  };
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** 9600: RS-485 meters and gateways that know no other rate (ZPA AM363, Energomera). Then those of IEC 62056-21, 6.3.14. */
export const OTHER_RATES: readonly number[] = [9600, 300, 2400, 4800, 19200];
