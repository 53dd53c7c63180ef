// The presets of the forms: data that anybody may add to, so what a row may say is checked here.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
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
