// Orders to a simulated meter over TCP: guard rails before anything leaves, an account of each order, and nothing sent twice.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'mocha';
import type { AttributeRef, MethodRef } from '../../src/core/client/request';
import { Obis } from '../../src/core/obis/obis';
import { isDlmsError, type Code, type DlmsError } from '../../src/core/wire/errors';
import { Lines } from '../../src/io/line/line';
import { LineQueues } from '../../src/io/line/line-queue';
import { Session } from '../../src/io/session/session';
import { giveOrders, guard, isSecret, type Account, type Order } from '../../src/io/session/writing';
import { METER_FIELDS, parseSettings } from '../../src/io/settings/settings';
import { parseWritable } from '../../src/io/settings/writable';
import type { MeterOptions, SimulatedMeter } from '../../src/sim/meter';
import { serveTcp, simulatedMeter } from '../../src/sim/server';

const NOW = Date.UTC(2026, 10, 21, 10, 7);
const at = (classId: number, obis: string, attribute = 2): AttributeRef => ({
  classId,
  obis: Obis.parse(obis),
  attribute,
});
const LIMIT = at(71, '0-0:17.0.0*255', 4);
const TEXT = at(1, '0-0:96.13.0*255');
const CLOCK = at(8, '0-0:1.0.0*255');
const RELAY = Obis.parse('0-0:96.3.10*255');
const relay = (method: number): MethodRef => ({ classId: 70, obis: RELAY, method });
const STATE = [at(70, '0-0:96.3.10*255', 2), at(70, '0-0:96.3.10*255', 3)];
const set = (ref: AttributeRef, value: unknown): Order => ({ kind: 'set', ref, value });
const CALENDAR = { classId: 20, obis: Obis.parse('0-0:13.0.0*255') };
const CALENDARS = [2, 6].map(attribute => ({ ...CALENDAR, attribute }));
const I8 = { type: 'integer', value: 0 };

interface Bench {
  readonly meter: SimulatedMeter;
  readonly session: Session;
  readonly accounts: Account[];
  give(orders: readonly Order[], options?: { readonly dryRun?: boolean; readonly readBack?: boolean }): Promise<void>;
}

const closing: (() => Promise<void>)[] = [];

