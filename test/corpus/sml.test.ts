// Every SML case of the corpus at the core: byte by byte and in random chunks it is what it is whole, and each value is exact.
// What has to come out of each is judged at the real nodes as well, by the acceptance suite.

import assert from 'node:assert/strict';

import { Obis } from '../../src/core/obis/obis';
import { unhex } from '../../src/core/wire/hex';
import { bytewise, feed, problemsOf, randomly, telegramsOf } from '../core/push/feeding';
import { corpusCases } from '../corpus-files';

interface Case {
  readonly id: string;
  readonly bytes_hex: string;
  readonly expect: {
    readonly kind: 'values' | 'partial' | 'error';
    readonly accept?: readonly string[];
    readonly telegrams: readonly {
      readonly serverId: string | null;
      readonly meterId: string | null;
      readonly listName: string | null;
      readonly sensorTime: { readonly secIndex?: number } | null;
      readonly crc: 'ok' | 'kermit';
      readonly values: readonly {
        readonly obis: string | null;
        readonly value: unknown;
        readonly meant?: unknown;
        readonly type: string;
        readonly status?: number;
      }[];
    }[];
    readonly errors: readonly unknown[];
  };
}

describe('SML corpus', () => {
  const cases = corpusCases<Case>(c => c['protocol'] === 'sml' && typeof c['bytes_hex'] === 'string');
  if (cases.length === 0) return void it.skip('skipped: corpus absent');

  for (const { id, bytes_hex, expect } of cases) {
    it(`${id}: exact values, however it is fed`, () => {
      const bytes = unhex(bytes_hex);
      const whole = feed({}, [bytes]);
      for (const chunks of [bytewise(bytes), ...[1, 2, 3].map(seed => randomly(bytes, seed))]) {
        const events = feed({}, chunks);
        assert.deepEqual(telegramsOf(events), telegramsOf(whole));
        assert.equal(problemsOf(events).length > 0, problemsOf(whole).length > 0);
      }
      for (const { error } of problemsOf(whole)) if (error.code !== 'NO_FRAME') assert.match(error.message, /SML/);
      const came = telegramsOf(whole).filter(({ origin }) => origin.service === 'sml-list');
      const wanted = expect.telegrams.filter(({ values }) => values.length > 0);
      if (expect.accept === undefined) assert.equal(came.length, wanted.length);
      wanted.forEach((telegram, n) => {
        const event = came[n];
        assert.ok(event !== undefined);
        const { telegram: sent, origin } = event;
        assert.equal(sent.meter.id, telegram.meterId?.replaceAll(' ', '') ?? null);
        assert.equal(origin.serverId, telegram.serverId ?? undefined);
        if (telegram.listName !== null) assert.equal(origin.listName, telegram.listName);
        assert.equal(origin.check, telegram.crc === 'kermit' ? 'kermit' : undefined);
        if (telegram.sensorTime?.secIndex !== undefined) assert.equal(origin.secIndex, telegram.sensorTime.secIndex);
        assert.deepEqual(
          sent.readings.map(({ obis, value, status }) => [obis, value, status]),
          telegram.values.map(({ obis, value, meant = value, type, status }) => [
            obis === null ? null : Obis.parse(obis).toString(),
            type === 'list' ? null : meant,
            status,
          ]),
        );
      });
    });
  }
});
