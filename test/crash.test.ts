// Nothing that a peer sends or does ends the Node-RED process. A real one, with serial ports, and meters that misbehave.

import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { hasSocat, serialPair } from './io/serial-pair';
import { installModule, installPacked, NodeRedProcess, remove, temporaryUserDir } from './node-red-process';

/** UA to an SNRM of client 16 to server 1/17, so that peers get as far as the association. */
const UA = Buffer.from('7ea00a210002232173ba4c7e', 'hex');

const PEERS: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['resets at the first byte', socket => socket.once('data', () => socket.resetAndDestroy())],
  ['resets as soon as somebody connects', socket => socket.resetAndDestroy()],
  ['sends rubbish without being asked', socket => void socket.write(Buffer.alloc(100_000, 0xa5))],
  ['sends flags for ever', socket => void socket.write(Buffer.alloc(100_000, 0x7e))],
  ['breaks off in the middle of a frame', socket => socket.once('data', () => socket.end(UA.subarray(0, 6)))],
  ['answers with a frame and then silence', socket => socket.on('data', () => socket.write(UA))],
  ['answers each request with half of a frame', socket => socket.on('data', () => socket.write(UA.subarray(0, 7)))],
  ['never answers', socket => void socket.resume()],
];

describe('Node-RED stays alive when a meter', function () {
  this.timeout(90_000);
  let userDir = '';
  let red: NodeRedProcess;
  const servers: Server[] = [];

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    installModule(userDir, 'serialport');
    red = await NodeRedProcess.start(userDir);
  });
  after(async () => {
    // Missing when before() failed.
    await (red as NodeRedProcess | undefined)?.stop();
    for (const server of servers) server.close();
    remove(userDir);
  });

  const flow = (id: string, connection: Record<string, unknown>): object[] => [
    { id: `tab${id}`, type: 'tab', label: id },
    { id: `in${id}`, type: 'inject', z: `tab${id}`, x: 1, y: 1, props: [], wires: [[`get${id}`, `list${id}`]] },
    {
      id: `get${id}`,
      type: 'dlms-get-object',
      z: `tab${id}`,
      x: 1,
      y: 1,
      connection: `c${id}`,
      objects: [{ obis: '1.8.0' }],
      output: 'value',
      wires: [[]],
    },
    {
      id: `list${id}`,
      type: 'dlms-read-load-profile',
      z: `tab${id}`,
      x: 1,
      y: 1,
      connection: `c${id}`,
      output: 'row',
      wires: [[]],
    },
    { id: `catch${id}`, type: 'catch', z: `tab${id}`, x: 1, y: 1, scope: null, wires: [[`log${id}`]] },
    {
      id: `log${id}`,
      type: 'debug',
      z: `tab${id}`,
      x: 1,
      y: 1,
      name: id,
      active: true,
      console: true,
      tosidebar: false,
      complete: 'error',
      targetType: 'msg',
      wires: [],
    },
    { id: `c${id}`, type: 'dlms-connection', physicalAddress: '17', answerTimeout: '300', ...connection },
  ];

  PEERS.forEach(([name, behave], i) => {
    it(name, async () => {
      const server = createServer(socket => {
        socket.on('error', () => undefined);
        behave(socket);
      });
      servers.push(server);
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()));
      const { port } = server.address() as AddressInfo;
      const id = `peer${i}`;
      await red.deploy(flow(id, { host: '127.0.0.1', port: String(port) }));
      const from = red.log.length;
      await red.post(`/inject/in${id}`, {});
      await red.logged(new RegExp(`${id}[^]*code: '(?!INTERNAL)[A-Z_]+'`), 15_000, from);
      assert.ok(red.isAlive);
      assert.doesNotMatch(red.log.slice(from), /INTERNAL|Uncaught/);
    });
  });

  it('is pulled from its serial port in the middle of a read', async function () {
    if (!hasSocat()) return this.skip();
    const pair = await serialPair();
    await red.deploy(flow('serial', { transport: 'serial', path: pair.near, answerTimeout: '5000' }));
    const from = red.log.length;
    await red.post('/inject/inserial', {});
    await new Promise(resolve => setTimeout(resolve, 500));
    await pair.pull();
    await red.logged(/serial[^]*code: '(CONNECTION_LOST|NO_ANSWER|SERIAL_\w+)'/, 15_000, from);
    assert.ok(red.isAlive);
    assert.doesNotMatch(red.log.slice(from), /INTERNAL|Uncaught/);
  });

  it('has done all this and everything still answers', async () => {
    assert.equal((await red.get('/settings')).status, 200);
    assert.equal(((await red.json('/flows')) as unknown[]).length > 0, true);
  });
});
