import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { isDlmsError } from '../../src/core/wire/errors';
import { hex } from '../../src/core/wire/hex';
import { overrideSettings, parseSettings } from '../../src/io/settings';

const KEY = '000102030405060708090a0b0c0d0e0f';

function refuses(setting: string, properties: object, credentials: object = {}): void {
  assert.throws(
    () => parseSettings({ host: 'meter', ...properties }, { ...credentials }),
    e => isDlmsError(e) && e.detail.code === 'BAD_SETTING' && e.detail.setting === setting,
    `${setting} in ${JSON.stringify(properties)}`,
  );
}

describe('settings of a connection', () => {
  it('take the defaults for what is empty, and numbers as text or as numbers', () => {
    const s = parseSettings({ host: 'meter', port: '', clientAddress: '17', serverAddress: 1, windowSize: '' });
    assert.deepEqual(s.transport, { kind: 'tcp', host: 'meter', port: 4059 });
    assert.equal(s.clientAddress, 17);
    assert.deepEqual(s.server, { logical: 1, physical: null, size: 'auto' });
    assert.deepEqual([s.frameSize, s.windowSize, s.pduSize], [2030, 7, 65535]);
    assert.equal(s.counterObject?.toString(), '0-0:43.1.0*255');
    assert.deepEqual(s.clock, { mode: 'standard' });
  });

  it('understand a serial port as other tools write it', () => {
    const s = parseSettings({ transport: 'serial', path: 'COM1:9600:7Even1' });
    assert.deepEqual(s.transport, {
      kind: 'serial',
      path: 'COM1',
      format: { baudRate: 9600, dataBits: 7, parity: 'even', stopBits: 1 },
    });
    const plain = parseSettings({ transport: 'serial', path: '/dev/ttyUSB0', baudRate: 2400, parity: 'even' });
    assert.equal(plain.transport.kind === 'serial' && plain.transport.format.baudRate, 2400);
  });

  it('take the server address in one number, in parts, or from the serial number', () => {
    const server = (p: object): unknown => parseSettings({ host: 'm', ...p }).server;
    assert.deepEqual(server({ serverAddress: 145 }), { logical: 1, physical: 17, size: 'auto' });
    assert.deepEqual(server({ serverAddress: 16401 }), { logical: 1, physical: 17, size: 'auto' });
    assert.deepEqual(server({ serverAddress: 1, physicalAddress: 17, addressSize: 4 }), {
      logical: 1,
      physical: 17,
      size: 4,
    });
    assert.deepEqual(server({ serialNumber: '50021374' }), { logical: 1, physical: 2374, size: 'auto' });
    assert.deepEqual(server({ serialNumber: '50021374', serialFormula: 'SN % 100 + 16' }), {
      logical: 1,
      physical: 90,
      size: 'auto',
    });
    assert.deepEqual(server({ interface: 'wrapper', serverAddress: 300 }), {
      logical: 300,
      physical: null,
      size: 'auto',
    });
  });

  it('take a password as characters or as 0x hex, and never show it', () => {
    const s = parseSettings({ host: 'm', authentication: 'low' }, { password: 'Sesame' });
    assert.equal(hex(s.password?.octets() ?? new Uint8Array()), '536573616d65');
    const h = parseSettings({ host: 'm', authentication: 'low' }, { password: '0x00ff10' });
    assert.equal(hex(h.password?.octets() ?? new Uint8Array()), '00ff10');
    const keys = { password: 'Sesame', encryptionKey: KEY, authenticationKey: KEY, dedicatedKey: KEY };
    const all = parseSettings({ host: 'm', authentication: 'high-gmac', security: 'authentication-encryption' }, keys);
    for (const text of [inspect(all, { depth: 9 }), JSON.stringify(all), String(all.password)]) {
      assert.ok(!text.includes('Sesame') && !text.toLowerCase().includes(KEY), text);
    }
  });

  it('take the sign of the clock from the standard of the country unless it is set', () => {
    const clock = (p: object): string => parseSettings({ host: 'm', ...p }).clock.mode;
    assert.equal(clock({ standard: 'italy' }), 'inverted');
    assert.equal(clock({ standard: 'saudi-arabia' }), 'inverted');
    assert.equal(clock({ standard: 'idis' }), 'standard');
    assert.equal(clock({ standard: 'india', clockPolicy: 'standard' }), 'standard');
  });

  it('name the setting that is wrong, and what it may be', () => {
    refuses('host', { host: '' });
    refuses('port', { port: '70000' });
    refuses('path', { transport: 'serial', path: '' });
    refuses('interface', { interface: 'wireless' });
    refuses('clientAddress', { clientAddress: 'x' });
    refuses('clientAddress', { clientAddress: 200 });
    refuses('windowSize', { windowSize: 9 });
    refuses('frameSize', { frameSize: 4000 });
    refuses('systemTitle', { systemTitle: '1234' });
    refuses('clockPolicy', { clockPolicy: 'mine' });
    refuses('timezone', { clockPolicy: 'zone' });
    refuses('encryptionKey', { security: 'encryption' });
    refuses('authenticationKey', { authentication: 'high-gmac' }, { encryptionKey: KEY });
    refuses('encryptionKey', { security: 'encryption' }, { encryptionKey: '00ff' });
  });

  it('show no part of a wrong key', () => {
    try {
      parseSettings({ host: 'm', security: 'encryption' }, { encryptionKey: 'deadbeefdeadbeef' });
      assert.fail('accepted');
    } catch (e) {
      assert.ok(isDlmsError(e) && !e.message.includes('deadbeef'), String(e));
    }
  });

  it('take speed and format of an RFC 2217 gateway, over TCP only', () => {
    const all = { host: 'gw', rfc2217: true, baudRate: '300', dataBits: '7', parity: 'even' };
    const rfc2217 = { baudRate: 300, dataBits: 7, parity: 'even', stopBits: 1 };
    assert.deepEqual(parseSettings(all).transport, { kind: 'tcp', host: 'gw', port: 4059, rfc2217 });
    assert.deepEqual(parseSettings({ ...all, rfc2217: false }).transport, { kind: 'tcp', host: 'gw', port: 4059 });
    const udp = parseSettings({ ...all, transport: 'udp' }).transport;
    assert.deepEqual(udp, { kind: 'udp', host: 'gw', port: 4059 });
  });

  it('say what is not supported yet instead of failing later', () => {
    for (const p of [{ interface: 'plc' }, { suite: '1', security: 'encryption' }, { authentication: 'high-ecdsa' }]) {
      assert.throws(
        () => parseSettings({ host: 'm', ...p }, { encryptionKey: KEY }),
        e => isDlmsError(e) && e.code === 'NOT_SUPPORTED',
      );
    }
  });

  it('refuse an authentication with a password where none is set', () => {
    for (const authentication of ['low', 'high', 'high-md5', 'high-sha1', 'high-sha256']) {
      assert.throws(() => parseSettings({ host: 'm', authentication }), /password "\(empty\)" is not set/);
    }
    assert.equal(parseSettings({ host: 'm', authentication: 'low' }, { password: '0x' }).password?.octets().length, 0);
  });

  it('let msg.meter go over what the node says', () => {
    const node = {
      transport: 'serial',
      path: '/dev/ttyUSB0',
      clientAddress: 17,
      physicalAddress: 33,
      authentication: 'low',
    };
    const over = overrideSettings(node, { password: 'a' }, { host: '10.0.0.5', serialNumber: 50021374, password: 'b' });
    assert.deepEqual(over.transport, { kind: 'tcp', host: '10.0.0.5', port: 4059 });
    assert.deepEqual(over.server, { logical: 1, physical: 2374, size: 'auto' });
    assert.equal(hex(over.password?.octets() ?? new Uint8Array()), '62');
    assert.equal(over.clientAddress, 17);
    const back = overrideSettings({ host: 'm', serialNumber: '7' }, {}, { physicalAddress: 40 });
    assert.equal(back.server.physical, 40);
  });
});
