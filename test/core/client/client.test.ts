import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu, type Apdu } from '../../../src/core/apdu';
import { Client, type ClientEvent, type ClientStep } from '../../../src/core/client/client';
import type { ClientOptions } from '../../../src/core/client/options';
import type { AttributeRef } from '../../../src/core/client/request';
import { attributeName, SN_OBJECT_LIST } from '../../../src/core/client/sn';
import { encodeData, octets, u32, type Data } from '../../../src/core/cosem/data';
import { Obis } from '../../../src/core/cosem/obis';
import type { Link, LinkEvent, LinkStep } from '../../../src/core/link/link';
import { HdlcLink } from '../../../src/core/link/hdlc';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { Key } from '../../../src/core/security';
import { step } from '../../../src/core/step';
import { isDlmsError, type Code } from '../../../src/core/wire/errors';
import { DEFAULT_KEYS, SimulatedMeter } from '../../../src/sim/meter';
import { MeterPort } from '../../../src/sim/port';

const CLOCK: AttributeRef = { classId: 8, obis: Obis.parse('0-0:1.0.0*255'), attribute: 2 };
const NAME: AttributeRef = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
const OPEN: ClientOptions = { referencing: 'ln', authentication: 'none', security: 'none' };

/** A link without a line: what is sent is kept, what the meter says is put in. */
class BareLink implements Link {
  readonly name = 'wrapper';
  readonly sent: Apdu[] = [];
  waits = 0;
  connect(): LinkStep {
    return step<LinkEvent>([{ type: 'connected', info: 'bare' }]);
  }
  send(apdu: Uint8Array): LinkStep {
    this.sent.push(decodeApdu(apdu).apdu);
    return step<LinkEvent>([], [apdu], 1000);
  }
  keepWaiting(): LinkStep {
    this.waits++;
    return step<LinkEvent>([], [], 1000);
  }
  disconnect(): LinkStep {
    return step<LinkEvent>([{ type: 'disconnected' }]);
  }
  /** Each chunk is one APDU. */
  receive(chunk: Uint8Array): LinkStep {
    return step<LinkEvent>([{ type: 'apdu', bytes: chunk }]);
  }
  timeout(): LinkStep {
    return step<LinkEvent>();
  }
  get last(): Apdu {
    return this.sent[this.sent.length - 1] as Apdu;
  }
}

function ready(options: Partial<ClientOptions> = {}): {
  client: Client;
  link: BareLink;
  say: (apdu: Apdu) => ClientStep;
} {
  const link = new BareLink();
  const client = new Client(link, { ...OPEN, ...options });
  const say = (apdu: Apdu): ClientStep => client.receive(encodeApdu(apdu));
  client.connect();
  say(aare());
  assert.equal(client.phase, 'ready');
  return { client, link, say };
}

function aare(): Apdu {
  return {
    type: 'aare',
    protocolVersion: null,
    applicationContext: 1,
    result: 0,
    diagnostic: { source: 1, value: 0 },
    respondingApTitle: null,
    respondingAeQualifier: null,
    mechanism: null,
    respondingAuthenticationValue: null,
    userInformation: encodeApdu({
      type: 'initiate-response',
      qualityOfService: null,
      version: 6,
      conformance: ['get', 'set', 'action', 'multiple-references', 'block-transfer-with-get-or-read'],
      maxPduSize: 1024,
      vaaName: 7,
    }),
  };
}

const block = (number: number, last: boolean, raw: Uint8Array): Apdu => ({
  type: 'get-response-with-datablock',
  invoke: 0xc1,
  last,
  block: number,
  result: { ok: true, raw },
});
const value = (data: Data, invoke = 0xc1): Apdu => ({
  type: 'get-response-normal',
  invoke,
  result: { ok: true, data },
});

function typeOf(apdu: Apdu): string {
  return apdu.type;
}

function kinds(step: ClientStep): string[] {
  return step.events.map(e => (e.type === 'fault' || e.type === 'failed' ? `${e.type} ${e.error.code}` : e.type));
}

function throws(work: () => unknown, code: Code): void {
  assert.throws(work, e => isDlmsError(e) && e.code === code);
}

