import assert from 'node:assert/strict';

import { concat, hex, unhex } from '../../../src/core/wire/hex';
import type { LinkEvent } from '../../../src/core/link/link';
import { WrapperDeframer, WrapperLink, encodeWrapper } from '../../../src/core/link/wrapper';
import { WrapperServerLink } from '../../../src/sim/link/wrapper-server';
import { random, randomBytes } from './random';

const A = encodeWrapper(1, 16, unhex('c401c10011'));
const B = encodeWrapper(1, 16, unhex('0f0000000100'));

function run(bytes: Uint8Array, size: number, deframer = new WrapperDeframer()): string[] {
  const out = [];
  for (let at = 0; at < bytes.length; at += size) out.push(...deframer.receive(bytes.subarray(at, at + size)));
  out.push(...deframer.flush());
  return out.map(i =>
    i.type === 'message' ? `${i.source}>${i.destination} ${hex(i.apdu)}` : `dropped ${i.error.code}`,
  );
}
function kinds(events: readonly LinkEvent[]): string[] {
  return events.map(e => (e.type === 'apdu' ? hex(e.bytes) : e.type === 'dropped' ? e.error.code : e.type));
}

describe('wrapper deframer', () => {
  const good = ['1>16 c401c10011', '1>16 0f0000000100'];
  const counted = A.slice();
  counted[7] = 5 + 8;
  const rows: [string, Uint8Array, string[]][] = [
    ['two messages', concat(A, B), good],
    [
      'garbage between',
      concat(A, unhex('ffff0001ff'), B),
      [good[0] as string, 'dropped WRAPPER_HEADER', good[1] as string],
    ],
    ['a wrong version', concat(unhex('0002001000110002c001'), B), ['dropped WRAPPER_HEADER', good[1] as string]],
    ['a message that breaks off', A.subarray(0, 10), ['dropped INCOMPLETE']],
    ['a header that breaks off', A.subarray(0, 5), ['dropped INCOMPLETE']],
    ['a length that counts the header', counted, [good[0] as string]],
  ];
  for (const [name, bytes, want] of rows) {
    it(`takes ${name}, however it is cut`, () => {
      for (const size of [1, 3, bytes.length]) assert.deepEqual(run(bytes, size), want, `chunks of ${size}`);
    });
  }
  it('remembers that a meter counts the header', () => {
    const deframer = new WrapperDeframer();
    run(counted, 99, deframer);
    run(counted, 99, deframer);
    const items = deframer.receive(concat(counted, counted));
    assert.equal(items.filter(i => i.type === 'message').length, 2);
  });
  it('takes a datagram for itself', () => {
    const deframer = new WrapperDeframer('datagram');
    assert.deepEqual(
      deframer.receive(A.subarray(0, 10)).map(i => i.type),
      ['dropped'],
    );
    assert.deepEqual(
      deframer.receive(B).map(i => i.type),
      ['message'],
    );
    assert.deepEqual(
      deframer.receive(concat(A, unhex('ff'))).map(i => i.type),
      ['message', 'dropped'],
    );
  });
  it('never throws and comes back after noise', () => {
    const rnd = random(21);
    for (let round = 0; round < 200; round++) {
      const deframer = new WrapperDeframer();
      // Ports may be any: without a message before, a header is believed.
      for (let n = 0; n < 4; n++) deframer.receive(randomBytes(rnd, rnd(40)).map(b => b & (rnd(2) ? 0xff : 1)));
      deframer.flush();
      assert.deepEqual(run(A, 1, deframer), [good[0]]);
    }
  });
});

describe('wrapper link', () => {
  it('carries a request and its answer between the two ends', () => {
    const client = new WrapperLink({ client: 16, server: 1 });
    const server = new WrapperServerLink();
    assert.deepEqual(kinds(client.connect().events), ['connected']);
    const request = client.send(unhex('c001c1'));
    assert.equal(request.waitMs, 5000);
    assert.deepEqual(kinds(server.receive(request.write[0] as Uint8Array).events), ['c001c1']);
    assert.deepEqual([server.client, server.server], [16, 1]);
    const answer = client.receive(server.send(unhex('c401')).write[0] as Uint8Array);
    assert.deepEqual([kinds(answer.events), answer.waitMs], [['c401'], null]);
    assert.deepEqual(kinds(client.disconnect().events), ['disconnected']);
  });
  it('refuses a second request while one waits, and goes on waiting after a notification', () => {
    const client = new WrapperLink({ client: 16, server: 1 });
    assert.throws(() => client.send(unhex('00')), { code: 'BAD_STATE' });
    client.connect();
    client.send(unhex('c0'));
    assert.throws(() => client.send(unhex('00')), { code: 'BAD_STATE' });
    assert.deepEqual(kinds(client.receive(B).events), ['0f0000000100']);
    assert.equal(client.keepWaiting().waitMs, 5000);
    assert.deepEqual(kinds(client.receive(A).events), ['c401c10011']);
  });
  it('drops what is for other ports', () => {
    const client = new WrapperLink({ client: 16, server: 1 });
    client.connect();
    client.send(unhex('c0'));
    const dropped = client.receive(encodeWrapper(2, 16, unhex('c401')));
    assert.deepEqual([kinds(dropped.events), dropped.waitMs], [['WRAPPER_HEADER'], 5000]);
  });
  it('ends in one fault when no answer comes, over UDP after the tries set', () => {
    const tcp = new WrapperLink({ client: 16, server: 1, responseMs: 70 });
    tcp.connect();
    tcp.send(unhex('c0'));
    const silent = tcp.timeout();
    assert.ok(silent.events[0]?.type === 'fault' && silent.events[0].error.code === 'NO_ANSWER');
    assert.equal(silent.waitMs, null);
    const udp = new WrapperLink({ client: 16, server: 1, mode: 'datagram', tries: 2 });
    udp.connect();
    udp.send(unhex('c0'), true);
    assert.equal(udp.timeout().write.length, 1);
    assert.deepEqual(kinds(udp.timeout().events), ['fault']);
    udp.connect();
    udp.send(unhex('c0'));
    assert.deepEqual(kinds(udp.timeout().events), ['fault'], 'it must not go out twice');
  });
  it('stays silent towards a client that the server does not accept', () => {
    const server = new WrapperServerLink({ accepts: port => port === 1 });
    assert.deepEqual(kinds(server.receive(encodeWrapper(16, 2, unhex('c0'))).events), ['WRAPPER_HEADER']);
  });
  it('reads the answer of a server whose length counts the header', () => {
    const client = new WrapperLink({ client: 16, server: 1 });
    const server = new WrapperServerLink({ lengthCountsHeader: true });
    client.connect();
    server.receive(client.send(unhex('c001')).write[0] as Uint8Array);
    assert.deepEqual(kinds(client.receive(server.send(unhex('c401c1')).write[0] as Uint8Array).events), []);
    assert.deepEqual(kinds(client.timeout().events), ['c401c1']);
  });
});
