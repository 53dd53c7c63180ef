// Telnet with COM port control: speed and format of the serial port behind a TCP gateway. RFC 2217, RFC 854, RFC 856.
// The rule of the file: it only knows bytes; the socket is the transport's. 0xFF is doubled both ways.

import type { SerialFormat } from './transport';

export class Rfc2217 {
  #format: SerialFormat;
  #state: 'data' | 'iac' | 'option' | 'sub' | 'sub-iac' = 'data';
  #verb = 0;
  #answer: number[] = [];
  /** When the bytes written so far have left the far port, in ms of the clock, which is never set. */
  #drainedAt = 0;

  constructor(
    format: SerialFormat,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#format = format;
  }

  /** What opens the conversation: binary both ways, COM port control, and the format. */
  begin(): Uint8Array {
    this.#state = 'data';
    this.#answer = [];
    this.#drainedAt = 0;
    const options = [BINARY, SUPPRESS_GO_AHEAD].flatMap(o => [IAC, WILL, o, IAC, DO, o]);
    return Uint8Array.of(...options, IAC, WILL, COM_PORT, ...this.#settings(this.#format));
  }

  /** The commands for another format. */
  change(format: Partial<SerialFormat>): Uint8Array {
    this.#format = { ...this.#format, ...format };
    return Uint8Array.from(this.#settings(this.#format));
  }

  /** Data on their way out. */
  escape(bytes: Uint8Array): Uint8Array {
    const start = Math.max(this.now(), this.#drainedAt);
    this.#drainedAt = start + (bytes.length * BITS_PER_CHARACTER * 1000) / this.#format.baudRate;
    if (!bytes.includes(IAC)) return bytes;
    return Uint8Array.from(Array.from(bytes).flatMap(b => (b === IAC ? [IAC, IAC] : [b])));
  }

  /** How long the far port still needs for what was written, in ms. */
  drainMs(): number {
    return Math.max(0, this.#drainedAt - this.now());
  }

  /** The data in what came; commands are taken out. */
  receive(chunk: Uint8Array): Uint8Array {
    if (this.#state === 'data' && !chunk.includes(IAC)) return chunk;
    const data = new Uint8Array(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      switch (this.#state) {
        case 'data':
          if (byte === IAC) this.#state = 'iac';
          else data[length++] = byte;
          break;
        case 'iac':
          if (byte === IAC) data[length++] = byte;
          this.#verb = byte;
          this.#state = byte === SB ? 'sub' : byte >= WILL && byte < IAC ? 'option' : 'data';
          break;
        case 'option':
          this.#negotiate(byte);
          this.#state = 'data';
          break;
        case 'sub':
          // Acknowledgements and line states; nothing in them changes what we do.
          if (byte === IAC) this.#state = 'sub-iac';
          break;
        case 'sub-iac':
          this.#state = byte === SE ? 'data' : 'sub';
          break;
      }
    }
    return data.subarray(0, length);
  }

  /** What must go back; taken once. */
  takeAnswer(): Uint8Array {
    const answer = Uint8Array.from(this.#answer);
    this.#answer = [];
    return answer;
  }

  /** Options we did not offer are refused, so the other side stops asking. */
  #negotiate(option: number): void {
    if (option === BINARY || option === SUPPRESS_GO_AHEAD || option === COM_PORT) return;
    if (this.#answer.length > MAX_ANSWER) return;
    if (this.#verb === DO) this.#answer.push(IAC, WONT, option);
    if (this.#verb === WILL) this.#answer.push(IAC, DONT, option);
  }

  #settings(f: SerialFormat): number[] {
    const baud = [f.baudRate >>> 24, (f.baudRate >>> 16) & 0xff, (f.baudRate >>> 8) & 0xff, f.baudRate & 0xff];
    return [
      ...command(SET_BAUDRATE, ...baud),
      ...command(SET_DATASIZE, f.dataBits),
      ...command(SET_PARITY, PARITY[f.parity]),
      ...command(SET_STOPSIZE, f.stopBits),
    ];
  }
}

function command(code: number, ...value: number[]): number[] {
  return [IAC, SB, COM_PORT, code, ...value.flatMap(b => (b === IAC ? [IAC, IAC] : [b])), IAC, SE];
}

const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SB = 250;
const SE = 240;
const BINARY = 0;
const SUPPRESS_GO_AHEAD = 3;
const COM_PORT = 44;
const SET_BAUDRATE = 1;
const SET_DATASIZE = 2;
const SET_PARITY = 3;
const SET_STOPSIZE = 4;
const PARITY = { none: 1, odd: 2, even: 3 } as const;
/** Start, eight bits, stop; parity takes the place of a data bit. */
const BITS_PER_CHARACTER = 10;
const MAX_ANSWER = 300;
