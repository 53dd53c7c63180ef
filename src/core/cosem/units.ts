// Unit codes and exact decimal scaling. IEC 62056-6-2, 4.3.2 (Register, scaler_unit, table of units).
// The rule of the file: a scaled value is the exact decimal, as a number where a number shows exactly that decimal, else as text.

/** The symbol of a unit code ("Wh", "m3"); null for 255 (count, no unit) and for codes nobody knows. */
export function unitSymbol(code: number): string | null {
  return SYMBOLS[code] ?? null;
}

/**
 * raw · 10^scaler, exactly: 1234567 with -3 is 1234.567. A decimal string where a number would show other digits.
 * Fractions (float32, float64) are scaled in decimal too; NaN and infinities give NaN.
 */
export function scaleExactly(raw: number | bigint, scaler: number): number | string {
  if (typeof raw === 'bigint') {
    if (raw >= -SAFE_BIG && raw <= SAFE_BIG) return scaleExactly(Number(raw), scaler);
    return fromDigits(raw.toString(), scaler);
  }
  if (raw < SAFE && raw > -SAFE && Number.isInteger(raw)) {
    // Both operands are exact doubles, so IEEE 754 division rounds the true quotient once; 15 digits always survive that.
    if (scaler <= 0 && scaler >= -22) return raw === 0 ? 0 : scaler === 0 ? raw : raw / (POWERS[-scaler] as number);
    if (raw === 0) return 0;
    const product = scaler > 0 && scaler <= 15 ? raw * (POWERS[scaler] as number) : NaN;
    if (product < SAFE && product > -SAFE) return product;
  }
  if (!Number.isFinite(raw)) return NaN;
  if (!Number.isInteger(raw)) return scaler === 0 ? raw : Number(`${raw}e${scaler}`);
  return fromDigits(BigInt(raw).toString(), scaler);
}

/** The number a float32 was meant to be: 230.1, not 230.10000610351562. */
export function shortestFloat32(value: number): number {
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function fromDigits(digits: string, scaler: number): number | string {
  const exact = decimal(digits, scaler);
  const number = Number(exact);
  return Number.isFinite(number) && decimalOf(number) === exact ? number : exact;
}

/** Plain decimal text without exponent and without zeros that say nothing. */
function decimal(digits: string, scaler: number): string {
  const negative = digits.startsWith('-');
  const magnitude = negative ? digits.slice(1) : digits;
  let text: string;
  if (scaler >= 0) text = magnitude + '0'.repeat(scaler);
  else {
    const padded = magnitude.padStart(1 - scaler, '0');
    const point = padded.length + scaler;
    text = `${padded.slice(0, point)}.${padded.slice(point)}`.replace(/\.?0+$/, '');
  }
  return negative ? `-${text}` : text;
}

/** What String(n) says, without exponent. */
function decimalOf(n: number): string {
  const text = String(n);
  const m = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (m === null) return text;
  const fraction = m[3] ?? '';
  return decimal(`${m[1]}${m[2]}${fraction}`, Number(m[4]) - fraction.length);
}

const SAFE = 1e15;
const SAFE_BIG = 999_999_999_999_999n;
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

const SYMBOLS: Readonly<Record<number, string>> = {
  1: 'a',
  2: 'mo',
  3: 'wk',
  4: 'd',
  5: 'h',
  6: 'min',
  7: 's',
  8: 'deg',
  9: '°C',
  10: 'currency',
  11: 'm',
  12: 'm/s',
  13: 'm3',
  14: 'm3',
  15: 'm3/h',
  16: 'm3/h',
  17: 'm3/d',
  18: 'm3/d',
  19: 'l',
  20: 'kg',
  21: 'N',
  22: 'Nm',
  23: 'Pa',
  24: 'bar',
  25: 'J',
  26: 'J/h',
  27: 'W',
  28: 'VA',
  29: 'var',
  30: 'Wh',
  31: 'VAh',
  32: 'varh',
  33: 'A',
  34: 'C',
  35: 'V',
  36: 'V/m',
  37: 'F',
  38: 'Ohm',
  39: 'Ohm m2/m',
  40: 'Wb',
  41: 'T',
  42: 'A/m',
  43: 'H',
  44: 'Hz',
  45: '1/Wh',
  46: '1/varh',
  47: '1/VAh',
  48: 'V2h',
  49: 'A2h',
  50: 'kg/s',
  51: 'S',
  52: 'K',
  53: '1/V2h',
  54: '1/A2h',
  55: '1/m3',
  56: '%',
  57: 'Ah',
  60: 'Wh/m3',
  61: 'J/m3',
  62: 'Mol%',
  63: 'g/m3',
  64: 'Pa s',
  65: 'J/kg',
  66: 'g/cm2',
  67: 'atm',
  70: 'dBm',
  71: 'dBuV',
  72: 'dB',
  128: 'in',
  129: 'ft',
  130: 'lb',
  131: '°F',
  132: '°R',
  133: 'in2',
  134: 'ft2',
  135: 'ac',
  136: 'in3',
  137: 'ft3',
  138: 'ac ft',
  139: 'gal (imp)',
  140: 'gal (US)',
  141: 'lbf',
  142: 'psi',
  143: 'lb/ft3',
  144: 'lb/(ft s)',
  145: 'ft2/s',
  146: 'Btu',
  147: 'thm (EC)',
  148: 'thm (US)',
};
