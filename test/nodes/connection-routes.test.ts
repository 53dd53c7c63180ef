import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { NodeAPI } from 'node-red';
import type { TestStage } from '../../src/io/diagnosis/connection-test';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import { answer, connectionRoutes } from '../../src/nodes/connection/routes';
import { counterRoute } from '../../src/nodes/connection/counter-route';
import type { BrowserEntry } from '../../src/nodes/connection/object-browser';
import { unhex } from '../../src/core/wire/hex';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { EXAMPLE_KEY_TEXT, pushFormat, pushTelegram, type PushFormat } from '../../src/sim/push-source';
import { adminRequest, startFlow, stopFlow, userDirectory, type FlowNode } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const nodes = [connection, getObject];
const get: FlowNode = {
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '0-0:96.1.0*255' }],
  output: 'value',
  wires: [['out']],
};
const LOW = { clientAddress: '17', authentication: 'low' };
const GMAC = { clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' };

/** What the form sends: the properties without id and type. */
function form(port: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { id: _id, type: _type, ...properties } = connectionTo(port, more);
  return properties;
}

async function stages(body: object): Promise<TestStage[]> {
  const response = await adminRequest()
    .post('/dlms-connection/test')
    .send(body)
    .buffer(true)
    .parse((res, done) => {
      let text = '';
      res.on('data', chunk => (text += String(chunk)));
      res.on('end', () => done(null, text));
    });
  assert.equal(response.status, 200);
  assert.match(String(response.headers['content-type']), /^application\/x-ndjson/);
  return String(response.body)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as TestStage);
}

const ended = (list: readonly TestStage[]): string[] =>
  list.filter(s => s.state !== 'running').map(s => `${s.stage} ${s.state}`);

async function browse(
  body: object,
): Promise<{ objects: BrowserEntry[]; meter: string | null; ageSeconds: number; error?: { code: string } }> {
  const response = await adminRequest().post('/dlms-connection/browse').send(body).expect(200);
  return response.body as { objects: BrowserEntry[]; meter: string | null; ageSeconds: number };
}

