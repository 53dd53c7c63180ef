// Text meters without a dialogue: payloads of messages and lines that are listened to, each stream with its own decoder.
// The rule of the file: a stream that stops in the middle is flushed after a while; what was learned of its source stays until
// it is reset, or too many others came.

import { IecDecoder, type DecoderEvent, type DecoderOptions } from '../../core/iec62056-21/decoder';
import { DlmsError } from '../../core/wire/errors';
import type { Encoding } from './iec-settings';

interface Stream {
  readonly decoder: IecDecoder;
  encoding: Exclude<Encoding, 'auto'> | null;
  timer: NodeJS.Timeout | undefined;
}

export class IecStreams {
  readonly #streams = new Map<string, Stream>();

  /** `flushed` gets what a stream gave when nothing more came for it. */
  constructor(
    private readonly options: DecoderOptions,
    private readonly encoding: Encoding,
    private readonly flushed: (events: readonly DecoderEvent[], key: string) => void,
    private readonly flushMs = FLUSH_MS,
  ) {}

  receive(key: string, payload: unknown): readonly DecoderEvent[] {
    const stream = this.#stream(key);
    clearTimeout(stream.timer);
    const events = stream.decoder.receive(this.#bytes(stream, payload));
    if (stream.decoder.busy) {
      stream.timer = setTimeout(() => this.end(key), this.flushMs);
      stream.timer.unref();
    } else {
      stream.encoding = null;
    }
    return events;
  }

  /** Nothing more comes for this stream. */
  end(key: string): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    clearTimeout(stream.timer);
    stream.encoding = null;
    const events = stream.decoder.flush();
    if (events.length > 0) this.flushed(events, key);
  }

  /** Drops what is buffered, of one stream or of all. */
  reset(key?: string): void {
    for (const [name, stream] of this.#streams) {
      if (key !== undefined && name !== key) continue;
      clearTimeout(stream.timer);
      this.#streams.delete(name);
    }
  }

  #stream(key: string): Stream {
    const known = this.#streams.get(key);
    this.#streams.delete(key);
    const stream = known ?? { decoder: new IecDecoder(this.options), encoding: null, timer: undefined };
    this.#streams.set(key, stream);
    if (this.#streams.size > STREAM_LIMIT) {
      const [oldest] = this.#streams.keys();
      if (oldest !== undefined) this.reset(oldest);
    }
    return stream;
  }

  #bytes(stream: Stream, payload: unknown): Uint8Array {
    if (payload instanceof Uint8Array) return payload;
    if (Array.isArray(payload) && payload.every(n => typeof n === 'number')) return Uint8Array.from(payload);
    if (typeof payload !== 'string') {
      const value = payload === null ? 'null' : typeof payload;
      const expected = 'a Buffer, or text, hex or base64 as a string';
      throw new DlmsError({ code: 'BAD_SETTING', setting: 'msg.payload', value, expected });
    }
    // How a stream begins decides for its pieces: "0019" in the middle of a telegram is text, not hex.
    stream.encoding ??= this.encoding === 'auto' ? encodingOf(payload) : this.encoding;
    const plain = stream.encoding === 'hex' ? payload.replace(/\s/g, '') : payload;
    return Buffer.from(plain, LATIN[stream.encoding]);
  }
}

/** Hex and base64 are only believed when a message begins with them: "/", STX, SOH, or an encrypted frame. */
function encodingOf(payload: string): Exclude<Encoding, 'auto'> {
  const compact = payload.replace(/\s/g, '');
  if (/^([0-9a-f]{2})+$/i.test(compact) && STARTS.test(compact)) return 'hex';
  if (/^[A-Za-z0-9+/]{12,}={0,2}$/.test(compact) && STARTS.test(Buffer.from(compact, 'base64').toString('hex')))
    return 'base64';
  return 'text';
}

/** In hex, with and without parity in bit 7. */
const STARTS = /^(00|7f|0d|0a|8d|8a)*(2f|af|02|82|01|81|db08)/i;
const LATIN = { text: 'latin1', hex: 'hex', base64: 'base64' } as const;
const STREAM_LIMIT = 100;
const FLUSH_MS = 3000;
