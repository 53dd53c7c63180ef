import assert from 'node:assert/strict';

import { Obis } from '../../../src/core/obis/obis';
import { isKnownObis, obisKey, obisName, searchObis } from '../../../src/core/obis/obis-names';
import { ABSTRACT, GENERAL, MEDIA } from '../../../src/core/obis/obis-tables';
import { ENGLISH } from '../../../src/core/obis/obis-texts-en';

// Published names: a line may be added, its key may never change.
const PUBLISHED: readonly (readonly [string, string, string])[] = [
  ['1-0:1.8.0*255', 'active_energy_import', 'Active energy import (+A) total'],
  ['1-0:1.8.1*255', 'active_energy_import_t1', 'Active energy import (+A), tariff 1'],
  ['1-1:1.8.0*255', 'active_energy_import_ch1', 'Active energy import (+A) total, channel 1'],
  ['1-0:2.8.2*1', 'active_energy_export_t2_billing_1', 'Active energy export (-A), tariff 2, billing period 1'],
  [
    '1-0:2.8.2&1',
    'active_energy_export_t2_billing_1_manual',
    'Active energy export (-A), tariff 2, billing period 1 (manual reset)',
  ],
  ['1-0:3.8.0*255', 'reactive_energy_import', 'Reactive energy import (+R) total'],
  ['1-0:5.8.0*255', 'reactive_energy_q1', 'Reactive energy quadrant I total'],
  ['1-0:1.7.0*255', 'active_power_import', 'Active power import (+A)'],
  ['1-0:16.7.0*255', 'active_power_net', 'Active power net (|+A|-|-A|)'],
  ['1-0:21.7.0*255', 'active_power_import_l1', 'Active power import (+A) L1'],
  ['1-0:62.8.0*255', 'active_energy_export_l3', 'Active energy export (-A) L3'],
  ['1-0:32.7.0*255', 'voltage_l1', 'Voltage L1'],
  ['1-0:51.7.0*255', 'current_l2', 'Current L2'],
  ['1-0:52.7.3*255', 'voltage_l2_h3', 'Voltage L2, harmonic 3'],
  ['1-0:13.7.0*255', 'power_factor', 'Power factor'],
  ['1-0:14.7.0*255', 'frequency', 'Frequency'],
  ['1-0:81.7.40*255', 'phase_angle_u1_to_i1', 'Phase angle U L1 to I L1'],
  ['1-0:1.6.0*255', 'active_power_import_max', 'Active power import (+A), maximum'],
  ['1-0:1.4.0*255', 'active_power_import_avg_running', 'Active power import (+A), average of the running period'],
  ['1-0:1.29.0*255', 'active_energy_import_interval', 'Active energy import (+A), interval'],
  ['1-0:32.32.0*255', 'voltage_l1_under_count', 'Voltage L1, under limit: number'],
  ['0-0:1.0.0*255', 'clock', 'Clock'],
  ['0-0:96.1.0*255', 'device_id', 'Device ID'],
  ['0-1:96.1.1*255', 'device_id_1_ch1', 'Device ID 1, channel 1'],
  ['1-0:97.97.0*255', 'electricity_error_register', 'Electricity: Error register'],
  ['0-0:97.97.0*255', 'error_register', 'Error register'],
  ['0-1:24.2.1*255', 'm_bus_value_1_ch1', 'M-Bus meter reading 1, channel 1'],
  ['1-0:99.1.0*255', 'electricity_load_profile_1', 'Electricity: Load profile 1'],
  ['1-0:0.2.0*255', 'electricity_firmware_version', 'Electricity: Firmware version'],
  ['7-0:3.0.0*255', 'gas_volume_measured', 'Gas volume, at measuring conditions'],
  ['8-0:1.0.0*255', 'cold_water_volume', 'Cold water volume'],
  ['9-0:1.0.0*255', 'hot_water_volume', 'Hot water volume'],
  ['6-0:1.0.0*255', 'heat_energy', 'Heat energy'],
  ['6-0:6.8.0*255', 'heat_en1434_energy', 'Heat energy, meter reading'],
  ['5-0:1.0.0*255', 'cooling_energy', 'Cooling energy'],
  ['4-0:1.0.0*255', 'hca_unrated', 'Heat cost units, unrated'],
  // Named, under the keys that they had without a name.
  ['129-129:199.130.3*255', 'obis_129_129_199_130_3_255', 'Manufacturer'],
  ['129-129:199.130.5*255', 'obis_129_129_199_130_5_255', 'Public key'],
  ['1-0:96.50.1*1', 'obis_1_0_96_50_1_1', 'Manufacturer'],
  ['1-0:96.90.2*1', 'obis_1_0_96_90_2_1', 'Checksum of the firmware'],
  ['1-0:96.50.1*255', 'obis_1_0_96_50_1_255', 'OBIS 1-0:96.50.1*255'],
  ['0-0:96.50.68*255', 'obis_0_0_96_50_68_255', 'OBIS 0-0:96.50.68*255'],
];

