import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseRules } from '../../../src/filter/rule';
import { importLayouts } from '../../../src/core/push';
import { userScalers } from '../../../src/core/push/scaling';
import { isDlmsError } from '../../../src/core/wire/errors';
import { foreignFields, knownFields, plainText, shown } from '../../../src/core/wire/foreign';
import { registerList } from '../../../src/nodes/iec-readout/meaning';
import { wantedObjects } from '../../../src/nodes/lib/object-refs';
import { text } from '../../../src/nodes/lib/props';
import { wantedRange, type RangeInput } from '../../../src/nodes/lib/range';
import { parse } from '../../../src/io/settings/parse';
import { meterFields } from '../../../src/io/settings/settings';
import { settings } from '../../../src/io/settings/table';

function nested(depth: number): unknown {
  let list: unknown = [];
  for (let i = 0; i < depth; i++) list = [list];
  return list;
}
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const throws = {
  get obis(): never {
    throw new Error('read me not');
  },
};

/** Nothing of which is a setting. */
const FOREIGN: readonly (readonly [string, unknown])[] = [
  ['{ toString: 1 }', { toString: 1 }],
  ['{ valueOf: 1, toString: null }', { valueOf: 1, toString: null }],
  ['an object without a prototype', Object.create(null)],
  ['a getter that throws', throws],
  ['a function', () => 'x'],
  ['a symbol', Symbol('x')],
  ['20,000 nested lists', nested(20_000)],
  ['an object that holds itself', cyclic],
];
const range = (message: RangeInput['message']): unknown =>
  wantedRange({
    mode: 'last',
    last: '',
    from: undefined,
    to: undefined,
    entries: undefined,
    message,
    lastReadMs: null,
    nowMs: 0,
    policy: { mode: 'standard' },
    localZone: 'UTC',
  });
const ROWS = settings([
  { name: 'number', kind: 'number', default: 1, min: 0 },
  { name: 'choice', kind: 'choice', choices: ['a'], default: 'a' },
  { name: 'flag', kind: 'flag', default: false },
  { name: 'code', kind: 'obis', default: '1.8.0', prefix: [1, 0] },
  { name: 'key', kind: 'key', default: null },
  {
    name: 'group',
    kind: 'group',
    stored: {},
    fields: [{ name: 'inside', kind: 'text', default: null }],
  },
]);
const DOORS: Readonly<Record<string, (value: unknown) => unknown>> = {
  'msg.obis': value => wantedObjects([], { obis: value }),
  'msg.objects': value => wantedObjects([], { objects: [value] }),
  'a field of msg.objects': value => wantedObjects([], { objects: [{ obis: value }] }),
  'a class in msg.objects': value => wantedObjects([], { objects: [{ obis: '1.8.0', classId: value }] }),
  'msg.from': value => range({ from: value }),
  'msg.to': value => range({ to: value }),
  'msg.entries': value => range({ entries: value }),
  'a field of msg.entries': value => range({ entries: { from: value } }),
  'a list in msg.entries': value => range({ entries: [1, value] }),
  'msg.registers': value => registerList([value]),
  'msg.meter': value => meterFields(value),
  'a field of msg.meter': value => meterFields({ host: value }),
  'a rule': value => parseRules([value]),
  'a field of a rule': value => parseRules([{ obis: '1.8.0', factor: value }]),
  rules: value => parseRules(value),
  'own layouts': value => importLayouts(value),
  'a field of a layout': value => importLayouts([{ name: value, elements: 1, entries: [] }]),
  'an entry of a layout': value => importLayouts([{ name: 'x', elements: 1, entries: [value] }]),
  'a scaler': value => userScalers({ '1-0:1.8.0*255': value }),
  text: value => text(value, ''),
  'a number': value => parse(ROWS, { number: value }),
  'a choice': value => parse(ROWS, { choice: value }),
  'a flag': value => parse(ROWS, { flag: value }),
  'a code': value => parse(ROWS, { code: value }),
  'a key': value => parse(ROWS, {}, { key: value }),
  'a field of a group': value => parse(ROWS, { group: { inside: value } }),
};

describe('what comes from outside', () => {
  for (const [door, open] of Object.entries(DOORS)) {
    for (const [what, value] of FOREIGN) {
      it(`is BAD_SETTING, not a fault of ours: ${what} as ${door}`, () => {
        try {
          open(value);
        } catch (error) {
          assert.ok(isDlmsError(error), String((error as Error).stack));
          assert.equal(error.code, 'BAD_SETTING');
          assert.ok(error.message.length < 900);
          return;
        }
        // An empty object says nothing, and a list in a list is none of the settings that may be one.
        assert.ok(door === 'msg.meter' && what === 'an object without a prototype', 'nothing was refused');
      });
    }
  }

  it('is shown short, and objects only as such', () => {
    assert.equal(shown('x'.repeat(100)).length, 60);
    assert.deepEqual(
      [shown({ toString: () => 'password' }), shown([1]), shown(null), shown(7n), shown(undefined), shown(true)],
      ['an object', 'a list', 'null', 'a BigInt', 'undefined', 'true'],
    );
  });

  it('is text where it is text, a number or truth', () => {
    assert.deepEqual(
      [plainText('a', 's'), plainText(1, 's'), plainText(false, 's'), plainText(null, 's')],
      ['a', '1', 'false', ''],
    );
    assert.equal(plainText(12345678901234567890n, 's'), '12345678901234567890');
  });

  for (const [wrong, meant] of [
    ['prot', 'port'],
    ['hots', 'host'],
    ['Port', 'port'],
    ['client', 'clientAddress'],
    ['pasword', 'password'],
    ['encryptionkey', 'encryptionKey'],
    ['meteraddres', 'meterAddress'],
  ]) {
    it(`names the field that was meant: ${wrong}`, () => {
      assert.throws(
        () => meterFields({ host: '127.0.0.1', [wrong ?? '']: 'S3cret' }),
        (error: Error) =>
          error.message.startsWith(
            `the field of msg.meter "${wrong}" is not known (did you mean "${meant}"?); known are transport, host, port,`,
          ) && !error.message.includes('S3cret'),
      );
    });
  }

  it('takes the notes of a list of meters, and a word that is nothing like a field without a guess', () => {
    assert.deepEqual(meterFields({ host: 'h', name: 'house 1', tags: ['a'] }), { host: 'h' });
    assert.throws(() => meterFields({ zzzz: 1 }), /"zzzz" is not known; known are/);
  });

  it('does not change Object by a field that is called __proto__', () => {
    const fields = foreignFields(JSON.parse('{"__proto__": {"host": "x"}}'), 's', 'e');
    assert.equal(({} as { host?: string }).host, undefined);
    assert.throws(() => knownFields(fields, 's', ['host']), /"__proto__" is not known/);
  });
});
