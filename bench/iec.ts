// Text readouts and P1 against a parser by hand: check sum, lines, brackets, numbers, no names and no typing rules.
// G11 and G14 of docs/performance.md.

import assert from 'node:assert/strict';

import { IecDecoder } from '../src/core/iec62056-21/decoder';
import { PushDecoder } from '../src/core/push/decoder';
import { crc16Arc } from '../src/core/wire/crc16';
import { concat, fromLatin1 } from '../src/core/wire/hex';
import { householdList } from '../src/sim/iec-list';
import { block } from '../src/sim/iec-meter';
import { compare, ratioFigure, type Bench, type Figure, type How } from './runner';

export const benches: readonly Bench[] = [{ name: 'iec', run }];

async function run(how: How): Promise<readonly Figure[]> {
  const lines = householdList({ nowMs: Date.UTC(2026, 10, 21), serialNumber: '00012345', offsetMinutes: () => 60 });
  const readout = concat(fromLatin1('/MFL5SIM-1\r\n'), block(`${lines.join('\r\n')}\r\n!\r\n`));
  const telegram = p1();
  const garbage = noise(64 * telegram.length);
  const many = concat(...Array.from({ length: 64 }, () => telegram));
  const bytes = Array.from(telegram, byte => Uint8Array.of(byte));

  assert.equal(readingsOf(readout), lines.length);
  assert.equal(readoutByHand(readout).length, lines.length);
  assert.equal(readingsOf(telegram), P1_LINES.length);
  assert.equal(p1ByHand(telegram).length, P1_LINES.length);
  assert.equal(readoutByHand(readout).find(r => r.id === '1.8.0')?.unit, 'kWh');

  const list = new IecDecoder();
  const port = new IecDecoder();
  const stream = new IecDecoder();
  const bytewise = new IecDecoder();
  const whole = new IecDecoder();
  const a = await compare(
    () => list.receive(readout),
    () => readoutByHand(readout),
    how,
  );
  const b = await compare(
    () => port.receive(telegram),
    () => p1ByHand(telegram),
    how,
  );
  const c = await compare(
    () => new IecDecoder({ parity: '8N1' }).receive(garbage),
    () => stream.receive(many),
    how,
  );
  const d = await compare(
    () => bytes.flatMap(byte => bytewise.receive(byte)),
    () => whole.receive(telegram),
    how,
  );
  const pushed = new PushDecoder();
  assert.equal(pushed.receive(telegram).events.length, 1);
  const e = await compare(
    () => pushed.receive(telegram),
    () => p1ByHand(telegram),
    how,
  );
  return [
    ratioFigure('G11', `readout, ${readout.length} B, to named readings`, a, 3, 'hand parser'),
    ratioFigure('G11', `P1 telegram, ${telegram.length} B, to named readings`, b, 3, 'hand parser'),
    ratioFigure('G11', `P1 telegram by the push decoder, ${telegram.length} B`, e, 3, 'hand parser'),
    ratioFigure('G14', `IEC: garbage, ${garbage.length} B`, c, 2, 'telegrams of that size'),
    ratioFigure('G14', 'IEC: P1 byte by byte', d, 5, 'whole'),
  ];
}

function readingsOf(bytes: Uint8Array): number {
  const [event] = new IecDecoder().receive(bytes);
  assert.ok(event?.type === 'telegram');
  assert.equal(event.origin.checksum, 'ok');
  return event.telegram.readings.length;
}

interface Bare {
  id: string;
  value: number | string;
  unit: string | null;
  more: string[];
}

/** What one would write for one's own meter. */
function readoutByHand(bytes: Uint8Array): Bare[] {
  const start = bytes.indexOf(2) + 1;
  const end = bytes.indexOf(3, start);
  let bcc = 0;
  for (let i = start; i <= end; i++) bcc ^= bytes[i] as number;
  if (bcc !== bytes[end + 1]) throw new Error('BCC');
  return linesByHand(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
}

function p1ByHand(bytes: Uint8Array): Bare[] {
  const bang = bytes.lastIndexOf(0x21);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (crc16Arc(bytes, 0, bang + 1) !== parseInt(text.slice(bang + 1), 16)) throw new Error('CRC');
  return linesByHand(text.slice(text.indexOf('\r\n'), bang));
}

function linesByHand(text: string): Bare[] {
  const found: Bare[] = [];
  for (const line of text.split('\r\n')) {
    const m = /^([^(]+)\(([^)*]*)(?:\*([^)]*))?\)(.*)$/.exec(line);
    if (m === null) continue;
    const digits = m[2] as string;
    const more = m[4] === '' ? [] : (m[4] as string).slice(1, -1).split(')(');
    found.push({
      id: m[1] as string,
      value: /^-?[0-9.]+$/.test(digits) ? Number(digits) : digits,
      unit: m[3] ?? null,
      more,
    });
  }
  return found;
}

function p1(): Uint8Array {
  const body = `/MFL5\\2SIM-1\r\n\r\n${P1_LINES.join('\r\n')}\r\n!`;
  const crc = crc16Arc(fromLatin1(body)).toString(16).toUpperCase().padStart(4, '0');
  return fromLatin1(`${body}${crc}\r\n`);
}

function noise(length: number): Uint8Array {
  let state = 62056;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  });
}

const phases = (c: string, text: string): string[] =>
  ['', '', ''].map((_, i) => `1-0:${i * 20 + Number(c)}.7.0(${text})`);
const P1_LINES: readonly string[] = [
  '1-3:0.2.8(50)',
  '0-0:1.0.0(260101120000W)',
  '0-0:96.1.1(4D464C30303030313233343536373839)',
  '1-0:1.8.1(000123.456*kWh)',
  '1-0:1.8.2(000456.789*kWh)',
  '1-0:2.8.1(000000.000*kWh)',
  '1-0:2.8.2(000000.000*kWh)',
  '0-0:96.14.0(0002)',
  '1-0:1.7.0(00.193*kW)',
  '1-0:2.7.0(00.000*kW)',
  '0-0:96.7.21(00004)',
  '0-0:96.7.9(00002)',
  '1-0:99.97.0(1)(0-0:96.7.19)(250101120000W)(0000000240*s)',
  ...phases('32', '230.1*V'),
  ...phases('31', '001*A'),
  ...phases('21', '00.064*kW'),
  ...phases('22', '00.000*kW'),
  '0-0:96.13.0()',
  '0-1:24.1.0(003)',
  '0-1:96.1.0(4D464C30303030313233343536373839)',
  '0-1:24.2.1(260101115500W)(00123.456*m3)',
];
