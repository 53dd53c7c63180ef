import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import type { LoadProfile } from '../../src/filter/load-profile';
import type { Telegram } from '../../src/core/cosem/reading';
import { crc16Arc } from '../../src/core/wire/crc16';
import { fromLatin1 } from '../../src/core/wire/hex';
import connection from '../../src/nodes/connection/dlms-connection';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import { block, SimulatedIecMeter, type IecMeterOptions } from '../../src/sim/iec-meter';
import { startFlow, stopFlow, type Credentials, type Flow, type FlowNode, type Message } from './flow';
import { connectionTo } from './meters';

const servers: { server: Server; sockets: Set<Socket> }[] = [];

async function serve(
  options: IecMeterOptions = {},
): Promise<{ meter: SimulatedIecMeter; port: number; sockets: Set<Socket> }> {
  const meter = new SimulatedIecMeter(options);
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    const station = meter.attach({ write: bytes => void (socket.writable && socket.write(bytes)) });
    socket.on('data', chunk => station.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      station.close();
      sockets.delete(socket);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  servers.push({ server, sockets });
  return { meter, port: (server.address() as AddressInfo).port, sockets };
}

const node = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-iec-readout',
  connection: 'c1',
  baudChangeDelay: '0',
  wires: [['out']],
  ...more,
});
async function start(port: number, more: Record<string, unknown> = {}, credentials: Credentials = {}): Promise<Flow> {
  return startFlow([connection, iecReadout], [connectionTo(port, { interface: 'iec' }), node(more)], credentials);
}
const message = (more: Record<string, unknown> = {}): Promise<Flow> =>
  startFlow([connection, iecReadout], [node({ connection: '', source: 'message', ...more })]);
const telegramOf = (msg: Message): Telegram => msg.payload as Telegram;
const dlmsOf = (msg: Message): Record<string, unknown> => msg['dlms'] as Record<string, unknown>;

const LIST = Buffer.from([
  ...fromLatin1('/MFL5SIM-1\r\n'),
  ...block('C.1.0(00012345)\r\n1.8.0(001234.567*kWh)\r\n!\r\n'),
]);
const P1_BODY = '/MFL5\\2SIM-1\r\n\r\n0-0:1.0.0(260101120000W)\r\n1-0:1.8.1(000123.456*kWh)\r\n!';
const P1 = `${P1_BODY}${crc16Arc(fromLatin1(P1_BODY)).toString(16).toUpperCase().padStart(4, '0')}\r\n`;

