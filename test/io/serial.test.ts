import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  SerialTransport,
  formatSerial,
  listSerialPorts,
  parseSerial,
  serialError,
  type SerialModule,
} from '../../src/io/transport/serial';
import { SOCAT_MISSING, hasSocat, serialPair } from './serial-pair';

const FORMAT = { baudRate: 300, dataBits: 7, parity: 'even', stopBits: 1 } as const;

describe('serial port settings', () => {
  const rows: [string, string, object][] = [
    ['COM1:9600:8None1', 'COM1', { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 }],
    ['/dev/ttyUSB0:300:7Even1', '/dev/ttyUSB0', { baudRate: 300, dataBits: 7, parity: 'even', stopBits: 1 }],
    ['/dev/ttyUSB0:115200:8n2', '/dev/ttyUSB0', { baudRate: 115200, dataBits: 8, parity: 'none', stopBits: 2 }],
    ['/dev/ttyS1:2400', '/dev/ttyS1', { baudRate: 2400 }],
    [
      '/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0',
      '/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0',
      {},
    ],
    [' COM3 ', 'COM3', {}],
  ];
  for (const [text, path, format] of rows) {
    it(`reads ${text}`, () => assert.deepEqual(parseSerial(text), { path, format }));
  }
  it('refuses nothing, and a format without a speed', () => {
    assert.throws(() => parseSerial(''), { code: 'BAD_SETTING' });
    assert.throws(() => parseSerial('COM1:8None1'), { code: 'BAD_SETTING' });
  });
  it('writes a format as people do', () => assert.equal(formatSerial(FORMAT), '300 7E1'));
});

describe('serial port errors', () => {
  const rows: [string, string][] = [
    ['Error: No such file or directory, cannot open /dev/ttyUSB9', 'SERIAL_MISSING'],
    ['Opening COM9: File not found', 'SERIAL_MISSING'],
    ['Error: Permission denied, cannot open /dev/ttyUSB0', 'SERIAL_DENIED'],
    ['Error Resource temporarily unavailable Cannot lock port', 'SERIAL_BUSY'],
    ['Error: Device or resource busy, cannot open /dev/ttyUSB0', 'SERIAL_BUSY'],
    ['Opening COM3: Access denied', 'SERIAL_BUSY'],
    ['Opening COM3: Unknown error code 31', 'SERIAL_MISSING'],
  ];
  for (const [text, code] of rows) {
    it(`takes "${text}" for ${code}`, () => assert.equal(serialError(new Error(text), 'P').code, code));
  }
  it('says that the package is missing, with its reason in one line', async () => {
    const load = (): Promise<SerialModule> =>
      Promise.reject(Object.assign(new Error("Cannot find package 'serialport'\nRequire stack:"), { code: 'ERR_X' }));
    const port = new SerialTransport({ path: 'COM1', ...FORMAT, load });
    await assert.rejects(port.open(), {
      code: 'SERIAL_MODULE',
      message: /Cannot find package 'serialport'\. Run "npm/,
    });
    await assert.rejects(listSerialPorts(load), { code: 'SERIAL_MODULE' });
  });
  it('reports a port that is not there, and one that is no port', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serial-'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    for (const path of [join(folder, 'nothing'), file]) {
      const port = new SerialTransport({ path, ...FORMAT });
      await assert.rejects(port.open(), { code: 'SERIAL_MISSING' });
      await port.close();
    }
    rmSync(folder, { recursive: true });
  });
  it('lists ports with the names that stay', async () => {
    const list = (): Promise<{ path: string; pnpId?: string }[]> =>
      Promise.resolve([{ path: '/dev/ttyUSB0', pnpId: 'usb-Maker_Head_1-if00-port0' }, { path: 'COM3' }]);
    const module = { SerialPort: { list } } as unknown as SerialModule; // only list() is used
    assert.deepEqual(
      (await listSerialPorts(() => Promise.resolve(module))).map(p => p.byId),
      ['/dev/serial/by-id/usb-Maker_Head_1-if00-port0', null],
    );
    await listSerialPorts();
  });
  it('loads the package with the first open and not before', function () {
    // A process of its own, with the compiled files: the loader of uncompiled tests is not there.
    if (!__filename.endsWith('.js')) return this.skip();
    const script =
      "const { SerialTransport } = require('./src/io/transport/serial');" +
      "const has = () => Object.keys(require.cache).some(f => f.includes('@serialport')); const before = has();" +
      "new SerialTransport({ path: 'none', baudRate: 300, dataBits: 8, parity: 'none', stopBits: 1 })" +
      '.open().catch(() => console.log(before, has()));';
    const told = execFileSync(process.execPath, ['-e', script], { cwd: join(__dirname, '../..'), encoding: 'utf8' });
    assert.equal(told.trim(), 'false true');
  });
});

describe('serial port', function () {
  before(function () {
    if (hasSocat()) return;
    console.log(`    ${SOCAT_MISSING}`);
    this.skip();
  });
  it('changes speed on the open port, and format by opening it anew', async () => {
    const pair = await serialPair();
    const [ours, other] = [pair.near, pair.far].map(path => new SerialTransport({ path, ...FORMAT })) as [
      SerialTransport,
      SerialTransport,
    ];
    let text = '';
    other.onBytes = chunk => (text += Buffer.from(chunk).toString('latin1'));
    let lost = 0;
    ours.onClose = () => lost++;
    await Promise.all([ours.open(), other.open()]);
    await ours.write(Buffer.from('/?!\r\n'));
    await ours.setFormat({ baudRate: 9600 });
    assert.match(ours.where, /9600 7E1$/);
    await ours.setFormat({ dataBits: 8, parity: 'none' });
    assert.match(ours.where, /9600 8N1$/);
    await ours.write(Buffer.from('after'));
    for (let n = 0; n < 200 && text.length < 10; n++) await new Promise(resolve => setTimeout(resolve, 5));
    assert.equal(text, '/?!\r\nafter');
    assert.equal(lost, 0);
    await ours.close();
    await assert.rejects(ours.setFormat({ baudRate: 300 }), { code: 'CLOSED' });
    await ours.open();
    assert.match(ours.where, /300 7E1$/);
    await Promise.all([ours.close(), other.close()]);
    await pair.pull();
  });
  it('loses nothing of what was written when the speed changes at once', async () => {
    const pair = await serialPair();
    const other = new SerialTransport({ path: pair.far, ...FORMAT });
    let text = '';
    other.onBytes = chunk => (text += Buffer.from(chunk).toString('latin1'));
    await other.open();
    for (let n = 1; n <= 5; n++) {
      const ours = new SerialTransport({ path: pair.near, ...FORMAT, baudRate: 300 });
      await ours.open();
      await ours.write(Buffer.from('break'));
      await ours.setFormat({ baudRate: 9600 });
      await ours.close();
      for (let i = 0; i < 100 && text.length < 5 * n; i++) await new Promise(resolve => setTimeout(resolve, 5));
      assert.equal(text, 'break'.repeat(n));
    }
    await other.close();
    await pair.pull();
  });
  it('says that a port is in use', async () => {
    const pair = await serialPair();
    const [first, second] = [1, 2].map(() => new SerialTransport({ path: pair.near, ...FORMAT })) as [
      SerialTransport,
      SerialTransport,
    ];
    await first.open();
    await assert.rejects(second.open(), { code: 'SERIAL_BUSY' });
    await first.close();
    await second.open();
    await second.close();
    await pair.pull();
  });
});
