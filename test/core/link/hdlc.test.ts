import assert from 'node:assert/strict';

import { concat, equalBytes, hex, unhex } from '../../../src/core/wire/hex';
import { HdlcLink, type HdlcOptions } from '../../../src/core/link/hdlc';
import { decodeHdlcFrame, encodeHdlcFrame, type Control } from '../../../src/core/framing/hdlc-frame';
import { HdlcServerLink, type HdlcServerOptions } from '../../../src/sim/link/hdlc-server';
import type { LinkEvent, LinkStep } from '../../../src/core/link/link';
import { random, randomBytes } from './random';

const SERVER = { logical: 1, physical: 17 };

/** The client against the server in memory. Time-outs fire when nobody has anything left to say. */
class Line {
  readonly client: HdlcLink;
  readonly server: HdlcServerLink;
  /** What the client told, apdus as hex. */
  told: string[] = [];
  errors: string[] = [];
  requests: Uint8Array[] = [];
  timeouts = 0;
  /** Changes or loses what passes; null is lost. */
  toServer: (bytes: Uint8Array) => Uint8Array | null = b => b;
  toClient: (bytes: Uint8Array) => Uint8Array | null = b => b;
  chunk = Infinity;

  constructor(
    client: Partial<HdlcOptions> = {},
    server: HdlcServerOptions = {},
    readonly answer: (request: Uint8Array) => Uint8Array | null = request => request,
  ) {
    this.client = new HdlcLink({ client: 16, server: SERVER, ...client });
    this.server = new HdlcServerLink(server);
  }

  run(step: LinkStep): string[] {
    const told: string[] = [];
    let current: LinkStep | null = step;
    while (current !== null) {
      told.push(...this.note(current.events));
      const back: Uint8Array[] = [];
      for (const bytes of current.write) {
        const passed = this.toServer(bytes);
        if (passed === null) continue;
        const answers = this.server.receive(passed);
        back.push(...answers.write);
        for (const e of answers.events) {
          if (e.type !== 'apdu') continue;
          this.requests.push(e.bytes);
          const answer = this.answer(e.bytes);
          if (answer !== null) back.push(...this.server.send(answer).write);
        }
      }
      const { waitMs } = current;
      const replies = concat(...back.map(b => this.toClient(b) ?? new Uint8Array(0)));
      current = null;
      for (let at = 0; at < replies.length; at += this.chunk) {
        const next: LinkStep = this.client.receive(replies.subarray(at, at + this.chunk));
        if (next.write.length > 0 || at + this.chunk >= replies.length) {
          // Whatever follows the chunk that made the client speak belongs to the same answer.
          const rest = replies.subarray(at + this.chunk);
          const more = rest.length > 0 ? this.client.receive(rest) : null;
          current = {
            write: [...next.write, ...(more?.write ?? [])],
            events: [...next.events, ...(more?.events ?? [])],
            waitMs: (more ?? next).waitMs,
          };
          break;
        }
        told.push(...this.note(next.events));
      }
      if (current === null && waitMs !== null) {
        this.timeouts++;
        assert.ok(this.timeouts < 500, 'endless time-outs');
        current = this.client.timeout();
      } else if (current !== null && current.write.length === 0 && current.waitMs !== null) {
        told.push(...this.note(current.events));
        this.timeouts++;
        assert.ok(this.timeouts < 500, 'endless time-outs');
        current = this.client.timeout();
      }
    }
    this.told.push(...told);
    return told;
  }

  note(events: readonly LinkEvent[]): string[] {
    return events.flatMap(e => {
      if (e.type === 'dropped') {
        this.errors.push(e.error.short);
        return [];
      }
      return [e.type === 'apdu' ? hex(e.bytes) : e.type === 'fault' ? e.error.code : e.type];
    });
  }
}

const frames = (step: LinkStep): Control[] => step.write.map(b => decodeHdlcFrame(b.subarray(1, -1)).control);

/** A frame of the meter to client 16. */
function fromMeter(control: Control, information?: Uint8Array, source = unhex('0223'), segmented = false): Uint8Array {
  const frame = { destination: unhex('21'), source, control, segmented };
  return encodeHdlcFrame(information === undefined ? frame : { ...frame, information });
}
const UA = fromMeter({ type: 'UA', pf: true });
const I = (ns: number, nr: number, text: string, pf = true, segmented = false): Uint8Array =>
  fromMeter({ type: 'I', ns, nr, pf }, unhex(text), unhex('0223'), segmented);