describe('the routes of dlms-connection', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
  });

  describe('test', () => {
    it('runs with the values of a form that was never deployed', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const told = await stages({ id: 'new', properties: form(port) });
      assert.deepEqual(ended(told), ['line ok', 'link ok', 'association ok', 'identity ok', 'clock ok']);
    });

    it('takes untouched secrets from the deployed node and gives none back', async () => {
      const { port } = await serveMeter();
      const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
      await startFlow(nodes, [connectionTo(port, GMAC), get], { c1: { ...keys, password: '12345678' } });
      const properties = form(port, GMAC);
      const told = await stages({ id: 'c1', properties, credentials: { encryptionKey: '__PWRD__' } });
      assert.equal(ended(told).at(-1), 'counter ok');
      const all = JSON.stringify(told).toLowerCase();
      for (const secret of ['12345678', ...Object.values(keys)]) assert.ok(!all.includes(secret));
      const wrong = await stages({ id: 'c1', properties, credentials: { encryptionKey: 'ab'.repeat(16) } });
      assert.equal(ended(wrong).at(-1), 'association failed');
      assert.ok(!JSON.stringify(wrong).includes('abab'));
      const low = await stages({ id: 'c1', properties: form(port, LOW) });
      assert.equal(ended(low).at(-1), 'clock ok');
    });

    it('replaces environment variables as a deploy does', async () => {
      const { port } = await serveMeter();
      process.env['DLMS_FORM_HOST'] = '127.0.0.1';
      process.env['DLMS_FORM_PASSWORD'] = '12345678';
      await startFlow(nodes, []);
      const properties = form(port, { ...LOW, host: '${DLMS_FORM_HOST}' });
      const told = await stages({ properties, credentials: { password: '${DLMS_FORM_PASSWORD}' } });
      assert.equal(ended(told).at(-1), 'clock ok');
    });

    it('hangs up a deployed session that holds the line, which reads on afterwards', async () => {
      const { port, meter, server } = await serveMeter();
      meter.behaviour = { ...meter.behaviour, oneConnection: true };
      const flow = await startFlow(nodes, [connectionTo(port), get]);
      flow.send('n1', {});
      await flow.message('out');
      assert.equal(server.connections, 1);
      assert.equal(ended(await stages({ id: 'c1', properties: form(port) })).at(-1), 'clock ok');
      flow.send('n1', {});
      await flow.message('out');
    });

    it('answers a setting that cannot be with its name', async () => {
      await startFlow(nodes, []);
      const { body } = await adminRequest()
        .post('/dlms-connection/test')
        .send({ properties: { host: '' } })
        .expect(400);
      assert.deepEqual(Object.keys(body as object).sort(), ['code', 'message']);
      assert.equal((body as { code: string }).code, 'BAD_SETTING');
      assert.match((body as { message: string }).message, /host/);
      for (const odd of [{}, { properties: 5 }, { properties: { port: { a: 1 }, host: 'x' } }])
        await adminRequest().post('/dlms-connection/test').send(odd).expect(400);
    });

    it('searches on request', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const told = await stages({ search: true, properties: form(port, { physicalAddress: '17' }) });
      const found = told.filter(s => (s.state as string) === 'found');
      assert.ok(found.length > 0);
    }).timeout(60_000);

    it('listens along where a node listens', async () => {
      const port = await deadPort();
      const listening = connectionTo(port, { transport: 'tcp-server', host: '127.0.0.1' });
      const flow = await startFlow(nodes, [listening]);
      const { connection: node } = flow.node('c1') as unknown as {
        connection: { listen(l: object): { stop(): Promise<void> } };
      };
      let up: () => void = () => undefined;
      const standing = new Promise<void>(resolve => (up = resolve));
      const taken = node.listen({
        bytes: () => undefined,
        state: (s: { phase: string }) => s.phase === 'listening' && up(),
      });
      await standing;
      const { connect } = await import('node:net');
      const told = stages({ id: 'c1', properties: form(port, { transport: 'tcp-server', host: '127.0.0.1' }) });
      const telegram = Buffer.concat(pushTelegram(pushFormat('kaifa-list-9') as PushFormat));
      const push = setInterval(() => {
        const socket = connect(port, '127.0.0.1', () => socket.end(telegram));
        socket.on('error', () => undefined);
      }, 100);
      const result = await told;
      clearInterval(push);
      await taken.stop();
      assert.deepEqual(ended(result), ['line ok', 'bytes ok', 'telegram ok']);
      assert.equal(result.at(-2)?.says[1]?.key, 'looks-hdlc');
    });

    it('only listens for a push decoder that is not deployed yet, with its keys, and names what came in the language', async () => {
      await startFlow(nodes, []);
      const port = await deadPort();
      const properties = form(port, { transport: 'tcp-server', host: '127.0.0.1' });
      const encrypted = Buffer.concat(pushTelegram(pushFormat('noe') as PushFormat));
      const { connect } = await import('node:net');
      const asked: Buffer[] = [];
      const push = setInterval(() => {
        const socket = connect(port, '127.0.0.1', () => socket.write(encrypted));
        socket.on('data', chunk => asked.push(chunk)).on('error', () => undefined);
      }, 100);
      const decoder = (key: string): object => ({ properties: {}, credentials: { encryptionKey: key } });
      const key = EXAMPLE_KEY_TEXT.encryptionKey;
      const right = await stages({ id: 'c9', properties, decoder: decoder(key), lang: 'de' });
      const wrong = await stages({ id: 'c9', properties, decoder: decoder('00'.repeat(16)) });
      clearInterval(push);
      assert.deepEqual(ended(right), ['line ok', 'bytes ok', 'telegram ok']);
      const says = right.at(-1)?.says ?? [];
      assert.equal(says[0]?.key, 'key-fits');
      assert.ok(
        says.some(w => /Wirkenergie/.test(String(w.facts?.['name']))),
        JSON.stringify(says),
      );
      assert.deepEqual(ended(wrong), ['line ok', 'bytes ok', 'telegram failed']);
      assert.equal(wrong.at(-1)?.advice?.key, 'push-wrong-key');
      assert.deepEqual(asked, []);
    });
  });

  describe('browse', () => {
    it('lists the objects of the meter with names, kinds and rights', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const { objects } = await browse({ properties: form(port), lang: 'de' });
      assert.ok(objects.length > 30);
      const energy = objects.find(o => o.obis === '1-0:1.8.0*255');
      assert.ok(energy);
      assert.deepEqual([energy.classId, energy.className, energy.medium, energy.kind], [3, 'Register', 1, 'energy']);
      assert.match(energy.name, /Wirk/);
      assert.equal(energy.access, 'r');
      assert.deepEqual(
        energy.attributes.map(a => [a.attribute, a.name]),
        [
          [2, 'value'],
          [3, 'scaler unit'],
        ],
      );
      assert.equal(objects.find(o => o.obis === '1-0:99.1.0*255')?.kind, 'profile');
      assert.equal(objects.find(o => o.obis === '0-0:1.0.0*255')?.kind, 'clock');
      assert.equal(objects.find(o => o.obis === '0-0:96.1.0*255')?.kind, 'identification');
      assert.equal(objects.find(o => o.medium === 7)?.kind ?? 'consumption', 'consumption');
    });

    it('keeps the list for the time when the meter is away, also over a restart, and tells its age and whose it is', async () => {
      const { port, server } = await serveMeter();
      await startFlow(nodes, []);
      const first = await browse({ properties: form(port) });
      await server.close();
      await stopFlow();
      await startFlow(nodes, []);
      const again = await browse({ properties: form(port) });
      assert.deepEqual(again.objects, first.objects);
      assert.ok(again.ageSeconds < 60);
      assert.deepEqual([first.meter, again.meter], ['MFW0000050021374', 'MFW0000050021374']);
      const fresh = await browse({ properties: form(port), fresh: true });
      assert.equal(fresh.error?.code, 'CONNECT_REFUSED');
      assert.equal(fresh.objects.length, first.objects.length);
      const kept = readdirSync(join(userDirectory(), 'dlms')).filter(f => f.startsWith('objects-'));
      assert.ok(kept.length > 0 && existsSync(join(userDirectory(), 'dlms', kept[0] ?? '')));
      for (const file of kept)
        assert.doesNotMatch(readFileSync(join(userDirectory(), 'dlms', file), 'utf8'), /password/i);
    });

    it('says why there is no list', async () => {
      await startFlow(nodes, []);
      const { body } = await adminRequest()
        .post('/dlms-connection/browse')
        .send({ properties: form(await deadPort()) })
        .expect(502);
      assert.equal((body as { code: string }).code, 'CONNECT_REFUSED');
      const iec = await adminRequest()
        .post('/dlms-connection/browse')
        .send({ properties: form(1, { interface: 'iec' }) })
        .expect(400);
      assert.equal((iec.body as { code: string }).code, 'BAD_SETTING');
    });
  });

  describe('value', () => {
    const value = async (port: number, body: object): Promise<Record<string, unknown>> => {
      const properties = form(port);
      const response = await adminRequest()
        .post('/dlms-connection/value')
        .send({ properties, ...body });
      assert.equal(response.status, 200, JSON.stringify(response.body));
      return response.body as Record<string, unknown>;
    };

    it('reads one object with its unit', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const voltage = await value(port, { obis: '1-0:32.7.0*255', classId: 3 });
      assert.equal(voltage['unit'], 'V');
      assert.equal(typeof voltage['value'], 'number');
      assert.equal((await value(port, { obis: '0-0:96.1.0*255', classId: 1 }))['value'], '50021374');
      assert.equal(typeof (await value(port, { obis: '0-0:40.0.0*255', classId: 15 }))['value'], 'string');
    });

    it('tells columns and period of a profile', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const { profile } = (await value(port, { obis: '1-0:99.1.0*255', classId: 7 })) as {
        profile: { columns: { obis: string; name: string }[]; capturePeriod: number; entries: number };
      };
      assert.equal(profile.capturePeriod, 900);
      assert.equal(profile.columns.length, 8);
      assert.equal(profile.columns[2]?.obis, '1-0:1.8.0*255');
      assert.ok(profile.entries > 2000);
    });

    it('answers a refusal with code and sentence', async () => {
      const { port } = await serveMeter();
      await startFlow(nodes, []);
      const { body } = await adminRequest()
        .post('/dlms-connection/value')
        .send({ properties: form(port), obis: '1-0:77.8.0*255', classId: 3 })
        .expect(502);
      assert.equal((body as { code: string }).code, 'OBJECT_UNDEFINED');
    });
  });

  describe('counter', () => {
    const keys = { encryptionKey: DEFAULT_KEYS.encryption, authenticationKey: DEFAULT_KEYS.authentication };
    const ask = async (body: object, status = 200): Promise<{ counter?: number | null; code?: string }> => {
      const response = await adminRequest().post('/dlms-connection/counter').send(body).expect(status);
      return response.body as { counter?: number | null; code?: string };
    };

    it('shows where the count stands and goes up by the word of the user, never down', async () => {
      await startFlow(nodes, []);
      const asked = { properties: form(4059, { ...GMAC, systemTitle: 'COUNTER1' }), credentials: keys };
      assert.deepEqual(await ask(asked), { counter: null });
      assert.deepEqual(await ask({ ...asked, set: '3000000000' }), { counter: 3_000_000_000 });
      assert.deepEqual(await ask({ ...asked, set: '5' }), { counter: 3_000_000_000 });
      assert.deepEqual(await ask(asked), { counter: 3_000_000_000 });
      for (const odd of ['', '-1', '1.5', '4294967296', 'NaN', 1e400, {}, [7]]) {
        assert.equal((await ask({ ...asked, set: odd }, 400)).code, 'BAD_SETTING');
      }
      // A slip of the finger does not end the key.
      assert.equal((await ask({ ...asked, set: '4294967295' }, 502)).code, 'KEY_USED_UP');
      assert.deepEqual(await ask(asked), { counter: 3_000_000_000 });
    });

    it('is of the deployed connection, and lets it read a meter that counts far ahead', async () => {
      const { port, meter } = await serveMeter();
      const secure = { ...GMAC, counterObject: '-', systemTitle: 'COUNTER2' };
      const flow = await startFlow(nodes, [connectionTo(port, secure), get], { c1: keys });
      flow.send('n1', {});
      await flow.message('out');
      meter.clientCounter = 3_000_000_000;
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'COUNTER_JUMP');
      await ask({ id: 'c1', properties: form(port, secure), set: '3000000001' });
      flow.send('n1', {});
      await flow.message('out');
    });

    it('forgets what was received, for a meter that counts anew', async () => {
      let sent = 5000;
      const { port } = await serveMeter({ serverCounter: () => ++sent, systemTitle: unhex('4d46570000000077') });
      const secure = { ...GMAC, idleTime: '0' };
      const flow = await startFlow(nodes, [connectionTo(port, secure), get], { c1: keys });
      flow.send('n1', {});
      await flow.message('out');
      sent = 0;
      flow.send('n1', {});
      assert.equal((await flow.error()).error.code, 'REPLAYED');
      const { counter } = await ask({ id: 'c1', properties: form(port, secure), forget: true });
      assert.ok((counter ?? 0) > 1000);
      flow.send('n1', {});
      await flow.message('out');
    });

    it('is nothing where no keys are used', async () => {
      await startFlow(nodes, []);
      assert.deepEqual(await ask({ properties: form(4059) }), { counter: null });
    });
  });

  describe('obis', () => {
    it('finds codes by words of a language, by code, and names what it does not list', async () => {
      await startFlow(nodes, []);
      const search = async (q: string, lang: string): Promise<{ obis: string; name: string; classId: number }[]> =>
        (await adminRequest().get('/dlms-connection/obis').query({ q, lang }).expect(200)).body as never;
      assert.equal((await search('import', 'en'))[0]?.obis, '1-0:1.8.0*255');
      assert.ok((await search('wirkleistung', 'de')).some(f => f.obis === '1-0:1.7.0*255'));
      assert.deepEqual((await search('1.8.0', 'en'))[0]?.classId, 3);
      assert.equal((await search('1-0:1.8.17*255', 'en'))[0]?.obis, '1-0:1.8.17*255');
      assert.ok((await search('', 'en')).length > 10);
      assert.deepEqual(await search('qwertz', 'en'), []);
    });
  });

  it('talk to no meter for a browser that has gone before its turn', async () => {
    const done: string[] = [];
    const server = createServer((request, response) => {
      response.once('close', () => {
        done.push('closed');
        // Nothing else of Node-RED and of Express is asked for.
        answer({} as NodeAPI, response as unknown as Parameters<typeof answer>[1], 1000, () => {
          done.push('asked');
          return Promise.resolve();
        });
      });
      request.socket.destroy();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    await assert.rejects(fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    await new Promise(resolve => server.close(resolve));
    assert.deepEqual(done, ['closed']);
  });

  it('need the permission to write for what talks to a meter, and the permission to read for the rest', () => {
    const guarded: string[] = [];
    const route = (method: string) => (path: string, permission: unknown) => {
      guarded.push(`${method} ${path} ${String(permission)}`);
    };
    const red = {
      auth: { needsPermission: (permission: string) => permission },
      httpAdmin: { get: route('get'), post: route('post') },
    };
    // Only what registering routes takes of Node-RED.
    connectionRoutes(red as unknown as NodeAPI, () => null);
    counterRoute(red as unknown as NodeAPI);
    assert.deepEqual(guarded.sort(), [
      'get /dlms-connection/obis dlms-connection.read',
      'post /dlms-connection/browse dlms-connection.write',
      'post /dlms-connection/counter dlms-connection.write',
      'post /dlms-connection/test dlms-connection.write',
      'post /dlms-connection/value dlms-connection.write',
    ]);
  });
});
