import { strict as assert } from 'node:assert';
import { createServer, type AddressInfo } from 'node:net';

import { rfc2217Gateway } from './rfc2217-gateway';
import { hasSocat, serialPair, SOCAT_MISSING } from './serial-pair';
import { IecSession, ModeETransport, openModeE, type IecProgress } from '../../src/io/iec/iec-session';
import { memoryPair, type MemoryTransport } from '../../src/io/transport/memory';
import { SerialTransport } from '../../src/io/transport/serial';
import { RefusedPasswords } from '../../src/io/iec/refused-passwords';
import { TcpTransport, tcpTransport } from '../../src/io/transport/tcp';
import type { Transport } from '../../src/io/transport/transport';
import { garbled, SimulatedIecMeter, type IecMeterOptions, type IecStation } from '../../src/sim/iec-meter';

const ALWAYS = 1_000_000;
const never = new AbortController().signal;
/** No reaction times: what the machine's tests check with a clock input is not waited for again here. */
const SOON = { reactionMs: 10 };
const QUICK = { reactionMs: 0, baudChangeDelayMs: 0, answerTimeoutMs: 800, characterTimeoutMs: 400 };

async function onMemory(
  meter: SimulatedIecMeter,
  chunk = Infinity,
): Promise<{ near: MemoryTransport; station: IecStation }> {
  const [near, far] = memoryPair({ chunk });
  await far.open();
  const baud = (): number => near.formats.at(-1)?.baudRate ?? 300;
  const station = meter.attach({
    write: (bytes, at) => void far.write(baud() === at ? bytes : garbled(bytes)),
  });
  far.onBytes = bytes => station.receive(bytes);
  // The meter stays on its line when the reader frees it.
  far.onClose = () => void far.open();
  return { near, station };
}

