import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';

import { decodeApdu, encodeApdu, type Aarq } from '../../src/core/apdu';
import { Obis } from '../../src/core/obis/obis';
import { encodeWrapper, wrapperStream } from '../../src/core/framing/wrapper';
import { unhex } from '../../src/core/wire/hex';
import { isDlmsError } from '../../src/core/wire/errors';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { parseSettings } from '../../src/io/settings/settings';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const REF = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const CREDENTIALS = {
  password: 'a secret of 16 !',
  encryptionKey: DEFAULT_KEYS.encryption,
  authenticationKey: DEFAULT_KEYS.authentication,
};

/** Accepts everybody and sends the challenge back; tells which APDUs came. */
async function mirror(): Promise<{ server: Server; port: number; came: string[]; sockets: Set<Socket> }> {
  const came: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    const deframer = wrapperStream();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', chunk => {
      for (const message of deframer.receive(chunk)) {
        if (message.type !== 'wrapper') continue;
        const { apdu } = decodeApdu(message.apdu);
        came.push(apdu.type);
        if (apdu.type === 'aarq') socket.write(encodeWrapper(1, message.source, encodeApdu(mirrored(apdu))));
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, came, sockets };
}

function mirrored(aarq: Aarq): Parameters<typeof encodeApdu>[0] {
  return {
    type: 'aare',
    protocolVersion: null,
    applicationContext: aarq.applicationContext,
    result: 0,
    diagnostic: { source: 1, value: 14 },
    respondingApTitle: unhex('4d46571000000001'),
    respondingAeQualifier: null,
    mechanism: aarq.mechanism,
    respondingAuthenticationValue: aarq.callingAuthenticationValue,
    userInformation: null,
  };
}

describe('a session with somebody else than the meter', () => {
  for (const authentication of ['high', 'high-md5', 'high-sha1', 'high-gmac', 'high-sha256'] as const) {
    it(`asks nothing of it, hangs up, and tries again only when asked again (${authentication})`, async () => {
      const { server, port, came, sockets } = await mirror();
      const fields = { host: '127.0.0.1', port, interface: 'wrapper', clientAddress: 19, counterObject: 'none' };
      const session = new Session(parseSettings({ ...fields, authentication }, CREDENTIALS), {
        lines: new Lines(new LineQueues()),
      });
      try {
        for (const times of [1, 2]) {
          await assert.rejects(session.get(REF), e => isDlmsError(e) && e.code === 'NOT_THE_METER');
          assert.deepEqual(came, new Array(times).fill('aarq'));
        }
      } finally {
        await session.close();
        for (const socket of sockets) socket.destroy();
        await new Promise(resolve => server.close(resolve));
      }
    });
  }

  it('says which system title came where the settings name another', async () => {
    const server = await serveTcp(simulatedMeter(), { framing: 'wrapper' });
    try {
      const own = { clientAddress: 1, authentication: 'high-gmac', security: 'authentication-encryption' };
      const fields = { host: '127.0.0.1', port: server.port, interface: 'wrapper', ...own };
      const settings = parseSettings({ ...fields, meterSystemTitle: '4142430000000099' }, CREDENTIALS);
      const session = new Session(settings, { lines: new Lines(new LineQueues()) });
      await assert.rejects(
        session.get(REF),
        e => isDlmsError(e) && e.code === 'NOT_THE_METER' && /4142430000000099/.test(e.message),
      );
      await session.close();
    } finally {
      await server.close();
    }
  });
});
