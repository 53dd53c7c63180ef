// The admin routes of the nodes in a real Node-RED with users: who may ask what, odd input, and secrets looked for in every
// place. Only with --node-red.
// Rules: without a user, or with an invented token, nothing is answered; a reader may only GET; what a writer sends ends in
// time in an answer with a code and never in an exception; no saved key or password stands in an answer, in the flows, in
// the log or in a file of the user directory, nor goes to a host that it was not saved for.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';

import { serveTcp, simulatedMeter } from '../src/sim/server';
import type { Dice } from './dice';
import { Tally, type Fuzzer } from './fuzzer';
import { AT, probe, Running, told, until } from './running';

type Who = 'nobody' | 'stranger' | 'reader' | 'writer';

/** before + piece · times + after: small in a file, large on the line. */
interface Body {
  readonly before: string;
  readonly piece: string;
  readonly times: number;
  readonly after: string;
}

export type AdminInput =
  | {
      readonly do: 'ask';
      readonly who: Who;
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly body: Body;
    }
  | { readonly do: 'crowd'; readonly requests: number; readonly goneAfterMs: number }
  | { readonly do: 'read'; readonly to: string; readonly message: Readonly<Record<string, unknown>> };

export const admin: Fuzzer<AdminInput> = {
  name: 'admin',
  share: 5,
  slow: true,
  nodeRed: true,
  async open() {
    const tally = new Tally();
    const meter = await serveTcp(simulatedMeter(), { framing: 'wrapper' });
    let heard = '';
    const other = await listening(octets => (heard += octets));
    const running = await Running.start(USERS);
    const { red } = running;
    const headers: Record<Who, Record<string, string>> = {
      nobody: {},
      stranger: { authorization: `Bearer ${'A'.repeat(100)}` },
      reader: { authorization: `Bearer ${await token(running, 'reader')}` },
      writer: { authorization: `Bearer ${await token(running, 'writer')}` },
    };
    await red.deploy(flows(meter.port), 'full', headers.writer);
    const place = (text: string): string =>
      text.replaceAll('$METER', String(meter.port)).replaceAll('$OTHER', String((other.address() as AddressInfo).port));

    const ask = async (input: AdminInput & { do: 'ask' }, forMs = ANSWER_MS): Promise<string | null> => {
      const { who, method, path, body } = input;
      const text = place(`${body.before}${body.piece.repeat(body.times)}${body.after}`);
      const begin = performance.now();
      let status: number;
      let answer: string;
      try {
        const response = await fetch(red.url(path), {
          method,
          headers: { 'content-type': 'application/json', connection: 'close', ...headers[who] },
          ...(method === 'POST' && { body: text }),
          signal: AbortSignal.timeout(forMs),
        });
        ({ status } = response);
        answer = await response.text();
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
        // The browser went; only who talks to a meter may take so long.
        tally.add('browser gone');
        return TALKS.test(path) ? null : `no answer within ${ANSWER_MS / 1000} s: ${routeOf(path)}`;
      }
      tally.add(`${who} ${status}`);
      if (told(answer, SECRETS)) return `a secret in the answer of ${routeOf(path)}`;
      if (who === 'nobody' || who === 'stranger') {
        // Node-RED reads the body before it asks who it is; what it cannot read gets no further.
        const unread = method === 'POST' && !isReadable(text) && (status === 400 || status === 413);
        if (status !== 401 && !unread && (status !== 404 || KNOWN.has(`${method} ${path}`)))
          return `${who} gets ${status}: ${routeOf(path)}`;
      } else if (who === 'reader' && method === 'POST' && status < 400) {
        return `a reader gets ${status}: ${routeOf(path)}`;
      } else if (
        /TypeError|RangeError|ReferenceError|INTERNAL/.test(answer) ||
        (status >= 500 && !/"code":"/.test(answer))
      ) {
        return `an error of ours as answer (${status}): ${routeOf(path)}`;
      }
      if (!TALKS.test(path) && performance.now() - begin > SLOW_MS) return `an answer takes seconds: ${routeOf(path)}`;
      return null;
    };

    const places = async (): Promise<string | null> => {
      for (const who of ['reader', 'writer'] as const) {
        for (const path of PLACES) {
          if (told(await red.text(path, headers[who]), SECRETS)) return `a secret in ${path} for a ${who}`;
        }
      }
      for (const file of filesOf(running.userDir)) {
        if (told(readFileSync(file, 'latin1'), SECRETS))
          return `a secret in the file ${file.slice(running.userDir.length)}`;
      }
      return null;
    };

    return {
      counts: tally.counts,
      limitMs: 60_000,
      make: inputOf,
      async check(input) {
        const from = red.log.length;
        let wrong: string | null = null;
        if (input.do === 'ask') {
          wrong = await ask(input);
        } else if (input.do === 'crowd') {
          const one = { do: 'ask', who: 'writer', method: 'POST', path: '/dlms-connection/browse' } as const;
          const body = plain(`{"properties":${FORM('127.0.0.2', '$OTHER')}}`);
          const asked = Array.from({ length: input.requests }, () => ask({ ...one, body }, input.goneAfterMs));
          wrong = (await Promise.all(asked)).find(w => w !== null) ?? null;
          // Who is served, or gone, holds no line to a meter.
          if (!(await until(async () => (await connections(other)) === 0, 60_000))) wrong ??= 'a connection stays open';
        } else {
          await running.reset();
          await running.feed(input.to, [JSON.parse(place(JSON.stringify(input.message)))]);
          // A decoder may wait for more, so that no answer is none.
          await until(async () => (await running.seen()).answers > 0, input.to === 'decoder' ? 500 : 20_000);
          for (const [code, n] of Object.entries((await running.seen()).codes)) tally.add(code, n);
          wrong = await places();
        }
        if (wrong !== null) return wrong;
        if (heard !== '' && told(heard, SECRETS)) return 'a saved secret goes to another host';
        if ((await running.seen()).polluted) return 'a prototype is polluted';
        return running.wrong(from, SECRETS);
      },
      async end() {
        const wrong = (await places()) ?? running.wrong(0, SECRETS);
        await running.end();
        await meter.close();
        other.close();
        return wrong;
      },
    };
  },
};

function inputOf(dice: Dice): AdminInput {
  if (dice.chance(0.02)) return { do: 'crowd', requests: dice.pick([10, 150]), goneAfterMs: dice.pick([100, 5000]) };
  if (dice.chance(0.15)) return { do: 'read', ...dice.pick(READS) };
  const who = dice.pick(['nobody', 'stranger', 'reader', 'writer', 'writer', 'writer', 'writer'] as const);
  const [method, known] = dice.pick(ROUTES);
  const path = method === 'GET' && dice.chance() ? oddPath(dice) : known;
  return { do: 'ask', who, method, path, body: method === 'GET' ? plain('') : bodyOf(dice) };
}

function oddPath(dice: Dice): string {
  const id = dice.pick([
    '__proto__',
    'constructor',
    '..%2f..%2fetc',
    'saved',
    'filter',
    'decoder',
    '%00',
    'a'.repeat(5000),
  ]);
  const lang = dice.pick(['', '?lang=../../../../etc/passwd', '?lang[a]=b', '?lang=__proto__', '?lang=de&lang=fr']);
  const words = dice.pick(['<img src=x onerror=alert(1)>', 'a '.repeat(2000), '1-0:1.8.0*255', '999.999', '\u0000']);
  return dice.pick([
    `/dlms-push-decoder/${id}/unrecognised${lang}`,
    `/dlms-obis-filter/${id}/recent${lang}`,
    `/dlms-connection/obis?q=${encodeURIComponent(words)}${lang.replace('?', '&')}`,
    '/dlms-connection/obis?q[]=1&q[]=2&lang[a]=b',
  ]);
}

function bodyOf(dice: Dice): Body {
  const times = dice.pick([1, 100, 20_000, 140_000, 1_500_000]);
  const odd = dice.pick(['[]', 'null', '5', '"text"', '{"properties":[]}', '{', '{"a":1', '\u0000', POLLUTING]);
  const lang = dice.pick(['en', 'de', '../../../../etc/passwd', '__proto__']);
  const host = dice.pick(['127.0.0.1', '127.0.0.2', '${HOME}', '0', 'a'.repeat(300), '127.0.0.1\\r\\nX']);
  const form = FORM(host, dice.pick(['$METER', '$OTHER', '1', '-1', 'NaN', '__proto__']));
  const saved = dice.pick(['"saved"', '"ciphered"', '"filter"', '"__proto__"', '{"a":1}', '[]', 'null']);
  switch (dice.below(7)) {
    case 0:
      return plain(odd);
    case 1:
      return { before: '{"line":"', piece: dice.pick(['-h ', "' ", '-', '\\"', '-h x -p 1 ']), times, after: '"}' };
    case 2:
      return {
        before: '{"text":"',
        piece: dice.pick(['0f', '/', '2f', 'e0808000010000', '7e', '68', 'db']),
        times,
        after: '"}',
      };
    case 3:
      return {
        before: '{"text":"7e","properties":{"layouts":',
        piece: '[',
        times: Math.min(times, 20_000),
        after: `${']'.repeat(Math.min(times, 20_000))}}}`,
      };
    case 4:
      return plain(
        `{"id":${saved},"text":"7ea0","lang":"${lang}","properties":{"layouts":[{"name":"__proto__","entries":[]}]}}`,
      );
    default:
      return plain(
        `{"id":${saved},"lang":"${lang}","properties":${form},"obis":"1.8.0","set":${dice.pick(['-1', '1e99', '"x"', '5'])}}`,
      );
  }
}

/** As Node-RED takes a body: an object or a list, 5 MB at most. */
function isReadable(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return text.length <= 5 * 2 ** 20 && typeof body === 'object' && body !== null;
  } catch {
    return false;
  }
}

