// Serial ports. The package serialport is loaded by the first open, never before: TCP users need not have it.
// The rule of the file: the port has an error listener for life, and what the system says becomes one of four codes.

import { DlmsError } from '../../core/wire/errors';
import { abortedError, closedError, lostError, reasonOf } from './net-errors';
import type { SerialFormat, Transport } from './transport';

/** What this file needs of the package. */
export interface SerialModule {
  readonly SerialPort: SerialPortClass;
}
interface SerialPortClass {
  new (options: OpenOptions): Port;
  list(): Promise<readonly { path: string; pnpId?: string | undefined; manufacturer?: string | undefined }[]>;
}
interface OpenOptions extends SerialFormat {
  readonly path: string;
  readonly autoOpen: false;
  readonly hupcl: boolean;
  readonly lock: boolean;
}
interface Port {
  readonly isOpen: boolean;
  open(callback: (error: Error | null) => void): void;
  close(callback: (error: Error | null) => void): void;
  write(bytes: Uint8Array, callback: (error: Error | null | undefined) => void): boolean;
  drain(callback: (error: Error | null) => void): void;
  update(options: { baudRate: number }, callback: (error: Error | null) => void): void;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'error' | 'close', listener: (error?: Error | null) => void): unknown;
}

export interface SerialOptions extends SerialFormat {
  readonly path: string;
  /** How the package is loaded; for tests. */
  readonly load?: () => Promise<SerialModule>;
}

export class SerialTransport implements Transport {
  readonly lineKey: string;
  onBytes: (chunk: Uint8Array) => void = () => undefined;
  onClose: (cause?: Error) => void = () => undefined;
  readonly #path: string;
  readonly #load: () => Promise<SerialModule>;
  /** The format of the next opening, which is the one asked for. */
  readonly #initial: SerialFormat;
  #format: SerialFormat;
  #port: Port | null = null;
  #opening: ((error: DlmsError) => void) | null = null;
  #closes = 0;
  /** An opening that nobody wants any more, until its port is closed again. */
  #late: Promise<void> = Promise.resolve();
  /** When the line has carried what was written, by the clock of `performance`. */
  #carriedAtMs = 0;
  /** Rejects writes that hang when the port goes away. */
  readonly #pending = new Set<(error: DlmsError) => void>();

  constructor(options: SerialOptions) {
    const { path, load, baudRate, dataBits, parity, stopBits } = options;
    this.#path = path;
    this.#load = load ?? loadSerialport;
    this.#initial = this.#format = { baudRate, dataBits, parity, stopBits };
    this.lineKey = `serial:${path}`;
  }

  get where(): string {
    return `${this.#path} ${formatSerial(this.#format)}`;
  }

