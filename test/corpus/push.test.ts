// Every captured push telegram of the corpus at the core: byte by byte and in random chunks it is what it is whole.
// What has to come out of each is judged at the real nodes, by the acceptance suite.

import assert from 'node:assert/strict';
import type { PushOptions } from '../../src/core/push/decoder';
import { Key, parseSystemTitle } from '../../src/core/security';
import { unhex } from '../../src/core/wire/hex';
import { bytewise, codesOf, feed, problemsOf, randomly, telegramsOf } from '../core/push/feeding';
import { corpusCases } from '../corpus-files';

interface Case {
  readonly id: string;
  readonly transport: string;
  readonly frame_hex: string;
  readonly keys?: Readonly<Record<string, string>>;
  readonly expect: {
    readonly security?: { readonly systemTitle?: string; readonly invocationCounter?: number };
    readonly replay?: readonly boolean[];
  };
}

describe('push corpus', () => {
  const cases = corpusCases<Case>(c => typeof c['frame_hex'] === 'string' && typeof c['expect'] === 'object');
  if (cases.length === 0) return void it.skip('skipped: corpus absent');

  for (const one of cases) {
    it(`${one.id}: the same however it is fed`, () => {
      const options = optionsOf(one);
      const bytes = unhex(one.frame_hex);
      const whole = feed(options, [bytes]);
      for (const [how, chunks] of chunkings(bytes)) {
        const events = feed(options, chunks);
        assert.deepEqual(telegramsOf(events), telegramsOf(whole), `the same telegrams ${how}`);
        assert.equal(problemsOf(events).length > 0, problemsOf(whole).length > 0, `a problem, or none, ${how}`);
      }
      const { security, replay } = one.expect;
      for (const { origin } of telegramsOf(whole)) {
        if (one.transport.startsWith('p1')) continue;
        if (security?.systemTitle !== undefined) assert.equal(origin.systemTitle, security.systemTitle.toLowerCase());
        if (security?.invocationCounter !== undefined)
          assert.equal(origin.invocationCounter, security.invocationCounter);
        if (one.keys?.['authenticationKey'] === undefined) assert.notEqual(origin.authenticated, true);
      }
      if (replay === undefined) return;
      const marks = telegramsOf(whole).map(({ origin }) => origin.replayed === true);
      assert.deepEqual(marks, replay);
      const strict = feed({ ...options, replay: 'refuse' }, [bytes]);
      assert.equal(telegramsOf(strict).length, replay.filter(again => !again).length);
      assert.ok(codesOf(strict).includes('REPLAYED'));
    });
  }
});

function optionsOf({ keys = {} }: Case): PushOptions {
  const key = (name: string): Key | null => (keys[name] === undefined ? null : Key.parse(keys[name], name));
  return {
    encryptionKey: key('encryptionKey'),
    authenticationKey: key('authenticationKey'),
    masterKey: key('masterKey'),
    broadcastKey: key('broadcastKey'),
    systemTitle: keys['systemTitle'] === undefined ? null : parseSystemTitle(keys['systemTitle']),
  };
}

function chunkings(bytes: Uint8Array): [string, Uint8Array[]][] {
  return [
    ['byte by byte', bytewise(bytes)],
    ...[1, 2, 3].map((seed): [string, Uint8Array[]] => [`in random chunks, seed ${seed}`, randomly(bytes, seed)]),
  ];
}
