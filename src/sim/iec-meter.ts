// A simulated meter with an optical head: modes A to E of IEC 62056-21, programming mode for reading, faults on demand.
// The rule of the file: it speaks as the standard says, in the standard's times when it is paced; every deviation is a fault
// or an option with a name.

import { evenParity } from '../core/framing/check';
import { ACK, blockCheck, ETX, NAK, SOH, STX } from '../core/framing/iec-block';
import { rateOf } from '../core/iec62056-21/identification';
import { crc16Arc } from '../core/wire/crc16';
import { concat, fromLatin1, latin1 } from '../core/wire/hex';
import type { IecFault, IecMeterOptions } from './iec-meter-options';

export * from './iec-meter-options';

/** One line to the meter; `baud` is the rate its characters have, for lines that tell what another rate makes of them. */
export interface IecLine {
  write(bytes: Uint8Array, baud: number): void;
}

/** What a port at the wrong rate makes of characters. */
export function garbled(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (byte * 37 + i) | 0x80);
}

type State =
  | { in: 'idle' }
  | { in: 'identified' }
  /** The list has been sent, at this rate. */
  | { in: 'listed'; list: Uint8Array; baud: number }
  | { in: 'programming'; unlocked: boolean; blocks: Uint8Array[]; last: Uint8Array | null }
  | { in: 'hdlc'; station: { receive(chunk: Uint8Array): readonly Uint8Array[] } };

export class SimulatedIecMeter {
  readonly #faults: Map<IecFault, number>;
  readonly options: IecMeterOptions;
  /** Readouts begun, over all lines. */
  requests = 0;
  /** What was asked for in programming mode, for tests: "R5 1.8.0()". */
  readonly commands: string[] = [];

  constructor(options: IecMeterOptions = {}) {
    this.options = options;
    this.#faults = new Map(Object.entries(options.faults ?? {}) as [IecFault, number][]);
  }

  /** Strikes the next `times` occasions. */
  fault(kind: IecFault, times = 1): void {
    this.#faults.set(kind, times);
  }

  /** Whether the fault strikes now; used up by asking. */
  take(kind: IecFault): boolean {
    const left = this.#faults.get(kind) ?? 0;
    if (left > 0) this.#faults.set(kind, left - 1);
    return left > 0;
  }

  /** The meter's side of one line; feed it what the reader sends. */
  attach(line: IecLine): IecStation {
    return new IecStation(this, line);
  }

  get list(): readonly string[] {
    return this.options.list?.() ?? DEFAULT_LIST;
  }

  get registers(): ReadonlyMap<string, string> {
    if (this.options.registers !== undefined) return this.options.registers();
    return new Map(
      this.list.flatMap(text => {
        const open = text.indexOf('(');
        return open <= 0 ? [] : [[text.slice(0, open), text.slice(open)] as [string, string]];
      }),
    );
  }

  get identification(): string {
    const { mode = 'c', manufacturer = 'MFL', model = 'SIM-1' } = this.options;
    const z = this.options.baudId ?? (mode === 'a' ? ' ' : mode === 'b' ? 'E' : '5');
    const enhanced = this.options.enhanced ?? (mode === 'e' ? '\\2' : '');
    return `/${manufacturer}${z}${enhanced}${model}`;
  }

  /** A telegram of mode D or P1, as it is pushed. */
  telegram(): Uint8Array {
    const text = `${this.identification}\r\n\r\n${this.list.join('\r\n')}\r\n!`;
    const bytes = fromLatin1(text);
    const crc = this.options.p1 === true ? crc16Arc(bytes).toString(16).toUpperCase().padStart(4, '0') : '';
    return concat(bytes, fromLatin1(`${crc}\r\n`));
  }
}

/** What goes on on one line. */
export class IecStation {
  #state: State = { in: 'idle' };
  #received: number[] = [];
  readonly #startBaud: number;
  #baud: number;
  #queue: { bytes: Uint8Array; baud: number; then: (() => void) | undefined }[] = [];
  #sending: NodeJS.Timeout | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();
  #push: NodeJS.Timeout | null = null;
  #closed = false;
  #tail = '';

  constructor(
    readonly meter: SimulatedIecMeter,
    readonly line: IecLine,
  ) {
    this.#startBaud = meter.options.startBaud ?? 300;
    this.#baud = this.#startBaud;
    const { mode, pushEveryMs = 1000 } = meter.options;
    if (mode === 'd') {
      this.#push = setInterval(() => this.#send(meter.telegram()), pushEveryMs);
      this.#push.unref();
    }
  }