describe('OBIS names', () => {
  for (const [code, key, name] of PUBLISHED) {
    it(`${code} is ${key}`, () => {
      assert.equal(obisKey(Obis.parse(code)), key);
      assert.equal(obisName(Obis.parse(code)), name);
    });
  }

  it('finds no two codes with one key, and no two with one name', () => {
    const keys = new Map<string, string>();
    const names = new Map<string, string>();
    const es = [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 20, 40, 51, 62, 63, 64, 120, 124, 125, 127, 128, 255];
    const tables = [ABSTRACT, GENERAL, ...Object.values(MEDIA).map(m => m.table)];
    const rows = new Set(tables.flatMap(t => Object.keys(t)).map(row => row.split('.', 2).join('.')));
    for (const a of [0, 1, 4, 5, 6, 7, 8, 9, 15]) {
      for (let c = 0; c < 256; c++) {
        for (let d = 0; d < 256; d++) {
          // Outside electricity, which is a grammar, words stand in rows: where no row begins with c.d, one e tells of all.
          const some = a === 1 || rows.has(`${c}.${d}`);
          for (const e of some ? es : []) unique(Obis.from(Uint8Array.of(a, 0, c, d, e, 255)), keys, names);
          if (!some) assert.ok(!isKnownObis(Obis.from(Uint8Array.of(a, 0, c, d, 0, 255))), `${a}-0:${c}.${d}.0`);
        }
      }
    }
    assert.ok(keys.size > 50_000, `${keys.size} codes have words`);
  }).timeout(60_000);

  it('keeps channel, billing period and separator apart', () => {
    const keys = new Map<string, string>();
    const names = new Map<string, string>();
    for (const stem of [
      '1.8.0',
      '1.8.1',
      '1.6.1',
      '32.7.0',
      '99.1.0',
      '96.1.1',
      '97.97.0',
      '24.2.1',
      '0.1.0',
      '199.0.0',
      '199.0.1',
    ]) {
      for (const a of [0, 1, 7]) {
        for (const b of [0, 1, 2, 11, 12, 64, 128, 255]) {
          for (const f of ['*255', '&255', '*0', '*1', '&1', '*2', '*12', '*11', '&11', '*101', '*126', '&12']) {
            unique(Obis.parse(`${a}-${b}:${stem}${f}`), keys, names, true);
          }
        }
      }
    }
  });

  it('makes keys of lower-case letters, digits and underscores only', () => {
    for (const { key } of searchObis('', ENGLISH, 100_000)) assert.match(key, /^[a-z][a-z0-9_]*$/);
  });

  it('falls back to English for a row another language lacks', () => {
    const texts = { active_energy_import: 'Wirkenergie Bezug (+A)', t: ', Tarif {n}' };
    assert.equal(obisName(Obis.parse('1.8.1'), texts), 'Wirkenergie Bezug (+A), Tarif 1');
    assert.equal(obisName(Obis.parse('1.8.1*1'), texts), 'Wirkenergie Bezug (+A), Tarif 1, billing period 1');
  });

  it('has a text for every word it can use', () => {
    for (const { name, obis } of searchObis('', ENGLISH, 100_000)) assert.doesNotMatch(name, /[a-z]_[a-z]|\{n\}/, obis);
  });
});

describe('searching the dictionary', () => {
  it('finds by words in any order, the plainest first', () => {
    assert.equal(searchObis('import active energy')[0]?.obis, '1-0:1.8.0*255');
    assert.equal(searchObis('voltage l2')[0]?.obis, '1-0:52.7.0*255');
    assert.equal(searchObis('clock')[0]?.obis, '0-0:1.0.0*255');
  });
  it('finds by number and by key', () => {
    assert.equal(searchObis('2.8')[0]?.obis, '1-0:2.8.0*255');
    assert.equal(searchObis('active_energy_export_t2')[0]?.obis, '1-0:2.8.2*255');
  });
  it('finds by words that people use instead, from three letters on, and with others', () => {
    assert.equal(searchObis('consumption')[0]?.obis, '1-0:1.8.0*255');
    assert.equal(searchObis('feed energy')[0]?.obis, '1-0:2.8.0*255');
    assert.ok(searchObis('serial number').some(m => m.obis === '0-0:96.1.0*255'));
    assert.deepEqual(searchObis('xfeed'), []);
  });
  it('finds in another language', () => {
    assert.equal(searchObis('wirkenergie', { active_energy_import: 'Wirkenergie Bezug' })[0]?.obis, '1-0:1.8.0*255');
  });
  it('keeps to its limit and finds nothing for nonsense', () => {
    assert.equal(searchObis('', ENGLISH, 7).length, 7);
    assert.deepEqual(searchObis('zzz'), []);
  });
});

function unique(obis: Obis, keys: Map<string, string>, names: Map<string, string>, unknownToo = false): void {
  if (!unknownToo && !isKnownObis(obis)) return;
  const code = obis.toString();
  const key = obisKey(obis);
  const name = obisName(obis);
  if (keys.has(key)) assert.fail(`${code} and ${keys.get(key)} share the key ${key}`);
  if (names.has(name)) assert.fail(`${code} and ${names.get(name)} share the name ${name}`);
  keys.set(key, code);
  names.set(name, code);
}
