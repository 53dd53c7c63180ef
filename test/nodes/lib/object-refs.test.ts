import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { wantedObjects } from '../../../src/nodes/lib/object-refs';

const asText = (configured: unknown, message: { obis?: unknown; objects?: unknown } = {}): string[] =>
  wantedObjects(configured, message).map(o => `${o.classId} ${o.obis} ${o.attribute}${o.guessed ? '?' : ''}`);

describe('what get object is asked for', () => {
  it('takes codes in any usual form, with class and attribute when they are given', () => {
    assert.deepEqual(asText([{ obis: '1.8.0' }, { obis: '1.0.2.8.0.255', classId: '3', attribute: 3 }]), [
      '3 1-0:1.8.0*255 2?',
      '3 1-0:2.8.0*255 3',
    ]);
  });

  it('takes attributes by the name that their class has for them, and all of them as 0', () => {
    const named = ['value', 'Scaler-Unit', 'logical name', 'ALL', '*', ' 3 '];
    assert.deepEqual(
      wantedObjects(
        named.map(attribute => ({ obis: '1.8.0', attribute })),
        {},
      ).map(o => o.attribute),
      [2, 3, 1, 0, 0, 3],
    );
    assert.equal(wantedObjects([{ obis: '0-0:1.0.0', attribute: 'time_zone' }], {})[0]?.attribute, 3);
  });

  it('takes msg.objects before msg.obis before its own', () => {
    const own = [{ obis: '1.8.0' }];
    assert.deepEqual(asText(own, { obis: '2.8.0' }), ['3 1-0:2.8.0*255 2?']);
    assert.deepEqual(asText(own, { obis: ['2.8.0', '3.8.0'] }), ['3 1-0:2.8.0*255 2?', '3 1-0:3.8.0*255 2?']);
    assert.deepEqual(asText(own, { obis: '2.8.0', objects: ['4.8.0', { obis: '0-0:42.0.0*255' }] }), [
      '3 1-0:4.8.0*255 2?',
      '1 0-0:42.0.0*255 2?',
    ]);
    assert.deepEqual(asText(own, { obis: '', objects: null }), ['3 1-0:1.8.0*255 2?']);
  });

  const classes: [string, number][] = [
    ['0-0:1.0.0*255', 8],
    ['0-0:40.0.0*255', 15],
    ['0-0:96.1.0*255', 1],
    ['0-1:96.1.0*255', 1],
    ['1-0:99.1.0*255', 7],
    ['0-0:98.1.0*255', 7],
    ['1-0:1.6.0*255', 4],
    ['1-0:1.4.0*255', 5],
    ['1-0:32.7.0*255', 3],
    ['0-1:24.2.1*255', 4],
    ['7-0:3.2.0*255', 4],
  ];
  for (const [obis, classId] of classes) {
    it(`takes ${obis} for an object of class ${classId}`, () => {
      assert.equal(wantedObjects(obis, {})[0]?.classId, classId);
    });
  }

  const wrong: [string, unknown][] = [
    ['nothing', []],
    ['no code', [{ classId: 3 }]],
    ['a word', ['power']],
    ['a class out of range', [{ obis: '1.8.0', classId: 70000 }]],
    ['attribute zero', [{ obis: '1.8.0', attribute: 0 }]],
    ['a name that its class does not have', [{ obis: '1.8.0', attribute: 'time' }]],
    ['a number', [5]],
  ];
  for (const [name, configured] of wrong) {
    it(`refuses ${name} with BAD_SETTING`, () => {
      assert.throws(() => wantedObjects(configured, {}), { code: 'BAD_SETTING' });
    });
  }

  it('refuses more objects than anyone wants in one message', () => {
    assert.throws(() => wantedObjects(new Array(1001).fill('1.8.0'), {}), { code: 'LIMIT_EXCEEDED' });
  });
});
