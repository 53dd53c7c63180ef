// The files of meters/: each fits the schema, and the build takes from them what it is to take.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { describe, it } from 'mocha';
import { octets, structure, u16, visible } from '../src/core/cosem/data';
import { Obis } from '../src/core/obis/obis';
import type * as Push from '../src/core/push';
import { familyIn, familyToCopy, faultInConventions, faultInLayouts } from '../src/nodes/push-decoder/editor-check';
import { notificationOf } from '../src/sim/push-source';
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

describe('what the form of a push decoder copies', () => {
  // As the form keeps it: numbers as text, and what was left empty.
  const layout = {
    name: 'own',
    elements: '3',
    first: 'QRS',
    nested: false,
    evidence: 'type plate of a meter that nobody makes',
    entries: [
      { position: '0', type: 'text', role: 'list-version' },
      { position: '1', obis: '1.7.0', unit: 'W', scaler: '1', type: 'number' },
      { position: '2', obis: '32.7.0', unit: 'V', scaler: '-1', type: '' },
    ],
  };
  const convention = { name: 'own-qrt', when: { listVersion: 'QRT_' }, scales: { power: '1', current: '-2' } };
  const copied = JSON.stringify(familyToCopy([layout], [convention]));

  it('is a family as its schema wants it, with the evidence that was given', () => {
    assert.ok(fits(JSON.parse(copied)), JSON.stringify(fits.errors, null, 1));
    const { layouts = [], conventions = [] } = familyIn(JSON.parse(copied)) ?? {};
    assert.equal(faultInLayouts(layouts), null);
    assert.equal(faultInConventions(conventions), null);
    assert.equal(layouts[0]?.evidence, layout.evidence);
    assert.match(conventions[0]?.evidence ?? '', /names no source/);
    assert.deepEqual(familyToCopy(layouts, conventions), JSON.parse(copied), 'nothing changes when it is copied again');
    assert.ok(fits(JSON.parse(JSON.stringify(familyToCopy([], [])))));
  });

  it('decodes when it is put among the families as it is', async () => {
    const root = mkdtempSync(join(tmpdir(), 'family-'));
    try {
      cpSync(FOLDER, join(root, 'meters'), { recursive: true });
      cpSync(join(PROJECT, 'dist', 'src', 'core'), join(root, 'src', 'core'), { recursive: true });
      const script = (await import(join(PROJECT, 'scripts', 'meters.mjs'))) as { writeMeters(root: string): void };
      const decode = (body: Parameters<typeof notificationOf>[0]): unknown[] => {
        const push = createRequire(join(root, 'here.js'))(join(root, 'src', 'core', 'push')) as typeof Push;
        const { events } = new push.PushDecoder().receive(notificationOf(body), true);
        return events.flatMap(each =>
          each.type === 'problem'
            ? [each.error.code]
            : [
                each.origin.layout,
                ...each.telegram.readings.flatMap(({ unit, value }) => (unit === null ? [] : [value])),
              ],
        );
      };
      writeFileSync(join(root, 'meters', 'own.json'), copied);
      script.writeMeters(root);
      assert.deepEqual(decode(structure(visible('QRS1'), u16(50), u16(2310))), ['own', 500, 231]);
      const name = (code: string): ReturnType<typeof octets> => octets(Obis.parse(code).bytes);
      const list = structure(visible('QRT_V1'), name('1-0:1.7.0'), u16(50), name('1-0:31.7.0'), u16(700));
      assert.deepEqual(decode(list), ['own-qrt', 500, 7]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
