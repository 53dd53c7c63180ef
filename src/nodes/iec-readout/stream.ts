// Text meters without a dialogue: payloads of messages and lines that are listened to, each stream with its own decoder.
// The rule of the file: a stream that stops in the middle is flushed after a while; what was learned of its source stays until
// it is reset, or too many others came.

import { IecDecoder, type DecoderEvent, type DecoderOptions } from '../../core/iec62056-21/decoder';
import { hex } from '../../core/wire/hex';
import { beginsBatch, type RecordBatches, type Unpacked } from '../../core/push/batch';
import { bytesOf } from '../lib/bytes-of';
import { recordBatches } from '../lib/containers';
import type { Encoding } from './meaning';
import { AS_IT_IS, bytesOfText, readText } from '../lib/text-forms';

interface Stream {
  readonly decoder: IecDecoder;
  readonly batches: RecordBatches;
  /** Of the text that a message has begun with which has not ended; null between messages. */
  form: string | null;
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
    // First, since it may refuse the payload: what is held comes out in its time all the same.
    const bytes = this.#bytes(stream, payload);
    clearTimeout(stream.timer);
    const unpacked = stream.batches.receive(bytes, !stream.decoder.busy);
    const events = unpacked.flatMap(each => received(stream, each));
    if (stream.decoder.busy || stream.batches.waits) {
      stream.timer = setTimeout(() => this.end(key), this.flushMs);
      stream.timer.unref();
    } else {
      stream.form = null;
    }
    return events;
  }

  /** Nothing more comes for this stream. */
  end(key: string): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    clearTimeout(stream.timer);
    stream.form = null;
    const events = [...stream.batches.flush().flatMap(each => received(stream, each)), ...stream.decoder.flush()];
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
    const stream = known ?? {
      decoder: new IecDecoder(this.options),
      batches: recordBatches(),
      form: null,
      timer: undefined,
    };
    this.#streams.set(key, stream);
    if (this.#streams.size > STREAM_LIMIT) {
      const [oldest] = this.#streams.keys();
      // What it holds comes out first.
      if (oldest !== undefined) {
        this.end(oldest);
        this.reset(oldest);
      }
    }
    return stream;
  }

  #bytes(stream: Stream, payload: unknown): Uint8Array {
    if (typeof payload !== 'string') return bytesOf(payload);
    if (this.encoding === 'hex' || this.encoding === 'base64') return bytesOfText(payload, this.encoding);
    // How a stream begins decides for its pieces: "0019" in the middle of a telegram is text, not hex.
    const read = readText(payload, stream.form === AS_IT_IS || this.encoding === 'text', true);
    const begins = STARTS.test(hex(read.bytes.subarray(0, 32))) || beginsBatch(read.bytes);
    const believed = !NOTATIONS.has(read.form) || read.form === stream.form || begins;
    const { form, bytes } = believed ? read : readText(payload, true);
    stream.form = form;
    return bytes;
  }
}

function received(stream: Stream, unpacked: Unpacked): readonly DecoderEvent[] {
  if ('error' in unpacked) return [{ type: 'problem', ...unpacked, origin: { source: 'iec' } }];
  return stream.decoder.receive(unpacked.bytes);
}

/** Digits of a text, too, are only believed where a message begins with them: "/", STX, SOH, an encrypted frame, SML or a batch. */
const NOTATIONS: ReadonlySet<string> = new Set(['hex', 'base64', 'list of numbers']);
/** In hex, with and without parity in bit 7. */
const STARTS = /^(00|7f|0d|0a|8d|8a)*(2f|af|02|82|01|81|db08|1b1b1b1b)/i;
const STREAM_LIMIT = 100;
const FLUSH_MS = 3000;