  /** Rate the meter is at. */
  get baud(): number {
    return this.#baud;
  }

  /** `baud`: the rate it was sent at, where it is known; characters at another one are no characters. */
  receive(chunk: Uint8Array, baud = this.#baud): void {
    if (this.#closed || this.meter.options.mode === 'd') return;
    if (this.#state.in === 'hdlc') {
      // A request for sign-on ends HDLC, as its inactivity time would.
      this.#tail = (this.#tail + latin1(chunk.map(byte => byte & 0x7f))).slice(-48);
      const request = /\/.[^!/]*!\r\n$/.exec(this.#tail)?.[0];
      if (request !== undefined) {
        this.#tail = '';
        return this.#request(request.trim());
      }
      for (const bytes of this.#state.station.receive(chunk)) this.#send(bytes);
      return;
    }
    const waits = this.#state.in === 'idle' || this.#state.in === 'listed';
    if (baud !== this.#baud && (!waits || this.meter.options.deafAtOtherRates === true)) return;
    if (this.meter.take('echo')) this.line.write(chunk, this.#baud);
    for (const byte of chunk) this.#received.push(byte & 0x7f);
    if (this.#received.length > 4096) this.#received = [];
    // What was received took its time on the line before the last bit was there.
    const lineMs = this.meter.options.paced === true ? (chunk.length * 10_000) / this.#baud : 0;
    this.#after(lineMs, () => this.#parse());
  }

  close(): void {
    this.#closed = true;
    if (this.#push !== null) clearInterval(this.#push);
    if (this.#sending !== null) clearTimeout(this.#sending);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#queue = [];
  }

  #parse(): void {
    for (;;) {
      const first = this.#received[0];
      if (first === undefined) return;
      if (first === 0x2f) {
        const end = this.#received.indexOf(0x0a);
        if (end === -1) return;
        this.#request(latin1(Uint8Array.from(this.#received.splice(0, end + 1))).trim());
      } else if (first === ACK && this.#state.in === 'identified') {
        if (this.#received.length < 6) return;
        const [, v = '0', z = '0', y = '0'] = latin1(Uint8Array.from(this.#received.splice(0, 6)));
        this.#acknowledged(v, z, y);
      } else if (first === ACK || first === NAK) {
        this.#received.shift();
        this.#block(first === NAK);
      } else if (first === SOH) {
        const end = this.#received.indexOf(ETX);
        if (end === -1 || this.#received.length < end + 2) return;
        const bytes = Uint8Array.from(this.#received.splice(0, end + 2));
        const good = blockCheck(bytes, 1, end + 1) === bytes[end + 1];
        this.#command(latin1(bytes.subarray(1, end)), good);
      } else {
        this.#received.shift();
      }
    }
  }

  #request(text: string): void {
    const m = /^\/.(.*)!$/.exec(text);
    const { address = '', mode = 'c' } = this.meter.options;
    const asked = (m?.[1] ?? '').replace(/^0+/, '');
    if (m === null || (asked !== '' && asked !== address.replace(/^0+/, ''))) return;
    this.meter.requests++;
    this.#dropQueue();
    this.#baud = this.#startBaud;
    this.#state = { in: 'idle' };
    if (this.meter.take('silence')) return;
    this.#after(this.#reactionMs, () => {
      this.#answer(fromLatin1(`${this.meter.identification}\r\n`), () => {
        if (mode === 'a') this.#after(this.#reactionMs, () => this.#sendList());
        else if (mode === 'b') {
          this.#baud = rateOf(this.meter.identification[4] ?? '') ?? this.#startBaud;
          this.#after(this.#reactionMs, () => this.#sendList());
        } else {
          this.#state = { in: 'identified' };
          // Mode C without an acknowledgement falls back to mode A. IEC 62056-21, 6.4.3.
          this.#after(FALL_BACK_MS, () => {
            if (this.#state.in === 'identified') this.#sendList();
          });
        }
      });
    });
  }

  #acknowledged(v: string, z: string, y: string): void {
    const own = this.meter.identification[4] ?? '0';
    const agreed = z === own && !this.meter.take('stays-at-start') ? rateOf(z) : null;
    this.#baud = agreed ?? this.#startBaud;
    const identified = this.#state;
    this.#state = { in: 'idle' };
    if (this.meter.take('no-data') || (this.meter.options.ownRateOnly === true && z !== own)) return;
    this.#after(this.#reactionMs, () => {
      if (this.meter.take('nak-select')) {
        this.#baud = this.#startBaud;
        this.#state = identified;
        this.#answer(Uint8Array.of(NAK));
      } else if (y === '1') {
        const { challenge = '' } = this.meter.options;
        this.#state = {
          in: 'programming',
          unlocked: this.meter.options.password === undefined,
          blocks: [],
          last: null,
        };
        this.#answer(framed('P0', `(${challenge})`));
      } else if (y === '2' && v === '2' && this.meter.options.hdlc !== undefined) {
        const station = this.meter.options.hdlc();
        this.#answer(fromLatin1(`\x06${v}${z}${y}\r\n`), () => {
          this.#state = { in: 'hdlc', station };
        });
      } else {
        this.#sendList();
      }
    });
  }

