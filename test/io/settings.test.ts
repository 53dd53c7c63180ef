import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { isDlmsError } from '../../src/core/wire/errors';
import { hex } from '../../src/core/wire/hex';
import { parseAllowedHosts } from '../../src/io/settings/allowed-hosts';
import { CONNECTION } from '../../src/io/settings/connection-table';
import {
  CONNECTION_PROPERTIES,
  CONNECTION_SECRETS,
  METER_FIELDS,
  overrideSettings,
  parseSettings,
} from '../../src/io/settings/settings';
import { isCredential } from '../../src/io/settings/table';

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
    // Of what another address makes superfluous, nothing is a fault.
    const unread = { physicalAddress: 17, serialNumber: 'n/a', serialFormula: 'SN mod 10000' };
    assert.equal((server(unread) as { physical: unknown }).physical, 17);
    assert.equal((server({ serialFormula: 'SN mod 10000' }) as { physical: unknown }).physical, null);
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
    for (const standard of ['idis', 'spain', 'russia']) assert.equal(clock({ standard }), 'standard');
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
    for (const authentication of ['low', 'high', 'high-lgz', 'high-md5', 'high-sha1', 'high-sha256']) {
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

describe('what a message may say of a connection', () => {
  it('is every property and every secret of the form, but not what a message may do, its name, preset and version', () => {
    const secrets = CONNECTION.filter(isCredential).map(({ name }) => name);
    const properties = CONNECTION.map(({ name }) => name).filter(
      name =>
        !['name', 'preset', 'version', 'allowHosts', 'allowWriting', 'writable', 'maxSessions', ...secrets].some(
          other => other === name,
        ),
    );
    assert.deepEqual([...properties].sort(), [...CONNECTION_PROPERTIES].sort());
    assert.deepEqual(secrets, [...CONNECTION_SECRETS]);
    for (const own of ['allowHosts', 'allowWriting', 'writable', 'maxSessions'])
      assert.ok(!METER_FIELDS.includes(own), own);
  });

  it('never reads another meter for a field that is misspelt', () => {
    for (const meter of [
      { host: '10.0.0.2', prot: 1 },
      { hots: '10.0.0.2' },
      { client: 32 },
      { allowHosts: '*' },
      { allowWriting: true },
    ]) {
      assert.throws(
        () => overrideSettings({ host: '10.0.0.1' }, {}, meter),
        e => isDlmsError(e) && e.detail.code === 'BAD_SETTING' && e.detail.setting === 'the field of msg.meter',
      );
    }
  });
});

describe('saved secrets', () => {
  const low = { host: 'Meter-1.lan', authentication: 'low' };
  const saved = { password: 'S3cret' };
  const ciphered = { ...low, authentication: 'high-gmac', security: 'authentication-encryption' };
  const keys = { encryptionKey: KEY, authenticationKey: KEY };
  const goes = (properties: object, credentials: object, meter: object): boolean => {
    try {
      overrideSettings({ ...properties }, { ...credentials }, { ...meter });
      return true;
    } catch (e) {
      assert.ok(isDlmsError(e) && e.code === 'HOST_NOT_ALLOWED', String(e));
      assert.doesNotMatch(e.message, /S3cret/);
      return false;
    }
  };
  const rows: [string, object, object, object, boolean][] = [
    ['another host gets no saved password', low, saved, { host: 'other.lan' }, false],
    ['nor saved keys', ciphered, keys, { host: 'other.lan' }, false],
    [
      'nor a message that asks for a password which is not used otherwise',
      { host: 'a' },
      saved,
      { host: 'b', authentication: 'low' },
      false,
    ],
    ['it brings its own password', low, saved, { host: 'other.lan', password: 'own' }, true],
    ['one key of two is not enough', ciphered, keys, { host: 'other.lan', encryptionKey: KEY }, false],
    ['it brings all keys', ciphered, keys, { host: 'other.lan', ...keys }, true],
    ['nothing is needed for it', { host: 'a' }, saved, { host: 'b' }, true],
    ['the same host by another port', low, saved, { port: 4060 }, true],
    ['the same host in other letters', low, saved, { host: 'METER-1.lan.' }, true],
    ['the same host by UDP', low, saved, { transport: 'udp' }, true],
    ['the same host, which calls', low, saved, { transport: 'tcp-server' }, false],
    ['whoever calls', low, saved, { transport: 'tcp-server', host: '' }, false],
    ['a serial port of this computer instead of a host', low, saved, { path: '/dev/ttyUSB0' }, false],
    [
      'another serial port',
      { ...low, transport: 'serial', path: '/dev/ttyUSB0' },
      saved,
      { path: '/dev/ttyUSB1' },
      true,
    ],
    [
      'a host instead of a serial port',
      { ...low, transport: 'serial', path: '/dev/ttyUSB0' },
      saved,
      { host: 'x' },
      false,
    ],
    ['a host that is allowed', { ...low, allowHosts: 'a.lan, meter-*.lan' }, saved, { host: 'Meter-77.lan' }, true],
    [
      'a host that is not among the allowed',
      { ...low, allowHosts: 'meter-*.lan' },
      saved,
      { host: 'meter-1.lan.evil' },
      false,
    ],
  ];
  for (const [what, properties, credentials, meter, expected] of rows) {
    it(`${expected ? 'go' : 'do not go'}: ${what}`, () => assert.equal(goes(properties, credentials, meter), expected));
  }

  for (const [allowed, yes, no] of [
    ['10.0.0.0/24', ['10.0.0.1', '10.0.0.255'], ['10.0.1.1', '10.0.0.1.evil', '0x0a000001', '167772161', '10.0.0']],
    ['192.168.1.*', ['192.168.1.7'], ['192.168.1.evil.example', '192.168.10.7']],
    ['*.lan', ['a.lan', 'a.b.lan'], ['lan', 'a.lan.example']],
    ['m*-*.x', ['m1-2.x', 'm-.x'], ['m1.x', 'n1-2.x']],
    ['*', ['anything', ''], []],
    ['', [], ['a', '']],
    ['0.0.0.0/0', ['8.8.8.8'], ['name']],
  ] as const) {
    it(`may go by "${allowed}" where it says`, () => {
      const fits = (host: string): boolean => parseAllowedHosts(allowed).some(one => one(host));
      for (const host of yes) assert.ok(fits(host), host);
      for (const host of no) assert.ok(!fits(host), host);
    });
  }

  it('say what is no network', () => {
    refuses('allowHosts', { allowHosts: '10.0.0.0/40' });
    refuses('allowHosts', { allowHosts: 'host/24' });
  });

  it('are compared with a long pattern in no time', () => {
    const [fits] = parseAllowedHosts(`${'*a'.repeat(100)}*b`);
    const from = performance.now();
    assert.equal(fits?.('a'.repeat(5000)), false);
    assert.ok(performance.now() - from < 100);
  });
});