  async open(signal?: AbortSignal): Promise<void> {
    if (this.#port !== null) return;
    if (this.#opening !== null) throw new DlmsError({ code: 'BAD_STATE', input: 'open', phase: 'opening' });
    if (signal?.aborted === true) throw abortedError(this.where);
    let abort = (): void => undefined;
    const stopped = new Promise<never>((_, reject) => {
      this.#opening = reject;
      abort = () => reject(abortedError(this.where));
      signal?.addEventListener('abort', abort, { once: true });
    });
    // The system's open cannot be called off: when it comes too late, the port is closed again before the next one.
    const opened = this.#late.then(() => this.#openPort(this.#initial, true));
    try {
      const port = await Promise.race([opened, stopped]);
      this.#format = this.#initial;
      this.#use(port);
    } catch (cause) {
      this.#late = opened.then(shut, () => undefined);
      throw cause;
    } finally {
      this.#opening = null;
      stopped.catch(() => undefined);
      signal?.removeEventListener('abort', abort);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    if (port === null) return Promise.reject(closedError(this.where));
    const { baudRate, dataBits, parity, stopBits } = this.#format;
    const bits = 1 + dataBits + (parity === 'none' ? 0 : 1) + stopBits;
    this.#carriedAtMs = Math.max(performance.now(), this.#carriedAtMs) + (bytes.length * bits * 1000) / baudRate;
    return this.#guarded(done => {
      port.write(bytes, cause => {
        if (cause) done(cause);
        else port.drain(done);
      });
    });
  }

  /**
   * After what was written has left. Another speed is set on the open port; other data bits, parity or stop bits need
   * it opened anew, which is done before the old one is let go, so that optical heads keep their power.
   */
  async setFormat(format: Partial<SerialFormat>): Promise<void> {
    const port = this.#port;
    if (port === null) throw closedError(this.where);
    const next = { ...this.#format, ...format };
    await this.#guarded(done => port.drain(done));
    // USB adapters and pseudo terminals say "drained" while they still hold characters, and a new format drops those.
    const leftMs = this.#carriedAtMs + DRAIN_MARGIN_MS - performance.now();
    if (leftMs > 0) await new Promise(resolve => setTimeout(resolve, leftMs));
    if (this.#port !== port) throw closedError(this.where);
    const { dataBits, parity, stopBits } = this.#format;
    if (next.dataBits === dataBits && next.parity === parity && next.stopBits === stopBits) {
      await this.#guarded(done => port.update({ baudRate: next.baudRate }, done));
    } else {
      await this.#reopen(port, next);
    }
    this.#format = next;
  }

  async close(): Promise<void> {
    this.#closes++;
    const error = closedError(this.where);
    this.#opening?.(error);
    const port = this.#port;
    this.#port = null;
    for (const reject of this.#pending) reject(error);
    if (port !== null) await shut(port);
    await Promise.resolve(); // open() hears of it first
    await this.#late;
  }

  async #reopen(port: Port, next: SerialFormat): Promise<void> {
    const closes = this.#closes;
    this.#port = null;
    // Without a lock beside the old one; where the system allows no second opening, the old one has to go first.
    let fresh = await this.#openPort(next, false).catch(() => null);
    await shut(port);
    fresh ??= await this.#openPort(next, true);
    if (closes !== this.#closes) {
      await shut(fresh);
      throw closedError(this.where);
    }
    this.#use(fresh);
  }

  async #openPort(format: SerialFormat, lock: boolean): Promise<Port> {
    let module: SerialModule;
    try {
      module = await this.#load();
    } catch (cause) {
      throw new DlmsError({ code: 'SERIAL_MODULE', reason: firstLine(cause) }, { cause });
    }
    return new Promise((resolve, reject) => {
      let port: Port;
      try {
        port = new module.SerialPort({ ...format, path: this.#path, autoOpen: false, hupcl: false, lock });
      } catch (cause) {
        return reject(serialError(cause, this.#path));
      }
      port.on('error', () => undefined); // told by callbacks and by 'close'; without a listener it would end the process
      port.open(cause => (cause === null ? resolve(port) : reject(serialError(cause, this.#path))));
    });
  }

  #use(port: Port): void {
    this.#port = port;
    port.on('data', chunk => {
      if (this.#port === port) this.onBytes(chunk);
    });
    port.on('close', cause => {
      if (this.#port !== port) return;
      this.#port = null;
      const error = lostError(cause ?? new Error('the port has gone'), this.where);
      for (const reject of this.#pending) reject(error);
      this.onClose(error);
    });
    if (!port.isOpen) {
      this.#port = null;
      throw lostError(new Error('the port has gone'), this.where);
    }
  }

  #guarded(start: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: DlmsError): void => {
        this.#pending.delete(settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#pending.add(settle);
      try {
        start(cause => settle(cause ? lostError(cause, this.where) : undefined));
      } catch (cause) {
        settle(lostError(cause, this.where));
      }
    });
  }
}

/** "9600 8N1". */
export function formatSerial(f: SerialFormat): string {
  return `${f.baudRate} ${f.dataBits}${f.parity.charAt(0).toUpperCase()}${f.stopBits}`;
}

/**
 * "COM1:9600:8None1", "/dev/ttyUSB0:300:7E1", "/dev/ttyUSB0": path, and what the text says about speed and format.
 * Colons within the path (/dev/serial/by-path/…) stay in it.
 */
export function parseSerial(text: string): { path: string; format: Partial<SerialFormat> } {
  const match = /^(.+?)(?::(\d{3,7})(?::([78])(none|even|odd|n|e|o)([12]))?)?$/i.exec(text.trim());
  if (match === null) throw badSerial(text);
  const [, path = '', baud, dataBits, parity, stopBits] = match;
  if (baud === undefined && /:[78](none|even|odd|n|e|o)[12]$/i.test(path)) throw badSerial(text);
  return {
    path,
    format: {
      ...(baud === undefined ? {} : { baudRate: Number(baud) }),
      ...(dataBits === undefined ? {} : { dataBits: dataBits === '7' ? 7 : 8 }),
      ...(parity === undefined ? {} : { parity: PARITY[parity.charAt(0).toLowerCase()] ?? 'none' }),
      ...(stopBits === undefined ? {} : { stopBits: stopBits === '2' ? 2 : 1 }),
    },
  };
}

export interface SerialPortInfo {
  readonly path: string;
  /** The name that stays the same after a restart: /dev/serial/by-id/…; null where the system has none. */
  readonly byId: string | null;
  readonly manufacturer: string | null;
}

/** The ports of this machine. @throws SERIAL_MODULE when the package is not there. */
export async function listSerialPorts(load: () => Promise<SerialModule> = loadSerialport): Promise<SerialPortInfo[]> {
  let module: SerialModule;
  try {
    module = await load();
  } catch (cause) {
    throw new DlmsError({ code: 'SERIAL_MODULE', reason: firstLine(cause) }, { cause });
  }
  const ports = await module.SerialPort.list().catch(() => []); // a container without udev lists nothing
  return ports.map(({ path, pnpId, manufacturer }) => ({
    path,
    // On Linux the package puts the by-id name there, elsewhere the id of the bus.
    byId: path.startsWith('/dev/') && pnpId !== undefined ? `/dev/serial/by-id/${pnpId}` : null,
    manufacturer: manufacturer ?? null,
  }));
}

/** What the system said about a port, as one of SERIAL_BUSY, SERIAL_DENIED, SERIAL_MISSING. */
export function serialError(cause: unknown, path: string): DlmsError {
  const reason = firstLine(cause);
  if (BUSY.test(reason)) return new DlmsError({ code: 'SERIAL_BUSY', path }, { cause });
  if (/permission denied/i.test(reason)) return new DlmsError({ code: 'SERIAL_DENIED', path }, { cause });
  const words = /no such file|file not found/i.test(reason) ? 'there is no such port' : reason;
  return new DlmsError({ code: 'SERIAL_MISSING', path, reason: words }, { cause });
}

async function loadSerialport(): Promise<SerialModule> {
  return import('serialport');
}

/** Closes a port that may be closed already. */
function shut(port: Port): Promise<void> {
  return new Promise(resolve => {
    if (!port.isOpen) return resolve();
    port.close(() => resolve());
  });
}

function firstLine(cause: unknown): string {
  return reasonOf(cause).split('\n')[0] ?? '';
}

function badSerial(value: string): DlmsError {
  const expected = 'a serial port such as /dev/ttyUSB0, COM3 or COM3:9600:8None1';
  return new DlmsError({ code: 'BAD_SETTING', setting: 'path', value, expected });
}

/** Linux and macOS say busy or cannot lock; Windows denies access to a port that another program holds. */
const BUSY = /busy|cannot lock|temporarily unavailable|access denied/i;
/** What adapters and pseudo terminals take to hand over. The quickest meters answer 20 ms after the last character. */
const DRAIN_MARGIN_MS = 10;
const PARITY: Readonly<Record<string, SerialFormat['parity']>> = { n: 'none', e: 'even', o: 'odd' };
