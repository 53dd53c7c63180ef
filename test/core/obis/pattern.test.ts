import assert from 'node:assert/strict';

import { readingOf } from '../../../src/core/cosem/naming';
import { Obis } from '../../../src/core/obis/obis';
import { ObisPattern } from '../../../src/core/obis/pattern';
import { isDlmsError } from '../../../src/core/wire/errors';

describe('an OBIS pattern', () => {
  const rows: readonly (readonly [pattern: string, matching: readonly string[], others: readonly string[]])[] = [
    [
      '1.8.0',
      ['1-0:1.8.0*255', '1-1:1.8.0*255', '0-0:1.8.0*255'],
      ['1-0:1.8.1*255', '1-0:1.8.0*1', '1-0:2.8.0*255', '1-0:1.8.0&255'],
    ],
    ['1-0:1.8.0*255', ['1-0:1.8.0*255'], ['1-1:1.8.0*255', '1-0:1.8.0*0']],
    ['1-0:1.8.*', ['1-0:1.8.0*255', '1-0:1.8.4*255', '1-0:1.8.255*255'], ['1-0:1.8.0*1', '1-1:1.8.0*255']],
    ['1-*:1.8.0', ['1-0:1.8.0*255', '1-4:1.8.0*255'], ['0-0:1.8.0*255']],
    ['*.7.0', ['1-0:1.7.0*255', '1-0:32.7.0*255'], ['1-0:1.8.0*255', '1-0:32.7.1*255']],
    ['1.6.2*01', ['1-0:1.6.2*1'], ['1-0:1.6.2&1', '1-0:1.6.2*255', '1-0:1.6.2*10']],
    ['1.6.2&01', ['1-0:1.6.2&1'], ['1-0:1.6.2*1']],
    ['1.6.2**', ['1-0:1.6.2*1', '1-0:1.6.2*255'], ['1-0:1.6.2&1']],
    ['1.6.2&*', ['1-0:1.6.2&1', '1-0:1.6.2&12'], ['1-0:1.6.2*1']],
    ['1.6.2*1-12', ['1-0:1.6.2*1', '1-0:1.6.2*12'], ['1-0:1.6.2*13', '1-0:1.6.2*255']],
    ['1.8.1-4', ['1-0:1.8.1*255', '1-0:1.8.4*255'], ['1-0:1.8.0*255', '1-0:1.8.5*255']],
    ['1.8.[0,2-3]', ['1-0:1.8.0*255', '1-0:1.8.3*255'], ['1-0:1.8.1*255']],
    ['[1-2].8.0', ['1-0:1.8.0*255', '1-0:2.8.0*255'], ['1-0:3.8.0*255']],
    ['0-[1-4]:24.2.1', ['0-1:24.2.1*255', '0-4:24.2.1*255'], ['0-0:24.2.1*255', '0-5:24.2.1*255']],
    ['1.6', ['1-0:1.6.0*255'], ['1-0:1.6.1*255']],
    ['F.F', ['1-0:97.97.0*255', '0-0:97.97.0*255'], ['1-0:97.97.1*255']],
    ['C.1.0', ['1-0:96.1.0*255'], ['1-0:96.1.1*255']],
    ['1-0:31.7.0.255', ['1-0:31.7.0*255'], ['1-0:31.7.0*1']],
    ['1.0.1.8.0.255', ['1-0:1.8.0*255'], ['1-1:1.8.0*255']],
    ['f.f', ['1-0:97.97.0*255'], ['1-0:97.97.1*255']],
    ['0100010800ff', ['1-0:1.8.0*255'], ['1-0:1.8.1*255']],
    ['01 00 01 08 00 FF', ['1-0:1.8.0*255'], ['1-0:1.8.1*255']],
    ['01.00.01.08.00.FF', ['1-0:1.8.0*255'], ['1-0:1.8.1*255']],
    ['01.00.01.08.00.11', ['1-0:1.8.0*11'], ['1-0:1.8.0*17']],
    ['*', ['1-0:1.8.0*255', '7-0:3.0.0*1', '1-0:1.8.0&2'], []],
    ['*.*.*', ['1-0:1.8.0*255', '0-1:96.1.0*255'], ['1-0:1.8.0*1']],
    [' 1.8.0 ', ['1-0:1.8.0*255'], []],
  ];
  for (const [pattern, matching, others] of rows) {
    it(`${pattern} takes ${matching.join(', ')}${others.length > 0 ? ` and leaves ${others.join(', ')}` : ''}`, () => {
      const p = ObisPattern.parse(pattern);
      for (const code of matching) assert.ok(p.matches(Obis.parse(code)), code);
      for (const code of others) assert.ok(!p.matches(Obis.parse(code)), code);
      for (const code of matching) assert.ok(p.matchesReading({ obis: code, key: 'k', name: 'n' }), code);
    });
  }

  it('finds readings by key, name and the id of the meter, in any case and with *', () => {
    const energy = readingOf({ obis: Obis.parse('1.8.1'), data: { type: 'null-data' } });
    for (const p of [
      'active_energy_import_t1',
      'ACTIVE_energy_*',
      'Active energy import (+A), tariff 1',
      '*tariff 1',
    ]) {
      assert.ok(ObisPattern.parse(p).matchesReading(energy), p);
    }
    for (const p of ['active_energy_import', 'energy', 'tariff*'])
      assert.ok(!ObisPattern.parse(p).matchesReading(energy), p);
  });

  it('finds readings without a code by their id', () => {
    const odd = { obis: null, id: '1.6.0,5', key: 'position_7', name: 'Position 7' };
    assert.ok(ObisPattern.parse('1.6.0,5').matchesReading(odd));
    assert.ok(ObisPattern.parse('*').matchesReading(odd));
    assert.ok(!ObisPattern.parse('1.6.0').matchesReading(odd));
    assert.ok(ObisPattern.parse('time_').matchesReading({ ...odd, id: 'TIME_' }));
    assert.ok(ObisPattern.parse('F').matchesReading({ ...odd, id: 'F' }));
  });

  for (const bad of ['', '  ', '1.8.300', '1-0:', '1.8.[', '1.8.4-1', '1.8.0*', '999', '1.2.3.4.5.6.7']) {
    it(`refuses "${bad}"`, () => {
      assert.throws(
        () => ObisPattern.parse(bad),
        (e: unknown) => isDlmsError(e) && e.code === 'BAD_SETTING',
      );
    });
  }

  it('finds words with several * in time that grows with the text alone', () => {
    const letters = { obis: null, key: 'a'.repeat(5000), name: 'Power L1 of phase 1' };
    const started = process.cpuUsage();
    assert.ok(!ObisPattern.parse(`${'*a'.repeat(40)}*b`).matchesReading(letters));
    assert.ok(process.cpuUsage(started).user < 500_000 /* µs */);
    const matches = (pattern: string): boolean => ObisPattern.parse(pattern).matchesReading(letters);
    for (const pattern of ['power*l1*phase*', '*of*', 'Power*1', '*L1*1', 'power l1**of phase 1'])
      assert.ok(matches(pattern), pattern);
    for (const pattern of ['power*l2*', 'power l1*l1 of phase 1', 'l1*', '*phase'])
      assert.ok(!matches(pattern), pattern);
  });

  it('takes time linear in its length, whatever is written', () => {
    const started = process.cpuUsage();
    for (const bad of ['1'.repeat(20_000), '[1,'.repeat(5000), '*'.repeat(50), '1-'.repeat(5000), '.'.repeat(20_000)]) {
      try {
        ObisPattern.parse(bad).matchesReading({ obis: null, key: 'a'.repeat(200), name: 'b'.repeat(200) });
      } catch (e) {
        assert.ok(isDlmsError(e));
      }
    }
    assert.ok(process.cpuUsage(started).user < 2_000_000 /* µs */);
  });
});