  #sendList(): void {
    this.#state = { in: 'idle' };
    const list = block(`${this.meter.list.join('\r\n')}\r\n!\r\n`);
    const { repeatsList = true } = this.meter.options;
    const baud = this.#baud;
    this.#answer(this.#onBadLine(list), () => {
      if (repeatsList) this.#state = { in: 'listed', list, baud };
      this.#baud = this.#startBaud;
    });
  }

  #onBadLine(list: Uint8Array): Uint8Array {
    const bytes = this.#bad(list);
    if (this.meter.take('lost-character')) return concat(bytes.subarray(0, 20), bytes.subarray(21));
    return this.meter.take('cut') ? bytes.subarray(0, bytes.length >> 1) : bytes;
  }

  #listAgain({ list, baud }: Extract<State, { in: 'listed' }>): void {
    this.#baud = baud;
    this.#answer(this.#onBadLine(list), () => {
      this.#baud = this.#startBaud;
    });
  }

  #command(text: string, good: boolean): void {
    const at = text.indexOf('\x02');
    const command = at === -1 ? text : text.slice(0, at);
    const data = at === -1 ? '' : text.slice(at + 1);
    if (command === 'B0') {
      this.#state = { in: 'idle' };
      this.#baud = this.#startBaud;
      this.#dropQueue();
      return;
    }
    // Mode A and B: commands may follow the list without an acknowledgement.
    if (
      (this.#state.in === 'idle' || this.#state.in === 'listed') &&
      (this.meter.options.mode === 'a' || this.meter.options.mode === 'b')
    ) {
      this.#state = { in: 'programming', unlocked: this.meter.options.password === undefined, blocks: [], last: null };
    }
    const state = this.#state;
    if (state.in !== 'programming') return;
    this.meter.commands.push(`${command} ${data}`);
    this.#after(this.#reactionMs, () => {
      if (!good) return this.#answer(Uint8Array.of(NAK));
      if (command === 'P1' || command === 'P2') {
        state.unlocked = data === `(${this.meter.options.password ?? ''})` || this.meter.options.password === undefined;
        if (!state.unlocked && this.meter.options.refusal === 'silence') return;
        return this.#answer(state.unlocked ? Uint8Array.of(ACK) : block('(ER03)'));
      }
      const { commands = ['R1', 'R2', 'R5', 'R6'], ackOnly = [] } = this.meter.options;
      if (ackOnly.includes(command)) return this.#answer(Uint8Array.of(ACK));
      if (!commands.includes(command)) return this.#refuse();
      if (this.meter.take('nak-read')) return this.#answer(Uint8Array.of(NAK));
      if (!state.unlocked) return this.#answer(block('(ER05)'));
      this.#read(state, command, data);
    });
  }

  #refuse(): void {
    const { refusal = 'nak' } = this.meter.options;
    if (refusal === 'silence') return;
    this.#answer(refusal === 'nak' ? Uint8Array.of(NAK) : block('(ERR11)'));
  }

  #read(state: Extract<State, { in: 'programming' }>, command: string, data: string): void {
    const open = data.indexOf('(');
    const id = open === -1 ? data : data.slice(0, open);
    const range = open === -1 ? '' : data.slice(open + 1, data.indexOf(')', open));
    const { repeatsId = true, blockLines = 2 } = this.meter.options;
    if (/^P\.\d/.test(id)) {
      const lines = this.meter.options.profile?.(id, range) ?? [`${id}(ERROR)`];
      if (command !== 'R6' || lines.length <= blockLines)
        return this.#answer(this.#bad((state.last = block(`${lines.join('\r\n')}\r\n`))));
      state.blocks = [];
      for (let at = 0; at < lines.length; at += blockLines) {
        const last = at + blockLines >= lines.length;
        state.blocks.push(block(`${lines.slice(at, at + blockLines).join('\r\n')}\r\n`, last ? ETX : 0x04));
      }
      return this.#block(false);
    }
    const value = this.meter.registers.get(id);
    if (value === undefined) return this.#answer(block('(ER01)'));
    this.#answer(this.#bad((state.last = block(repeatsId ? `${id}${value}` : value))));
  }

  #block(again: boolean): void {
    const state = this.#state;
    if (state.in === 'listed' && again) this.#after(this.#reactionMs, () => this.#listAgain(state));
    if (state.in !== 'programming') return;
    if (!again) state.last = state.blocks.shift() ?? null;
    const { last } = state;
    if (last !== null) this.#after(this.#reactionMs, () => this.#answer(this.#bad(last)));
  }

  #bad(bytes: Uint8Array): Uint8Array {
    if (!this.meter.take('wrong-bcc')) return bytes;
    const damaged = bytes.slice();
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] as number) ^ 0x11;
    return damaged;
  }

  #answer(bytes: Uint8Array, then?: () => void): void {
    const noisy = this.meter.take('noise') ? concat(Uint8Array.of(0xff, 0x7f, 0x00, 0x7f), bytes) : bytes;
    this.#send(noisy, then);
  }

  #send(bytes: Uint8Array, then?: () => void): void {
    this.#queue.push({ bytes, baud: this.#baud, then });
    if (this.#sending === null) this.#sendNext();
  }

  #sendNext(): void {
    const next = this.#queue.shift();
    if (next === undefined || this.#closed) return;
    const { bytes, baud, then } = next;
    const onLine = this.#onLine(bytes);
    const finish = (): void => {
      this.#sending = null;
      then?.();
      this.#sendNext();
    };
    if (this.meter.options.paced !== true) {
      this.line.write(onLine, baud);
      return finish();
    }
    const startMs = performance.now();
    let sent = 0;
    const tick = (): void => {
      const due = Math.min(onLine.length, Math.floor(((performance.now() - startMs) * baud) / 10_000));
      if (due > sent) this.line.write(onLine.slice(sent, due), baud);
      sent = due;
      if (sent === onLine.length) return finish();
      this.#sending = setTimeout(tick, Math.max(2, Math.ceil(10_000 / baud)));
    };
    this.#sending = setTimeout(tick, Math.max(2, Math.ceil(10_000 / baud)));
  }

  /** With the parity that the port of the reader does not take away. */
  #onLine(bytes: Uint8Array): Uint8Array {
    if (this.#state.in === 'hdlc') return bytes;
    if (this.meter.take('wrong-parity')) return bytes.map(byte => (evenParity(byte) ? byte | 0x80 : byte));
    return this.meter.take('parity') ? bytes.map(byte => (evenParity(byte) ? byte : byte | 0x80)) : bytes;
  }

  #dropQueue(): void {
    if (this.#sending !== null) clearTimeout(this.#sending);
    this.#sending = null;
    this.#queue = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  get #reactionMs(): number {
    const { paced = false, reactionMs } = this.meter.options;
    return reactionMs ?? (paced ? (/[a-z]/.test(this.meter.identification[3] ?? '') ? 20 : 200) : 0);
  }

  #after(ms: number, run: () => void): void {
    if (ms <= 0) return run();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) run();
    }, ms);
    this.#timers.add(timer);
  }
}

/** STX text ETX BCC. */
export function block(text: string, end: number = ETX): Uint8Array {
  const body = concat(fromLatin1(text), Uint8Array.of(end));
  return concat(Uint8Array.of(STX), body, Uint8Array.of(blockCheck(body)));
}

function framed(command: string, data: string): Uint8Array {
  const body = concat(fromLatin1(command), Uint8Array.of(STX), fromLatin1(data), Uint8Array.of(ETX));
  return concat(Uint8Array.of(SOH), body, Uint8Array.of(blockCheck(body)));
}

const FALL_BACK_MS = 2000;

const DEFAULT_LIST: readonly string[] = [
  'F.F(00000000)',
  'C.1.0(00012345)',
  '0.0.0(00012345)',
  '1.8.0(001234.567*kWh)',
  '1.8.1(000834.567*kWh)',
  '1.8.2(000400.000*kWh)',
  '2.8.0(000000.000*kWh)',
];