/** A client that is connected, and the parameters it got. */
function connected(options: Partial<HdlcOptions> = {}, ua = UA): HdlcLink {
  const link = new HdlcLink({ client: 16, server: SERVER, ...options });
  link.connect();
  assert.equal(link.receive(ua).events[0]?.type, 'connected');
  return link;
}
const UA_WINDOW_3 = fromMeter({ type: 'UA', pf: true }, unhex('818012050180060180070400000003080400000003'));

describe('hdlc link, connecting', () => {
  it('proposes 2030 octets and window 7, and takes what the meter grants', () => {
    const line = new Line(
      {},
      { parameters: { maxInformationTransmit: 500, maxInformationReceive: 62, windowReceive: 2 } },
    );
    const step = line.client.connect();
    assert.match(hex(step.write[0] as Uint8Array), /93....818014050207ee060207ee070400000007080400000007....7e$/);
    assert.deepEqual(line.run(step), ['connected']);
    assert.deepEqual(line.client.parameters, {
      maxInformationTransmit: 62,
      maxInformationReceive: 500,
      windowTransmit: 2,
      windowReceive: 7,
    });
    assert.deepEqual(line.run(line.client.disconnect()), ['disconnected']);
  });
  it('takes the defaults of the standard where UA names nothing', () => {
    assert.equal(connected().parameters.maxInformationTransmit, 128);
    assert.equal(connected().parameters.windowReceive, 1);
  });
  it('sends SNRM without parameters when they would be the defaults, or none are wanted', () => {
    const one = { maxInformationTransmit: 128, maxInformationReceive: 128, windowTransmit: 1, windowReceive: 1 };
    for (const parameters of [one, 'none'] as const) {
      const link = new HdlcLink({ client: 16, server: SERVER, parameters });
      assert.equal(hex(link.connect().write[0] as Uint8Array), '7ea00802232193bd647e');
    }
  });
  it('falls back to 128/1, then to no parameters, on DM and on silence', () => {
    const refusing = new Line({}, { quirks: { refusesParameters: true } });
    assert.deepEqual(refusing.run(refusing.client.connect()), ['connected']);
    const link = new HdlcLink({ client: 16, server: SERVER });
    const sizes = [link.connect(), link.timeout(), link.timeout()].map(s => s.write[0]?.length);
    assert.deepEqual(sizes, [35, 33, 10]);
    const silent = link.timeout();
    assert.ok(silent.events[0]?.type === 'fault' && silent.events[0].error.code === 'NO_ANSWER');
    assert.match(silent.events[0].error.message, /no UA to SNRM within 15000 ms \(client 16, server 1\/17\)/);
  });
  it('gives up after the time of its tries, though SNRM has more forms than there are tries', () => {
    const link = new HdlcLink({ client: 16, server: SERVER, responseMs: 1000, tries: 2 });
    const waits = [link.connect(), link.timeout(), link.timeout()].map(s => s.waitMs);
    assert.deepEqual(waits, [667, 667, 667]);
    const [fault] = link.timeout().events;
    assert.match(fault?.type === 'fault' ? fault.error.message : '', /no UA to SNRM within 2000 ms/);
  });
  it('faults when the meter refuses every SNRM, and names FRMR and its reason', () => {
    const link = new HdlcLink({ client: 16, server: SERVER, parameters: 'none' });
    link.connect();
    const step = link.receive(fromMeter({ type: 'FRMR', pf: true }, unhex('930004')));
    assert.ok(step.events[0]?.type === 'fault' && step.events[0].error.code === 'HDLC_REJECTED');
    assert.match(step.events[0].error.message, /FRMR: information too long/);
  });
  it('says that bytes came when they were no frames', () => {
    const link = new HdlcLink({ client: 16, server: SERVER, tries: 1, parameters: 'none' });
    link.connect();
    link.receive(unhex('fe00aa'));
    const step = link.timeout();
    assert.ok(step.events.some(e => e.type === 'dropped'));
    assert.match(step.events.flatMap(e => (e.type === 'fault' ? [e.error.message] : [])).join(), /3 bytes came/);
  });
  it('recognises the meter by logical and physical address, whatever their length', () => {
    const line = new Line({}, { quirks: { addressSize: 4 } });
    assert.deepEqual(line.run(line.client.connect()), ['connected']);
    assert.deepEqual(line.run(line.client.send(unhex('c001'))), ['c001']);
    const lone = new Line({ server: { logical: 17, physical: null } }, { quirks: { addressSize: 2 } });
    assert.deepEqual(lone.run(lone.client.connect()), ['connected']);
  });
  it('drops frames of other stations and for other clients', () => {
    const link = new HdlcLink({ client: 16, server: SERVER });
    link.connect();
    const other = fromMeter({ type: 'UA', pf: true }, undefined, unhex('0225'));
    assert.deepEqual(
      link.receive(other).events.map(e => e.type),
      ['dropped'],
    );
    const foreign = encodeHdlcFrame({
      destination: unhex('03'),
      source: unhex('0223'),
      control: { type: 'UA', pf: true },
    });
    assert.deepEqual(
      link.receive(foreign).events.map(e => e.type),
      ['dropped'],
    );
    assert.deepEqual(
      link.receive(UA).events.map(e => e.type),
      ['connected'],
    );
  });
  it('is answered by silence from a station that is not there', () => {
    const line = new Line({ responseMs: 10 }, { accepts: server => server.physical === 18 });
    assert.deepEqual(line.run(line.client.connect()), ['NO_ANSWER']);
  });
  it('refuses settings out of range', () => {
    assert.throws(() => new HdlcLink({ client: 128, server: SERVER }), { code: 'BAD_SETTING' });
    const parameters = { windowReceive: 8 };
    assert.throws(() => new HdlcLink({ client: 16, server: SERVER, parameters }), { code: 'BAD_SETTING' });
  });
});