async function bench(properties: object = {}, options: Partial<MeterOptions> = {}): Promise<Bench> {
  const framing = 'wrapper';
  const meter = simulatedMeter({ now: () => NOW, ...options });
  const server = await serveTcp(meter, { framing });
  const base = { host: '127.0.0.1', port: server.port, interface: framing, answerTimeout: 300, clientAddress: 17 };
  const settings = parseSettings({ ...base, authentication: 'low', ...properties }, { password: '12345678' });
  const session = new Session(settings, { lines: new Lines(new LineQueues()), now: () => NOW });
  closing.push(() => session.close());
  closing.push(() => server.close());
  const accounts: Account[] = [];
  const give: Bench['give'] = (orders, { dryRun = false, readBack = true } = {}) =>
    session.ordering(turn =>
      giveOrders(turn, orders, { dryRun, readBack, now: () => NOW, account: account => accounts.push(account) }),
    );
  return { meter, session, accounts, give };
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function rejects(promise: Promise<unknown>, code: Code): Promise<DlmsError> {
  try {
    await promise;
  } catch (e) {
    assert.ok(isDlmsError(e), String(e));
    assert.equal(e.code, code, e.message);
    return e;
  }
  assert.fail(`resolved instead of ${code}`);
}

for (const referencing of ['ln', 'sn'] as const) {
  describe(`orders to a meter, ${referencing}`, () => {
    it('writes a number in the type that the meter has, and tells before and after', async () => {
      const { give, accounts } = await bench({ referencing });
      await give([set(LIMIT, 9000)]);
      assert.deepEqual(
        accounts.map(({ before, wanted, after, outcome, hex, name }) => [name, before, wanted, after, outcome, hex]),
        [['threshold_normal', 17_250, 9000, 9000, 'written', '0600002328']],
      );
    });

    it('sets the clock, which goes on', async () => {
      const { give, accounts, session } = await bench({ referencing });
      await give([set(CLOCK, '2026-11-21T12:00:00+01:00')]);
      assert.equal(accounts[0]?.outcome, 'written');
      assert.match(String(accounts[0].after), /^2026-11-21T12:00:0/);
      assert.equal((await session.get(CLOCK)).type, 'octet-string');
    });

    it('works the relay and reads its state back', async () => {
      const { give, accounts } = await bench({ referencing });
      const order = (method: number, state: number): Order => ({
        kind: 'invoke',
        ref: relay(method),
        argument: I8,
        state: STATE,
        reached: ([, control]) => control === state,
      });
      await give([order(1, 0)]);
      await give([order(2, 1)]);
      assert.deepEqual(
        accounts.map(({ before, after, outcome }) => [before, after, outcome]),
        [
          [[true, 1], [false, 0], 'done'],
          [[false, 0], [true, 1], 'done'],
        ],
      );
    });
  });
}

describe('orders to a meter: guard rails', () => {
  it('are not allowed unless the connection says so, and no message can say so', () => {
    const properties = { host: 'meter', transport: 'tcp' };
    const { writing } = parseSettings(properties);
    assert.throws(() => guard([set(LIMIT, 1)], writing), /does not allow writing/);
    assert.doesNotThrow(() => guard([set(LIMIT, 1)], parseSettings({ ...properties, allowWriting: true }).writing));
    assert.ok(!METER_FIELDS.includes('allowWriting') && !METER_FIELDS.includes('writable'));
  });

  it('may be limited to objects, attributes, methods and classes', () => {
    const only = parseWritable('0-0:1.0.0*255/2, 0-0:96.3.10*255/m1; class 22', 'writable');
    const allows = (order: Order): boolean => {
      try {
        guard([order], { allowed: true, only });
        return true;
      } catch (error) {
        assert.ok(isDlmsError(error) && error.code === 'WRITE_NOT_ALLOWED');
        return false;
      }
    };
    assert.equal(allows(set(CLOCK, 0)), true);
    assert.equal(allows(set(at(8, '0-0:1.0.0*255', 3), 0)), false);
    assert.equal(allows({ kind: 'invoke', ref: relay(1), argument: I8 }), true);
    assert.equal(allows({ kind: 'invoke', ref: relay(2), argument: I8 }), false);
    assert.equal(allows(set(at(22, '0-0:15.0.4*255', 4), 0)), true);
    assert.equal(allows(set(LIMIT, 0)), false);
    for (const wrong of ['clock', 'class 65536', '0-0:1.0.0*255/0', '0-0:1.0.0*255/m256', '0-0:1.0.0*255/x'])
      assert.throws(() => parseWritable(wrong, 'writable'), /writable/, wrong);
  });

  it('a dry run shows what would be sent, and sends nothing', async () => {
    const { give, accounts, session } = await bench();
    await give([set(LIMIT, 1), set(TEXT, 'hello')], { dryRun: true });
    assert.deepEqual(
      accounts.map(({ before, wanted, hex, outcome }) => [before, wanted, hex, outcome]),
      [
        [17_250, 1, '0600000001', 'dry-run'],
        ['', 'hello', '090568656c6c6f', 'dry-run'],
      ],
    );
    assert.deepEqual(await session.get(LIMIT), { type: 'double-long-unsigned', value: 17_250 });
  });

  it('a value that does not fit keeps all of them back', async () => {
    const { give, accounts, session } = await bench();
    await rejects(give([set(LIMIT, 1), set(LIMIT, -1)]), 'BAD_SETTING');
    assert.deepEqual(accounts, []);
    assert.deepEqual(await session.get(LIMIT), { type: 'double-long-unsigned', value: 17_250 });
  });

  it('the rights of the object list are asked before', async () => {
    const { give, accounts } = await bench();
    const error = await rejects(give([set(at(71, '0-0:17.0.0*255', 3), 1)]), 'WRITE_NOT_ALLOWED');
    assert.match(error.message, /object list/);
    assert.deepEqual(accounts, []);
  });

  it('what the meter refuses is told, and what stood behind it is not sent', async () => {
    const { give, accounts } = await bench();
    const wrong = set(LIMIT, { type: 'long-unsigned', value: 1 });
    await rejects(give([wrong, set(TEXT, 'x')]), 'ACCESS_RESULT');
    assert.deepEqual(
      accounts.map(({ outcome, error }) => [outcome, error?.code]),
      [
        ['refused', 'ACCESS_RESULT'],
        ['not-sent', undefined],
      ],
    );
  });

  it('a state that was not reached is an error', async () => {
    const { give, accounts } = await bench();
    const order: Order = { kind: 'invoke', ref: relay(1), argument: I8, state: STATE, reached: () => false };
    await rejects(give([order]), 'WRITE_DIFFERS');
    assert.equal(accounts[0]?.outcome, 'differs');
  });

  it('tells no secret', async () => {
    const { give, accounts } = await bench();
    await rejects(
      give([set(at(15, '0-0:40.0.0*255', 7), { type: 'octet-string', value: 'SECRET-1' })]),
      'OBJECT_UNDEFINED',
    );
    assert.doesNotMatch(JSON.stringify(accounts), /SECRET-1|5345435245542d31/i);
    for (const value of [
      'SECRET-1',
      'SECRET-\u00e9',
      { type: 'octet-string', value: 'SECRET-\u00e9' },
      { secret: 'SECRET-1' },
    ]) {
      const error = await rejects(give([set(at(15, '0-0:40.0.0*255', 7), value)]), 'BAD_SETTING');
      assert.doesNotMatch(JSON.stringify([error.message, error.detail]), /SECRET-/);
    }
    const transfer: MethodRef = { classId: 64, obis: Obis.parse('0-0:43.0.0*255'), method: 2 };
    const argument = { type: 'octet-string', value: '0xSECRET-1' };
    const error = await rejects(give([{ kind: 'invoke', ref: transfer, argument }]), 'BAD_SETTING');
    assert.doesNotMatch(error.message, /SECRET-1/);
  });

  it('knows a secret by whole words, of attributes and of methods', () => {
    const obis = Obis.parse('0-1:24.1.0*255');
    const secret = (classId: number, index: { attribute: number } | { method: number }): boolean =>
      isSecret({ classId, obis, ...index });
    // Secret of an association, P1 of an optical port, PIN of a modem.
    for (const [classId, attribute] of [
      [15, 7],
      [19, 7],
      [45, 3],
    ] as const)
      assert.equal(secret(classId, { attribute }), true, `${classId}/${attribute}`);
    // Passive calendar, a value.
    for (const [classId, attribute] of [
      [20, 6],
      [20, 9],
      [1, 2],
    ] as const)
      assert.equal(secret(classId, { attribute }), false, `${classId}/${attribute}`);
    // M-Bus client: set_encryption_key, transfer_key; synchronize_clock takes none.
    assert.deepEqual(
      [7, 8, 5].map(method => secret(72, { method })),
      [true, true, false],
    );
  });

  it('what depends on the time is made when it leaves', async () => {
    const { session, accounts } = await bench();
    let nowMs = Date.UTC(2026, 10, 21, 11, 0);
    const now = (): number => (nowMs += 60_000);
    const clock: Order = { kind: 'set', ref: CLOCK, value: null, valueAt: ms => new Date(ms) };
    const options = { dryRun: false, readBack: true, now, account: (a: Account) => accounts.push(a) };
    await session.ordering(turn => giveOrders(turn, [clock], options));
    assert.deepEqual([accounts[0]?.outcome, accounts[0]?.wanted], ['written', '2026-11-21T11:02:00+00:00']);
    assert.match(String(accounts[0]?.after), /^2026-11-21T12:02:0/);
  });
});

describe('orders whose answers are lost', () => {
  const ways = [...Array(26).keys()].flatMap(i => [
    [i + 1, 'does not come'] as const,
    [i + 1, 'comes damaged'] as const,
  ]);
  for (const [lost, becomes] of ways) {
    it(`never leave twice: answer ${lost} ${becomes}`, async () => {
      const meter = simulatedMeter({ now: () => NOW });
      const server = await serveTcp(meter, { framing: 'wrapper' });
      const line = await deafLine(server.port, lost, becomes === 'comes damaged');
      const base = { host: '127.0.0.1', port: line.port, interface: 'wrapper', answerTimeout: 300, clientAddress: 17 };
      const settings = parseSettings({ ...base, authentication: 'low' }, { password: '12345678' });
      const session = new Session(settings, { lines: new Lines(new LineQueues()), now: () => NOW });
      closing.push(() => session.close());
      closing.push(() => server.close());
      closing.push(line.close);
      const accounts: Account[] = [];
      const options = { dryRun: false, readBack: true, now: () => NOW, account: (a: Account) => accounts.push(a) };
      const disconnect = { kind: 'invoke', ref: relay(1), argument: I8, state: STATE } as const;
      const activate = { kind: 'invoke', ref: { ...CALENDAR, method: 1 }, argument: I8, state: CALENDARS } as const;
      const orders = [
        set(LIMIT, 9000),
        set(TEXT, 'hello'),
        disconnect,
        set({ ...CALENDAR, attribute: 6 }, 'X'),
        activate,
        set(at(7, '0-0:21.0.1*255', 3), []),
      ];
      const error: unknown = await session
        .ordering(turn => giveOrders(turn, orders, options))
        .then(
          () => null,
          (e: unknown) => e,
        );
      assert.equal(new Set(line.orders).size, line.orders.length, 'an order left twice');
      const told = accounts.map(({ outcome }) => outcome);
      assert.equal(told.filter(o => o !== 'not-sent').length, line.orders.length, 'each that left has its account');
      const sure = told.filter(o => o === 'written' || o === 'done').length;
      assert.equal(sure, line.confirmed, 'what the meter said that it did is done, whatever came behind');
      assert.equal(told.filter(o => o === 'unknown').length, line.orders.length - line.confirmed);
      if (error === null) assert.equal(sure, orders.length);
    });
  }
});

interface DeafLine {
  readonly port: number;
  /** SET and ACTION requests that passed, in hex. */
  readonly orders: string[];
  /** Answers to them that came through. */
  readonly confirmed: number;
  close(): Promise<void>;
}

/** A gateway between client and meter that keeps one answer for itself, or all of it but its first octet. */
async function deafLine(meterPort: number, lost: number, damages: boolean): Promise<DeafLine> {
  let answers = 0;
  let confirmed = 0;
  const orders: string[] = [];
  const gateway = createServer(client => {
    const meter = connect(meterPort, '127.0.0.1');
    client.on('data', bytes => {
      if (bytes[8] === 0xc1 || bytes[8] === 0xc3) orders.push(bytes.subarray(11).toString('hex'));
      meter.write(bytes);
    });
    meter.on('data', bytes => {
      if (++answers === lost) {
        if (damages) client.write(Buffer.concat([bytes.subarray(0, 6), Buffer.of(0, 1), bytes.subarray(8, 9)]));
        return;
      }
      if (bytes[8] === 0xc5 || bytes[8] === 0xc7) confirmed++;
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, meter],
      [meter, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const { port } = gateway.address() as AddressInfo;
  const close = (): Promise<void> => new Promise(done => gateway.close(() => done()));
  return {
    port,
    orders,
    get confirmed() {
      return confirmed;
    },
    close,
  };
}
