// The tables of settings: what a node saves never changes, and each row is kept by the parser as it says.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { labelsOf, shownRows } from '../../scripts/help-properties';
import { CLOCK_MODES } from '../../src/core/cosem/date-time';
import { PROOFS } from '../../src/core/cosem/proof';
import { READER_MODES } from '../../src/core/iec62056-21/reader-options';
import { FRAMINGS } from '../../src/core/push';
import { isDlmsError } from '../../src/core/wire/errors';
import { OUTPUT_FORMS } from '../../src/filter/forms';
import { valueOf } from '../../src/io/settings/parse';
import { boundsOf, isCredential, storedDefault, type Setting, type Table } from '../../src/io/settings/table';
import { TABLES } from '../../scripts/settings-tables';
import { PROJECT } from '../node-red-process';

/** What a new node has otherwise than in version 0.1; a saved flow keeps what it has. */
const OTHERWISE: Readonly<Record<string, object>> = {
  'dlms-connection': { interface: 'wrapper' },
  'dlms-obis-filter': { texts: false },
};
/** Rows that came later; empty is as before. */
const ADDED: Readonly<Record<string, { defaults: Record<string, unknown>; credentials: readonly string[] }>> = {
  'dlms-connection': {
    defaults: {
      maxSessions: '',
      allowWriting: false,
      writable: '',
      preset: '',
      counterRepeats: false,
      associationObject: '',
    },
    credentials: [],
  },
  'dlms-obis-filter': { defaults: { maxMeters: '', language: '' }, credentials: [] },
  'dlms-read-load-profile': {
    defaults: {
      nullValues: 'repeated',
      range: {
        ...{ mode: 'last', last: '31 days', confirm: 'sent', confirmWithin: '' },
        ...{ from: '', fromType: 'str', to: '', toType: 'str', entries: '' },
      },
    },
    credentials: [],
  },
  'dlms-push-decoder': {
    defaults: {
      maxSources: '',
      keyFile: '',
      onlyListed: false,
      standard: 'dlms',
      preset: '',
      convention: 'auto',
      conventions: [],
    },
    credentials: ['keyTable', 'keyEdits'],
  },
};
const SAVED = JSON.parse(readFileSync(join(PROJECT, 'test/nodes/flows-0.1/defaults.json'), 'utf8')) as Record<
  string,
  { defaults: Record<string, unknown>; credentials: string[] }
>;

/** Nodes that version 0.1 did not have. */
const LATER: readonly string[] = ['dlms-set-object'];

describe('tables of settings', () => {
  it('know the words of what they set', () => {
    const words = (type: string, name: string): readonly string[] => {
      const row = TABLES[type]?.find(found => found.name === name);
      assert.ok(row?.kind === 'choice', name);
      return [...row.choices].sort();
    };
    const sorted = (...all: string[]): readonly string[] => all.sort();
    assert.deepEqual(words('dlms-push-decoder', 'framing'), sorted('auto', ...FRAMINGS));
    assert.deepEqual(words('dlms-push-decoder', 'clockPolicy'), sorted(...CLOCK_MODES));
    assert.deepEqual(words('dlms-connection', 'clockPolicy'), sorted(...CLOCK_MODES));
    assert.deepEqual(words('dlms-push-decoder', 'require'), sorted(...PROOFS));
    assert.deepEqual(words('dlms-obis-filter', 'require'), sorted(...PROOFS));
    assert.deepEqual(words('dlms-obis-filter', 'output'), sorted(...OUTPUT_FORMS));
    assert.deepEqual(words('dlms-iec-readout', 'mode'), sorted(...READER_MODES));
  });

  it('are those of all nodes', () =>
    assert.deepEqual(Object.keys(TABLES).sort(), [...Object.keys(SAVED), ...LATER].sort()));

  for (const [type, table] of Object.entries(TABLES)) {
    describe(type, () => {
      it('saves what version 0.1 saved in a new node, but for what is said here', () => {
        if (LATER.includes(type)) return;
        const rows = table.filter(row => !isCredential(row) && row.byHand !== true);
        const saved = { ...SAVED[type]?.defaults, ...ADDED[type]?.defaults, ...OTHERWISE[type] };
        assert.deepEqual(Object.fromEntries(rows.map(row => [row.name, storedDefault(row)])), saved);
        assert.deepEqual(
          table.filter(isCredential).map(row => row.name),
          [...(SAVED[type]?.credentials ?? []), ...(ADDED[type]?.credentials ?? [])],
        );
      });

      it('has a label for each row, in every language', () => {
        for (const language of readdirSync(join(PROJECT, 'locales'))) {
          const label = labelsOf(join(PROJECT, 'locales'), language, type);
          const silent = shownRows(table).filter(row => row.byHand !== true && !label(row));
          assert.deepEqual(
            silent.map(({ name }) => name),
            [],
            language,
          );
        }
      });

      it('has no label that neither a row nor the form uses', () => {
        const folder = join(PROJECT, 'src', 'nodes', type.replace(/^dlms-/, ''));
        const form = readdirSync(folder)
          .map(file => readFileSync(join(folder, file), 'utf8'))
          .join('\n');
        const catalog = JSON.parse(readFileSync(join(PROJECT, 'locales', 'en-US', `${type}.json`), 'utf8')) as Record<
          string,
          { label?: Record<string, string> }
        >;
        const rows = new Set(table.map(row => row.label ?? row.name));
        const unused = Object.keys(catalog[type]?.label ?? {}).filter(
          key => !rows.has(key) && !new RegExp(`(label[.]|')${key}\\b`).test(form),
        );
        assert.deepEqual(unused, []);
      });

      it('is frozen, has each name once and conditions about choices and flags of its own', () => {
        checkForm(table);
      });

      for (const [called, row, within] of rowsOf(table)) {
        const of = (value: unknown): unknown => valueOf(within, row, value, {}, row.name);

        it(`takes the default of ${called}, and empty for it`, () => {
          if (row.kind === 'json' || row.kind === 'editor') return;
          // What a new node has may be another choice than what a flow means that leaves it out.
          const value = row.kind === 'choice' || row.kind === 'flag' ? row.default : of(storedDefault(row));
          // Empty is another choice than what a new node has: no port for a simulator that pushes.
          if (row.kind === 'number' && row.default === null && row.stored !== undefined) return;
          for (const empty of ['', undefined, null, ...(row.kind === 'group' ? [] : ['  '])]) {
            if (row.kind === 'group') of(empty);
            else assert.deepEqual(of(empty), value);
          }
        });
        for (const [wrong, expected] of wrongFor(row, within)) {
          it(`refuses ${JSON.stringify(wrong)} as ${called}`, () => {
            assert.throws(
              () => of(wrong),
              (e: unknown) =>
                isDlmsError(e) &&
                e.detail.code === 'BAD_SETTING' &&
                e.detail.setting === row.name &&
                expected.test(e.detail.expected),
            );
          });
        }
      }
    });
  }
});

