// A stream of characters -> the messages in it: identification lines, blocks with BCC, telegrams that end in "!", commands,
// acknowledgements, encrypted P1 frames. Resynchronises by itself.
// The rule of the file: it finds ends and checks sums; what the text means is decided elsewhere.

import {
  ACK,
  blockEnd,
  checkBlock,
  CR,
  ETX,
  IDENTIFICATION_LIMIT,
  LF,
  NAK,
  secondMessage,
  SOH,
  STX,
} from '../framing/iec-block';
import { isOfEtx, mayBeList, textEnd } from '../framing/p1';
import { encryptedFrameLength, GLO_TAG, nextFrameInside } from '../framing/p1-frame';
import { ReceiveBuffer } from '../wire/receive-buffer';
import { textOf } from './characters';
import { parseIdentification } from './identification';
import type { DropKind, Part } from './parts';

type State =
  /** Anything may come; `noisy` when something has come that belongs to no message. */
  | { in: 'gap'; lineStart: boolean; skip: number; noisy: boolean }
  | { in: 'identification'; from: number; lineStart: boolean }
  /** Behind an identification line. */
  | { in: 'after' }
  | { in: 'plain'; from: number; searched: number }
  /** A list without STX and CRC has ended, unless an ETX follows. */
  | { in: 'tail'; from: number; bang: number }
  | { in: 'block'; head: number };

export class Scanner {
  readonly #buffer: ReceiveBuffer;
  #state: State = GAP();
  /** Index in the buffer of the next byte to look at. */
  #at = 0;
  /** Index where the noise before the current message begins; all before it has been handed over. */
  #noise = 0;
  #identifiedAt = -1;
  #parts: readonly Part[] = NONE;
  #final = false;

  /** limitBytes bounds one message; beyond it the message is dropped and scanning starts afresh. */
  constructor(readonly limitBytes = 1_000_000) {
    this.#buffer = new ReceiveBuffer(2 * limitBytes);
  }

  /** true while a message has begun and not ended. */
  get busy(): boolean {
    return this.#state.in !== 'gap' && this.#state.in !== 'after';
  }

  /** true while an identification line has begun at the beginning of a line and not ended. */
  get identifying(): boolean {
    return this.#state.in === 'identification' && this.#state.lineStart;
  }

  /** true when characters have come that belong to no message so far. */
  get noisy(): boolean {
    return this.#state.in === 'gap' && this.#state.noisy;
  }

  receive(chunk: Uint8Array): readonly Part[] {
    this.#parts = NONE;
    // Each message looks for its end in all that waits: in a chunk of many that would be all the rest, again and again.
    const slice = Math.min(SLICE, this.limitBytes);
    for (let at = 0; at < chunk.length; at += slice) {
      this.#buffer.push(chunk.length <= slice ? chunk : chunk.subarray(at, at + slice));
      this.#scan();
      if (this.#buffer.length >= this.limitBytes) this.#overflow();
    }
    return this.#parts;
  }

  /** Nothing more comes: what has begun is handed over as it is. */
  flush(): readonly Part[] {
    this.#parts = NONE;
    this.#end();
    return this.#parts;
  }

  /** What has begun ends as it is, and so does what begins inside of it. */
  #end(): void {
    const state = this.#state;
    const buffer = this.#buffer;
    if (state.in === 'tail') this.#endTelegram(state.from, state.bang, buffer.length);
    else if (state.in === 'plain') {
      if (this.#plain(state, true)) {
        this.#scan();
        return this.#end();
      }
      const start = this.#telegramStart(state.from);
      this.#drop(this.#noise, start);
      const [text, bytes] = [textOf(buffer.view(state.from)), buffer.view(start).slice()];
      this.#part({ type: 'telegram', text, bytes, crc: '', complete: false });
      this.#restart(buffer.length);
    } else if (state.in === 'block') {
      const next = secondMessage(buffer, state.head, buffer.length);
      const end = next === -1 ? buffer.length : next;
      this.#drop(this.#noise, state.head);
      this.#breakOff(state.head + 1, end);
      this.#restart(end);
      if (next === -1) return;
      this.#scan();
      this.#end();
    } else {
      if (state.in === 'after') this.#scan(true);
      const at = this.#at;
      const cut = buffer.at(at) === GLO_TAG && typeof encryptedFrameLength(buffer, at + 1) === 'number';
      this.#drop(this.#noise, cut ? at : buffer.length);
      if (cut) this.#drop(at, buffer.length, 'incomplete');
      this.#restart(buffer.length);
    }
  }

  reset(): void {
    this.#restart(this.#buffer.length);
  }

