import assert from 'node:assert/strict';

import { serverAddressFromSerial } from '../../../src/core/link/serial-address';

describe('server address from the serial number', () => {
  it('follows the usual formula', () => {
    assert.equal(serverAddressFromSerial(12345678), 6678);
    assert.equal(serverAddressFromSerial('LGZ 12345678'), 6678);
  });
  const formulas: [string, number][] = [
    ['SN', 4711],
    ['sn % 100 + 16', 27],
    ['(SN + 1) * 2', 9424],
    ['SN / 10', 471],
    ['-(1 - SN) % 1000', 710],
    ['100 - 2 - 3', 95],
    ['2 + 3 * 4', 14],
  ];
  for (const [formula, want] of formulas) {
    it(`works out ${formula}`, () => assert.equal(serverAddressFromSerial(4711, formula), want));
  }
  for (const formula of [
    '',
    'SN +',
    '(SN',
    'SN)',
    'SN SN',
    'x',
    'SN ** 2',
    'SN / 0',
    'SN % (1 - 1)',
    '1.5',
    'process.exit()',
  ]) {
    it(`refuses ${JSON.stringify(formula)}`, () => {
      assert.throws(() => serverAddressFromSerial(4711, formula), { code: 'BAD_SETTING' });
    });
  }
  it('refuses a result that is no address, a number without digits, and endless brackets', () => {
    assert.throws(() => serverAddressFromSerial(4711, 'SN * 100'), { code: 'BAD_SETTING' });
    assert.throws(() => serverAddressFromSerial(4711, '0 - SN'), { code: 'BAD_SETTING' });
    assert.throws(() => serverAddressFromSerial('none'), { code: 'BAD_SETTING' });
    assert.throws(() => serverAddressFromSerial(1, '('.repeat(100_000)), { code: 'BAD_SETTING' });
  });
});