function plain(before: string): Body {
  return { before, piece: '', times: 0, after: '' };
}

function routeOf(path: string): string {
  return path.replace(/\?.*/, '').slice(0, 60);
}

async function token(running: Running, name: string): Promise<string> {
  const asked = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username: name, password: name };
  const answer = (await (await running.red.post('/auth/token', asked)).json()) as { access_token?: string };
  if (answer.access_token === undefined) throw new Error(`no token for the ${name}`);
  return answer.access_token;
}

/** Somebody else's host, who writes down what comes and says nothing. */
async function listening(heard: (octets: string) => void): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    socket.on('data', octets => heard(octets.toString('latin1')));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.2', () => resolve()));
  server.unref();
  return server;
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}

/** What the nodes and the stores wrote; the credentials of Node-RED are enciphered, and looked at, too. */
function filesOf(userDir: string): string[] {
  const folders = ['dlms', 'context'].map(name => join(userDir, name)).filter(existsSync);
  const inner = folders.flatMap(folder =>
    readdirSync(folder, { recursive: true }).map(name => join(folder, String(name))),
  );
  const own = ['flows.json', 'flows_cred.json'].map(name => join(userDir, name));
  return [...own, ...inner].filter(file => existsSync(file) && statSync(file).isFile());
}

function flows(port: number): object[] {
  const tcp = {
    type: 'dlms-connection',
    transport: 'tcp',
    host: '127.0.0.1',
    port: String(port),
    interface: 'wrapper',
  };
  const quick = { connectTimeout: '500', answerTimeout: '500', idleTime: '1', trace: 'verbose' };
  const get = {
    type: 'dlms-get-object',
    objects: [{ obis: '1-0:1.8.0*255' }],
    output: 'telegram',
    wires: [['ok', 'filter']],
  };
  const { encryptionKey, authenticationKey } = SAVED;
  return [
    ...probe(['get', 'getCiphered', 'decoder']),
    { ...tcp, ...quick, id: 'saved', clientAddress: '17', authentication: 'low', credentials: SAVED },
    {
      ...{ ...tcp, ...quick, id: 'ciphered', clientAddress: '1', security: 'authentication-encryption' },
      ...{ counterObject: 'none', systemTitle: '4d464c0000000001', credentials: SAVED },
    },
    { ...AT, ...get, id: 'get', connection: 'saved' },
    { ...AT, ...get, id: 'getCiphered', connection: 'ciphered' },
    {
      ...{ ...AT, id: 'decoder', type: 'dlms-push-decoder', source: 'message', framing: 'auto', layout: 'auto' },
      ...{ layouts: [], scalers: {}, hex: true, wires: [['ok'], ['problem']] },
      credentials: { encryptionKey, authenticationKey },
    },
    {
      ...AT,
      id: 'filter',
      type: 'dlms-obis-filter',
      rules: [],
      output: 'flat',
      outputs: 2,
      persist: 'file',
      wires: [[], []],
    },
  ];
}

