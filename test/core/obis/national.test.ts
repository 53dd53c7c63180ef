// What national standards call codes: their files, and what becomes of them in a name.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { describe, it } from 'mocha';

import { lackingNames, namesPage, problemsOf, standardFiles, type NameRow } from '../../../scripts/national-names';
import { codesOfRow, isNational, nationalCodes } from '../../../src/core/obis/national';
import national from '../../../src/core/obis/national.json';
import { Obis } from '../../../src/core/obis/obis';
import { isKnownObis, namedBy, obisKey, obisName, searchObis } from '../../../src/core/obis/obis-names';
import { CONNECTION } from '../../../src/io/settings/connection-table';
import { ObisLanguages } from '../../../src/nodes/lib/obis-languages';
import { PUSH_DECODER } from '../../../src/nodes/push-decoder/settings';

const ROOT = process.cwd();
const LANGUAGES = readdirSync(join(ROOT, 'locales')).filter(language => language !== 'en-US');
const files = standardFiles(ROOT);
const schema = JSON.parse(readFileSync(join(ROOT, 'meters', 'standards', 'schema.json'), 'utf8')) as object;
const fits = new Ajv({ allErrors: true }).compile(schema);
const nameOf = (standard: string, code: string): string => obisName(Obis.parse(code), undefined, standard);

describe('the files of national standards', () => {
  for (const file of files) {
    it(`hold what such a file may hold: ${file.standard}`, () => {
      assert.ok(fits(file), JSON.stringify(fits.errors, null, 1));
      assert.deepEqual(problemsOf(file, LANGUAGES), []);
    });

    it(`are what the program has: ${file.standard}`, () => {
      assert.ok(isNational(file.standard));
      assert.deepEqual(
        Object.entries(national[file.standard]),
        file.names.map(({ obis, en }) => [obis, en]),
      );
    });
  }

  it('are told all that is wrong with one', () => {
    const good: NameRow = { obis: '0-0:96.11.0', key: 'event', en: 'Event', evidence: ['a'] };
    const told = (...rows: unknown[]): string[] =>
      problemsOf(
        {
          standard: 'x',
          label: 'X',
          countries: ['XX'],
          document: 'X',
          evidence: { a: 'seen' },
          names: rows as NameRow[],
        },
        ['de'],
      );
    assert.deepEqual(told(good), []);
    assert.deepEqual(told({ ...good, obis: '0-0:98.1.1-3', en: 'Contract {n}', de: 'Vertrag {n}' }), []);
    assert.deepEqual(told({ ...good, sv: 'Händelse' }), ['0-0:96.11.0: sv is no language of the nodes']);
    assert.deepEqual(told({ ...good, evidence: ['b'] }), ['0-0:96.11.0: evidence b is not told']);
    for (const wrong of [{ obis: '96.11.*' }, { de: ' ' }, { evidence: [] }, { colour: 'red' }, { key: 'Event' }]) {
      assert.ok(!fits({ ...files[0], names: [{ ...good, ...wrong }] }), JSON.stringify(wrong));
    }
    assert.ok(fits({ ...files[0], names: [good] }));
    assert.deepEqual(told(good, good), [
      '0-0:96.11.0: the key event is there twice',
      '0-0:96.11.0: 0-0:96.11.0*255 is named by 0-0:96.11.0, too',
    ]);
    assert.deepEqual(told({ ...good, en: 'Event {n}' }), ['0-0:96.11.0: en: {n} is for ranges, and each range has it']);
  });

  it('are the choices of the connection and of the push decoder', () => {
    const choices = (table: readonly { name: string; choices?: readonly string[] }[]): readonly string[] =>
      table.find(({ name }) => name === 'standard')?.choices ?? [];
    const standards = files.map(({ standard }) => standard).sort();
    assert.deepEqual(choices(CONNECTION).filter(isNational).sort(), standards);
    assert.deepEqual(choices(PUSH_DECODER).filter(isNational).sort(), standards);
  });

  it('are all in German, and in Italian for Italy; what else is English is told', () => {
    assert.deepEqual(lackingNames(ROOT, 'de'), []);
    assert.ok(!lackingNames(ROOT, 'it').some(line => line.includes('italy')));
    assert.match(lackingNames(ROOT, 'fr').join(), /fr: 71 of 71 names of india are English/);
  });

  it('are the page docs/national-names.md', () => {
    assert.equal(readFileSync(join(ROOT, 'docs', 'national-names.md'), 'utf8'), namesPage(ROOT));
  });
});

