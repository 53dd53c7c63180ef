// The simulated meter with an optical head, behind a TCP port as at a serial-to-Ethernet gateway: its list follows the time.
// Mode E hands over to the simulated DLMS meter, so that both are one.

import { createServer, type AddressInfo, type Socket } from 'node:net';

import { SimulatedIecMeter, type IecFault, type IecMode, type IecStation } from './iec-meter';
import type { SimulatedMeter } from './meter';
import { energiesAt, powerAt } from './objects/household-load';
import { MeterPort } from './port';
import { listening, type MeterServer } from './server';

export interface IecServerOptions {
  readonly mode: IecMode;
  readonly serialNumber: string;
  /** Asked for in programming mode; absent: none is. */
  readonly password?: string;
  /** Mode D: milliseconds between telegrams. */
  readonly intervalMs: number;
  readonly host?: string;
  readonly port: number;
}

export interface IecServer extends MeterServer {
  readonly meter: SimulatedIecMeter;
}

/** `household` gives time and zone, and speaks HDLC after a hand-over. Rejects with LISTEN_FAILED. */
export async function serveIec(household: SimulatedMeter, options: IecServerOptions): Promise<IecServer> {
  const { mode, serialNumber, password, intervalMs } = options;
  const meter = new SimulatedIecMeter({
    mode,
    address: serialNumber,
    ...(password === undefined ? {} : { password }),
    pushEveryMs: intervalMs,
    list: () => readoutOf(household, serialNumber),
    hdlc: () => {
      const port = new MeterPort([household], { framing: 'hdlc' });
      return { receive: chunk => port.receive(chunk).write };
    },
  });
  const stations = new Map<Socket, IecStation>();
  const listener = createServer({ noDelay: true, keepAlive: true });
  const server: IecServer = {
    meter,
    get port() {
      return (listener.address() as AddressInfo).port;
    },
    get connections() {
      return stations.size;
    },
    onChange: () => undefined,
    close: () =>
      new Promise(resolve => {
        listener.close(() => resolve());
        for (const socket of stations.keys()) socket.destroy();
      }),
  };
  listener.on('connection', socket => {
    const station = meter.attach({ write: bytes => void socket.write(bytes) });
    stations.set(socket, station);
    server.onChange();
    socket.on('error', () => undefined);
    socket.on('data', chunk => station.receive(chunk));
    socket.on('close', () => {
      station.close();
      stations.delete(socket);
      server.onChange();
    });
  });
  const { host = '127.0.0.1', port } = options;
  await listening(listener, { host, port }, () => listener.listen(port, host));
  return server;
}

/** The data lines of the readout at the meter's present time. */
export function readoutOf(household: SimulatedMeter, serialNumber: string): string[] {
  const { nowMs, clock } = household;
  const e = energiesAt(nowMs);
  const wall = new Date(nowMs + clock.offsetMinutes(nowMs) * 60_000).toISOString();
  const power = powerAt(nowMs);
  return [
    'F.F(00000000)',
    `C.1.0(${serialNumber})`,
    `0.9.1(${wall.slice(11, 19).replace(/:/g, '')})`,
    `0.9.2(${wall.slice(2, 10).replace(/-/g, '')})`,
    `1.8.0(${kilo(e.import)}*kWh)`,
    `1.8.1(${kilo(e.importDay)}*kWh)`,
    `1.8.2(${kilo(e.importNight)}*kWh)`,
    `2.8.0(${kilo(e.export)}*kWh)`,
    `3.8.0(${kilo(e.reactiveImport)}*kvarh)`,
    `4.8.0(${kilo(e.reactiveExport)}*kvarh)`,
    `1.7.0(${kilo(Math.max(0, power), 2)}*kW)`,
    `2.7.0(${kilo(Math.max(0, 0 - power), 2)}*kW)`,
  ];
}

/** Thousandths as a number with three decimals and leading zeros, as meters show them. */
function kilo(thousandths: number, digits = 6): string {
  return (thousandths / 1000).toFixed(3).padStart(digits + 4, '0');
}

/** For those who choose one by its name. */
export const IEC_FAULTS: readonly IecFault[] = [
  'silence',
  'no-data',
  'lost-character',
  'cut',
  'wrong-bcc',
  'stays-at-start',
  'echo',
  'noise',
  'parity',
  'wrong-parity',
];