describe('dlms-iec-readout', () => {
  afterEach(async () => {
    await stopFlow();
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    }
  });

  it('reads the list of a meter and passes the message through', async () => {
    const { port } = await serve();
    const flow = await start(port);
    flow.send('n1', { topic: 'mine' });
    const msg = await flow.message('out');
    const { meter, readings, receivedAt, time } = telegramOf(msg);
    assert.deepEqual(meter, { id: '00012345', manufacturer: 'MFL', model: 'SIM-1' });
    assert.deepEqual([msg.topic, time, readings.length], ['mine', null, 7]);
    assert.ok(Math.abs(Date.parse(receivedAt) - Date.now()) < 5000);
    const energy = readings.find(r => r.id === '1.8.0');
    assert.deepEqual(energy, {
      obis: '1-0:1.8.0*255',
      id: '1.8.0',
      name: energy?.name,
      key: 'active_energy_import',
      value: 1234.567,
      unit: 'kWh',
      scaleSource: 'telegram',
      sets: [{ text: '001234.567*kWh', value: 1234.567, unit: 'kWh' }],
      text: '001234.567*kWh',
    });
    const dlms = dlmsOf(msg);
    assert.deepEqual([dlms['source'], dlms['checksum'], dlms['identification']], ['iec', 'ok', '/MFL5SIM-1']);
    assert.match(await flow.status('n1', /^green/), /7 readings/);
  });
  it('reads registers of the message, and names those that were refused', async () => {
    const { port } = await serve({ password: 'secret' });
    const flow = await start(port, { read: 'registers', registers: '1.8.1' }, { n1: { password: 'secret' } });
    flow.send('n1', {});
    assert.deepEqual(
      telegramOf(await flow.message('out')).readings.map(r => r.value),
      [834.567],
    );
    flow.send('n1', { registers: ['1.8.0', '9.9.9', 'R1 2.8.0'] } as never);
    const msg = await flow.message('out');
    assert.deepEqual(
      telegramOf(msg).readings.map(r => r.id),
      ['1.8.0', '2.8.0'],
    );
    assert.deepEqual(
      (dlmsOf(msg)['failures'] as { register: string }[]).map(f => f.register),
      ['9.9.9'],
    );
  });
  it('gives one register as a value', async () => {
    const { port } = await serve();
    const flow = await start(port, { read: 'registers', registers: '1.8.0', output: 'value' });
    flow.send('n1', {});
    assert.equal((await flow.message('out')).payload, 1234.567);
  });
  it('says that the password was refused, sends it once and does not show it', async () => {
    const { port, meter } = await serve({ password: 'right' });
    const flow = await start(port, { read: 'registers', registers: '1.8.0' }, { n1: { password: 'wr0ngPassw0rd' } });
    flow.send('n1', {});
    const { error } = await flow.error();
    assert.equal(error.code, 'WRONG_PASSWORD');
    assert.equal(meter.commands.filter(c => c.startsWith('P1')).length, 1);
    assert.ok(!JSON.stringify([error, flow.statuses('n1')]).includes('wr0ngPassw0rd'));
  });
  for (const [output, expect] of [
    ['object', (p: unknown) => assert.equal((p as LoadProfile).rows.length, 2)],
    [
      'rows',
      (p: unknown) =>
        assert.deepEqual(
          (p as { time: string }[]).map(r => r.time),
          ['2026-01-01T00:15:00+01:00', '2026-01-01T00:30:00+01:00'],
        ),
    ],
    [
      'csv',
      (p: unknown) =>
        assert.equal(
          p,
          'time,status,1-0:1.5.0*255 [kW]\n2026-01-01T00:15:00+01:00,0,0.1\n2026-01-01T00:30:00+01:00,0,0.2\n',
        ),
    ],
    ['report', (p: unknown) => assert.match(p as string, /2 rows, one every 900 s/)],
  ] as const) {
    it(`reads a load profile as ${output}`, async () => {
      const ranges: string[] = [];
      const profile = (code: string, range: string): string[] => {
        ranges.push(`${code} ${range}`);
        return ['P.01(0260101001500)(00)(15)(1)(1.5.0)(kW)', '(0.1)', '(0.2)'];
      };
      const { port } = await serve({ profile });
      const flow = await start(port, {
        read: 'profile',
        timezone: 'Europe/Vienna',
        profile: { code: 'P.01', mode: 'last', output },
      });
      flow.send('n1', { from: '2026-01-01T00:00:00+01:00', to: '2026-07-01T12:00:00+02:00' } as never);
      expect((await flow.message('out')).payload);
      assert.deepEqual(ranges, ['P.01 02601010000;12607011200']);
    });
  }
  it('sends a profile among the registers as a message of its own', async () => {
    const profile = (): string[] => ['P.01(0260101001500)(00)(15)(1)(1.5.0)(kW)', '(0.1)'];
    const { port } = await serve({ profile });
    const flow = await start(port, { read: 'registers', registers: '1.8.0\nP.01(;)' });
    flow.send('n1', { topic: 'mine' });
    const [list, rows] = [await flow.message('out'), await flow.message('out')];
    assert.deepEqual([telegramOf(list).readings.length, list.topic], [1, 'mine']);
    assert.deepEqual([(rows.payload as LoadProfile).rows.length, rows.topic], [1, 'mine']);
    flow.send('n1', { registers: ['P.01(;)'] } as never);
    assert.equal(((await flow.message('out')).payload as LoadProfile).rows.length, 1);
  });
  it('ends read commands with CR LF where the meter wants it', async () => {
    const { port, meter } = await serve({ commands: ['R2'] });
    let ended = 0;
    const attach = meter.attach.bind(meter);
    meter.attach = line => {
      const station = attach(line);
      const receive = station.receive.bind(station);
      station.receive = (chunk, baud) => {
        if (Buffer.from(chunk).toString('latin1').includes('R2') && chunk.at(-1) === 0x0a) ended++;
        receive(chunk, baud);
      };
      return station;
    };
    const flow = await start(port, { read: 'registers', registers: 'R2 1.8.0', commandEnding: true });
    flow.send('n1', {});
    await flow.message('out');
    assert.equal(ended, 1);
  });
  it('skips a trigger that comes while a readout runs, and says so', async () => {
    const { port, meter } = await serve({ reactionMs: 100 });
    const flow = await start(port);
    flow.send('n1', { payload: 1 });
    flow.send('n1', { payload: 2 });
    assert.equal((await flow.error()).error.code, 'READOUT_RUNNING');
    await flow.message('out');
    assert.equal(meter.requests, 1);
  });
  it('reports a damaged list as an error, and marks it when it only warns', async () => {
    const { port } = await serve({ faults: { 'wrong-bcc': 1000 } });
    const strict = await start(port);
    strict.send('n1', {});
    assert.equal((await strict.error(5000)).error.code, 'BCC_MISMATCH');
    await stopFlow();
    const warns = await start(port, { bcc: 'warn' });
    warns.send('n1', {});
    const dlms = dlmsOf(await warns.message('out'));
    assert.equal(dlms['checksum'], 'bad');
    assert.deepEqual(
      (dlms['problems'] as { code: string }[]).map(p => p.code),
      ['BCC_MISMATCH'],
    );
  }).timeout(10_000);
  it('reads a meter over a gateway that is fixed at the rate of the meter, and tells once what to set', async () => {
    const { port, meter } = await serve({ ownRateOnly: true });
    const flow = await start(port, { answerTimeout: '200' });
    flow.send('n1', {});
    const first = await flow.message('out', 5000);
    assert.equal(telegramOf(first).readings.length, 7);
    assert.deepEqual(dlmsOf(first)['notes'], [
      'asked once more: no data after the acknowledgement within 200 ms',
      'the meter does not answer to Z = 0 in the acknowledgement, but to Z = 5: set Z to 5 in the node to save the first try',
    ]);
    assert.equal(meter.requests, 2);
    flow.send('n1', {});
    assert.equal(dlmsOf(await flow.message('out'))['notes'], undefined);
    assert.equal(meter.requests, 3);
  }).timeout(10_000);
  it('reads registers of a meter that refuses R5 by an error text, and tells once what to set', async () => {
    const { port } = await serve({ commands: ['R1'], refusal: 'error' });
    const flow = await start(port, { read: 'registers', registers: '1.8.0' });
    flow.send('n1', {});
    const first = await flow.message('out');
    assert.deepEqual(
      [telegramOf(first).readings.map(r => r.value), dlmsOf(first)['notes']],
      [
        [1234.567],
        ['the meter does not answer to R5, but to R1: write R1 in front of the registers to save the first try'],
      ],
    );
    flow.send('n1', {});
    assert.equal(dlmsOf(await flow.message('out'))['notes'], undefined);
  });
  it('asks for a damaged list once more by NAK, and tells it', async () => {
    const { port, meter } = await serve({ faults: { 'wrong-bcc': 1 } });
    const flow = await start(port);
    flow.send('n1', {});
    const dlms = dlmsOf(await flow.message('out'));
    assert.equal(dlms['checksum'], 'ok');
    assert.match(String(dlms['notes']), /^asked once more: block check character 0x/);
    assert.equal(meter.requests, 1);
  });
  it('says of a profile whether its check was right', async () => {
    const profile = (): string[] => ['P.01(0260101001500)(00)(15)(1)(1.5.0)(kW)', '(0.1)'];
    const { port } = await serve({ profile, faults: { 'wrong-bcc': 1000 } });
    for (const [bcc, checksum] of [
      ['warn', 'bad'],
      ['off', 'none'],
    ] as const) {
      const flow = await start(port, { read: 'profile', bcc, profile: { code: 'P.01', mode: 'all' } });
      flow.send('n1', {});
      assert.equal(dlmsOf(await flow.message('out'))['checksum'], checksum);
      await stopFlow();
    }
  });
  it('names SML at once, where a meter sends it instead of an answer', async () => {
    const server = createServer(socket => {
      const beat = setInterval(() => socket.write(Buffer.from('1b1b1b1b0101010176050011', 'hex')), 50);
      socket.on('error', () => undefined);
      socket.on('close', () => clearInterval(beat));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const flow = await start((server.address() as AddressInfo).port);
    const startedMs = performance.now();
    flow.send('n1', {});
    const { error } = await flow.error();
    assert.deepEqual([error.code, /SML/.test(error.message)], ['OTHER_PROTOCOL', true]);
    assert.ok(performance.now() - startedMs < 3000);
    await stopFlow();
    await new Promise(resolve => server.close(resolve));
  });
  for (const bcc of ['strict', 'warn', 'off']) {
    it(`sends no telegram without a reading, polled or decoded (${bcc})`, async () => {
      const { port } = await serve({ list: () => [] });
      const polled = await start(port, { bcc });
      polled.send('n1', {});
      assert.equal((await polled.error()).error.code, 'TELEGRAM_INCOMPLETE');
      await polled.silence('out', 20);
      await stopFlow();
      const decoded = await message({ bcc });
      decoded.send('n1', { payload: Buffer.from([...fromLatin1('/MFL5SIM-1\r\n'), ...block('!\r\n')]) });
      assert.equal((await decoded.error()).error.code, 'TELEGRAM_INCOMPLETE');
      await decoded.silence('out', 20);
    });
  }
  it('tells a refused option select at once', async () => {
    const { port } = await serve({ faults: { 'nak-select': 1000 } });
    const flow = await start(port, { ackZ: '0' });
    const startedMs = performance.now();
    flow.send('n1', {});
    const { error } = await flow.error(5000);
    assert.match(error.message, /^the meter refused the option select with Z = 0 and Y = 0 \(NAK\)/);
    assert.ok(performance.now() - startedMs < 3000);
  });
  it('says what is wrong with a setting', async () => {
    const { port } = await serve();
    const flow = await start(port, { read: 'registers', registers: 'W1 1.8.0(0)' });
    flow.send('n1', {});
    assert.equal((await flow.error()).error.code, 'BAD_SETTING');
  });
  it('addresses one meter of a bus by msg.meter', async () => {
    const { port, meter } = await serve({ address: '4711' });
    const flow = await start(port, { answerTimeout: '200' });
    flow.send('n1', { meter: { meterAddress: '4712' } } as never);
    assert.equal((await flow.error()).error.code, 'NO_ANSWER');
    flow.send('n1', { meter: { meterAddress: '4711' } } as never);
    await flow.message('out');
    assert.equal(meter.requests, 1);
  });

  it('listens to a meter that sends by itself, without being asked', async () => {
    const { port } = await serve({ mode: 'd', p1: true, baudId: '5', pushEveryMs: 20 });
    const flow = await start(port, { mode: 'p1' });
    const first = await flow.message('out');
    assert.equal(telegramOf(first).readings.length, 7);
    assert.equal(dlmsOf(first)['checksum'], 'ok');
    await flow.message('out');
    flow.send('n1', {});
    await flow.message('out');
  });
  it('goes on listening after damage, and frees the port when it closes', async () => {
    const { port, sockets } = await serve({ mode: 'd', p1: true, baudId: '5', pushEveryMs: 30 });
    const flow = await start(port, { mode: 'd' });
    await flow.message('out');
    for (const socket of sockets) socket.write(P1.replace('123', '124'));
    await flow.status('n1', /^red.*CRC/);
    await flow.message('out');
    await stopFlow();
    while (sockets.size > 0) await new Promise(resolve => setTimeout(resolve, 10));
  });

  it('says that bytes come without a telegram, but not of the first, which may be the rest of one', async () => {
    const { port, sockets } = await serve({ mode: 'd', pushEveryMs: 60_000 });
    const flow = await start(port, { mode: 'p1' });
    while (sockets.size === 0) await new Promise(resolve => setTimeout(resolve, 5));
    const noise = (): void => sockets.forEach(socket => socket.write(Buffer.alloc(4200, 0xe1)));
    noise();
    await flow.silence('errors', 100);
    assert.ok(!flow.statuses('n1').some(text => text.startsWith('red')));
    noise();
    await flow.status('n1', /^red/);
    assert.equal((await flow.error()).error.code, 'NO_FRAME');
  });

  for (const [what, payload] of [
    ['a Buffer', LIST],
    ['text', LIST.toString('latin1')],
    ['hex', LIST.toString('hex')],
    ['hex with blanks', LIST.toString('hex').replace(/(..)/g, '$1 ').toUpperCase()],
    ['base64', LIST.toString('base64')],
    ['a list of numbers', JSON.stringify([...LIST])],
    ['a log', `[12:00:01][D][uart:42]: <<< ${LIST.toString('hex').replace(/(..)/g, '$1:').slice(0, -1)}`],
    ['strings of Python', `b'${[...LIST].map(n => `\\x${n.toString(16).padStart(2, '0')}`).join('')}'`],
  ] as const) {
    it(`decodes ${what} on a message`, async () => {
      const flow = await message();
      flow.send('n1', { payload, topic: 'a' });
      const msg = await flow.message('out');
      assert.deepEqual(
        telegramOf(msg).readings.map(r => r.value),
        ['00012345', 1234.567],
      );
      assert.equal(msg.topic, 'a');
    });
  }
  it('joins pieces by topic', async () => {
    const flow = await message();
    for (let at = 0; at < P1.length; at += 20) {
      flow.send('n1', { topic: 'a', payload: P1.slice(at, at + 20) });
      flow.send('n1', { topic: 'b', payload: Buffer.from(P1.slice(at, at + 20)) });
    }
    const topics = [(await flow.message('out')).topic, (await flow.message('out')).topic];
    assert.deepEqual(topics.sort(), ['a', 'b']);
  });
  it('joins pieces of hex, and lines that a serial port hands over as text', async () => {
    const flow = await message();
    const digits = Buffer.from(P1).toString('hex');
    for (let at = 0; at < digits.length; at += 20) flow.send('n1', { topic: 'a', payload: digits.slice(at, at + 20) });
    assert.equal((await flow.message('out')).topic, 'a');
    for (const line of P1.match(/[^\n]*\n/g) ?? []) flow.send('n1', { topic: 'b', payload: line });
    assert.equal((await flow.message('out')).topic, 'b');
  });
  it('gives a message for each telegram in a payload', async () => {
    const flow = await message();
    flow.send('n1', { payload: P1 + P1 });
    await flow.message('out');
    await flow.message('out');
  });
  it('fails a payload with a wrong checksum, and drops the rest on msg.reset', async () => {
    const flow = await message();
    flow.send('n1', { payload: P1.replace('123', '124') });
    assert.equal((await flow.error()).error.code, 'CRC_MISMATCH');
    flow.send('n1', { payload: P1.slice(0, 40) });
    flow.send('n1', { reset: true, payload: '' } as never);
    flow.send('n1', { payload: P1 });
    assert.equal(telegramOf(await flow.message('out')).readings.length, 2);
  });
  it('says when payloads hold no telegram', async () => {
    const flow = await message();
    flow.send('n1', { payload: Buffer.from('login: ') });
    assert.equal((await flow.error()).error.code, 'NO_FRAME');
  });
  it('marks a telegram that breaks off when the check only warns, and fails it otherwise', async () => {
    const cut = P1.slice(0, P1.indexOf('!'));
    const warns = await message({ bcc: 'warn' });
    warns.send('n1', { payload: cut, topic: 'a' });
    const msg = await warns.message('out');
    assert.deepEqual([telegramOf(msg).readings.length, dlmsOf(msg)['complete'], msg.topic], [2, false, 'a']);
    assert.deepEqual(
      (dlmsOf(msg)['problems'] as { code: string }[]).map(p => p.code),
      ['TELEGRAM_INCOMPLETE'],
    );
    await warns.silence('errors', 50);
    await stopFlow();
    const strict = await message();
    strict.send('n1', { payload: cut });
    assert.equal((await strict.error()).error.code, 'TELEGRAM_INCOMPLETE');
    await strict.silence('out', 50);
  });
  it('refuses a payload that is no bytes', async () => {
    const flow = await message();
    flow.send('n1', { payload: { a: 1 } });
    assert.equal((await flow.error()).error.code, 'BAD_SETTING');
  });
});