  /** `final`: nothing more comes. */
  #scan(final = false): void {
    this.#final = final;
    const buffer = this.#buffer;
    while (this.#at < buffer.length) {
      const state = this.#state;
      switch (state.in) {
        case 'gap':
          if (!this.#gap(state, buffer.at(this.#at))) return;
          break;
        case 'identification':
          if (!this.#identificationLine(state, buffer.at(this.#at))) return;
          break;
        case 'after':
          if (!this.#after(buffer.at(this.#at))) return;
          break;
        case 'plain':
          if (!this.#plain(state)) return;
          break;
        case 'tail':
          this.#tail(state, buffer.at(this.#at));
          break;
        case 'block':
          if (!this.#block(state)) return;
          break;
      }
    }
    if (this.#state.in === 'gap' && buffer.length - this.#noise > NOISE_LIMIT) {
      this.#drop(this.#noise, this.#at);
      this.#forget(this.#at);
    }
  }

  /** false: more bytes are needed before this one can be judged. */
  #gap(state: Extract<State, { in: 'gap' }>, byte: number): boolean {
    if (state.skip > 0) {
      state.skip--;
      this.#at++;
      return true;
    }
    if (byte === GLO_TAG) {
      const taken = this.#encrypted(this.#at + 1);
      if (taken !== 'no') return taken === 'taken';
    }
    if (this.#begin(byte)) return true;
    // The check character behind a stray ETX may be any of 00 to 7F: it is not looked at.
    if (byte === ETX) state.skip = 1;
    if (byte === CR || byte === LF) state.lineStart = true;
    else if (byte !== 0 && byte < 0x7f) state.lineStart = false;
    state.noisy ||= isLoss(byte);
    this.#at++;
    return true;
  }

  /** Beginnings that are the same everywhere between messages. */
  #begin(byte: number): boolean {
    const lineStart = this.#state.in === 'gap' ? this.#state.lineStart : true;
    switch (byte) {
      case 0x2f /* / */:
        this.#state = { in: 'identification', from: this.#at, lineStart };
        this.#at++;
        return true;
      case STX:
      case SOH:
        this.#state = { in: 'block', head: this.#at };
        this.#at++;
        return true;
      case ACK:
      case NAK:
        this.#drop(this.#noise, this.#at);
        this.#part({ type: byte === ACK ? 'ack' : 'nak' });
        this.#forget(this.#at + 1);
        return true;
      default:
        return false;
    }
  }

  #identificationLine(state: Extract<State, { in: 'identification' }>, byte: number): boolean {
    if (byte === GLO_TAG) {
      const frame = this.#frameInside(state.from, this.#at);
      if (frame !== 'no') return frame === 'taken';
    }
    if (byte !== CR && byte !== LF) {
      if (byte === 0x2f && this.#at - state.from < 4) state.from = this.#at;
      this.#at++;
      if (this.#at - state.from > IDENTIFICATION_LIMIT) this.#state = GAP(false, true);
      return true;
    }
    const line = textOf(this.#buffer.view(state.from, this.#at));
    const identification = state.lineStart || STRICT.test(line) ? parseIdentification(line) : null;
    if (identification === null) {
      if (state.lineStart) {
        this.#drop(this.#noise, state.from);
        if (!ECHO.test(line)) this.#drop(state.from, this.#at, 'identification');
        this.#forget(this.#at);
      }
      this.#state = GAP(true, !state.lineStart);
      return true;
    }
    this.#drop(this.#noise, state.from);
    this.#forget(state.from);
    this.#identifiedAt = 0;
    this.#noise = this.#at;
    this.#part({ type: 'identification', identification });
    this.#state = { in: 'after' };
    return true;
  }

  /** false: more bytes are needed. */
  #after(byte: number): boolean {
    if (byte === GLO_TAG || byte === 0 || byte === 8) {
      const taken = this.#encrypted(byte === GLO_TAG ? this.#at + 1 : this.#at);
      if (taken !== 'no') return taken === 'taken';
    }
    if (byte === CR || byte === LF || byte === 0 || byte >= 0x7f) {
      this.#at++;
      return true;
    }
    if (byte === ACK) return this.#acknowledgeEcho();
    this.#noise = this.#at;
    if (this.#begin(byte)) return true;
    if (byte < 0x20) {
      this.#at++;
      return true;
    }
    this.#state = { in: 'plain', from: this.#at, searched: 0 };
    return true;
  }

  /** Behind an identification an ACK is the reflection of our own "ACK V Z Y CR LF". */
  #acknowledgeEcho(): boolean {
    const buffer = this.#buffer;
    let end = this.#at + 1;
    while (end < this.#at + 6 && buffer.at(end) > 0x0a && buffer.at(end) !== STX) end++;
    if (end < this.#at + 6 && buffer.at(end) === -1) return false;
    this.#at = end;
    return true;
  }

  /** false: its end has not come. */
  #plain(state: Extract<State, { in: 'plain' }>, final = false): boolean {
    const buffer = this.#buffer;
    const found = textEnd(buffer, state.from, state.searched, final);
    switch (found.type) {
      case 'open':
        state.searched = found.searched;
        this.#at = buffer.length;
        return false;
      case 'end':
        if (found.end > found.bang + 1 || !this.#mayBeList(found.bang)) {
          this.#endTelegram(state.from, found.bang, found.end);
        } else {
          this.#state = { in: 'tail', from: state.from, bang: found.bang };
          this.#at = found.end;
        }
        return true;
      case 'list':
        // What stood behind the identification was noise, or a telegram that broke off.
        this.#drop(state.from, found.at, buffer.view(state.from, found.at).includes(0x28) ? 'incomplete' : 'noise');
        this.#noise = found.at;
        this.#state = { in: 'block', head: found.at };
        this.#at = found.at + 1;
        return true;
      case 'telegram':
        this.#drop(this.#telegramStart(state.from), found.at, 'incomplete');
        this.#restart(found.at);
        return true;
      case 'frame':
        this.#drop(Math.min(state.from, this.#noise), found.at);
        this.#restart(found.at);
        return true;
    }
  }

  /** An ETX, and the block check behind it, say that the list had an STX, and that it was lost. */
  #tail(state: Extract<State, { in: 'tail' }>, byte: number): void {
    if (byte === CR || byte === LF || byte === 0) this.#at++;
    else this.#endTelegram(state.from, state.bang, this.#at, isOfEtx(byte));
  }

  #mayBeList(bang: number): boolean {
    return this.#identifiedAt !== -1 && mayBeList(this.#buffer.view(this.#identifiedAt, bang));
  }

  #endTelegram(from: number, bang: number, end: number, beheaded = false): void {
    const start = this.#telegramStart(from);
    this.#drop(this.#noise, start);
    this.#part({
      type: 'telegram',
      text: textOf(this.#buffer.view(from, bang + 1)),
      bytes: this.#buffer.view(start, bang + 1).slice(),
      crc: textOf(this.#buffer.view(bang + 1, end)).trim(),
      complete: true,
      ...(beheaded && { beheaded }),
    });
    this.#restart(end);
  }

  /** Where the telegram that holds `from` begins: at its identification, when it has one. */
  #telegramStart(from: number): number {
    return this.#identifiedAt === -1 ? from : this.#identifiedAt;
  }

  /** false: its end has not come. */
  #block(state: Extract<State, { in: 'block' }>): boolean {
    const buffer = this.#buffer;
    const found = blockEnd(buffer, state.head, this.#at);
    const end = found.type === 'open' ? buffer.length : found.at;
    const bytes = buffer.view();
    for (let tag = bytes.indexOf(GLO_TAG, this.#at); tag !== -1 && tag < end; tag = bytes.indexOf(GLO_TAG, tag + 1)) {
      const frame = this.#frameInside(state.head, tag);
      if (frame !== 'no') return frame === 'taken';
    }
    this.#at = end;
    // One more character, whatever it is: "/", STX and CR are check characters like any other.
    if (found.type === 'open' || (found.type === 'end' && end + 1 >= bytes.length)) return false;
    this.#drop(this.#noise, state.head);
    if (found.type === 'cut') {
      this.#breakOff(state.head + 1, end);
      this.#restart(end);
      return true;
    }
    const inside = buffer.view(state.head + 1, end);
    const bcc = checkBlock(buffer.view(state.head + 1, end + 1), buffer.at(end + 1));
    if (bcc.check !== 'ok' && isNoise(inside)) {
      this.#drop(state.head, end);
      this.#restart(end + 2);
      return true;
    }
    const text = textOf(inside);
    if (buffer.at(state.head) === SOH) {
      const at = text.indexOf('\x02');
      this.#part({
        type: 'command',
        command: at === -1 ? text : text.slice(0, at),
        text: at === -1 ? '' : text.slice(at + 1),
        bcc,
      });
    } else {
      this.#part({ type: 'block', text, end: buffer.at(end) === ETX ? 'etx' : 'eot', bcc });
    }
    this.#restart(end + 2);
    return true;
  }

