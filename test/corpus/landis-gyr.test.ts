import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Client } from '../../src/core/client/client';
import { wrapperStream } from '../../src/core/framing/wrapper';
import { WrapperLink } from '../../src/core/link/wrapper';
import { codedPassword } from '../../src/core/security';
import { fromLatin1, hex, unhex } from '../../src/core/wire/hex';
import { decodeApdu, type Aarq } from '../../src/core/apdu';
import { corpusFile } from '../corpus-files';

interface Corpus {
  readonly vectors: readonly {
    id: string;
    kind: string;
    passwordHex: string;
    challengeHex: string;
    responseHex: string;
  }[];
  readonly requests: readonly {
    referencing: 'LN' | 'SN';
    password: string;
    messages: readonly { hex: string }[];
  }[];
}

const file = corpusFile('landis-gyr-hls.json');

describe('Landis+Gyr high level security of the corpus', () => {
  if (file === null) {
    it('skipped: corpus absent');
    return;
  }
  const { vectors, requests } = JSON.parse(readFileSync(file, 'utf8')) as Corpus;

  for (const { id, passwordHex, challengeHex, responseHex } of vectors.filter(v => v.kind === 'plain')) {
    it(`${id} is answered as the peers do`, () => {
      const answer = codedPassword(unhex(passwordHex), unhex(challengeHex));
      assert.equal(answer === null ? null : hex(answer), responseHex);
    });
  }

  it('is not answered where the challenge has another form', () => {
    const edges = vectors.filter(v => v.kind === 'edge');
    assert.ok(edges.length > 0);
    for (const v of edges) assert.equal(codedPassword(unhex(v.passwordHex), unhex(v.challengeHex)), null);
  });

  for (const { referencing, password, messages } of requests) {
    for (const options of [{ authentication: 'high-lgz' }, { authentication: 'high', landisGyr: true }] as const) {
      it(`goes through the messages by ${referencing}, octet for octet (${options.authentication})`, () => {
        const [aarq, aare, pass3] = messages.map(m => unhex(m.hex)) as [Uint8Array, Uint8Array, Uint8Array];
        const [asked] = wrapperStream().receive(aarq);
        assert.ok(asked?.type === 'wrapper');
        const wanted = decodeApdu(asked.apdu).apdu as Aarq;
        const initiate = decodeApdu(wanted.userInformation ?? new Uint8Array(0)).apdu;
        assert.ok(initiate.type === 'initiate-request');
        const client = new Client(new WrapperLink({ client: 48, server: 1 }), {
          referencing: referencing === 'LN' ? 'ln' : 'sn',
          security: 'none',
          secret: fromLatin1(password),
          challenge: wanted.callingAuthenticationValue ?? undefined,
          conformance: initiate.conformance,
          ...options,
        });
        assert.equal(hex(client.connect().write[0] ?? new Uint8Array(0)), hex(aarq));
        const sent = client.receive(aare).write;
        // The invoke-id is each client's own.
        assert.deepEqual(sent.map(hex), [hex(pass3)]);
        const done = referencing === 'LN' ? 'c701c10000' : '0d0100';
        const answer = unhex(`0001000100300${(done.length / 2).toString(16).padStart(3, '0')}${done}`);
        assert.deepEqual(
          client.receive(answer).events.map(e => e.type),
          ['warning', 'associated'],
        );
      });
    }
  }
});
