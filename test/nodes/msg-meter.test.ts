// msg.meter from the message to the wire and back: what is used of it, and what leaves again.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import connection from '../../src/nodes/connection/dlms-connection';
import getObject from '../../src/nodes/get-object/dlms-get-object';
import iecReadout from '../../src/nodes/iec-readout/dlms-iec-readout';
import loadProfile from '../../src/nodes/read-load-profile/dlms-read-load-profile';
import filter from '../../src/nodes/obis-filter/dlms-obis-filter';
import { adminRequest, startFlow, stopFlow, type FlowNode } from './flow';
import { closeMeters, connectionTo, deadPort, serveMeter } from './meters';

const nodes = [connection, getObject, loadProfile, iecReadout, filter];
const PASSWORD = '12345678';
const get = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'n1',
  type: 'dlms-get-object',
  connection: 'c1',
  objects: [{ obis: '0-0:96.1.0*255' }],
  output: 'value',
  wires: [['out']],
  ...more,
});
const LOW = { clientAddress: '17', authentication: 'low' };

describe('msg.meter', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
    delete process.env['DLMS_TEST_PASSWORD'];
    delete process.env['DLMS_TEST_HOST'];
  });

  it('loses its secrets before it leaves, and the object of the caller keeps them', async () => {
    const { port } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port), get()]);
    const meter = { ...LOW, password: PASSWORD, name: 'house 1' };
    flow.send('n1', { topic: 't', meter } as never);
    const msg = await flow.message('out');
    assert.equal(typeof msg.payload, 'string');
    assert.deepEqual(msg['meter'], { ...LOW, name: 'house 1' });
    assert.equal(meter.password, PASSWORD);
    flow.send('n1', { meter: { ...LOW, pasword: PASSWORD } } as never);
    const failed = await flow.error();
    assert.match(failed.error.message, /"pasword" is not known \(did you mean "password"\?\)/);
    assert.doesNotMatch(JSON.stringify(failed), new RegExp(PASSWORD));
  });

  it('keeps sessions apart by their secrets, and together by what is equal', async () => {
    const { port, server } = await serveMeter();
    const flow = await startFlow(nodes, [connectionTo(port), get()]);
    const ask = (password: string): void => flow.send('n1', { meter: { ...LOW, password } } as never);
    for (let round = 0; round < 2; round++) {
      ask(PASSWORD);
      assert.equal(typeof (await flow.message('out')).payload, 'string');
      ask('wrong');
      assert.equal((await flow.error()).error.code, 'WRONG_PASSWORD');
    }
    assert.ok(server.connections <= 1);
  });

  it('takes variables of the process and of the flow, and tells one that is not set', async () => {
    const { port } = await serveMeter();
    process.env['DLMS_TEST_PASSWORD'] = PASSWORD;
    const tab = { id: 'tab2', type: 'tab', label: 'x', env: [{ name: 'OF_THE_FLOW', value: PASSWORD, type: 'str' }] };
    const flow = await startFlow(nodes, [connectionTo(port), tab, get(), get({ id: 'n2', z: 'tab2', x: 1, y: 1 })]);
    for (const [id, name] of [
      ['n1', 'DLMS_TEST_PASSWORD'],
      ['n2', 'OF_THE_FLOW'],
    ] as const) {
      flow.send(id, { meter: { ...LOW, password: `\${${name}}` } } as never);
      const msg = await flow.message('out');
      assert.equal(typeof msg.payload, 'string');
      assert.doesNotMatch(JSON.stringify(msg), new RegExp(PASSWORD));
    }
    flow.send('n1', { meter: { ...LOW, password: '${NOT_THERE}' } } as never);
    const { error } = await flow.error();
    assert.equal(error.code, 'BAD_SETTING');
    assert.match(error.message, /msg\.meter: password "\$\{NOT_THERE\}" is not set/);
  });

  it('never tells in an error or a status what a variable holds', async () => {
    process.env['DLMS_TEST_HOST'] = 'a-secret-of-the-process.invalid';
    const flow = await startFlow(nodes, [connectionTo(4059), get()]);
    for (const meter of [
      { host: '${DLMS_TEST_HOST}' },
      { host: 'x${DLMS_TEST_HOST}y' },
      { port: '${DLMS_TEST_HOST}' },
      { transport: '${DLMS_TEST_HOST}' },
      { serialNumber: '${DLMS_TEST_HOST}' },
      { systemTitle: '${DLMS_TEST_HOST}' },
      { timezone: '${DLMS_TEST_HOST}' },
    ]) {
      flow.send('n1', { meter } as never);
      const failed = await flow.error();
      assert.doesNotMatch(JSON.stringify(failed), /a-secret-of/i);
      assert.match(failed.error.message, /\$\{DLMS_TEST_HOST\}/, JSON.stringify(meter));
    }
    assert.doesNotMatch(flow.statuses('n1').join('\n'), /a-secret-of/i);
  });

  it('does not carry a saved password to another host, but to one that the connection allows', async () => {
    const { port } = await serveMeter();
    const home = connectionTo(port, { ...LOW, host: 'localhost' });
    const allowing = connectionTo(port, { ...LOW, id: 'c2', host: 'localhost', allowHosts: '127.0.0.0/8' });
    const flow = await startFlow(nodes, [home, allowing, get(), get({ id: 'n2', connection: 'c2' })], {
      c1: { password: PASSWORD },
      c2: { password: PASSWORD },
    });
    flow.send('n1', { meter: { host: '127.0.0.1' } } as never);
    const { error } = await flow.error();
    assert.equal(error.code, 'HOST_NOT_ALLOWED');
    assert.match(error.message, /not sent to 127\.0\.0\.1/);
    for (const [id, meter] of [
      ['n1', { host: '127.0.0.1', password: PASSWORD }],
      ['n1', {}],
      ['n2', { host: '127.0.0.1' }],
    ] as const) {
      flow.send(id, { meter } as never);
      assert.equal(typeof (await flow.message('out')).payload, 'string');
    }
  });

  it('keeps the password of an IEC readout for the host of its connection, too', async () => {
    const readout: FlowNode = {
      id: 'iec',
      type: 'dlms-iec-readout',
      source: 'connection',
      connection: 'c1',
      mode: 'c',
      read: 'registers',
      registers: '1.8.0',
      wires: [['out']],
    };
    const port = await deadPort();
    const to = connectionTo(port, { interface: 'iec', host: 'localhost' });
    const flow = await startFlow(nodes, [to, readout], { iec: { password: PASSWORD } });
    flow.send('iec', { meter: { host: '127.0.0.1' } } as never);
    assert.equal((await flow.error()).error.code, 'HOST_NOT_ALLOWED');
    flow.send('iec', { meter: { host: '127.0.0.1', password: 'own' } } as never);
    assert.equal((await flow.error()).error.code, 'CONNECT_REFUSED');
    flow.send('iec', {});
    assert.equal((await flow.error()).error.code, 'CONNECT_REFUSED');
  });

  it('is refused as a setting whatever it is made of', async () => {
    const flow = await startFlow(nodes, [connectionTo(4059), get()]);
    const cyclic: Record<string, unknown> = { host: 'a' };
    cyclic['port'] = cyclic;
    for (const meter of [
      { toString: 1 },
      { host: { toString: 1 } },
      { host: () => 1 },
      cyclic,
      { port: [[[[]]]] },
      true,
    ]) {
      (flow.node('n1') as unknown as NodeJS.EventEmitter).emit(
        'input',
        { meter },
        () => undefined,
        () => undefined,
      );
      assert.match(await flow.status('n1', /^red a setting is wrong: .*(msg\.meter|host|port)/), /wrong/);
    }
  });

  it('goes through a filter without its secrets', async () => {
    const through: FlowNode = {
      id: 'f',
      type: 'dlms-obis-filter',
      rules: [],
      output: 'telegram',
      wires: [['out'], []],
    };
    const flow = await startFlow(nodes, [through]);
    const payload = { meter: { id: 'M' }, time: null, readings: [{ obis: '1-0:1.8.0*255', value: 1, unit: 'Wh' }] };
    flow.send('f', { payload, meter: { host: 'h', password: PASSWORD, encryptionKey: 'k' } } as never);
    assert.deepEqual((await flow.message('out'))['meter'], { host: 'h' });
  });
});

