// A real Node-RED for the fuzzers, and a probe in its flow: whatever node is named gets messages, and what comes of them
// is counted. The rule of the file: the probe is made of Node-RED's own nodes and asked over HTTP; what it adds to
// settings.js only looks, except for the clock, which only this process sees.

import { installModule, installPacked, NodeRedProcess, remove, temporaryUserDir } from '../test/node-red-process';

export interface Seen {
  /** Messages that a node sent to the node `ok`. */
  readonly ok: number;
  /** To the node `heard`: what came by itself. */
  readonly heard: number;
  /** Values, problems and the errors of the nodes that are fed. */
  readonly answers: number;
  /** Of all errors and problems. */
  readonly codes: Readonly<Record<string, number>>;
  readonly heapMB: number;
  /** A member of every object that nobody made. */
  readonly polluted: boolean;
}

export class Running {
  private constructor(
    readonly userDir: string,
    public red: NodeRedProcess,
    private readonly settings: string,
  ) {}

  /** `modules`: of the project's installation, for what the package takes only where it is there. */
  static async start(settings = '', modules: readonly string[] = []): Promise<Running> {
    const userDir = temporaryUserDir();
    installPacked(userDir);
    for (const name of modules) installModule(userDir, name);
    const more = `${settings}${LOOKING}`;
    return new Running(userDir, await NodeRedProcess.start(userDir, {}, undefined, more), more);
  }

  /** As when the power goes and comes back. */
  async killed(): Promise<void> {
    await this.red.kill();
    this.red = await NodeRedProcess.start(this.userDir, {}, undefined, this.settings);
  }

  async end(): Promise<void> {
    await this.red.stop();
    remove(this.userDir);
  }

  /** Gives each message `times` to a node of the flow. `hex` in one becomes a payload of octets. */
  async feed(to: string, messages: readonly unknown[], times = 1): Promise<void> {
    const answer = await this.red.post('/fuzz/feed', { to, messages, times });
    if (!answer.ok) throw new Error(`the probe answers ${answer.status}`);
    await answer.text();
  }

  async seen(): Promise<Seen> {
    // The answer of the probe below.
    const told = (await this.red.json('/fuzz/state')) as Omit<Seen, 'answers'> & { readonly failed: number };
    return { ...told, answers: told.ok + told.failed };
  }

  async reset(): Promise<void> {
    await this.red.text('/fuzz/reset');
  }

  /** From now on its time of day is so far from ours. */
  async setClock(byMs: number): Promise<void> {
    await this.red.text(`/fuzz/clock?by=${byMs}`);
  }

  /** What must never be, after any input: an end, an error of ours, a secret in the log. */
  wrong(from: number, secrets: readonly string[]): string | null {
    if (!this.red.isAlive) return 'Node-RED ended';
    const log = this.red.log.slice(from);
    if (/uncaught|unhandled/i.test(log) || /\bINTERNAL\b|node-red-dlms\/dist\//.test(log))
      return 'the log tells an error of ours';
    return told(log, secrets) ? 'a secret in the log' : null;
  }
}

/** A secret stands in a text: as it is, or in hexadecimal or base64 digits. */
export function told(text: string, secrets: readonly string[]): boolean {
  const low = text.toLowerCase();
  return secrets.some(secret => {
    const octets = Buffer.from(secret, 'latin1');
    const forms = [secret, octets.toString('hex'), octets.toString('base64').replace(/=+$/, '')];
    if (/^([0-9a-f]{2})+$/i.test(secret)) forms.push(Buffer.from(secret, 'hex').toString('base64').replace(/=+$/, ''));
    return forms.some(form => low.includes(form.toLowerCase()));
  });
}

export async function until(
  done: () => boolean | Promise<boolean>,
  withinMs = 150_000,
  everyMs = 100,
): Promise<boolean> {
  for (const end = performance.now() + withinMs; performance.now() < end;) {
    if (await done()) return true;
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
  return false;
}

/** Where every node of the flow is. */
export const AT = { z: 'tab', x: 100, y: 100 };

/** The probe; `fed`: the nodes that get messages. Values go to the node `ok`, problems to `problem`, what nobody asked for to `heard`. */
export function probe(fed: readonly string[]): object[] {
  const names = JSON.stringify(fed);
  const code = (of: string, isAnswer: string): string =>
    `const c = global.get('codes') || {}; const k = String((${of} || {}).code || 'none'); c[k] = (c[k] || 0) + 1; global.set('codes', c); if (${isAnswer}) global.set('failed', (global.get('failed') || 0) + 1); return null;`;
  const func = (id: string, text: string, wires: readonly (readonly string[])[] = [[]]): object => ({
    ...{ ...AT, id, type: 'function', func: text, outputs: wires.length, wires },
  });
  const route = (method: string, name: string): object => ({
    ...{ ...AT, id: `in-${name}`, type: 'http in', url: `/fuzz/${name}`, method, wires: [[name]] },
  });
  return [
    { id: 'tab', type: 'tab', label: 'fuzz' },
    route('post', 'feed'),
    func('feed', `const NAMES = ${names}; ${FEED}`, [...fed.map(id => [id]), ['told']]),
    func('ok', "global.set('ok', (global.get('ok') || 0) + 1); return null;"),
    func('heard', "global.set('heard', (global.get('heard') || 0) + 1); return null;"),
    func('problem', code('msg.payload', 'true')),
    { ...AT, id: 'catch', type: 'catch', scope: null, uncaught: false, wires: [['failed']] },
    func('failed', code('msg.error', `${names}.includes(((msg.error || {}).source || {}).id)`)),
    route('get', 'reset'),
    func('reset', "for (const k of ['ok', 'heard', 'failed', 'codes']) global.set(k, undefined); return msg;", [
      ['told'],
    ]),
    route('get', 'clock'),
    func('clock', "global.get('setClock')(Number(msg.req.query.by)); return msg;", [['told']]),
    route('get', 'state'),
    func('state', STATE, [['told']]),
    { ...AT, id: 'told', type: 'http response', wires: [] },
  ];
}

const FEED = `const { to, messages, times } = msg.payload;
const at = NAMES.indexOf(to);
for (let i = 0; i < times; i++) for (const given of messages) {
  const one = RED.util.cloneMessage(given);
  if (typeof one.hex === 'string') one.payload = Buffer.from(one.hex, 'hex');
  node.send(NAMES.map((_, n) => (n === at ? one : null)).concat(null));
}
return NAMES.map(() => null).concat(msg);`;

const STATE = `msg.payload = {
  ok: global.get('ok') || 0, heard: global.get('heard') || 0, failed: global.get('failed') || 0, codes: global.get('codes') || {}, heapMB: global.get('heapMB')(), polluted: global.get('polluted')(),
};
return msg;`;

const LOOKING = `functionGlobalContext: {
  heapMB: () => Math.round(process.memoryUsage().heapUsed / 1e6),
  polluted: () => ({}).polluted !== undefined,
  setClock: by => {
    const Real = (globalThis.RealDate = globalThis.RealDate || Date);
    globalThis.Date = class extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + by); else super(...given); }
      static now() { return Real.now() + by; }
    };
  },
},
`;
