// The load profile of the last 24 hours, row for row while it arrives. The meter is simulated, so that this runs anywhere; for yours
// leave it away and give its host and port.
import { Obis } from '@meterflow/node-red-dlms';
import { parseSettings, Session } from '@meterflow/node-red-dlms/io';
import { serveTcp, simulatedMeter } from '@meterflow/node-red-dlms/sim';

const server = await serveTcp(simulatedMeter({ zone: 'Europe/Vienna' }), { framing: 'wrapper' });

// The properties and credentials of the node dlms-connection; what is left out has its default.
const settings = parseSettings(
  {
    transport: 'tcp',
    host: '127.0.0.1',
    port: server.port,
    interface: 'wrapper',
    clientAddress: 17,
    authentication: 'low',
    timezone: 'Europe/Vienna',
  },
  { password: '12345678' },
);
const session = new Session(settings);
try {
  const day = 24 * 3600 * 1000;
  const range = { kind: 'time', fromMs: Date.now() - day, toMs: Date.now() };
  const profile = session.readProfile(Obis.parse('1-0:99.1.0*255'), range);
  for await (const row of profile.rows) console.log(JSON.stringify(row));
  const { columns } = await profile.head;
  console.log(columns.map(column => `${column.key} in ${column.unit}`).join(', '));
} finally {
  await session.close();
  await server.close();
}
