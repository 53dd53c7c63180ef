// A process of its own that reads a meter again and again with what an installation keeps; a test starts several and kills
// them. Arguments: state directory, port, reads. Writes a line for each read, with the code of its error where it failed.

import type { AttributeRef } from '../../../src/core/client/request';
import { Obis } from '../../../src/core/obis/obis';
import { isDlmsError } from '../../../src/core/wire/errors';
import { Session } from '../../../src/io/session/session';
import { parseSettings } from '../../../src/io/settings/settings';
import { installed } from '../../../src/nodes/lib/installation';
import { DEFAULT_KEYS } from '../../../src/sim/meter';

const [, , directory, port, reads] = process.argv;
const NAMES: AttributeRef[] = [42, 0].map(d => ({
  classId: 1,
  obis: Obis.parse(`0-0:${d === 0 ? 96 : d}.${d === 0 ? 1 : 0}.0*255`),
  attribute: 2,
}));

void (async () => {
  const settings = parseSettings(
    { host: '127.0.0.1', port, interface: 'wrapper', clientAddress: 30, security: 'authentication-encryption' },
    { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication },
  );
  const installation = installed(directory ?? null, text => process.stdout.write(`told ${text}\n`));
  for (let i = 0; i < Number(reads); i++) {
    // A session of its own each time: each begins with a number that it takes for itself.
    const session = new Session(settings, installation);
    for (let n = 0; n < 5; n++) {
      try {
        await session.get(NAMES[(i + n) % 2] as AttributeRef);
        process.stdout.write('read\n');
      } catch (error) {
        process.stdout.write(`${isDlmsError(error) ? error.code : String(error)}\n`);
      }
    }
    await session.close();
  }
})();
