// What comes by itself on a line, told while it comes: how many bytes, of what kind, whether the key fits, the first values.
// The rules of the file: nothing is ever sent; what began before the listening did is no fault of the line; a key is never told.

import type { Reading } from '../../core/cosem/reading';
import { PushDecoder, type PushEvent, type PushOptions } from '../../core/push';
import type { DlmsError } from '../../core/wire/errors';
import { joined } from '../../core/wire/hex';
import type { ConnectionSettings } from '../settings/settings';
import type { Transport } from '../transport/transport';
import { pause, signalled } from '../transport/wait';
import { formatOf, protocolOf, told, whereOf, type Protocol, type StageName, type Words } from './connection-advice';
import type { TestStage } from './connection-test';

/** What a line that talks by itself is read with. */
export interface ListensWith {
  /** Keys and layouts of the decoder that is to listen there. */
  readonly options?: PushOptions;
  /** The name of a reading in the language of the user; default: the English one. */
  readonly nameOf?: (reading: Reading) => string;
}

/** Takes in what is heard; settled as soon as it is known what the line says. */
export class Hearing {
  readonly #decoders = new Map<string, { readonly decoder: PushDecoder; timer?: NodeJS.Timeout | undefined }>();
  readonly #first: Uint8Array[] = [];
  readonly #settled = signalled();
  #octets = 0;
  #firstAtMs: number | null = null;
  #lastAtMs = 0;
  #verdict: PushEvent | null = null;
  #doubt: DlmsError | null = null;

  constructor(readonly options: PushOptions = {}) {}