describe('the form of a connection with saved secrets', () => {
  afterEach(async () => {
    await stopFlow();
    await closeMeters();
    delete process.env['DLMS_TEST_HOST'];
  });

  const value = async (properties: object, credentials: object = {}): Promise<{ status: number; text: string }> => {
    const body = { id: 'c1', properties, credentials, obis: '0-0:96.1.0*255' };
    const { status, text } = await adminRequest().post('/dlms-connection/value').send(body);
    return { status, text };
  };

  it('uses them for the host of the deployed connection only, unless that allows another or they are typed anew', async () => {
    const { port } = await serveMeter();
    const { id: _id, type: _type, ...form } = connectionTo(port, LOW);
    await startFlow(nodes, [connectionTo(port, { ...LOW, host: 'localhost' })], { c1: { password: PASSWORD } });
    const refused = await value(form, { password: '__PWRD__' });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /HOST_NOT_ALLOWED/);
    // What the form says of allowed hosts is not deployed, so it allows nothing.
    assert.match((await value({ ...form, allowHosts: '*' })).text, /HOST_NOT_ALLOWED/);
    assert.equal((await value({ ...form, host: 'localhost' })).status, 200);
    assert.equal((await value(form, { password: PASSWORD })).status, 200);
    assert.equal((await value({ ...form, authentication: 'none', clientAddress: '16' })).status, 200);
  });

  it('tells no variable of the process in its answers', async () => {
    process.env['DLMS_TEST_HOST'] = 'a-secret-of-the-process.invalid';
    await startFlow(nodes, []);
    const form = connectionTo(await deadPort());
    for (const host of ['${DLMS_TEST_HOST}', 'x${DLMS_TEST_HOST}y']) {
      for (const route of ['test', 'value', 'browse']) {
        const body = { id: 'c1', properties: { ...form, host }, credentials: {}, obis: '1.8.0' };
        const { text } = await adminRequest().post(`/dlms-connection/${route}`).send(body);
        assert.doesNotMatch(text, /a-secret-of/i, route);
        assert.match(text, /DLMS_TEST_HOST/, route);
      }
    }
    assert.doesNotMatch((await value({ ...form, transport: '${DLMS_TEST_HOST}' })).text, /a-secret-of/i);
  });
});
