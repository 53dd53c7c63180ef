// The simulated meter with an optical head, behind a TCP port as at a serial-to-Ethernet gateway: its list follows the time.
// Mode E hands over to the simulated DLMS meter, so that both are one.

import { createServer, type AddressInfo, type Socket } from 'node:net';

import { householdList, householdProfile, type IecHousehold } from './iec-list';
import { SimulatedIecMeter, type IecMode, type IecStation } from './iec-meter';
import type { SimulatedMeter } from './meter';
import { MeterPort } from './port';
import { listening, type OpenServer } from './server';

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

export interface IecServer extends OpenServer {
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
    list: () => householdList(householdOf(household, serialNumber)),
    profile: (code, range) => householdProfile(householdOf(household, serialNumber), code, range),
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

function householdOf(household: SimulatedMeter, serialNumber: string): IecHousehold {
  const { nowMs, clock } = household;
  return { nowMs, serialNumber, offsetMinutes: epochMs => clock.offsetMinutes(epochMs) };
}

export { IEC_FAULTS } from './iec-meter';
