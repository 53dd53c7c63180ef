import assert from 'node:assert/strict';

import { Obis } from '../../../src/core/obis/obis';
import { obisTexts } from '../../../src/nodes/lib/obis-languages';
import { obisName, searchObis } from '../../../src/core/obis/obis-names';
import type { ObisTexts } from '../../../src/core/obis/obis-texts-compose';
import { ENGLISH } from '../../../src/core/obis/obis-texts-en';

const [GERMAN, FRENCH, ITALIAN, NORWEGIAN, DUTCH] = (['de', 'fr', 'it', 'nb', 'nl'] as const).map(obisTexts) as [
  ObisTexts,
  ObisTexts,
  ObisTexts,
  ObisTexts,
  ObisTexts,
];

const LANGUAGES: readonly (readonly [string, ObisTexts, Readonly<Record<string, string>>])[] = [
  [
    'German',
    GERMAN,
    {
      '1-0:1.8.1*255': 'Wirkenergie Bezug (+A), Tarif 1',
      '1-0:2.7.0*255': 'Wirkleistung Lieferung (-A)',
      '1-0:5.8.0*255': 'Blindenergie Quadrant I gesamt',
      '1-0:32.7.0*255': 'Spannung L1',
      '1-0:1.6.0*255': 'Wirkleistung Bezug (+A), Maximum',
      '1-0:81.7.40*255': 'Phasenwinkel U L1 gegen I L1',
      '1-0:99.1.0*255': 'Elektrizität: Lastgang 1',
      '0-0:96.7.0*255': 'Anzahl der Spannungsausfälle, alle Phasen',
      '0-1:24.2.1*255': 'M-Bus-Zählerstand 1, Kanal 1',
      '7-0:3.0.0*255': 'Gasvolumen, im Betriebszustand',
    },
  ],
  [
    'French',
    FRENCH,
    {
      '1-0:1.8.1*255': 'Énergie active soutirée (+A), tarif 1',
      '1-0:2.7.0*255': 'Puissance active injectée (-A)',
      '1-0:5.8.0*255': 'Énergie réactive quadrant I total',
      '1-0:32.7.0*255': 'Tension L1',
      '1-0:13.7.0*255': 'Facteur de puissance',
      '0-0:1.0.0*255': 'Horloge',
      '1-0:99.1.0*255': 'Électricité : Courbe de charge 1',
    },
  ],
  [
    'Dutch',
    DUTCH,
    {
      '1-0:1.8.1*255': 'Actieve energie afname (+A), tarief 1',
      '1-0:2.7.0*255': 'Actief vermogen teruglevering (-A)',
      '1-0:5.8.0*255': 'Reactieve energie kwadrant I totaal',
      '1-0:32.7.0*255': 'Spanning L1',
      '0-1:24.2.1*255': 'M-Bus-meterstand 1, kanaal 1',
      '0-0:96.14.0*255': 'Actief tarief',
    },
  ],
  [
    'Italian',
    ITALIAN,
    {
      '1-0:1.8.1*255': 'Energia attiva prelevata (+A), tariffa 1',
      '1-0:2.7.0*255': 'Potenza attiva immessa (-A)',
      '1-0:5.8.0*255': 'Energia reattiva quadrante I totale',
      '1-0:32.7.0*255': 'Tensione L1',
      '1-0:13.7.0*255': 'Fattore di potenza',
      '8-0:1.0.0*255': 'Acqua fredda, volume',
    },
  ],
  [
    'Norwegian',
    NORWEGIAN,
    {
      '1-0:1.8.1*255': 'Aktiv energi import (+A), tariff 1',
      '1-0:2.7.0*255': 'Aktiv effekt eksport (-A)',
      '1-0:5.8.0*255': 'Reaktiv energi kvadrant I totalt',
      '1-0:32.7.0*255': 'Spenning L1',
      '1-0:31.7.0*255': 'Strøm L1',
      '0-0:1.0.0*255': 'Klokke',
    },
  ],
];

