// A simulated meter on TCP, for tests of what reads meters: a household that uses energy, with a clock and a load profile.
import { serveTcp, simulatedMeter } from '@meterflow/node-red-dlms/sim';

const meter = simulatedMeter({ zone: 'Europe/Vienna' });
const server = await serveTcp(meter, { framing: 'wrapper', port: Number(process.env.PORT ?? 4059) });
console.log(`a meter answers on port ${server.port}, client 16 without a password, client 17 with 12345678`);

// It ends when the one who started it closes its input, or by Ctrl-C.
process.stdin.resume().once('end', () => server.close());