const FORM = (host: string, port: string): string =>
  `{"transport":"tcp","host":"${host}","port":"${port}","interface":"wrapper","clientAddress":"17","serverAddress":"1","authentication":"low","answerTimeout":"500","connectTimeout":"500"}`;

/** Invented; the meter does not know them. */
const SAVED = {
  password: 'SuperSecretPw1',
  encryptionKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  authenticationKey: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  dedicatedKey: '11223344556677889900aabbccddeeff',
};
const SECRETS = Object.values(SAVED);

const READS: readonly { readonly to: string; readonly message: Readonly<Record<string, unknown>> }[] = [
  { to: 'get', message: {} },
  { to: 'getCiphered', message: {} },
  { to: 'get', message: { meter: { host: '127.0.0.2', port: '$OTHER', answerTimeout: 300 } } },
  { to: 'getCiphered', message: { meter: { host: '127.0.0.2', port: '$OTHER', answerTimeout: 300 } } },
  { to: 'get', message: { meter: { ...SAVED, host: '127.0.0.1', port: 1 } } },
  { to: 'get', message: { meter: { encryptionKey: SAVED.encryptionKey.slice(1) } } },
  { to: 'get', message: { meter: { password: `0x${SAVED.encryptionKey}z` } } },
  { to: 'get', message: { meter: { authentication: SAVED.password } } },
  { to: 'decoder', message: { hex: `db084b464d102030405020300000000a${'ff'.repeat(28)}` } },
];

