// Each value of a telegram has a key of its own, whatever its id is: a dashboard, a database and Home Assistant go by it.

import { strict as assert } from 'node:assert';

import { apart } from '../../../src/core/iec62056-21/apart';
import { IecDecoder, type DecoderEvent } from '../../../src/core/iec62056-21/decoder';
import { blockCheck } from '../../../src/core/framing/iec-block';
import { MAKERS } from '../../../src/core/iec62056-21/makers';
import { Typing, type IecReading } from '../../../src/core/iec62056-21/typing';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { P1_TEXTS, READOUTS } from '../../../fuzz/telegrams';
import { corpusCases } from '../../corpus-files';
import type { Case } from '../../corpus/iec.test';

interface Pushed {
  readonly id: string;
  readonly frame_hex: string;
}

function decode(bytes: Uint8Array): readonly DecoderEvent[] {
  const decoder = new IecDecoder({ check: 'off' });
  return [...decoder.receive(bytes), ...decoder.flush()];
}

function listOf(identification: string, lines: readonly string[]): readonly IecReading[] {
  const block = fromLatin1(`${lines.join('\r\n')}\r\n!\r\n\x03`);
  const [event] = decode(concat(fromLatin1(`/${identification}\r\n\x02`), block, Uint8Array.of(blockCheck(block))));
  assert.ok(event?.type === 'telegram', JSON.stringify(event));
  return event.telegram.readings;
}

const keysOf = (readings: readonly IecReading[]): string[] => readings.map(reading => reading.key);

function differ(events: readonly DecoderEvent[], what: string): void {
  for (const event of events) {
    if (event.type !== 'telegram') continue;
    const keys = keysOf(event.telegram.readings);
    assert.deepEqual(keys, [...new Set(keys)], what);
  }
}

describe('keys of one text telegram', () => {
  it('differ in each fixture and in each case of the corpus', () => {
    for (const bytes of [...READOUTS, ...P1_TEXTS.map(fromLatin1)]) differ(decode(bytes), 'a fixture');
    for (const c of corpusCases<Case>(value => 'protocol' in value && 'expect' in value && 'family' in value)) {
      if (typeof c.bytes_hex === 'string') differ(decode(unhex(c.bytes_hex)), c.id);
    }
    for (const c of corpusCases<Pushed>(value => String(value['transport']).startsWith('p1-plain'))) {
      differ(decode(unhex(c.frame_hex)), c.id);
    }
  });

  it('stay those of their code for the first; another id keeps its own before a repetition gets it', () => {
    const keys = keysOf(listOf('ISK5MT174', ['1.8.0(1*kWh)', '1.8.0(2*kWh)', 'X(1)', 'X(2)', 'X_2(3)', 'X(4)']));
    assert.deepEqual(keys, ['active_energy_import', 'active_energy_import_2', 'id_x', 'id_x_3', 'id_x_2', 'id_x_4']);
  });

  it('tell ids apart that are the same in letters and digits', () => {
    assert.deepEqual(keysOf(listOf('ISK5MT174', ['A.B(1)', 'A-B(2)', 'a_b(3)'])), ['id_a_b', 'id_a_b_2', 'id_a_b_3']);
  });

  it('are found in a time that grows with the telegram', () => {
    const marks = '-+;,:#%=';
    const ids = Array.from({ length: 8_000 }, (_, i) => {
      const between = Array.from({ length: 6 }, (_, k) => marks[Math.floor(i / 8 ** k) % 8]).join('');
      return `a${between}b`;
    });
    const typing = new Typing();
    const readings = [...ids, ...ids].map(id => typing.reading({ id, sets: ['1'] }));
    const before = performance.now();
    const keys = keysOf(apart(readings, null));
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(performance.now() - before < 3000);
  });

  it('are the very list where all differ', () => {
    const readings = [new Typing().reading({ id: '1.8.0', sets: ['1*kWh'] })];
    assert.equal(apart(readings, null), readings);
  });
});

describe('Energomera', () => {
  const lines = [
    ...['6.5', '3.25', '2.25', '1.0', '0.0', '0.0'].map(value => `ET0PE(${value})`),
    ...['231.5', '229.9', '230.1'].map(value => `VOLTA(${value})`),
    'FREQU(49.98)',
    'POWEP(0.5266)',
  ];

  it('gives numbers, by tariff and by phase', () => {
    const readings = listOf('EKT5CE303v11', lines);
    assert.deepEqual(
      readings.map(({ id, key, name, value, unit, obis }) => [id, key, name, value, unit, obis]),
      [
        ['ET0PE', 'id_et0pe', 'ET0PE', 6.5, null, null],
        ['ET0PE', 'id_et0pe_t1', 'ET0PE T1', 3.25, null, null],
        ['ET0PE', 'id_et0pe_t2', 'ET0PE T2', 2.25, null, null],
        ['ET0PE', 'id_et0pe_t3', 'ET0PE T3', 1, null, null],
        ['ET0PE', 'id_et0pe_t4', 'ET0PE T4', 0, null, null],
        ['ET0PE', 'id_et0pe_t5', 'ET0PE T5', 0, null, null],
        ['VOLTA', 'id_volta', 'VOLTA L1', 231.5, null, null],
        ['VOLTA', 'id_volta_l2', 'VOLTA L2', 229.9, null, null],
        ['VOLTA', 'id_volta_l3', 'VOLTA L3', 230.1, null, null],
        ['FREQU', 'id_frequ', 'FREQU', 49.98, null, null],
        ['POWEP', 'id_powep', 'POWEP', 0.5266, null, null],
      ],
    );
    assert.equal(readings[0]?.text, '6.5');
  });

  it('with one phase names none, and with brackets behind one another keeps them all', () => {
    const [volta, energy] = listOf('EKT5CE102M', ['VOLTA(231.5)', 'ET0PE(6.5)(3.25)(3.25)']);
    assert.deepEqual([volta?.key, volta?.name, volta?.value], ['id_volta', 'VOLTA', 231.5]);
    assert.deepEqual([energy?.value, energy?.sets.map(set => set.value)], [6.5, [6.5, 3.25, 3.25]]);
  });

  it('is nobody else: the same id of another maker stays the text it is', () => {
    const keys = listOf('XYZ5CE303', lines.slice(0, 2)).map(({ key, value }) => [key, value]);
    assert.deepEqual(keys, [
      ['id_et0pe', '6.5'],
      ['id_et0pe_2', '3.25'],
    ]);
  });
});

describe('the table of makers', () => {
  it('says something in each row', () => {
    for (const { maker, ...facts } of MAKERS) {
      assert.match(maker, /^[A-Z]{3}$/);
      assert.ok(
        Object.keys(facts).some(fact => fact !== 'models'),
        maker,
      );
    }
  });
});
