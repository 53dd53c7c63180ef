// The simulated meter against the reader, without sockets and without waiting: time passes when both have nothing to say.

import { IecReader } from '../../../src/core/iec62056-21/reader';
import type { ReaderEvent, ReaderOptions } from '../../../src/core/iec62056-21/reader-options';
import type { Step } from '../../../src/core/step';
import { garbled, SimulatedIecMeter, type IecMeterOptions } from '../../../src/sim/iec-meter';

export interface Played {
  readonly events: readonly ReaderEvent[];
  readonly meter: SimulatedIecMeter;
  readonly reader: IecReader;
  /** All that we sent, as text. */
  readonly sent: readonly string[];
  /** Time the reader waited for nothing, in milliseconds. */
  readonly waitedMs: number;
}

/** `knowsRate`: each side's characters are garbage to the other at another rate; false: a line with one rate for both. */
export function play(
  meterOptions: IecMeterOptions,
  options: ReaderOptions = {},
  chunk = Infinity,
  knowsRate = true,
): Played {
  const meter = new SimulatedIecMeter(meterOptions);
  const reader = new IecReader(options);
  const events: ReaderEvent[] = [];
  const sent: string[] = [];
  const toReader: { bytes: Uint8Array; baud: number }[] = [];
  let baud = options.baudRate ?? 300;
  let waitedMs = 0;
  const station = meter.attach({
    write: (bytes, at) => {
      const size = Number.isFinite(chunk) ? chunk : bytes.length;
      for (let i = 0; i < bytes.length; i += size) toReader.push({ bytes: bytes.slice(i, i + size), baud: at });
    },
  });
  const ended = (): boolean => events.some(e => e.type === 'done' || e.type === 'fault');
  const carryOut = (step: Step<ReaderEvent>): number | null => {
    const sentAt = baud;
    sent.push(...step.write.map(bytes => String.fromCharCode(...bytes)));
    for (const e of step.events) {
      events.push(e);
      if (e.type === 'format') baud = e.format.baudRate;
    }
    // The real meter answers when our port has changed; this one at once, but what it says is heard below.
    for (const bytes of step.write) station.receive(bytes, knowsRate ? sentAt : undefined);
    return step.waitMs;
  };
  let waitMs = carryOut(reader.start());
  for (let n = 0; n < 100_000 && !ended(); n++) {
    const next = toReader.shift();
    if (next !== undefined) {
      const heard = knowsRate && next.baud !== baud ? garbled(next.bytes) : next.bytes;
      waitMs = carryOut(reader.receive(heard)) ?? waitMs;
    } else {
      waitedMs += waitMs ?? 0;
      waitMs = carryOut(reader.timeout());
    }
  }
  station.close();
  return { events, meter, reader, sent, waitedMs };
}

export function telegrams(played: Played): Extract<ReaderEvent, { type: 'telegram' }>[] {
  return played.events.filter(e => e.type === 'telegram');
}

export function faultOf(played: Played): string | null {
  return played.events.find(e => e.type === 'fault')?.error.code ?? null;
}
