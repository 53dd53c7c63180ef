import assert from 'node:assert/strict';
import { parseCommandLine } from '../../src/io/settings/command-line';

describe('command line of the Gurux reader', () => {
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    [
      '-S COM1:9600:8None1 -c 16 -s 1 -r SN -a Low -P 12345678',
      {
        properties: {
          transport: 'serial',
          path: 'COM1',
          baudRate: '9600',
          dataBits: '8',
          parity: 'none',
          stopBits: '1',
          clientAddress: '16',
          serverAddress: '1',
          referencing: 'sn',
          authentication: 'low',
        },
        credentials: { password: '12345678' },
        objects: [],
        ignored: [],
      },
    ],
    [
      'GuruxDlmsSample -h 10.0.0.7 -p 4059 -i WRAPPER -C AuthenticationEncryption -T 4d4d4d0000000001 ' +
        '-A D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF -B 000102030405060708090A0B0C0D0E0F -v 0.0.43.1.0.255 -a HighGMac -I',
      {
        properties: {
          transport: 'tcp',
          host: '10.0.0.7',
          port: '4059',
          interface: 'wrapper',
          security: 'authentication-encryption',
          systemTitle: '4d4d4d0000000001',
          counterObject: '0.0.43.1.0.255',
          authentication: 'high-gmac',
          invokeIdIncrease: true,
        },
        credentials: {
          authenticationKey: 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF',
          encryptionKey: '000102030405060708090A0B0C0D0E0F',
        },
        objects: [],
        ignored: [],
      },
    ],
    [
      '-S /dev/ttyUSB0 -i HdlcWithModeE -c 16 -s 17 -l 1 -g "0.0.1.0.0.255:2; 1.0.1.8.0.255:2" -o cache.xml',
      {
        properties: {
          transport: 'serial',
          path: '/dev/ttyUSB0',
          interface: 'hdlc-mode-e',
          clientAddress: '16',
          physicalAddress: '17',
          serverAddress: '1',
        },
        credentials: {},
        objects: [
          { obis: '0.0.1.0.0.255', attribute: 2 },
          { obis: '1.0.1.8.0.255', attribute: 2 },
        ],
        ignored: ['-o'],
      },
    ],
    [
      '-S /dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0:9600:8Even1 -F 100 -Z -c 1 -E',
      {
        properties: {
          transport: 'serial',
          path: '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
          baudRate: '9600',
          dataBits: '8',
          parity: 'even',
          stopBits: '1',
          clientAddress: '1',
        },
        credentials: {},
        objects: [],
        ignored: ['-F', '-Z', '-E'],
      },
    ],
    [
      '-h 10.0.0.7 -s 1 -l 2 -n 12345678',
      {
        properties: { transport: 'tcp', host: '10.0.0.7', serialNumber: '12345678', serverAddress: '2' },
        credentials: {},
        objects: [],
        ignored: [],
      },
    ],
    [
      'Gurux.DLMS.XmlClient.exe -S /dev/ttyUSB0 -i -a High -P 12345678 -c 48 -s 1 -r sn -L LGZ -t -x requests.xml',
      {
        properties: {
          transport: 'serial',
          path: '/dev/ttyUSB0',
          interface: 'hdlc-mode-e',
          authentication: 'high',
          clientAddress: '48',
          serverAddress: '1',
          referencing: 'sn',
          manufacturer: 'LGZ',
          trace: 'verbose',
        },
        credentials: { password: '12345678' },
        objects: [],
        ignored: ['-x'],
      },
    ],
    [
      '-h 10.0.0.7 -p 4061 -w -c 16 -s 1 -i',
      {
        properties: {
          transport: 'tcp',
          host: '10.0.0.7',
          port: '4061',
          interface: 'hdlc-mode-e',
          clientAddress: '16',
          serverAddress: '1',
        },
        credentials: {},
        objects: [],
        ignored: [],
      },
    ],
  ];
  for (const [line, expected] of cases) {
    it(`fills the form from ${line.slice(0, 48)}…`, () => assert.deepEqual(parseCommandLine(line), expected));
  }

  it('names the option whose value it does not understand', () => {
    assert.throws(() => parseCommandLine('-a Secret'), /option -a "Secret" is not one of none, low/);
    assert.throws(() => parseCommandLine('-i Carrier -c 1'), /option -i "Carrier" is not one of hdlc, wrapper/);
    assert.throws(() => parseCommandLine('-h'), /option -h/);
    assert.throws(() => parseCommandLine('hello'), /option -line/);
  });

  it('refuses a text that is far longer than a command, at once', () => {
    const started = process.cpuUsage();
    assert.throws(() => parseCommandLine('-x '.repeat(1_700_000)), {
      code: 'BAD_SETTING',
      message: /5100000 characters/,
    });
    assert.ok(process.cpuUsage(started).user < 300_000 /* µs */);
  });

  it('never repeats a key in its error', () => {
    assert.throws(
      () => parseCommandLine('-B 00112233xx'),
      (e: Error) => !e.message.includes('00112233'),
    );
  });
});
