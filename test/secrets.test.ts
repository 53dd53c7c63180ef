// A secret goes to the meter and nowhere else. A real Node-RED with known secrets in every node, as credentials, in msg.meter
// and in variables; reads that go well and reads that fail in each way; then the search for them in all that can be seen.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { freePort, installPacked, NodeRedProcess, remove, temporaryUserDir } from './node-red-process';

/** As a flow has them; each can be told from everything else. */
const SECRETS = {
  password: 'Zx9-saved-Word-7q',
  wrong: 'Zx9-wrong-Word-8r',
  variable: 'Zx9-vars-Word-9s',
  iec: 'Zx9IecWd',
  iecOther: 'Zx9Other',
  encryptionKey: 'a1f3c5d7e9b2048617293a4b5c6d7e8f',
  authenticationKey: 'b2e4d6f8a0c1357902846b8da0cf1e3d',
  dedicatedKey: 'c3d5e7f9b1a2468013579bdf02468ace',
  masterKey: 'd4c6e8fab2b3579124680ace13579bdf',
  otherKey: 'e5b7d9fbc3c4680235791bdf2468ace0',
} as const;

/** How a secret can look in a text. */
function formsOf(secret: string): string[] {
  const asText = Buffer.from(secret, 'latin1');
  const raw = /^[0-9a-f]{32}$/.test(secret) ? [asText, Buffer.from(secret, 'hex')] : [asText];
  return raw.flatMap(bytes => {
    const hex = bytes.toString('hex');
    const spaced = hex.replace(/(..)(?=.)/g, '$1 ');
    return [
      bytes === asText ? secret : hex,
      hex,
      spaced,
      bytes.toString('base64').replace(/=+$/, ''),
      [...bytes].join(','),
      [...bytes].join(', '),
    ];
  });
}

