// The presets of the forms: data that anybody may add to, so what a row may say is checked here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { families, metersPage } from '../scripts/meters-page';
import { PUSH_FIELDS, type Preset } from '../src/editor/presets';
import { CONNECTION } from '../src/io/settings/connection-table';
import { parseSettings } from '../src/io/settings/settings';
import { pushSettings } from '../src/nodes/push-decoder/meaning';
import { PROJECT } from './node-red-process';

const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(PROJECT, ...path), 'utf8'));
const presets = json('resources', 'presets.json') as readonly Preset[];
const properties: readonly string[] = CONNECTION.map(({ name }) => name);
const texts = json('locales', 'en-US', 'dlms-connection.json') as {
  'dlms-connection': { preset: Readonly<Record<string, string>> };
};

describe('the meters', () => {
  const all = families(PROJECT);
  const meters = all.flatMap(({ meters: own = [] }) => own);

  it('stand in docs/meters.md as in their files', () => {
    const page = readFileSync(join(PROJECT, 'docs', 'meters.md'), 'utf8');
    assert.ok(page === metersPage(all), 'out of date; run: node dist/scripts/meters-page.js');
    assert.ok(meters.length > 100, String(meters.length));
  });

  for (const { model, countries, preset, line, key } of meters) {
    it(`${model} (${countries.join(', ')}): has a preset that there is, for its country, its key and its line`, () => {
      if (preset === undefined) return assert.ok(line !== undefined, 'neither preset nor line');
      const found = presets.find(({ id }) => id === preset);
      assert.ok(found !== undefined, preset);
      if (found.country !== undefined) assert.deepEqual(countries, [found.country]);
      if (found.decoder !== undefined && key !== 'by operator') assert.equal(found.encrypted, key !== 'none');
    });
  }

  for (const { family, countries = [], meters: rows = [], presets: own = [] } of all) {
    it(`${family}: is at home where its meters and presets are`, () => {
      const where = [...rows.flatMap(row => row.countries), ...own.flatMap(({ country }) => country ?? [])];
      if (rows.length > 0) assert.deepEqual(countries, [...new Set(where)].sort());
    });
  }

  it('are for each preset one at least, so that it is found', () => {
    assert.deepEqual(
      presets.filter(({ meters: own }) => own.length === 0).map(({ id }) => id),
      [],
    );
  });
});

describe('the presets', () => {
  for (const { id, label, country, evidence, connection, decoder, encrypted } of presets) {
    it(`${id}: says where it is from, and nothing that the nodes would refuse`, () => {
      assert.equal(presets.filter(other => other.id === id).length, 1, 'another one has this id');
      assert.ok(label.length > 0 && evidence.length > 10);
      if (country !== undefined)
        assert.notEqual(new Intl.DisplayNames(['en'], { type: 'region' }).of(country), country);
      assert.ok(connection !== undefined);
      assert.deepEqual(
        Object.keys(connection).filter(property => !properties.includes(property)),
        [],
      );
      parseSettings({ host: 'meter', path: '/dev/ttyUSB0', ...connection }, SECRETS);
      if (decoder === undefined) return;
      assert.deepEqual(
        Object.keys(decoder).filter(property => !DECODER.includes(property)),
        [],
      );
      pushSettings(decoder);
      // The form tells the line, and whether a key is needed.
      for (const property of ['baudRate', 'dataBits', 'parity', 'stopBits'])
        assert.ok(property in connection, property);
      assert.equal(typeof encrypted, 'boolean');
    });
  }

  it('have a text for each that is no name', () => {
    const ids = presets.map(preset => preset.id);
    const stale = Object.keys(texts['dlms-connection'].preset).filter(key => key !== 'none' && !ids.includes(key));
    assert.deepEqual(stale, []);
    const untranslated = presets.filter(p => p.country === undefined && !(p.id in texts['dlms-connection'].preset));
    assert.deepEqual(untranslated, []);
  });
});

const DECODER: readonly string[] = [...PUSH_FIELDS, 'scalers'];
const SECRETS = {
  password: '00000000',
  encryptionKey: '00112233445566778899aabbccddeeff',
  authenticationKey: '00112233445566778899aabbccddeeff',
};
