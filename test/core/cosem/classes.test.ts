// What each row of the table of classes has to say, and that no row says what another one contradicts.

import assert from 'node:assert/strict';

import { attributeOf, CLASSES, companionsOf, isClock, methodOffset } from '../../../src/core/cosem/classes';
import { holdsClock } from '../../../src/core/cosem/naming';
import { usualClass } from '../../../src/core/cosem/usual-class';
import { Obis } from '../../../src/core/obis/obis';
import { ObisPattern } from '../../../src/core/obis/pattern';

/**
 * Classes with methods whose short names we do not know: their tables differ from version to version of the class, or are
 * of a time when nobody used short names any more. Association LN has none, it is for logical names.
 */
const NO_SHORT_NAMES = [
  ...[10, 15, 29, 30, 40, 48, 51, 53, 62, 65, 67, 68, 72, 77, 80, 81, 84, 85, 90, 91, 100, 111, 112, 113, 115],
  ...[122, 123, 124, 153],
];

const rows = Object.entries(CLASSES).map(([id, row]) => ({ classId: Number(id), row }));

describe('the table of classes', () => {
  for (const { classId, row } of rows) {
    it(`says of ${row.name} (${classId}) where its methods stand, or is known not to`, () => {
      const known = row.methodsAt !== undefined;
      assert.equal(known, row.methods.length > 0 && !NO_SHORT_NAMES.includes(classId));
      if (row.methodsAt === undefined) return;
      // Methods stand behind the attributes. The first version of a class has no more than the table says.
      assert.equal(row.methodsAt % 8, 0);
      assert.ok(row.methodsAt >= 0x10);
    });

    it(`finds what belongs to the values of ${row.name} (${classId}) by its name`, () => {
      for (const [attribute, { scale, status, capture }] of Object.entries(row.values ?? {})) {
        assert.ok(attributeOf(classId, Number(attribute)) !== undefined);
        assert.equal(attributeOf(classId, scale)?.name, 'scaler_unit');
        if (status !== null) assert.equal(attributeOf(classId, status)?.name, 'status');
        if (capture !== null) assert.ok(isClock(classId, capture), attributeOf(classId, capture)?.name);
      }
    });
  }

  it('has a scaler for every value attribute that has one beside it', () => {
    // A register table scales its cells, which are no value of their own.
    const scaled = rows.filter(({ row }) => row.attributes.some(a => typeof a !== 'string' && a[0] === 'scaler_unit'));
    assert.deepEqual(
      scaled.filter(({ row }) => row.values === undefined).map(({ classId }) => classId),
      [61],
    );
  });

  it('finds methods by short name at the place of the standard', () => {
    for (const [classId, method, offset] of [
      [3, 1, 0x28],
      [5, 2, 0x50],
      [7, 2, 0x60],
      [8, 6, 0x88],
      [12, 3, 0x30],
      [12, 8, 0x58],
      [18, 4, 0x58],
      [70, 2, 0x28],
    ] as const) {
      assert.equal(methodOffset(classId, method), offset, `class ${classId} method ${method}`);
    }
    assert.equal(methodOffset(1, 1), null);
    assert.equal(methodOffset(4711, 1), null);
  });

  it('tells what belongs to a value, and that to the last average only', () => {
    assert.deepEqual(companionsOf(4, 2), { scale: 3, status: 4, capture: 5 });
    assert.deepEqual(companionsOf(5, 2), { scale: 4, status: null, capture: null });
    assert.deepEqual(companionsOf(5, 3), { scale: 4, status: 5, capture: 6 });
    assert.equal(companionsOf(4, 5), null);
    assert.equal(companionsOf(1, 2), null);
  });

  it('knows the attributes that hold the clock, and those that hold a pattern of it', () => {
    for (const [classId, attribute, is] of [
      [8, 2, true],
      [8, 3, false],
      [8, 5, false],
      [4, 5, true],
      [5, 6, true],
      [5, 7, true],
      [4, 2, false],
      [20, 10, true],
      [11, 2, false],
    ] as const) {
      assert.equal(holdsClock(null, classId, attribute), is, `class ${classId} attribute ${attribute}`);
    }
    const clock = Obis.parse('0-0:1.0.0*255');
    assert.ok(holdsClock(clock));
    assert.ok(holdsClock(clock, 1, 2));
    assert.ok(!holdsClock(clock, 8, 3));
    assert.ok(!holdsClock(Obis.parse('1-0:1.8.0*255'), 3, 2));
  });
});

describe('the usual class of a code', () => {
  for (const [code, classId] of [
    ['0-0:1.0.0*255', 8],
    ['1-0:1.8.0*255', 3],
    ['1-0:1.8.0*7', 3],
    ['1-0:1.6.1*255', 4],
    ['1-0:1.4.0*255', 5],
    ['1-0:99.1.0*255', 7],
    ['0-0:99.98.0*255', 7],
    ['0-1:24.2.1*255', 4],
    ['0-1:24.1.0*255', 72],
    ['0-0:96.3.10*255', 70],
    ['0-0:96.1.0*255', 1],
    ['0-0:96.8.0*255', 3],
    ['7-0:3.2.0*255', 4],
    ['0-0:43.1.0*255', 1],
    ['0-0:40.0.0*255', 15],
  ] as const) {
    it(`of ${code} is ${classId}`, () => assert.equal(usualClass(Obis.parse(code)), classId));
  }

  it('is told by no two rows that name the same number of groups', () => {
    const codes = rows.flatMap(({ classId, row }) =>
      (row.codes ?? []).map(code => {
        const [a = '*', groups = ''] = code.split(':');
        const [c = '*', d = '*', e = '*'] = groups.split('.');
        const named = [a, c, d, e].filter(group => group !== '*').length;
        return { classId, code, named, pattern: ObisPattern.parse(`${a}:${c}.${d}.${e}`) };
      }),
    );
    for (const a of [0, 1, 4, 6, 9, 15]) {
      for (let c = 0; c < 128; c++) {
        for (const d of [0, 1, 2, 3, 4, 5, 6, 8, 9, 14, 15, 16, 26, 98]) {
          for (const e of [0, 10]) {
            const obis = Obis.from(Uint8Array.of(a, 0, c, d, e, 255));
            const matching = codes.filter(({ pattern }) => pattern.matches(obis));
            const most = Math.max(...matching.map(({ named }) => named));
            const told = new Set(matching.filter(({ named }) => named === most).map(({ classId }) => classId));
            assert.ok(told.size < 2, `${obis}: ${matching.map(({ code }) => code).join(', ')}`);
          }
        }
      }
    }
  });
});