describe('hdlc link, exchange', () => {
  const long = randomBytes(random(1), 2000);
  for (const windowSize of [1, 2, 3, 7]) {
    it(`carries long APDUs both ways with window ${windowSize} and acknowledges only at its end`, () => {
      const windows = { windowTransmit: windowSize, windowReceive: windowSize };
      const sizes = { maxInformationTransmit: 128, maxInformationReceive: 128 };
      const line = new Line({ parameters: { ...windows, ...sizes } });
      line.run(line.client.connect());
      for (let n = 0; n < 3; n++) assert.deepEqual(line.run(line.client.send(long)), [hex(long)]);
      assert.ok(line.requests.every(r => equalBytes(r, long)) && line.requests.length === 3);
      const segments = Math.ceil(2003 / 128);
      assert.equal(line.server.counts.rr, 3 * (Math.ceil(segments / windowSize) - 1));
      assert.equal(line.server.counts.iReceived, 3 * segments);
      assert.equal(line.timeouts, 0);
      assert.deepEqual(line.errors, []);
    });
  }
  it('gives the same result however the answer is cut', () => {
    for (let chunk = 1; chunk < 30; chunk++) {
      const line = new Line({ parameters: { maxInformationReceive: 20, windowReceive: 1 } });
      line.chunk = chunk;
      line.run(line.client.connect());
      assert.deepEqual(line.run(line.client.send(unhex('c001c1'.repeat(20)))), ['c001c1'.repeat(20)]);
    }
  });
  for (const [says, quirks] of [
    ['says what it expects', { ignoresUnpolled: true }],
    ['is silent', {}],
  ] as const) {
    it(`sends frames one by one to a meter that takes only those that poll it, and ${says}`, () => {
      const parameters = { windowTransmit: 7, maxInformationTransmit: 128 };
      const line = new Line({ parameters, tries: 2 }, { quirks });
      let taken = 0;
      if (says === 'is silent') {
        line.toServer = bytes => {
          const { control } = decodeHdlcFrame(bytes.subarray(1, -1));
          if (control.type === 'SNRM') taken = 0;
          if (control.type !== 'I') return bytes;
          if (!control.pf || control.ns !== (taken & 7)) return null;
          taken++;
          return bytes;
        };
      }
      line.run(line.client.connect());
      for (let n = 0; n < 3; n++) assert.deepEqual(line.run(line.client.send(long)), [hex(long)]);
      assert.ok(line.requests.every(r => equalBytes(r, long)) && line.requests.length === 3);
      assert.ok(line.timeouts <= 1, 'it is known from the first window on');
    });
  }
  it('sends one frame at a time on window 1', () => {
    const link = connected();
    assert.equal(link.send(new Uint8Array(1000)).write.length, 1);
    assert.deepEqual(frames(link.receive(fromMeter({ type: 'RR', nr: 1, pf: true }))), [
      { type: 'I', ns: 1, nr: 0, pf: true },
    ]);
    assert.throws(() => link.send(unhex('00')), { code: 'BAD_STATE' });
  });
  it('acknowledges a frame with the final bit at once, though the window is larger', () => {
    const link = connected({}, UA_WINDOW_3);
    link.send(unhex('c0'));
    assert.deepEqual(frames(link.receive(I(0, 1, 'e6e700c401', true, true))), [{ type: 'RR', nr: 1, pf: true }]);
    assert.deepEqual(frames(link.receive(I(1, 1, 'aa', false, true))), []);
  });
  for (const quirk of ['final', 'silent'] as const) {
    it(`keeps up with a meter that grants a window and waits after each frame (${quirk})`, () => {
      const line = new Line({}, { parameters: { maxInformationTransmit: 100 }, quirks: { rrAfterEachFrame: quirk } });
      line.run(line.client.connect());
      assert.deepEqual(line.run(line.client.send(long)), [hex(long)]);
      // The short wait twice, then the rule is known.
      assert.equal(line.timeouts, quirk === 'final' ? 0 : 2);
      assert.deepEqual(line.run(line.client.send(long)), [hex(long)]);
      assert.equal(line.timeouts, quirk === 'final' ? 0 : 2);
    });
  }
  it('waits only shortly inside a window, and long when a frame has begun', () => {
    const link = connected({ responseMs: 9000, windowMs: 70 }, UA_WINDOW_3);
    assert.equal(link.send(unhex('c0')).waitMs, 9000);
    const first = I(0, 1, 'e6e700c401', false, true);
    assert.equal(link.receive(first.subarray(0, 10)).waitMs, 9000);
    assert.equal(link.receive(first.subarray(10)).waitMs, 70);
    assert.equal(link.receive(I(1, 1, 'aa').subarray(0, 5)).waitMs, 9000);
  });
  it('takes frames of a meter that never counts its numbers up', () => {
    const line = new Line(
      {},
      { quirks: { frozenNumbers: true }, parameters: { windowTransmit: 1, maxInformationTransmit: 20 } },
    );
    line.run(line.client.connect());
    for (let n = 0; n < 20; n++) {
      const apdu = randomBytes(random(n), 50);
      assert.deepEqual(line.run(line.client.send(apdu)), [hex(apdu)]);
    }
    assert.equal(line.timeouts, 0);
  });
  it('reads the same answer twice from such a meter', () => {
    const line = new Line({}, { quirks: { frozenNumbers: true }, parameters: { windowTransmit: 1 } });
    line.run(line.client.connect());
    for (const text of ['60', 'c0', 'c0', 'c0']) assert.deepEqual(line.run(line.client.send(unhex(text))), [text]);
  });
  it('ignores a repeated frame', () => {
    const link = connected();
    link.send(unhex('c001'));
    link.receive(I(0, 1, 'e6e700c401'));
    link.send(unhex('c002'));
    assert.deepEqual(
      link.receive(I(0, 1, 'e6e700c401')).events.map(e => e.type),
      ['dropped'],
    );
    assert.deepEqual(
      link.receive(I(1, 2, 'e6e700c402')).events.map(e => e.type),
      ['apdu'],
    );
  });
  it('drops the echo of its own frames, also when client and server have the same number', () => {
    const servers = [SERVER, { logical: 16, physical: null }, { logical: 16, physical: 17 }];
    for (const server of servers) {
      const small = { maxInformationReceive: 30, maxInformationTransmit: 30, windowReceive: 1, windowTransmit: 1 };
      const line = new Line({ server, parameters: small });
      let echo = new Uint8Array(0) as Uint8Array;
      line.toServer = bytes => ((echo = concat(echo, bytes)), bytes);
      line.toClient = bytes => {
        const both = concat(echo, bytes);
        echo = new Uint8Array(0);
        return both;
      };
      assert.deepEqual(line.run(line.client.connect()), ['connected']);
      const long = 'c001c2'.repeat(40);
      assert.deepEqual(line.run(line.client.send(unhex(long))), [long]);
      assert.equal(line.timeouts, 0);
      assert.equal(line.server.counts.rr, 4);
      assert.deepEqual(line.run(line.client.disconnect()), ['disconnected']);
      assert.ok(line.errors.every(e => e.includes('echo')) && line.errors.length >= 3);
    }
  });
  it('hands a pushed APDU up in the middle of a read and goes on waiting', () => {
    const link = connected();
    link.send(unhex('c001'));
    const ui = (text: string, segmented: boolean): Uint8Array =>
      fromMeter({ type: 'UI', pf: true }, unhex(text), unhex('0223'), segmented);
    const step = link.receive(concat(ui('e6e7000f01', true), ui('0203', false)));
    assert.deepEqual(step.events, [{ type: 'apdu', bytes: unhex('0f010203') }]);
    assert.equal(step.waitMs, 5000);
    assert.equal(link.receive(I(0, 1, 'e6e700c401')).events[0]?.type, 'apdu');
  });
  it('asks on after an APDU that was no answer', () => {
    const link = connected();
    link.send(unhex('c001'));
    link.receive(I(0, 1, 'e6e7000f01'));
    assert.deepEqual(frames(link.keepWaiting()), [{ type: 'RR', nr: 1, pf: true }]);
    assert.equal(link.receive(I(1, 1, 'e6e700c401')).events[0]?.type, 'apdu');
  });
  it('takes an answer with LLC of the other direction, in each frame, or without', () => {
    for (const [first, second] of [
      ['e6e600c4', '01'],
      ['c4', '01'],
      ['e6e700c4', '01'],
    ] as const) {
      const link = connected();
      link.send(unhex('c001'));
      link.receive(I(0, 1, first, true, true));
      assert.deepEqual(link.receive(I(1, 1, second)).events, [{ type: 'apdu', bytes: unhex('c401') }]);
    }
  });
  it('takes frames longer than negotiated', () => {
    const link = connected();
    link.send(unhex('c001'));
    const step = link.receive(I(0, 1, 'e6e700' + 'c4'.repeat(1500)));
    assert.ok(step.events[0]?.type === 'apdu' && step.events[0].bytes.length === 1500);
  });
  it('takes an answer whose control field is invalid', () => {
    const link = connected();
    link.send(unhex('c001'));
    const step = link.receive(fromMeter({ type: 'unknown', octet: 0x2d, pf: false }, unhex('e6e700c401')));
    assert.equal(step.events[0]?.type, 'apdu');
  });
  it('bounds the answer', () => {
    const link = connected({ limitBytes: 200 });
    assert.throws(() => link.disconnect().write.length === 0 || link.send(unhex('00')), { code: 'BAD_STATE' });
    link.receive(UA);
    link.connect();
    link.receive(UA);
    link.send(unhex('c001'));
    link.receive(I(0, 1, 'e6e700' + '00'.repeat(120), true, true));
    const step = link.receive(I(1, 1, '00'.repeat(120), true, true));
    assert.ok(step.events[0]?.type === 'fault' && step.events[0].error.code === 'LIMIT_EXCEEDED');
  });
  it('bounds an answer of empty frames too', () => {
    const link = connected({ limitBytes: 100_000 });
    link.send(unhex('c001'));
    let n = 0;
    while (!link.receive(I(n & 7, 1, '', true, true)).events.some(e => e.type === 'fault')) assert.ok(n++ < 200_000);
    assert.ok(n > 90_000);
  });
  it('faults on DM and FRMR in mid-session', () => {
    for (const type of ['DM', 'FRMR'] as const) {
      const link = connected();
      link.send(unhex('c001'));
      const step = link.receive(fromMeter({ type, pf: true }));
      assert.ok(step.events[0]?.type === 'fault' && step.events[0].error.code === 'HDLC_REJECTED');
      assert.equal(step.waitMs, null);
    }
  });
});

