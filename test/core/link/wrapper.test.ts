import assert from 'node:assert/strict';

import { hex, unhex } from '../../../src/core/wire/hex';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import type { LinkEvent } from '../../../src/core/link/link';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { WrapperServerLink } from '../../../src/sim/link/wrapper-server';

const A = encodeWrapper(1, 16, unhex('c401c10011'));
const B = encodeWrapper(1, 16, unhex('0f0000000100'));

function kinds(events: readonly LinkEvent[]): string[] {
  return events.map(e => (e.type === 'apdu' ? hex(e.bytes) : e.type === 'dropped' ? e.error.code : e.type));
}

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