const ROUTES: readonly (readonly ['GET' | 'POST', string])[] = [
  ['POST', '/dlms-connection/test'],
  ['POST', '/dlms-connection/browse'],
  ['POST', '/dlms-connection/value'],
  ['POST', '/dlms-connection/counter'],
  ['POST', '/dlms-connection/command-line'],
  ['POST', '/dlms-push-decoder/decode'],
  ['GET', '/dlms-connection/obis?q=energy'],
  ['GET', '/dlms-connection/ports'],
  ['GET', '/dlms-push-decoder/layouts'],
  ['GET', '/dlms-push-decoder/decoder/unrecognised'],
  ['GET', '/dlms-obis-filter/filter/recent'],
  ['GET', '/dlms-simulator/formats'],
];
const KNOWN: ReadonlySet<string> = new Set(ROUTES.map(([method, path]) => `${method} ${path}`));
const TALKS = /^\/dlms-connection\/(test|browse|value)$/;
const PLACES = [
  ...['/flows', '/nodes', '/settings', '/diagnostics', '/context/global', '/context/node/filter'],
  ...['saved', 'ciphered'].map(id => `/credentials/dlms-connection/${id}`),
  '/credentials/dlms-push-decoder/decoder',
];
const POLLUTING =
  '{"__proto__":{"polluted":1},"properties":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}';
const ANSWER_MS = 30_000;
const SLOW_MS = 15_000;

const USERS = `adminAuth: {
  type: 'credentials',
  users: async name => ({ reader: { username: name, permissions: 'read' }, writer: { username: name, permissions: '*' } })[name] || null,
  authenticate: async (name, password) =>
    name === password ? ({ reader: { username: name, permissions: 'read' }, writer: { username: name, permissions: '*' } })[name] || null : null,
},
diagnostics: { enabled: true },
`;