async function overTcp<T>(
  options: IecMeterOptions,
  use: (transport: Transport, meter: SimulatedIecMeter) => Promise<T>,
): Promise<T> {
  const meter = new SimulatedIecMeter(options);
  const server = createServer(socket => {
    const station = meter.attach({ write: bytes => void socket.write(bytes) });
    socket.on('data', chunk => station.receive(chunk));
    socket.on('close', () => station.close());
    socket.on('error', () => undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const transport = new TcpTransport({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  try {
    return await use(transport, meter);
  } finally {
    await transport.close();
    await new Promise(resolve => server.close(resolve));
  }
}

describe('an IEC session', () => {
  for (const mode of ['a', 'c', 'e'] as const) {
    it(`reads a meter of mode ${mode}, and again`, async () => {
      const meter = new SimulatedIecMeter({ mode, ...SOON });
      const { near } = await onMemory(meter);
      const session = new IecSession(QUICK);
      for (let n = 1; n <= 2; n++) {
        const { telegrams, identification, hints } = await session.read(near, never);
        assert.equal(telegrams[0]?.telegram.readings.length, 7);
        assert.equal(identification?.manufacturer, 'MFL');
        assert.equal(hints.characters, 147);
        assert.equal(meter.requests, n);
        assert.equal(near.isOpen, false);
      }
    });
  }
  it('puts nothing of one meter on the next one under the same head', async () => {
    const list = (serial: string, kwh: string): (() => string[]) => {
      return () => [`0.0.0(${serial})`, `1.8.0(${kwh}*kWh)`];
    };
    const one = new SimulatedIecMeter({ mode: 'c', model: 'ONE', list: list('11111111', '000111.1'), ...SOON });
    const other = new SimulatedIecMeter({
      mode: 'a',
      manufacturer: 'OTH',
      model: 'TWO',
      list: list('22222222', '000222.2'),
      ...SOON,
    });
    const session = new IecSession(QUICK);
    const read = async (meter: SimulatedIecMeter): Promise<unknown[]> => {
      const { telegrams, hints } = await session.read((await onMemory(meter)).near, never);
      const { meter: who, readings } = telegrams[0]?.telegram ?? {};
      return [who?.id, who?.manufacturer, who?.model, readings?.at(-1)?.value, hints.identification];
    };
    const ofOne = ['11111111', 'MFL', 'ONE', 111.1, '/MFL5ONE'];
    assert.deepEqual(await read(one), ofOne);
    assert.deepEqual(await read(other), ['22222222', 'OTH', 'TWO', 222.2, '/OTH TWO']);
    assert.deepEqual(await read(one), ofOne);
  });
  it('reads registers, with those that were refused beside', async () => {
    const { near } = await onMemory(new SimulatedIecMeter({ password: '7', ...SOON }), 1);
    const session = new IecSession({
      ...QUICK,
      password: '7',
      read: { what: 'registers', registers: ['1.8.0', '9.9.9'] },
    });
    const { telegrams, failures } = await session.read(near, never);
    assert.deepEqual(
      telegrams[0]?.telegram.readings.map(r => r.id),
      ['1.8.0'],
    );
    assert.deepEqual(
      failures.map(f => f.register),
      ['9.9.9'],
    );
  });
  it('does not send a refused password again by the next trigger', async () => {
    const meter = new SimulatedIecMeter({ password: '7', ...SOON });
    const { near } = await onMemory(meter, 1);
    const session = new IecSession({ ...QUICK, password: '8', read: { what: 'registers', registers: ['1.8.0'] } });
    await assert.rejects(session.read(near, never), { code: 'WRONG_PASSWORD', message: /ER03/ });
    await assert.rejects(session.read(near, never), {
      code: 'WRONG_PASSWORD',
      message: /not sent again for 15 minutes/,
    });
    assert.equal(meter.commands.filter(command => command.startsWith('P1')).length, 1);
  });
  it('lets a password wait, too, that was met by silence where the meter had answered before', async () => {
    const meter = new SimulatedIecMeter({ password: '7', refusal: 'silence', ...SOON });
    const { near } = await onMemory(meter);
    const session = new IecSession({ ...QUICK, password: '8', read: { what: 'registers', registers: ['1.8.0'] } });
    await assert.rejects(session.read(near, never), { code: 'NO_ANSWER' });
    await assert.rejects(session.read(near, never), { code: 'WRONG_PASSWORD', message: /by silence; .* 15 minutes/ });
    assert.equal(meter.commands.filter(command => command.startsWith('P1')).length, 1);

    const dead = new SimulatedIecMeter({ password: '7', faults: { silence: Infinity }, ...SOON });
    const line = (await onMemory(dead)).near;
    const other = new IecSession({ ...QUICK, password: '8', read: { what: 'registers', registers: ['1.8.0'] } });
    for (let n = 0; n < 2; n++) await assert.rejects(other.read(line, never), { code: 'NO_ANSWER' });
  });
  it('holds no lost answer against a password that the meter took before', () => {
    const passwords = new RefusedPasswords();
    passwords.taken('7');
    passwords.refused('7', 0, true);
    passwords.guard('7', 1);
    passwords.refused('8', 0, true);
    assert.throws(() => passwords.guard('8', 1), { code: 'WRONG_PASSWORD' });
    // The meter may have got another one meanwhile.
    passwords.refused('7', 0);
    assert.throws(() => passwords.guard('7', 1), { code: 'WRONG_PASSWORD' });
  });
  it('does not let a list that was read end the pause of a password', async () => {
    const meter = new SimulatedIecMeter({ password: '7', ...SOON });
    const { near } = await onMemory(meter);
    const registers = { what: 'registers', registers: ['1.8.0'] } as const;
    const session = new IecSession({ ...QUICK, password: '8', read: registers });
    await assert.rejects(session.read(near, never), { code: 'WRONG_PASSWORD', message: /ER03/ });
    assert.equal((await session.read(near, never, undefined, { what: 'list' })).telegrams.length, 1);
    await assert.rejects(session.read(near, never), { code: 'WRONG_PASSWORD', message: /not sent again/ });
    assert.equal(meter.commands.filter(command => command.startsWith('P1')).length, 1);
  });
  it('counts the refusals of a meter, whoever asks it with which password', async () => {
    const meter = new SimulatedIecMeter({ password: '7', ...SOON });
    const { near } = await onMemory(meter);
    const passwords = new RefusedPasswords();
    const read = (password: string): Promise<unknown> => {
      const registers = { what: 'registers', registers: ['1.8.0'] } as const;
      return new IecSession({ ...QUICK, passwords, password, read: registers }).read(near, never);
    };
    await assert.rejects(read('a'), { message: /ER03/ });
    await assert.rejects(read('b'), { message: /ER03/ });
    await assert.rejects(read('a'), { message: /not sent again for 30 minutes/ });
    await read('7');
    await assert.rejects(read('a'), { message: /ER03/ });
    for (const other of ['b', 'c']) await assert.rejects(read(other), { message: /ER03/ });
    await assert.rejects(read('7'), { message: /not sent again for 60 minutes/ });
    assert.equal(meter.commands.filter(command => command.startsWith('P1')).length, 6);
  });
  it('finds a meter that is fixed at 9600 behind a gateway whose rate follows', async () => {
    await overTcp({ startBaud: 9600 }, async (transport, meter) => {
      const gateway = await rfc2217Gateway(Number(transport.where.split(':')[1]), 9600);
      const rfc2217 = { baudRate: 300, dataBits: 7, parity: 'even', stopBits: 1 } as const;
      const near = tcpTransport({ host: '127.0.0.1', port: gateway.port, rfc2217 });
      const session = new IecSession(QUICK);
      const { telegrams, learned, repeated } = await session.read(near, never);
      assert.equal(telegrams[0]?.telegram.readings.length, 7);
      assert.match(String(learned), /^the meter answers at 9600 baud, not at 300/);
      assert.deepEqual(
        repeated.map(error => error.code),
        ['NO_ANSWER'],
      );
      const { learned: again } = await session.read(near, never);
      assert.deepEqual([again, meter.requests], [[], 2]);
      await gateway.close();
    });
  }).timeout(10_000);
  it('remembers for the next readout what it learned', async () => {
    const meter = new SimulatedIecMeter({ faults: { 'stays-at-start': ALWAYS }, ...SOON });
    const { near } = await onMemory(meter);
    const session = new IecSession({ ...QUICK, characterTimeoutMs: 30 });
    await session.read(near, never);
    assert.equal(meter.requests, 2);
    await session.read(near, never);
    assert.equal(meter.requests, 3);
  }).timeout(8000);
  it('skips a trigger while a readout runs, and says for how long', async () => {
    const { near } = await onMemory(new SimulatedIecMeter(SOON));
    const session = new IecSession(QUICK);
    const first = session.read(near, never);
    await assert.rejects(session.read(near, never), { code: 'READOUT_RUNNING' });
    assert.equal((await first).telegrams.length, 1);
  });
  it('tells its progress and, from the second time on, what to expect', async () => {
    const { near } = await onMemory(new SimulatedIecMeter(SOON), 16);
    const session = new IecSession(QUICK);
    const seen: IecProgress[] = [];
    await session.read(near, never, p => seen.push(p));
    assert.deepEqual([...new Set(seen.map(p => p.stage))], ['connecting', 'requesting', 'reading']);
    assert.equal(seen[0]?.expectedMs, null);
    await session.read(near, never, p => seen.push(p));
    assert.notEqual(seen.at(-1)?.expectedMs, null);
  });
  it('ends with ABORTED at once, leaves programming mode and frees the port', async () => {
    const meter = new SimulatedIecMeter({ commands: [], ackOnly: ['R5', 'R1'], ...SOON });
    const { near } = await onMemory(meter);
    const abort = new AbortController();
    const session = new IecSession({
      ...QUICK,
      answerTimeoutMs: 5000,
      read: { what: 'registers', registers: ['1.8.0'] },
    });
    const reading = session.read(near, abort.signal);
    while (meter.commands.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    abort.abort();
    await assert.rejects(reading, { code: 'ABORTED' });
    assert.deepEqual([near.isOpen, session.busy], [false, false]);
  });
  it('fails with CONNECTION_LOST when the line goes', async () => {
    const [near, far] = memoryPair();
    await far.open();
    const reading = new IecSession({ answerTimeoutMs: 5000 }).read(near, never);
    far.onBytes = () => void far.close();
    await assert.rejects(reading, { code: 'CONNECTION_LOST' });
  });
  it('says once what was lost, when a gateway closes behind the identification', async () => {
    const server = createServer(socket => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.end('/MFL5SIM-1\r\n'));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await assert.rejects(new IecSession(QUICK).read(new TcpTransport({ host: '127.0.0.1', port }), never), {
      code: 'CONNECTION_LOST',
      short: `the connection to 127.0.0.1:${port} was lost: closed by the other side`,
    });
    await new Promise(resolve => server.close(resolve));
  });
  it('gives up on a meter that never ends, when its time is over', async function () {
    this.timeout(8000);
    const [near, far] = memoryPair();
    await far.open();
    const timer = setInterval(() => void far.write(Uint8Array.of(0x41)), 20);
    far.onBytes = () => void far.write(new TextEncoder().encode('/MFL0X\r\n\x02'));
    const session = new IecSession({ ...QUICK, mode: 'a', maxReadoutSeconds: 1 });
    await assert.rejects(session.read(near, never), { code: 'LIMIT_EXCEEDED' });
    clearInterval(timer);
  });
  it('does not wake a battery meter twice within its guard time', async () => {
    const { near } = await onMemory(new SimulatedIecMeter({ mode: 'a', ...SOON }));
    const session = new IecSession({ ...QUICK, wakeUpCharacters: 1, wakeUpGuardMs: 60_000 });
    await session.read(near, never);
    await assert.rejects(session.read(near, never), { code: 'NOT_SUPPORTED' });
  });
  it('does not count a wake-up that never left, because the port was not to be had', async () => {
    const { near } = await onMemory(new SimulatedIecMeter({ mode: 'a', ...SOON }));
    const session = new IecSession({ ...QUICK, wakeUpCharacters: 1, wakeUpGuardMs: 60_000 });
    const open = near.open.bind(near);
    near.open = () => Promise.reject(new Error('busy'));
    await assert.rejects(session.read(near, never), /busy/);
    near.open = open;
    assert.equal((await session.read(near, never)).telegrams.length, 1);
  });
  it('stays at the start rate over a gateway whose rate is fixed', async () => {
    await overTcp({}, async (transport, meter) => {
      const { telegrams } = await new IecSession(QUICK).read(transport, never);
      assert.equal(telegrams[0]?.telegram.readings.length, 7);
      assert.equal(meter.requests, 1);
    });
  });
});

describe('mode E', () => {
  const answering = (): { receive(chunk: Uint8Array): Uint8Array[] } => ({
    receive: chunk => (chunk.includes(0x93) ? [Uint8Array.of(0x7e, 0x73, 0x7e)] : []),
  });
  it('opens a line that speaks HDLC then, 8N1 at the agreed rate, and can be opened again', async () => {
    const { near } = await onMemory(new SimulatedIecMeter({ mode: 'e', hdlc: answering, ...SOON }), 1);
    const line = new ModeETransport(near, QUICK);
    for (let n = 0; n < 2; n++) {
      await line.open();
      const { baudRate, dataBits, parity } = near.formats.at(-1) ?? {};
      assert.deepEqual([baudRate, dataBits, parity], [9600, 8, 'none']);
      const received: number[] = [];
      line.onBytes = chunk => received.push(...chunk);
      await line.write(Uint8Array.of(0x7e, 0xa0, 0x07, 0x93));
      while (received.length < 3) await new Promise(resolve => setImmediate(resolve));
      assert.deepEqual(received, [0x7e, 0x73, 0x7e]);
      assert.equal(line.identification?.hdlc, true);
      await line.close();
    }
  });
  it('begins at the rate that the meter answered at the last time', async () => {
    const meter = new SimulatedIecMeter({
      mode: 'e',
      hdlc: answering,
      startBaud: 9600,
      faults: { silence: 1 },
      ...SOON,
    });
    const { near } = await onMemory(meter);
    const line = new ModeETransport(near, { ...QUICK, otherRates: [9600] });
    for (const requests of [2, 3]) {
      await line.open();
      assert.deepEqual([line.identification?.manufacturer, meter.requests], ['MFL', requests]);
      await line.close();
    }
    assert.deepEqual(near.formats.filter(({ baudRate }) => baudRate === 300).length, 1);
  });
  it('loses no byte that comes before anyone listens', async () => {
    const meter = new SimulatedIecMeter({ mode: 'e', hdlc: answering });
    const [near, far] = memoryPair();
    await far.open();
    const station = meter.attach({ write: bytes => void far.write(bytes) });
    far.onBytes = bytes => {
      station.receive(bytes);
      if (bytes[0] === 0x06) for (const byte of [1, 2, 3]) void far.write(Uint8Array.of(byte));
    };
    const line = await openModeE(near, QUICK);
    await new Promise(resolve => setTimeout(resolve, 20));
    const received: number[] = [];
    line.onBytes = chunk => received.push(...chunk);
    assert.deepEqual(received, [1, 2, 3]);
    await line.close();
  });
  it('frees the port when the meter offers no HDLC', async () => {
    const { near } = await onMemory(new SimulatedIecMeter({ mode: 'c' }));
    await assert.rejects(openModeE(near, QUICK), { code: 'UNEXPECTED_RESPONSE' });
    assert.equal(near.isOpen, false);
  });
});

describe('an IEC session on a serial port', () => {
  before(function () {
    if (!hasSocat()) {
      console.log(SOCAT_MISSING);
      this.skip();
    }
  });

  async function onSerial<T>(options: IecMeterOptions, use: (transport: SerialTransport) => Promise<T>): Promise<T> {
    const pair = await serialPair();
    const format = { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
    const far = new SerialTransport({ path: pair.far, ...format });
    const near = new SerialTransport({ path: pair.near, ...format });
    await far.open();
    const station = new SimulatedIecMeter(options).attach({ write: bytes => void far.write(bytes) });
    far.onBytes = bytes => station.receive(bytes);
    try {
      return await use(near);
    } finally {
      station.close();
      await near.close();
      await far.close();
      await pair.pull();
    }
  }
  it('asks at another rate when nobody answers at 300 baud', async () => {
    await onSerial({ reactionMs: 20, startBaud: 9600, faults: { silence: 1 } }, async transport => {
      const session = new IecSession({ baudChangeDelayMs: 0, answerTimeoutMs: 300 });
      const { telegrams, learned } = await session.read(transport, never);
      assert.equal(telegrams[0]?.telegram.readings.length, 7);
      assert.match(String(learned), /9600 baud, not at 300/);
    });
  });
  it('reads in mode C', async () => {
    await onSerial({ reactionMs: 20 }, async transport => {
      const { telegrams } = await new IecSession({ baudChangeDelayMs: 0 }).read(transport, never);
      assert.equal(telegrams[0]?.telegram.readings.length, 7);
    });
  });

  // Theory: request 5 characters, reaction 200 ms, identification 17 to 19, reaction 200 ms, acknowledgement 6, reaction
  // 200 ms, all at 300 baud and ten bits a character; then the list at 4800. The goal is this sum and a tenth.
  it('takes no longer than the line needs: a list of 400 characters at 4800 baud', async () => {
    const list = (): string[] => [
      'F.F(00)',
      '0.0(          120858)',
      'C.1.0(00012345)',
      'C.1.1(        )',
      '1.8.1(042951.721*kWh)',
      '1.8.2(018609.568*kWh)',
      '2.8.1(000000.302*kWh)',
      '2.8.2(000000.010*kWh)',
      '1.8.0(061561.289*kWh)',
      '2.8.0(000000.312*kWh)',
      '15.8.0(061561.601*kWh)',
      'C.7.0(0008)',
      '32.7(241*V)',
      '52.7(243*V)',
      '72.7(242*V)',
      '31.7(000.35*A)',
      '51.7(000.52*A)',
      '71.7(000.47*A)',
      '82.8.1(0001)',
      '82.8.2(0000)',
      '0.2.0(M26)',
      'C.5.0(0401)',
    ];
    await onSerial({ baudId: '4', model: 'SIM100AC.M1', paced: true, list }, async transport => {
      const { telegrams, durationMs, hints } = await new IecSession().read(transport, never);
      assert.equal(telegrams[0]?.telegram.readings.length, 22);
      const characterMs = 10_000 / 300;
      const signOnMs = (5 + 18 + 6) * characterMs + 3 * 200;
      const theoryMs = signOnMs + ((hints.characters ?? 0) * 10_000) / 4800;
      console.log(`      ${hints.characters} characters: ${durationMs} ms, theory ${Math.round(theoryMs)} ms`);
      assert.ok(durationMs < 1.1 * theoryMs, `${durationMs} ms, theory ${theoryMs} ms`);
    });
  }).timeout(10_000);
});