function rowsOf(table: Table, within = ''): [string, Setting, Table][] {
  return table.flatMap(row => [
    [within + row.name, row, table] as [string, Setting, Table],
    ...(row.kind === 'group' ? rowsOf(row.fields, `${row.name}.`) : []),
  ]);
}

function wrongFor(row: Setting, table: Table): [unknown, RegExp][] {
  switch (row.kind) {
    case 'number': {
      const { min, max } = boundsOf(table, row, {});
      const above: [unknown, RegExp][] = row.max === undefined ? [] : [[max + 1, /to \d/]];
      const whole: [unknown, RegExp][] = row.decimals === true ? [] : [[`${min}.5`, /^a whole number/]];
      return [[min - 1, /number from/], ...above, ...whole, ['ten', /number from/], [true, /number from/], [[], /./]];
    }
    case 'choice':
      return [
        ['nonsense', new RegExp(row.choices.join(', '))],
        [{}, /./],
      ];
    case 'flag':
      return [['maybe', /^one of true, 1, yes, on, false/]];
    case 'title':
      return [
        ['MMM0000', /16 hex digits or 8 characters/],
        ['4d4d4d30303030', /./],
        ['MMM0000€', /./],
      ];
    case 'key':
      return [
        ['00112233445566778899aabbccddee', /32 hex digits/],
        ['secret', /32 hex digits/],
      ];
    case 'zone':
      return [['Europe/Nowhere', /time zone/]];
    case 'obis':
      return [
        ['1-0.1.8.0', /OBIS/],
        ['999.8.0', /OBIS/],
        ['1-0:300.8.0', /OBIS/],
        ['power', /OBIS/],
      ];
    case 'hosts':
      return [['10.0.0.0/64', /network/]];
    case 'text':
      return row.pattern === undefined
        ? [[{}, /./]]
        : [['~~', new RegExp(row.expected?.replace(/[%.*+?()|]/g, '.') ?? '')]];
    case 'group':
      return [['text', /an object/]];
    case 'password':
    case 'node':
      return [[{}, /./]];
    case 'json':
    case 'editor':
      return [];
  }
}

function checkForm(table: Table): void {
  assert.ok(Object.isFrozen(table));
  assert.equal(new Set(table.map(row => row.name)).size, table.length);
  for (const row of table) {
    assert.ok(Object.isFrozen(row), row.name);
    const bounds = row.kind === 'number' ? (row.bounds ?? []).map(({ when }) => when) : [];
    const whens = [row.when, row.required === true ? undefined : row.required, ...bounds].flatMap(when => when ?? []);
    for (const [name, wanted] of whens.flatMap(Object.entries) as [string, unknown[]][]) {
      const other = table.find(found => found.name === name);
      assert.ok(other?.kind === 'choice' || other?.kind === 'flag', `${row.name}: ${name}`);
      const known: readonly unknown[] = other.kind === 'choice' ? other.choices : [true, false];
      assert.deepEqual(
        wanted.filter(value => !known.includes(value)),
        [],
        `${row.name}: ${name}`,
      );
    }
    if (row.kind === 'choice') {
      assert.ok(row.default === null || row.choices.includes(row.default), row.name);
      assert.deepEqual(
        row.choices,
        row.choices.map(word => word.toLowerCase()),
      );
    }
    if (row.kind === 'group') checkForm(row.fields);
  }
}