describe('hdlc link, losses', () => {
  it('repeats the frame, then asks, then gives up', () => {
    const link = connected();
    link.send(unhex('c001'));
    assert.deepEqual(frames(link.timeout()), [{ type: 'I', ns: 0, nr: 0, pf: true }]);
    assert.deepEqual(frames(link.timeout()), [{ type: 'RR', nr: 0, pf: true }]);
    const step = link.timeout();
    assert.ok(step.events[0]?.type === 'fault' && step.events[0].error.code === 'NO_ANSWER');
  });
  it('repeats what an RR does not acknowledge, but not for ever', () => {
    const link = connected();
    link.send(unhex('c001'));
    const rr = fromMeter({ type: 'RR', nr: 0, pf: true });
    assert.equal(frames(link.receive(rr))[0]?.type, 'I');
    assert.equal(frames(link.receive(rr))[0]?.type, 'I');
    assert.equal(link.receive(rr).events[0]?.type, 'fault');
  });
  it('goes back on REJ', () => {
    const link = connected({}, UA_WINDOW_3);
    assert.equal(link.send(new Uint8Array(300)).write.length, 3);
    const again = frames(link.receive(fromMeter({ type: 'REJ', nr: 1, pf: true })));
    assert.deepEqual(
      again.map(c => (c.type === 'I' ? c.ns : c.type)),
      [1, 2],
    );
  });
  it('waits while the meter is not ready, and asks again, a bounded number of times', () => {
    const link = connected({ pollMs: 30 });
    link.send(unhex('c001'));
    for (const type of ['RNR', 'RR'] as const) {
      const busy = link.receive(fromMeter({ type, nr: 1, pf: true }));
      if (busy.write.length === 0) assert.equal(busy.waitMs, 30);
      else assert.equal(frames(busy)[0]?.type, 'RR');
    }
    let asked = 0;
    for (; asked < 1000; asked++) {
      const step = link.receive(fromMeter({ type: 'RR', nr: 1, pf: true }));
      if (step.events[0]?.type === 'fault') break;
      if (link.timeout().events[0]?.type === 'fault') break;
    }
    assert.ok(asked > 100 && asked < 500);
  });
  it('does not wait for ever in endless noise or in endless pushes', () => {
    const noisy = connected();
    noisy.send(unhex('c001'));
    let chunks = 0;
    while (!noisy.receive(new Uint8Array(1000)).events.some(e => e.type === 'fault')) assert.ok(chunks++ < 100);
    const pushing = connected();
    pushing.send(unhex('c001'));
    const ui = fromMeter({ type: 'UI', pf: true }, unhex('0f01'));
    chunks = 0;
    while (!pushing.receive(ui).events.some(e => e.type === 'fault')) assert.ok(chunks++ < 100);
  });
  it('takes a frame that lacks its closing flag when the line falls silent', () => {
    const link = connected();
    link.send(unhex('c001'));
    assert.deepEqual(link.receive(I(0, 1, 'e6e700c401').subarray(0, -1)).events, []);
    assert.equal(link.timeout().events[0]?.type, 'apdu');
  });

  const faults: [string, (rnd: (n: number) => number, bytes: Uint8Array) => Uint8Array | null][] = [
    ['loss', () => null],
    ['corruption', (rnd, b) => b.map((v, i) => (i === rnd(b.length) ? v ^ (1 << rnd(8)) : v))],
    ['truncation', (rnd, b) => b.subarray(0, rnd(b.length))],
    ['duplication', (_, b) => concat(b, b)],
    ['noise in front', (rnd, b) => concat(randomBytes(rnd, rnd(9)), b)],
  ];
  for (const [name, spoil] of faults) {
    for (const windowSize of [1, 4, 7]) {
      it(`delivers everything once and in order despite ${name}, window ${windowSize}`, () => {
        let survived = 0;
        for (let seed = 0; seed < 60; seed++) {
          const rnd = random(seed * 31 + windowSize);
          const line = new Line(
            {
              tries: 12,
              parameters: {
                windowTransmit: windowSize,
                windowReceive: windowSize,
                maxInformationReceive: 60,
                maxInformationTransmit: 60,
              },
            },
            {},
            request => request.map(b => b ^ 0xff),
          );
          line.run(line.client.connect());
          line.toServer = line.toClient = bytes => (rnd(6) === 0 ? spoil(rnd, bytes) : bytes);
          for (let n = 0; n < 8; n++) {
            const apdu = concat(Uint8Array.of(n), randomBytes(rnd, rnd(400)));
            const told = line.run(line.client.send(apdu));
            if (told.includes('NO_ANSWER')) break;
            assert.deepEqual(told, [hex(apdu.map(b => b ^ 0xff))], `seed ${seed}, request ${n}`);
            assert.equal(line.requests.length, n + 1, `seed ${seed}, request ${n}`);
            survived++;
          }
        }
        assert.ok(survived > 60 * 8 * 0.95, `${survived} of ${60 * 8} exchanges`);
      });
    }
  }
});