  #breakOff(from: number, end: number): void {
    if (from === end) return;
    const bytes = this.#buffer.view(from, end);
    if (bytes.length > 8 && isNoise(bytes)) return this.#drop(from, end);
    const ended = bytes[bytes.length - 1] === ETX;
    const text = textOf(ended ? bytes.subarray(0, -1) : bytes);
    this.#part({
      type: 'block',
      text,
      end: ended ? 'etx' : /[)\r\n]!\s*$/.test(text) ? 'mark' : null,
      bcc: checkBlock(bytes, null),
    });
  }

  #encrypted(titleAt: number): 'no' | 'wait' | 'taken' {
    const length = encryptedFrameLength(this.#buffer, titleAt);
    if (length === 'no' || length === 'wait') return length;
    if (this.#buffer.length < titleAt + length) return 'wait';
    const frame = this.#buffer.view(titleAt, titleAt + length);
    const next = nextFrameInside(frame);
    if (next !== -1) {
      this.#drop(this.#noise, titleAt + next, 'incomplete');
      this.#restart(titleAt + next);
      return 'taken';
    }
    const behind = this.#identifiedAt === -1 ? 0 : this.#crcBehind(titleAt + length);
    if (behind === 'wait') return 'wait';
    const end = titleAt + length + behind;
    const bang = titleAt + length + 1;
    const outside = behind > 0 && {
      bytes: this.#buffer.view(this.#identifiedAt, bang).slice(),
      crc: textOf(this.#buffer.view(bang, end)).trim(),
    };
    this.#drop(this.#noise, this.#at);
    this.#part({ type: 'encrypted', frame: frame.slice(), ...(outside && { outside }) });
    this.#restart(end);
    return 'taken';
  }

  /** Octets of "!", the CRC and the line end behind an encrypted frame; 0 where something else stands there. */
  #crcBehind(at: number): number | 'wait' {
    const first = this.#buffer.at(at);
    if (first === -1) return this.#final ? 0 : 'wait';
    if (first !== 0x21) return 0;
    const end = textEnd(this.#buffer, at, at, this.#final);
    return end.type === 'end' ? end.end - at : 'wait';
  }

  /** What looked like a message was the rest of an encrypted frame, when another one begins inside it. */
  #frameInside(from: number, at: number): 'no' | 'wait' | 'taken' {
    this.#at = at;
    const length = encryptedFrameLength(this.#buffer, at + 1);
    if (length === 'no' || length === 'wait') return length;
    this.#drop(Math.min(from, this.#noise), at);
    this.#restart(at);
    return 'taken';
  }

  #part(part: Part): void {
    // Most chunks hold no end of anything; they share one empty list.
    if (this.#parts === NONE) this.#parts = [part];
    else (this.#parts as Part[]).push(part);
  }

  #drop(from: number, to: number, kind: DropKind = 'noise'): void {
    if (to <= from) return;
    const bytes = this.#buffer.view(from, to);
    if (bytes.some(isLoss)) {
      this.#part({ type: 'dropped', kind, bytes: bytes.slice() });
    }
  }

  #overflow(): void {
    const actual = this.#buffer.length;
    this.#part({ type: 'dropped', kind: 'limit', bytes: this.#buffer.view(0, NOISE_LIMIT).slice() });
    this.#restart(actual);
  }

  /** The message ends at `end`; what follows starts afresh. */
  #restart(end: number): void {
    this.#forget(end);
    this.#at = 0;
    this.#identifiedAt = -1;
    this.#state = GAP();
  }

  #forget(end: number): void {
    this.#buffer.drop(end);
    this.#at = Math.max(0, this.#at - end);
    this.#noise = 0;
    this.#identifiedAt = Math.max(-1, this.#identifiedAt - end);
  }
}

/** A damaged list is still a list; fewer than half of its characters being text, it never was one. */
function isNoise(bytes: Uint8Array): boolean {
  let text = 0;
  for (const byte of bytes) if ((byte >= 0x20 && byte < 0x7f) || byte === CR || byte === LF) text++;
  return 2 * text < bytes.length;
}

/** Line ends, NUL, DEL and an idle line's FF are no loss. */
function isLoss(byte: number): boolean {
  return byte > 0x20 && byte !== 0x7f && byte !== 0xff;
}

function GAP(lineStart = true, noisy = false): State {
  return { in: 'gap', lineStart, skip: 0, noisy };
}

const NONE: readonly Part[] = [];
/** An identification in the middle of a line has to look like one; "(250*imp/kWh)" does not. */
const STRICT = /^\/[A-Za-z]{3}[^()][^()]*$/;
const ECHO = /^\/.?[^()]*!$/;
const NOISE_LIMIT = 4096;
const SLICE = 2048;