describe('a code under a national standard', () => {
  const ESW = '0-0:94.91.18*255';

  it('has the name that the standard has for it, and none of another one', () => {
    assert.equal(nameOf('india', ESW), 'Event status word 1 (ESW)');
    assert.equal(nameOf('russia', '0-0:99.98.4*255'), 'Event log: external influence');
    assert.equal(nameOf('spain', '0-0:99.98.4*255'), 'Event log: firmware');
    assert.equal(nameOf('saudi-arabia', '0-0:94.96.22*255'), 'Display: time to return to the default screen');
    assert.equal(nameOf('india', '0-0:94.96.22*255'), 'Last token recharge: time');
    for (const none of ['', 'dlms', 'idis', 'italy', 'toString']) assert.equal(nameOf(none, ESW), `OBIS ${ESW}`);
  });

  it('keeps the name of the dictionary where the standard has none', () => {
    assert.equal(nameOf('india', '1-0:1.8.0*255'), 'Active energy import (+A) total');
    assert.equal(nameOf('india', '1-0:1.8.0*1'), 'Active energy import (+A) total, billing period 1');
  });

  it('keeps its key, whatever is set: it is what databases know it by', () => {
    for (const { names } of files) {
      for (const code of names.flatMap(({ obis }) => codesOfRow(obis))) {
        const obis = Obis.parse(code);
        const [renamed] = namedBy('india', [{ obis: code, name: obisName(obis), key: obisKey(obis) }]);
        assert.equal(renamed?.key, obisKey(obis));
      }
    }
  });

  it('is counted in a range', () => {
    assert.deepEqual(codesOfRow('0-0:98.1.1-3'), ['0-0:98.1.1*255', '0-0:98.1.2*255', '0-0:98.1.3*255']);
    assert.equal(nameOf('spain', '0-0:94.34.42*255'), 'Passive end of billing, contract 2');
    assert.equal(nameOf('spain', '0-0:94.34.103*255'), 'Duration of the current long power failure, L3');
    assert.equal(nameOf('italy', '7-0:13.2.3*255'), 'Converted volume, index of tariff F3');
    assert.notEqual(nameOf('italy', '7-0:13.2.4*255'), 'Converted volume, index of tariff F4');
  });

  it('may be a historical value, which is another code', () => {
    assert.equal(nameOf('italy', '7-0:13.26.0*101'), 'Converted volume, index of the previous gas day');
    assert.equal(nameOf('italy', '7-0:13.26.0*255'), 'OBIS 7-0:13.26.0*255');
  });

  it('is renamed where it has the name of the dictionary; what stands behind it, and names of layouts, stay', () => {
    const told = (name: string, obis: string | null = ESW): string => namedBy('india', [{ obis, name }])[0]?.name ?? '';
    assert.equal(told(`OBIS ${ESW}`), 'Event status word 1 (ESW)');
    assert.equal(told(`OBIS ${ESW}, scaler unit`), 'Event status word 1 (ESW), scaler unit');
    assert.equal(told('Alarm'), 'Alarm');
    assert.equal(told('Position 3', null), 'Position 3');
  });

  it('is known, and is found by its words before other codes', () => {
    assert.ok(isKnownObis(Obis.parse(ESW), 'india') && !isKnownObis(Obis.parse(ESW)));
    assert.deepEqual(
      searchObis('event status word', undefined, 2, 'india').map(match => match.obis),
      [ESW, '0-0:94.91.26*255'],
    );
    assert.deepEqual(searchObis('event status word'), []);
    const all = searchObis('', undefined, 100_000, 'india').map(match => match.obis);
    assert.equal(new Set(all).size, all.length);
    assert.ok(nationalCodes('india').every(code => all.includes(code.toString())));
  });

  it('has the name in the language of the texts, in English where the language lacks it', () => {
    const built = new ObisLanguages(join(__dirname, '..', '..', '..', 'src', 'nodes', 'lib', 'locales'));
    const inLanguage = (language: string, standard: string, code: string): string =>
      obisName(Obis.parse(code), built.texts(language), standard);
    assert.equal(inLanguage('de', 'india', ESW), 'Ereignis-Statuswort 1 (ESW)');
    assert.equal(inLanguage('de', 'spain', '0-0:98.1.2*255'), 'Monatswerte, Vertrag 2');
    assert.equal(inLanguage('it', 'italy', '7-0:13.2.0*255'), 'Volume convertito, totalizzatore');
    assert.equal(inLanguage('fr', 'india', ESW), 'Event status word 1 (ESW)');
  });
});