describe('secrets', function () {
  this.timeout(90_000);
  let userDir = '';
  let red: NodeRedProcess;
  let silent: Server;
  const ports = { dlms: 0, iec: 0, silent: 0, dead: 0, http: 0 };

  before(async () => {
    userDir = temporaryUserDir();
    installPacked(userDir);
    silent = createServer(socket => socket.on('error', () => undefined).resume());
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    ports.silent = (silent.address() as AddressInfo).port;
    for (const name of ['dlms', 'iec', 'dead'] as const) ports[name] = await freePort();
    red = await NodeRedProcess.start(userDir, { TEST_LOG_LEVEL: 'trace', DLMS_SECRET: SECRETS.variable });
  });
  after(async () => {
    await (red as NodeRedProcess | undefined)?.stop();
    (silent as Server | undefined)?.close();
    remove(userDir);
  });

  const node = (id: string, type: string, more: object): object => ({
    id,
    type,
    z: 'tab',
    x: 1,
    y: 1,
    wires: [],
    ...more,
  });
  const { password, encryptionKey, authenticationKey, dedicatedKey, masterKey } = SECRETS;
  const connection = (id: string, more: object, credentials: object): object => ({
    id,
    type: 'dlms-connection',
    transport: 'tcp',
    host: '127.0.0.1',
    interface: 'hdlc',
    physicalAddress: '17',
    answerTimeout: '300',
    idleTime: '0',
    frameSize: '32',
    trace: 'verbose',
    credentials,
    ...more,
  });
  const flows = (): object[] => [
    { id: 'tab', type: 'tab', label: 'secrets' },
    connection('by-password', { port: ports.dlms, clientAddress: '17', authentication: 'low' }, { password }),
    connection(
      'by-keys',
      { port: ports.dlms, clientAddress: '1', authentication: 'high-gmac', security: 'authentication-encryption' },
      { encryptionKey, authenticationKey, dedicatedKey },
    ),
    connection('optical', { port: ports.iec, interface: 'iec' }, {}),
    node('meter', 'dlms-simulator', {
      kind: 'dlms',
      port: ports.dlms,
      wires: [['seen']],
      credentials: { password, secret: SECRETS.wrong, encryptionKey, authenticationKey },
    }),
    node('iecmeter', 'dlms-simulator', {
      kind: 'iec',
      wires: [['seen']],
      port: ports.iec,
      credentials: { password: SECRETS.iec },
    }),
    // The body of the request is the message, with the place it goes to; what comes out goes into log and context.
    node('in', 'http in', { url: '/ask', method: 'post', wires: [['answer', 'route']] }),
    node('answer', 'function', {
      func: 'return { req: msg.req, res: msg.res, payload: "ok" };',
      outputs: 1,
      wires: [['response']],
    }),
    node('response', 'http response', {}),
    node('route', 'function', {
      func: 'const { to, ...rest } = msg.payload; const out = new Array(8).fill(null); out[to] = { topic: rest.topic, ...rest }; return out;',
      outputs: 8,
      wires: [['get'], ['getc'], ['rows'], ['iec'], ['push'], ['filter'], ['meter'], ['iecmeter']],
    }),
    node('get', 'dlms-get-object', {
      connection: 'by-password',
      objects: [{ obis: '1.8.0' }],
      output: 'telegram',
      wires: [['seen']],
    }),
    node('getc', 'dlms-get-object', {
      connection: 'by-keys',
      objects: [{ obis: '1.8.0' }],
      output: 'telegram',
      wires: [['seen']],
    }),
    node('rows', 'dlms-read-load-profile', {
      connection: 'by-password',
      range: { mode: 'last', last: '1 h' },
      output: 'row',
      wires: [['seen']],
    }),
    node('iec', 'dlms-iec-readout', {
      source: 'connection',
      connection: 'optical',
      mode: 'c',
      read: 'registers',
      registers: '1.8.0',
      answerTimeout: '300',
      credentials: { password: SECRETS.iec, encryptionKey, authenticationKey },
      wires: [['seen']],
    }),
    node('push', 'dlms-push-decoder', {
      hex: true,
      credentials: { encryptionKey, authenticationKey, broadcastKey: dedicatedKey, masterKey },
      wires: [['seen'], ['seen']],
    }),
    node('filter', 'dlms-obis-filter', { rules: [], output: 'telegram', persist: 'file', wires: [['seen'], ['seen']] }),
    node('catch', 'catch', { scope: null, uncaught: false, wires: [['seen']] }),
    node('status', 'status', { scope: null, wires: [['seen']] }),
    node('seen', 'function', {
      func:
        'const text = JSON.stringify(msg); node.log("SEEN " + (msg.topic || "") + " " + text);' +
        'const all = flow.get("all", "file") || []; all.push(text); flow.set("all", all, "file"); return null;',
      outputs: 1,
      wires: [[]],
    }),
  ];

  /** Sends and waits for what comes out, by the topic. */
  let count = 0;
  const ask = async (to: number, rest: object): Promise<string> => {
    const topic = `ask-${++count}-`;
    await red.post('/ask', { to, topic, ...rest });
    const [, text = ''] = await red.logged(new RegExp(`SEEN ${topic} (.*)`), 10_000);
    return text;
  };

  it('are in nothing that leaves, is told, shown or stored', async () => {
    await red.deploy(flows());
    await red.logged(/SEEN.*port/, 10_000).catch(() => undefined);
    const low = { clientAddress: 17, authentication: 'low', idleTime: 0 };
    const gmac = { encryptionKey, authenticationKey };
    const bad = { encryptionKey: SECRETS.otherKey, authenticationKey: SECRETS.otherKey };
    const telegram = { meter: { id: 'M' }, time: null, readings: [{ obis: '1-0:1.8.0*255', value: 1, unit: 'Wh' }] };
    const cases: readonly (readonly [number, object, RegExp])[] = [
      [0, {}, /"readings":\[\{/],
      [0, { meter: { ...low, password } }, /"readings":\[\{/],
      [0, { meter: { ...low, password: SECRETS.wrong } }, /WRONG_PASSWORD/],
      [0, { meter: { ...low, password: '${DLMS_SECRET}' } }, /WRONG_PASSWORD/],
      [0, { meter: { ...low, password, prot: 1 } }, /BAD_SETTING/],
      [0, { meter: { ...low, pasword: SECRETS.wrong } }, /BAD_SETTING/],
      [0, { meter: { ...low, password: { is: SECRETS.wrong } } }, /BAD_SETTING/],
      [0, { meter: { host: 'localhost' } }, /HOST_NOT_ALLOWED/],
      [0, { meter: { ...low, password, port: ports.dead } }, /CONNECT_REFUSED/],
      [0, { meter: { ...low, password, port: ports.silent } }, /NO_ANSWER/],
      [0, { meter: { host: '${DLMS_SECRET}', password } }, /CONNECT_FAILED|CONNECT_TIMEOUT/],
      [
        0,
        { meter: { ...low, password, authentication: 'high-md5', clientAddress: 19 } },
        /HLS_FAILED|WRONG_PASSWORD|ASSOCIATION_REFUSED|ACCESS|OBJECT|CONN/,
      ],
      [1, {}, /"readings":\[\{/],
      [1, { meter: { ...gmac, dedicatedKey } }, /"readings":\[\{/],
      [1, { meter: bad }, /"code"/],
      [1, { meter: { encryptionKey: `${SECRETS.otherKey}zz` } }, /BAD_SETTING/],
      [2, {}, /"payload"/],
      [2, { meter: { ...low, password } }, /"payload"/],
      [2, { meter: { ...low, password: SECRETS.wrong } }, /WRONG_PASSWORD/],
      [3, {}, /"readings":\[\{/],
      [3, { meter: { password: SECRETS.iecOther } }, /"code"/],
      [3, { meter: { password: SECRETS.iecOther, port: ports.dead } }, /CONNECT_REFUSED/],
      [4, { payload: '7ea0', meter: { password } }, /"code"|"payload"/],
      [5, { payload: telegram, meter: { password, encryptionKey } }, /"readings"/],
      [5, { payload: 'nonsense', meter: { password } }, /BAD_SETTING/],
      [6, { meter: { password }, fault: 'nonsense' }, /BAD_SETTING/],
      [6, { meter: { password } }, /"requests"/],
      [7, { meter: { password: SECRETS.iec } }, /"requests"/],
    ];
    for (const [to, message, expected] of cases) {
      const text = await ask(to, message);
      assert.match(text, expected, `${to} ${JSON.stringify(message)}: ${text}`);
    }
    const form = { id: 'by-password', credentials: { password: '__PWRD__' } };
    const { credentials: _, ...properties } = connection(
      'by-password',
      { port: ports.dlms, clientAddress: '17', authentication: 'low' },
      {},
    ) as Record<string, unknown>;
    const answers: string[] = [];
    const post = async (path: string, body: object): Promise<void> =>
      void answers.push(await (await red.post(path, body)).text());
    await post('/dlms-connection/value', { ...form, properties, obis: '1.8.0' });
    assert.match(answers[0] ?? '', /"value"/);
    await post('/dlms-connection/test', { ...form, properties });
    await post('/dlms-connection/browse', { ...form, properties });
    await post('/dlms-connection/value', { ...form, properties: { ...properties, host: 'localhost' }, obis: '1.8.0' });
    assert.match(answers.at(-1) ?? '', /HOST_NOT_ALLOWED/);
    await post('/dlms-connection/value', {
      ...form,
      properties: { ...properties, host: '${DLMS_SECRET}' },
      obis: '1.8.0',
    });
    await post('/dlms-push-decoder/decode', { id: 'push', properties: {}, credentials: {}, text: '7ea0' });
    for (const path of [
      '/flows',
      '/nodes',
      '/settings',
      '/diagnostics',
      '/context/flow/tab',
      '/context/global',
      '/credentials/dlms-connection/by-password',
      '/credentials/dlms-connection/by-keys',
      '/dlms-push-decoder/push/unrecognised',
      '/dlms-obis-filter/filter/recent',
    ]) {
      answers.push(await red.text(path, { accept: 'application/json' }));
    }
    await red.stop();
    const places: (readonly [string, string])[] = [
      ['the log', red.log],
      ...answers.map((text, i) => [`answer ${i}`, text] as const),
      ...filesBelow(userDir).map(path => [path, readFileSync(path, 'latin1')] as const),
    ];
    // The search can find: what is no secret is there.
    assert.match(red.log, /SEEN ask-1-/);
    assert.match(red.log, /7e a0/i, 'the trace was on');
    assert.ok(
      places.some(([path, text]) => path.includes('context') && text.includes('ask-1-')),
      'the context was stored',
    );
    assert.ok(places.length > 20);
    for (const [name, secret] of Object.entries(SECRETS)) {
      for (const form of formsOf(secret)) {
        for (const [place, text] of places) {
          const at = text.toLowerCase().indexOf(form.toLowerCase());
          assert.equal(at, -1, `${name} as ${form} in ${place}: ${text.slice(Math.max(0, at - 300), at + 100)}`);
        }
      }
    }
  });
});

/** All that Node-RED has written; not the package itself. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap(name => {
    const path = join(directory, name);
    if (name === 'node_modules' || name.endsWith('.tgz')) return [];
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