describe('hdlc link, end', () => {
  it('sends DISC and takes UA with parameters, DM, silence or nonsense for an answer', () => {
    const answers = [fromMeter({ type: 'UA', pf: true }, unhex('818012050180')), fromMeter({ type: 'DM', pf: true })];
    for (const answer of answers) {
      const link = connected();
      assert.deepEqual(frames(link.disconnect()), [{ type: 'DISC', pf: true }]);
      assert.equal(link.receive(answer).events[0]?.type, 'disconnected');
    }
    const silent = connected();
    assert.equal(silent.disconnect().waitMs, 1500);
    assert.equal(silent.timeout().events[0]?.type, 'disconnected');
    const babbling = connected();
    babbling.disconnect();
    let n = 0;
    while (!babbling.receive(I(0, 0, 'e6e700c4')).events.some(e => e.type === 'disconnected')) assert.ok(n++ < 50);
  });
  it('sends DISC after a fault too, and waits for nobody who never spoke', () => {
    const link = connected();
    link.send(unhex('c0'));
    while (link.timeout().events[0]?.type !== 'fault');
    assert.equal(link.disconnect().write.length, 1);
    const never = new HdlcLink({ client: 16, server: SERVER });
    never.connect();
    const step = never.disconnect();
    assert.deepEqual([step.write.length, step.events[0]?.type, step.waitMs], [1, 'disconnected', null]);
  });
  it('keeps the link alive when idle, and sends what was asked for meanwhile', () => {
    const link = connected({ keepAliveMs: 60_000 });
    assert.deepEqual(frames(link.timeout()), [{ type: 'RR', nr: 0, pf: true }]);
    assert.equal(link.send(unhex('c001')).write.length, 0);
    assert.equal(frames(link.receive(fromMeter({ type: 'RR', nr: 0, pf: true })))[0]?.type, 'I');
    assert.equal(link.receive(I(0, 1, 'e6e700c4')).waitMs, 60_000);
  });
  it('can connect again afterwards', () => {
    const line = new Line();
    for (let n = 0; n < 2; n++) {
      assert.deepEqual(line.run(line.client.connect()), ['connected']);
      assert.deepEqual(line.run(line.client.send(unhex('c001'))), ['c001']);
      assert.deepEqual(line.run(line.client.disconnect()), ['disconnected']);
      assert.ok(!line.server.connected);
    }
  });
  it('answers DM to a client that is not connected', () => {
    const server = new HdlcServerLink();
    const frame = encodeHdlcFrame({
      destination: unhex('0223'),
      source: unhex('21'),
      control: { type: 'RR', nr: 0, pf: true },
    });
    assert.deepEqual(frames(server.receive(frame)), [{ type: 'DM', pf: true }]);
  });
  it('never throws on anything a meter sends', () => {
    const rnd = random(77);
    for (let round = 0; round < 400; round++) {
      const link = connected({}, rnd(2) ? UA : UA_WINDOW_3);
      link.send(randomBytes(rnd, rnd(500)));
      for (let n = 0; n < 12; n++) {
        const control = { type: 'unknown', octet: rnd(256), pf: false } as const;
        const step =
          rnd(6) === 0
            ? link.timeout()
            : link.receive(fromMeter(control, randomBytes(rnd, rnd(9)), unhex('0223'), rnd(3) === 0));
        assert.ok(step.write.length <= 8);
      }
      let ended = link.disconnect();
      for (let n = 0; n < 3 && ended.waitMs !== null; n++) ended = link.timeout();
      assert.equal(ended.waitMs, null);
    }
  });
});
