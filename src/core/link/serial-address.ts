// The HDLC address of a meter from its serial number, by a formula of whole numbers.
// The rule of the file: the formula is read, never run as code, and a result that is no address is refused.

import { DlmsError } from '../wire/errors';

/**
 * The physical address that belongs to a serial number.
 * @param formula + - * / % and brackets over whole numbers and the name SN; `/` is whole division.
 * @throws BAD_SETTING for a formula that cannot be read or a result outside 0..16383.
 */
export function serverAddressFromSerial(serialNumber: number | string, formula = SERIAL_FORMULA): number {
  // Makers print letters around the digits; the formula means the number.
  const digits = `${serialNumber}`.replace(/\D/g, '');
  if (digits === '') throw bad('serialNumber', `${serialNumber}`, 'a number');
  const value = evaluate(formula, BigInt(digits));
  if (value < 0n || value > 0x3fffn) {
    throw bad('serialNumber', `${serialNumber}`, `a number that "${formula}" maps to 0..16383, this gives ${value}`);
  }
  return Number(value);
}

/** Usual, though "all meters do not use standard formula" (docs/quirks.md#q7). */
export const SERIAL_FORMULA = 'SN % 10000 + 1000';

/** sum = product {(+|-) product}; product = factor {(*|/|%) factor}; factor = number | SN | ( sum ) | - factor */
function evaluate(formula: string, serialNumber: bigint): bigint {
  const wrong = (): DlmsError => bad('serial number formula', formula, 'an expression like "SN % 10000 + 1000"');
  if (formula.length > FORMULA_LIMIT || !/^(?:\s|\d|SN|[-+*/%()])*$/i.test(formula)) throw wrong();
  const tokens = formula.match(/\d+|SN|[-+*/%()]/gi) ?? [];
  let at = 0;

  function sum(): bigint {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product();
    return value;
  }
  function product(): bigint {
    let value = factor();
    while (tokens[at] === '*' || tokens[at] === '/' || tokens[at] === '%') {
      const operator = tokens[at++];
      const right = factor();
      if (operator === '*') value *= right;
      else if (right === 0n) throw wrong();
      else value = operator === '/' ? value / right : value % right;
    }
    return value;
  }
  function factor(): bigint {
    const token = tokens[at++];
    if (token === '-') return -factor();
    if (token === '(') {
      const value = sum();
      if (tokens[at++] !== ')') throw wrong();
      return value;
    }
    if (token === undefined || !/^[\dS]/i.test(token)) throw wrong();
    return /^S/i.test(token) ? serialNumber : BigInt(token);
  }

  const value = sum();
  if (at !== tokens.length) throw wrong();
  return value;
}

function bad(setting: string, value: string, expected: string): DlmsError {
  return new DlmsError({ code: 'BAD_SETTING', setting, value, expected });
}

/** Characters; keeps the recursion shallow. */
const FORMULA_LIMIT = 200;