describe('OBIS texts in other languages', () => {
  for (const [language, texts, known] of LANGUAGES) {
    describe(language, () => {
      it('has the ids of English, no more and no fewer', () => {
        // With a dot: names of national standards, which English has in the table (test/core/obis/national).
        const ids = Object.keys(texts).filter(id => !id.includes('.'));
        assert.deepEqual(ids.sort(), Object.keys(ENGLISH).sort());
      });

      it('keeps {n} where English has it', () => {
        for (const [id, text] of Object.entries(ENGLISH)) {
          assert.equal(texts[id]?.split('{n}').length, text.split('{n}').length, id);
        }
      });

      it('has a text wherever English has one, and none where it has none', () => {
        for (const [id, text] of Object.entries(ENGLISH)) assert.equal(texts[id]?.trim() === '', text === '', id);
      });

      it('begins and ends a row with a blank, comma or letter as English does', () => {
        for (const [id, text] of Object.entries(ENGLISH)) {
          assert.equal(/^,? /.exec(texts[id] ?? '')?.[0], /^,? /.exec(text)?.[0], id);
          assert.equal(texts[id]?.endsWith(' '), text.endsWith(' '), id);
          assert.doesNotMatch(texts[id] ?? '', / {2}|[a-z]_[a-z]/, id);
        }
      });

      it('gives no two usual codes one name', () => {
        const codes = new Map<string, string>();
        for (const { obis, name } of searchObis('', texts, 100_000)) {
          assert.equal(codes.get(name) ?? obis, obis, name);
          codes.set(name, obis);
        }
        assert.ok(codes.size > 500, `${codes.size} names`);
      });

      for (const [code, name] of Object.entries(known)) {
        it(`calls ${code} ${name}`, () => {
          assert.equal(obisName(Obis.parse(code), texts), name);
        });
      }
    });
  }

  it('finds a code by its words in each language', () => {
    for (const [words, texts, code] of [
      ['Wirkleistung', GERMAN, '1-0:1.7.0*255'],
      ['spannung l2', GERMAN, '1-0:52.7.0*255'],
      ['Zählernummer', GERMAN, '0-0:0.0.0*255'],
      ['puissance active soutirée', FRENCH, '1-0:1.7.0*255'],
      ['vermogen teruglevering', DUTCH, '1-0:2.7.0*255'],
      ['energia attiva prelevata', ITALIAN, '1-0:1.8.0*255'],
      ['strøm l3', NORWEGIAN, '1-0:71.7.0*255'],
      ['Einspeisung', GERMAN, '1-0:2.8.0*255'],
      ['energie soutirage tarif 1', FRENCH, '1-0:1.8.1*255'],
      ['verbruik', DUTCH, '1-0:1.8.0*255'],
      ['immissione', ITALIAN, '1-0:2.8.0*255'],
      ['forbruk', NORWEGIAN, '1-0:1.8.0*255'],
    ] as const) {
      const found = searchObis(words, texts).map(match => match.obis);
      assert.ok(found.includes(code), `${words}: ${found.slice(0, 3).join(', ')}`);
    }
    assert.equal(searchObis('Wirkleistung', GERMAN)[0]?.obis, '1-0:1.7.0*255');
    assert.equal(searchObis('spannung l2', GERMAN)[0]?.obis, '1-0:52.7.0*255');
  });
});

describe('choosing the texts of a language', () => {
  for (const [tag, texts] of [
    ['de', GERMAN],
    ['de-AT', GERMAN],
    ['DE_ch', GERMAN],
    ['fr-BE', FRENCH],
    ['nl', DUTCH],
    ['it-IT', ITALIAN],
    ['nb-NO', NORWEGIAN],
    ['no', NORWEGIAN],
    ['nn', NORWEGIAN],
    ['en-US', ENGLISH],
    ['ja', ENGLISH],
    ['dutch', ENGLISH],
    ['', ENGLISH],
  ] as const) {
    it(`takes ${Object.values(texts)[0]}… for "${tag}"`, () => {
      assert.equal(obisTexts(tag), texts);
    });
  }
});
