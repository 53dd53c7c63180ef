// Flows of version 0.1 run unchanged: what its examples save means what it meant.
// The list was made from its examples: properties that differ from a new node's, and what its parsers made of them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../../src/io/settings/parse';
import { isRequired, type Setting, type Values } from '../../src/io/settings/table';
import { TABLES } from '../../scripts/settings-tables';
import { PROJECT } from '../node-red-process';

interface Saved {
  readonly type: string;
  readonly properties: Values;
  readonly credentials?: Values;
  /** As JSON has it, with octets as hex; what is not named is what an empty property means. */
  readonly means: Values;
}
// A list of ours, of this form.
const SAVED = JSON.parse(readFileSync(join(PROJECT, 'test/nodes/flows-0.1/examples.json'), 'utf8')) as Saved[];

/** Fields that came later into a group mean what they mean when they are empty. */
function withAdded(table: readonly Setting[], name: string, empty: Values, meant: unknown): unknown {
  const isGroup = table.some(row => row.name === name && row.kind === 'group');
  return isGroup ? { ...(empty[name] as object), ...(meant as object) } : meant;
}

describe('nodes of the examples of version 0.1', () => {
  it('are of each type', () => {
    // It could not write.
    const types = Object.keys(TABLES).filter(type => type !== 'dlms-set-object');
    assert.deepEqual([...new Set(SAVED.map(({ type }) => type))].sort(), types.sort());
  });

  for (const [i, { type, properties, credentials = {}, means }] of SAVED.entries()) {
    it(`${i + 1}: a ${type} means what it meant`, () => {
      const table = TABLES[type]!;
      const known = table.map(({ name }) => name);
      assert.deepEqual(
        Object.keys({ ...properties, ...credentials }).filter(name => !known.includes(name)),
        [],
        'all its properties are known',
      );
      const needed = table.filter((row: Setting) => isRequired(table, row, {}) && row.kind === 'text');
      const empty = plain(parse(table, Object.fromEntries(needed.map(({ name }) => [name, 'needed']))));
      assert.deepEqual(plain(parse(table, properties, credentials)), {
        ...empty,
        ...needed.reduce(without, {}),
        ...Object.fromEntries(
          Object.entries(means).map(([name, meant]) => [name, withAdded(table, name, empty, meant)]),
        ),
      });
    });
  }
});

/** What stood for a property that must not be empty is no meaning. */
function without(found: Values, { name }: Setting): Values {
  return { ...found, [name]: null };
}

function plain(value: unknown): Values {
  const written = JSON.stringify(value, (_, inside: unknown) =>
    inside instanceof Uint8Array ? Buffer.from(inside).toString('hex') : inside === undefined ? null : inside,
  );
  // It is what JSON makes of an object.
  return JSON.parse(written) as Values;
}