  get octets(): number {
    return this.#octets;
  }
  get firstAtMs(): number | null {
    return this.#firstAtMs;
  }
  get lastAtMs(): number {
    return this.#lastAtMs;
  }
  /** A telegram, or what keeps every telegram of this line from being one. */
  get verdict(): PushEvent | null {
    return this.#verdict;
  }
  /** What was wrong last with something that was no telegram. */
  get doubt(): DlmsError | null {
    return this.#doubt;
  }
  get settled(): Promise<void> {
    return this.#settled.promise;
  }
  get protocol(): Protocol {
    return protocolOf(joined(this.#first));
  }

  /** `source` tells streams apart; `message`: it came as one datagram. */
  bytes(chunk: Uint8Array, source = '', message = false): void {
    this.#lastAtMs = performance.now();
    this.#firstAtMs ??= this.#lastAtMs;
    if (this.#octets < FIRST_OCTETS) this.#first.push(chunk.slice());
    this.#octets += chunk.length;
    if (this.#verdict !== null) return;
    const listened = this.#decoders.get(source) ?? { decoder: new PushDecoder({ ...this.options, replay: 'accept' }) };
    if (!this.#decoders.has(source) && this.#decoders.size >= SOURCES_LIMIT) return;
    this.#decoders.set(source, listened);
    clearTimeout(listened.timer);
    const { events, waitMs } = listened.decoder.receive(chunk, message);
    this.#judge(events);
    if (waitMs !== null && this.#verdict === null) {
      listened.timer = setTimeout(() => this.#judge(listened.decoder.timeout().events), waitMs);
    }
  }

  /** Nothing more is taken in; no timer is left. */
  end(): void {
    for (const { timer } of this.#decoders.values()) clearTimeout(timer);
    this.#decoders.clear();
  }

  #judge(events: readonly PushEvent[]): void {
    for (const event of events) {
      if (this.#verdict !== null) return;
      if (event.type === 'telegram' || SAYS_IT_ALL.has(event.error.code)) {
        this.#verdict = event;
        this.#settled.resolve();
      } else this.#doubt = event.error;
    }
  }
}

/** A transport whose bytes are heard along; nothing else about it is another. */
export function heardAlong(inner: Transport, hear: (chunk: Uint8Array) => void): Transport {
  const outer: Transport = {
    where: inner.where,
    lineKey: inner.lineKey,
    open: signal => inner.open(signal),
    write: bytes => inner.write(bytes),
    close: () => inner.close(),
    onBytes: () => undefined,
    onClose: () => undefined,
    ...(inner.dispose !== undefined && { dispose: () => inner.dispose?.() ?? inner.close() }),
    ...(inner.setFormat !== undefined && {
      setFormat: format => inner.setFormat?.(format) ?? Promise.resolve(),
    }),
  };
  inner.onBytes = chunk => {
    hear(chunk);
    outer.onBytes(chunk);
  };
  inner.onClose = cause => outer.onClose(cause);
  return outer;
}

export interface HearingOut {
  readonly settings: ConnectionSettings;
  readonly forMs: number;
  /** So long after the last byte it has been heard enough, telegram or not. Default: only a telegram is enough. */
  readonly quietMs?: number;
  readonly nameOf?: ListensWith['nameOf'];
  readonly signal: AbortSignal;
}

/** Waits for what `hearing` takes in meanwhile and tells it as the stages "bytes" and "telegram". */
export async function hearOut(
  hearing: Hearing,
  { settings, forMs, quietMs, nameOf, signal }: HearingOut,
  tell: (stage: TestStage) => void,
): Promise<void> {
  let beganMs = performance.now();
  const end = (
    stage: StageName,
    state: TestStage['state'],
    says: readonly Words[],
    more: Pick<TestStage, 'advice' | 'error'> = {},
  ): void => tell({ stage, state, says, ...more, elapsedMs: Math.round(performance.now() - beganMs) });
  const seconds = Math.round(forMs / 1000);
  const waiting: Words = { key: 'listening', facts: { seconds } };
  end('bytes', 'running', [waiting]);
  const endsAtMs = beganMs + forMs;
  for (let told = 0; hearing.verdict === null && !signal.aborted;) {
    const nowMs = performance.now();
    const heardEnough =
      hearing.firstAtMs !== null &&
      ((quietMs !== undefined && nowMs - hearing.lastAtMs >= quietMs) || nowMs - hearing.firstAtMs >= ENOUGH_MS);
    if (heardEnough || (nowMs >= endsAtMs && (quietMs === undefined || hearing.octets === 0))) break;
    if (hearing.octets > told) {
      told = hearing.octets;
      end('bytes', 'running', [waiting, { key: 'heard', facts: { octets: told } }]);
    }
    await Promise.race([hearing.settled, pause(Math.min(TELL_EVERY_MS, Math.max(1, endsAtMs - nowMs)), signal)]);
  }
  hearing.end();
  if (hearing.octets === 0) signal.throwIfAborted();

  const { verdict, octets, protocol } = hearing;
  const facts = {
    where: whereOf(settings),
    seconds,
    octets,
    ...(settings.transport.kind === 'serial' && { format: formatOf(settings.transport.format) }),
  };
  if (octets === 0) {
    const key = settings.transport.kind === 'serial' ? 'no-push-serial' : 'no-push-network';
    return end('bytes', 'warning', [{ key: 'heard-none', facts }], { advice: { key, facts } });
  }
  const heard: Words = { key: 'heard', facts: { octets } };
  if (verdict === null) {
    const says = [heard, { key: `looks-${protocol}` }];
    const { doubt } = hearing;
    const error = doubt === null ? {} : { error: told(doubt) };
    if (protocol !== 'unknown' && protocol !== 'parity') {
      return end('bytes', 'warning', says, { advice: { key: 'no-telegram', facts } });
    }
    const advice = { key: settings.transport.kind === 'serial' ? 'noise-push' : 'noise-push-network', facts };
    return end('bytes', 'failed', says, { advice, ...error });
  }
  const { framing } = verdict.origin;
  end('bytes', 'ok', [heard, { key: `looks-${FRAMING_LOOKS[framing ?? ''] ?? protocol}` }]);
  beganMs = performance.now();
  if (verdict.type === 'telegram') return end('telegram', 'ok', wordsOf(verdict, nameOf));
  const { error } = verdict;
  const key = ADVICE[error.code] ?? 'other';
  const state = HEALTHY.has(error.code) ? 'warning' : 'failed';
  end('telegram', state, [{ key: 'telegrams-come' }], {
    advice: { key, facts },
    error: told(error),
  });
}

function wordsOf({ telegram, origin }: PushEvent & { type: 'telegram' }, nameOf: ListensWith['nameOf']): Words[] {
  const { meter, readings } = telegram;
  const security =
    origin.encrypted === true ? (origin.authenticated === true ? 'key-and-tag-fit' : 'key-fits') : 'not-encrypted';
  const measured = readings.filter(r => typeof r.value === 'number' && r.unit !== null);
  const shown = (measured.length > 0 ? measured : readings.filter(r => r.value !== null)).slice(0, READINGS_SHOWN);
  return [
    { key: security },
    ...(meter.id === null ? [] : [{ key: 'from-meter', facts: { meter: meter.id } }]),
    { key: 'came', facts: { count: readings.length } },
    ...shown.map(reading => ({
      key: 'reading',
      facts: { name: nameOf?.(reading) ?? reading.name, value: String(reading.value), unit: reading.unit ?? '' },
    })),
  ];
}

/** Some push each second, most each 5 to 60 s. */
export const LISTEN_MS = 60_000;
/** Bytes for so long without one telegram: more of them will not tell more. */
const ENOUGH_MS = 35_000;
const TELL_EVERY_MS = 1000;
const FIRST_OCTETS = 4096;
const SOURCES_LIMIT = 20;
const READINGS_SHOWN = 5;
/** Problems of every telegram of the line; others may be of one that began before the listening did. */
const SAYS_IT_ALL: ReadonlySet<string> = new Set([
  'NO_KEY',
  'WRONG_KEY',
  'AUTHENTICATION_FAILED',
  'NOT_AUTHENTICATED',
  'NOT_ENCRYPTED',
  'NO_SYSTEM_TITLE',
  'UNKNOWN_LAYOUT',
  'COMPRESSED',
]);
/** The line does what it should; something is missing on our side. */
const HEALTHY: ReadonlySet<string> = new Set(['NO_KEY', 'NO_SYSTEM_TITLE', 'UNKNOWN_LAYOUT', 'NOT_AUTHENTICATED']);
const ADVICE: Readonly<Record<string, string>> = {
  NO_KEY: 'push-no-key',
  WRONG_KEY: 'push-wrong-key',
  AUTHENTICATION_FAILED: 'push-wrong-tag',
  NOT_AUTHENTICATED: 'push-not-proven',
  NOT_ENCRYPTED: 'push-not-proven',
  NO_SYSTEM_TITLE: 'push-system-title',
  UNKNOWN_LAYOUT: 'push-layout',
};
const FRAMING_LOOKS: Readonly<Record<string, Protocol>> = {
  hdlc: 'hdlc',
  wrapper: 'wrapper',
  mbus: 'mbus',
  p1: 'iec',
  sml: 'sml',
};
