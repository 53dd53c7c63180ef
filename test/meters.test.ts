// The files of meters/: each fits the schema, and the build takes from them what it is to take.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { describe, it } from 'mocha';
import { PROJECT } from './node-red-process';

const FOLDER = join(PROJECT, 'meters');
const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));
const fits = new Ajv({ allErrors: true }).compile(json(FOLDER, 'schema.json') as object);

describe('the families of meters', () => {
  for (const file of readdirSync(FOLDER).filter(name => name.endsWith('.json') && name !== 'schema.json')) {
    it(`${file}: fits the schema`, () => {
      assert.ok(fits(json(FOLDER, file)), JSON.stringify(fits.errors, null, 1));
    });
  }
});
