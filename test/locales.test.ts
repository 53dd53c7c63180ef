// Every language says what English says, and a new one is told all that it lacks.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { missingTexts } from '../scripts/missing-texts';
import { Obis } from '../src/core/obis/obis';
import { obisName } from '../src/core/obis/obis-names';
import { ObisLanguages } from '../src/nodes/lib/obis-languages';

const LOCALES = join(process.cwd(), 'locales');

describe('the languages', () => {
  it('lack nothing that English has', () => {
    assert.deepEqual(missingTexts(LOCALES), []);
  });

  it('have names for OBIS codes, each folder of them', () => {
    const built = new ObisLanguages(join(__dirname, '..', 'src', 'nodes', 'lib', 'locales'));
    assert.deepEqual(
      [...built.folders].sort(),
      readdirSync(LOCALES).filter(language => language !== 'en-US'),
    );
  });
});

describe('a seventh language', () => {
  const folder = mkdtempSync(join(tmpdir(), 'locales-'));
  const swedish = join(folder, 'sv');
  cpSync(LOCALES, folder, { recursive: true });
  mkdirSync(swedish);
  after(() => rmSync(folder, { recursive: true }));

  it('is told every file that it lacks', () => {
    const files = readdirSync(join(LOCALES, 'de'));
    assert.ok(files.includes('obis.json') && files.includes('_errors.json') && files.includes('dlms-connection.html'));
    assert.deepEqual(missingTexts(folder).sort(), files.map(file => `sv/${file} is missing`).sort());
  });

  it('is told every word that it lacks, and every one too much', () => {
    cpSync(join(LOCALES, 'de'), swedish, { recursive: true });
    const file = join(swedish, 'obis.json');
    // A file of our own.
    const words = JSON.parse(readFileSync(file, 'utf8')) as { rows: Record<string, string> };
    const { voltage, ...rows } = words.rows;
    assert.equal(voltage, 'Spannung');
    writeFileSync(file, JSON.stringify({ ...words, rows: { ...rows, ampere: 'Ampere' } }));
    assert.deepEqual(missingTexts(folder), [
      'sv/obis.json lacks rows.voltage',
      'sv/obis.json has rows.ampere, which English has not',
    ]);
  });

  it('is known by its folder alone, and falls back to English word by word', () => {
    const languages = new ObisLanguages(folder);
    assert.ok(languages.folders.includes('sv'));
    const texts = languages.texts('sv-FI');
    assert.equal(obisName(Obis.parse('1-0:1.7.0*255'), texts), 'Wirkleistung Bezug (+A)');
    assert.equal(obisName(Obis.parse('1-0:32.7.0*255'), texts), 'Voltage L1');
  });
});
