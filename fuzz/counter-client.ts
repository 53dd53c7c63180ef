// A process that reads a meter with ciphered requests and keeps its counters in a folder, for counters.ts.
// Arguments: the folder, host and port of the meter, how many requests, the counter object.

import { Obis } from '../src/core/obis/obis';
import { isDlmsError } from '../src/core/wire/errors';
import { Session } from '../src/io/session/session';
import { parseSettings } from '../src/io/settings/settings';
import { installed } from '../src/nodes/lib/installation';
import { DEFAULT_KEYS } from '../src/sim/meter';

const REFS = ['1-0:1.8.0*255', '1-0:2.8.0*255', '1-0:1.7.0*255', '0-0:96.1.0*255'].map(code => {
  return { classId: code.startsWith('1') ? 3 : 1, obis: Obis.parse(code), attribute: 2 };
});

async function main([folder = '', host, port, requests, counterObject]: readonly string[]): Promise<void> {
  const settings = parseSettings(
    {
      ...{ transport: 'tcp', host, port, interface: 'wrapper', answerTimeout: 2000, idleTime: 1, counterObject },
      ...{ clientAddress: 30, security: 'authentication-encryption', systemTitle: '4d464c0000000077' },
    },
    { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
  );
  const session = new Session(
    settings,
    installed(folder, () => undefined),
  );
  const first = Math.floor(Math.random() * REFS.length);
  for (let i = 0; i < Number(requests); i++) {
    const ref = REFS[(first + i) % REFS.length];
    if (ref === undefined) continue;
    try {
      await session.get(ref);
      process.stdout.write('answered\n');
    } catch (e) {
      if (!isDlmsError(e) || e.code === 'INTERNAL') throw e;
      process.stdout.write(`${e.code}\n`);
    }
  }
  await session.close();
}

void main(process.argv.slice(2));
