// The sign-on of mode E: a line that is opened in text and speaks HDLC then. IEC 62056-21, annex B.
// The rule of the file: no byte behind the confirmation is lost, whoever listens when.

import type { Identification } from '../../core/iec62056-21/identification';
import { IecReader } from '../../core/iec62056-21/reader';
import type { ReaderHints, ReaderOptions } from '../../core/iec62056-21/reader-options';
import { DlmsError } from '../../core/wire/errors';
import { concat } from '../../core/wire/hex';
import { drive, withLine } from './iec-drive';
import type { SerialFormat, Transport } from '../transport/transport';

/**
 * Opens a transport and signs on for HDLC in mode E; afterwards the line is 8N1 at the agreed rate and belongs to HDLC.
 * Bytes that came behind the sign-on are delivered first. Rejects as IecSession.read, UNEXPECTED_RESPONSE when the meter
 * sends a plain readout instead, IEC_REFUSED when it refuses. HDLC is asked for without \2 in the identification too.
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
  /** What was learned of the meter, for the next time. */
  readonly hints: ReaderHints;
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
      hints: reader.hints,
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
  #hints: ReaderHints;
  onClose: (cause?: Error) => void = () => undefined;
  readonly setFormat?: (format: Partial<SerialFormat>) => Promise<void>;

  constructor(
    readonly inner: Transport,
    readonly options: ReaderOptions = {},
  ) {
    this.where = inner.where;
    this.lineKey = inner.lineKey;
    this.#hints = options.hints ?? {};
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
      const signedOn = await signOnForHdlc(inner, { ...this.options, hints: this.#hints }, signal);
      this.#hints = signedOn.hints;
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

const SIGN_ON_LIMIT_MS = 60_000;
const EARLY_CHUNKS = 1000;