describe('client', () => {
  it('refuses what is not possible in its phase, and stays where it is', () => {
    const client = new Client(new BareLink(), OPEN);
    throws(() => client.get([NAME]), 'BAD_STATE');
    throws(() => client.disconnect(), 'BAD_STATE');
    client.connect();
    throws(() => client.connect(), 'BAD_STATE');
    assert.equal(client.phase, 'associating');
    const { client: other } = ready();
    other.get([NAME]);
    throws(() => other.get([CLOCK]), 'BAD_STATE');
    assert.equal(other.phase, 'awaiting-get');
  });

  it('steps the invoke-id from 1 to 15 where it may, and keeps it where it may not', () => {
    for (const [invokeIdIncrease, wanted] of [
      [true, [0xc1, 0xc2, 0xc3]],
      [false, [0xc1, 0xc1, 0xc1]],
    ] as const) {
      const { client, link, say } = ready({ invokeIdIncrease });
      const seen = wanted.map(() => {
        client.get([NAME]);
        const { last } = link;
        assert.ok(last.type === 'get-request-normal');
        say(value(octets([1]), last.invoke));
        return last.invoke;
      });
      assert.deepEqual(seen, wanted);
    }
  });

  it('joins blocks whatever number they begin with, and takes an empty last one', () => {
    const raw = encodeData(octets([1, 2, 3, 4]));
    for (const first of [0, 1, 7]) {
      const { client, link, say } = ready();
      client.get([NAME]);
      say(block(first, false, raw.subarray(0, 3)));
      assert.ok(link.last.type === 'get-request-next' && link.last.block === first);
      say(block(first + 1, false, raw.subarray(3)));
      const done = say(block(first + 2, true, new Uint8Array(0)));
      const event = done.events.find(e => e.type === 'value');
      assert.deepEqual(event?.type === 'value' && event.outcome, { ok: true, value: octets([1, 2, 3, 4]) });
      assert.equal(client.phase, 'ready');
    }
  });

  it('refuses a block out of order: nothing is made up', () => {
    const { client, say } = ready();
    client.get([NAME]);
    say(block(1, false, Uint8Array.of(9, 4)));
    assert.deepEqual(kinds(say(block(3, true, Uint8Array.of(1, 2, 3, 4)))), ['fault SEGMENT_LOST']);
    assert.equal(client.phase, 'broken');
  });

  it('takes a block that comes twice once', () => {
    const { client, say } = ready();
    client.get([NAME]);
    say(block(1, false, Uint8Array.of(9, 2)));
    say(block(1, false, Uint8Array.of(9, 2)));
    const done = say(block(2, true, Uint8Array.of(5, 6)));
    const event = done.events.find(e => e.type === 'value');
    assert.deepEqual(event?.type === 'value' && event.outcome, { ok: true, value: octets([5, 6]) });
  });

  it('hands the parts of a stream on and keeps none of them', () => {
    const { client, say } = ready({ valueLimit: 8 });
    client.get([NAME], true);
    let seen = 0;
    for (let n = 1; n <= 50; n++) {
      for (const e of say(block(n, n === 50, new Uint8Array(100))).events)
        if (e.type === 'part') seen += e.bytes.length;
    }
    assert.equal(seen, 5000);
    assert.equal(client.phase, 'ready');
  });

  it('bounds a value that is joined, and the association outlives it', () => {
    const { client, say } = ready({ valueLimit: 150 });
    client.get([NAME]);
    say(block(1, false, new Uint8Array(100)));
    assert.deepEqual(kinds(say(block(2, false, new Uint8Array(100)))), ['failed LIMIT_EXCEEDED']);
    assert.equal(client.phase, 'ready');
  });

  it('counts surplus octets and takes the value', () => {
    const { client } = ready();
    client.get([NAME]);
    const doubled = encodeApdu(value(octets([1, 2])));
    const step = client.receive(Uint8Array.from([...doubled, 9, 2, 1, 2]));
    assert.deepEqual(kinds(step), ['note', 'value', 'answered']);
  });

  it('reads a list that the meter answers by one result again, one by one', () => {
    const { client, link, say } = ready();
    client.get([NAME, CLOCK]);
    assert.equal(typeOf(link.last), 'get-request-with-list');
    say({ type: 'get-response-normal', invoke: 0xc1, result: { ok: false, result: 250 } });
    assert.equal(typeOf(link.last), 'get-request-normal');
    say(value(octets([1])));
    assert.deepEqual(kinds(say(value(octets([2])))), ['value', 'answered']);
    client.get([NAME, CLOCK]);
    assert.equal(typeOf(link.last), 'get-request-normal');
  });

  it('tells each refusal in its own code', () => {
    for (const [result, code] of [
      [3, 'ACCESS_DENIED'],
      [4, 'OBJECT_UNDEFINED'],
      [9, 'OBJECT_UNDEFINED'],
      [250, 'ACCESS_RESULT'],
      [77, 'ACCESS_RESULT'],
    ] as const) {
      const { client, say } = ready();
      client.get([NAME]);
      const [event] = say({ type: 'get-response-normal', invoke: 0xc1, result: { ok: false, result } }).events;
      assert.ok(event?.type === 'value' && !event.outcome.ok && event.outcome.error.code === code);
      assert.match(event.outcome.error.message, /0-0:42\.0\.0\*255 attribute 2/);
    }
  });

  it('fails a request on exception and service error and goes on', () => {
    const { client, say } = ready();
    client.get([NAME]);
    assert.deepEqual(kinds(say({ type: 'exception-response', state: 1, service: 2, counter: null })), [
      'failed EXCEPTION_RESPONSE',
    ]);
    client.get([NAME]);
    assert.deepEqual(kinds(say({ type: 'confirmed-service-error', service: 5, kind: 5, error: 1 })), [
      'failed SERVICE_ERROR',
    ]);
    client.get([NAME]);
    assert.deepEqual(kinds(say(value(octets([1])))), ['value', 'answered']);
  });

  it('sets notifications aside and goes on waiting', () => {
    const { client, link, say } = ready();
    client.get([NAME]);
    const pushed: Apdu = { type: 'data-notification', longInvoke: 1, dateTime: null, body: u32(1) };
    assert.deepEqual(kinds(say(pushed)), ['notification']);
    assert.equal(link.waits, 1);
    assert.deepEqual(kinds(say(value(octets([1])))), ['value', 'answered']);
  });

  it('is broken by an abort in mid-exchange, and only disconnect leads out', () => {
    const { client } = ready();
    client.get([NAME]);
    client.abort();
    assert.equal(client.phase, 'broken');
    throws(() => client.get([NAME]), 'BAD_STATE');
    assert.deepEqual(kinds(client.disconnect()), ['disconnected']);
    assert.equal(client.phase, 'disconnected');
  });

  it('names an answer of another service', () => {
    const { client, say } = ready();
    client.get([NAME]);
    assert.deepEqual(kinds(say({ type: 'set-response-normal', invoke: 0xc1, result: 0 })), [
      'fault UNEXPECTED_RESPONSE',
    ]);
  });

  it('knows short names of attributes: eight apart, sixteen bits', () => {
    assert.equal(attributeName(SN_OBJECT_LIST), 0xfa08);
    assert.equal(attributeName({ ...NAME, attribute: 1, baseName: 0xfffe }), 0xfffe);
    throws(() => attributeName(NAME), 'OBJECT_UNDEFINED');
  });
});

describe('client and simulated meter, two machines without a line', () => {
  const keys = {
    encryptionKey: Key.parse(DEFAULT_KEYS.encryption, 'k'),
    authenticationKey: Key.parse(DEFAULT_KEYS.authentication, 'k'),
  };

  function pair(options: Partial<ClientOptions>, clientAddress: number, framing: 'hdlc' | 'wrapper') {
    const meter = new SimulatedMeter({ now: () => Date.UTC(2026, 0, 1), random: n => new Uint8Array(n).fill(3) });
    const port = new MeterPort([meter], { framing });
    const link =
      framing === 'hdlc'
        ? new HdlcLink({ client: clientAddress, server: { logical: 1, physical: 17 } })
        : new WrapperLink({ client: clientAddress, server: 1 });
    const client = new Client(link, { ...OPEN, ...options });
    let tamper = (bytes: Uint8Array): Uint8Array => bytes;
    const run = (first: ClientStep, chunk = Infinity): ClientEvent[] => {
      const events = [...first.events];
      let write = first.write;
      while (write.length > 0) {
        const replies = write.flatMap(w => port.receive(w).write);
        write = [];
        for (const reply of replies.map(tamper)) {
          for (let at = 0; at < reply.length; at += chunk) {
            const step = client.receive(reply.subarray(at, at + chunk));
            events.push(...step.events);
            write = [...write, ...step.write];
          }
        }
      }
      return events;
    };
    return { meter, client, run, tamper: (how: (bytes: Uint8Array) => Uint8Array) => (tamper = how) };
  }

  const ciphered = (counter = 2000): Partial<ClientOptions> => ({
    authentication: 'high-gmac',
    security: 'authentication-encryption',
    systemTitle: Uint8Array.from([0x4d, 0x46, 0x4c, 0, 0, 0, 0, 9]),
    challenge: new Uint8Array(16).fill(9),
    counter: { next: () => counter++ },
    ...keys,
  });

  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const [name, options, address] of [
      ['without protection', {}, 16],
      ['ciphered', ciphered(), 1],
    ] as const) {
      it(`associate, read and part over ${framing} ${name}, byte by byte`, () => {
        const { client, run } = pair(options, address, framing);
        run(client.connect(), 1);
        assert.equal(client.phase, 'ready');
        const events = run(client.get([NAME]), 1);
        const got = events.find(e => e.type === 'value');
        assert.ok(got?.type === 'value' && got.outcome.ok && got.outcome.value?.type === 'octet-string');
        run(client.release(), 1);
        run(client.disconnect(), 1);
        assert.equal(client.phase, 'disconnected');
      });
    }
  }

  it('refuses an answer whose tag was touched', () => {
    const { client, run, tamper } = pair(ciphered(), 1, 'wrapper');
    run(client.connect());
    tamper(bytes => bytes.map((b, i) => (i === bytes.length - 1 ? b ^ 1 : b)));
    const fault = run(client.get([NAME])).find(e => e.type === 'fault');
    assert.ok(fault?.type === 'fault' && fault.error.code === 'AUTHENTICATION_FAILED');
  });

  it('refuses an answer that was sent before', () => {
    const { client, run, tamper } = pair(ciphered(), 1, 'wrapper');
    let kept: Uint8Array | null = null;
    run(client.connect());
    tamper(bytes => (kept ??= bytes.slice()));
    run(client.get([NAME]));
    const fault = run(client.get([NAME])).find(e => e.type === 'fault');
    assert.ok(fault?.type === 'fault' && fault.error.code === 'REPLAYED');
  });

  it('refuses an unprotected answer in a ciphered association', () => {
    const { client, run, tamper } = pair(ciphered(), 1, 'wrapper');
    run(client.connect());
    const plain = encodeApdu({ type: 'get-response-normal', invoke: 0xc1, result: { ok: true, data: octets([1]) } });
    tamper(bytes => Uint8Array.from([...bytes.subarray(0, 6), 0, plain.length, ...plain]));
    const fault = run(client.get([NAME])).find(e => e.type === 'fault');
    assert.ok(fault?.type === 'fault' && fault.error.code === 'UNEXPECTED_RESPONSE');
  });

  it('does not believe a meter that cannot prove its secret', () => {
    const { client, run, tamper } = pair(
      {
        authentication: 'high-sha1',
        secret: new TextEncoder().encode('a secret of 16 !'),
        challenge: new Uint8Array(8),
      },
      20,
      'wrapper',
    );
    // Only the answer to the proof is an action-response; its last octet is part of f(CtoS).
    tamper(bytes => (bytes[8] === 0xc7 ? bytes.map((b, i) => (i === bytes.length - 1 ? b ^ 1 : b)) : bytes));
    const refused = run(client.connect()).find(e => e.type === 'refused');
    assert.ok(refused?.type === 'refused' && refused.error.code === 'HLS_FAILED');
    assert.equal(client.phase, 'no-association');
  });

  it('says which counter the meter wants', () => {
    const { client, run } = pair(ciphered(5), 1, 'wrapper');
    const refused = run(client.connect()).find(e => e.type === 'refused');
    assert.ok(refused?.type === 'refused' && refused.error.detail.code === 'COUNTER_TOO_LOW');
    assert.equal(refused.error.detail.sent, 5);
    assert.ok((refused.error.detail.needed ?? 0) >= 1000);
  });
});
