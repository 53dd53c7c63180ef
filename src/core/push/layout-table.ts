// The positional lists that meters are known to send: TABLE. Each row names the meter that forced it.
// The rule of the file: a row is data in the shape of the user's own layouts; more specific rows stand first.

import type { Layout, LayoutEntry } from './layouts';

const W = 'W';
const VAR = 'var';
const WH = 'Wh';
const VARH = 'varh';
const V = 'V';
const A = 'A';
const VIENNA = 'Europe/Vienna';

/** Code, unit, scaler and type of each position in order. */
type Cell = Omit<LayoutEntry, 'position'>;

const u32 = 'double-long-unsigned';
const counter = 'double-long-unsigned|long64-unsigned|double-long|long64';
const power = 'double-long-unsigned|double-long|long64|long64-unsigned';
const u16 = 'long-unsigned';

const value = (obis: string, unit: string, scaler: number, type: string): Cell => ({
  obis: `1-0:${obis}*255`,
  unit,
  scaler,
  type,
});
const p = (obis: string): Cell => value(obis, W, 0, power);
const q = (obis: string): Cell => value(obis, VAR, 0, power);
const e = (obis: string): Cell => value(obis, WH, 0, counter);
const r = (obis: string): Cell => value(obis, VARH, 0, counter);
const volt = (obis: string, scaler: number, type: string): Cell => value(obis, V, scaler, type);
const amp = (obis: string, scaler: number, type: string): Cell => value(obis, A, scaler, type);
const degrees = (obis: string): Cell => value(obis, 'deg', 0, u16);
const unknown = (type: string): Cell => ({ role: 'unknown', type });

const clock: Cell = { obis: '0-0:1.0.0*255', role: 'clock', type: 'octet-string(12)|date-time' };
const meterId: Cell = { role: 'meter-id', type: 'text' };
const deviceName: Cell = { obis: '0-0:42.0.0*255', type: 'text' };
const timeOfDay: Cell = { role: 'time', type: 'octet-string(4)|time' };
const dateOfDay: Cell = { role: 'date', type: 'octet-string(5)|date' };

const layout = (name: string, first: string | null, ...cells: readonly Cell[]): Layout => ({
  name,
  elements: cells.length,
  ...(first === null ? {} : { first }),
  entries: cells.map((cell, position) => ({ position, ...cell })),
});

// Kaifa MA304/MA105 (Norway, Sweden), list KFM_001: U 0.1 V, I 0.001 A. CT types send energies with 64 bits.
const kfmHead: readonly Cell[] = [
  { obis: '1-1:0.2.129*255', role: 'list-version', type: 'text' },
  meterId,
  { obis: '0-0:96.1.7*255', role: 'model', type: 'text' },
  p('1.7.0'),
  p('2.7.0'),
  q('3.7.0'),
  q('4.7.0'),
];
const kfmOnePhase: readonly Cell[] = [amp('31.7.0', -3, u32), volt('32.7.0', -1, u32)];
const kfmThreePhase: readonly Cell[] = [
  amp('31.7.0', -3, u32),
  amp('51.7.0', -3, u32),
  amp('71.7.0', -3, u32),
  volt('32.7.0', -1, u32),
  volt('52.7.0', -1, u32),
  volt('72.7.0', -1, u32),
];
const kfmHourly: readonly Cell[] = [clock, e('1.8.0'), e('2.8.0'), r('3.8.0'), r('4.8.0')];

// Landis+Gyr E450 (Burgenland): U 1 V, I 0.01 A; an angle of 400 means none.
const bgldHead: readonly Cell[] = [
  volt('32.7.0', 0, u16),
  volt('52.7.0', 0, u16),
  volt('72.7.0', 0, u16),
  amp('31.7.0', -2, u16),
  amp('51.7.0', -2, u16),
  amp('71.7.0', -2, u16),
  p('1.7.0'),
  p('2.7.0'),
  e('1.8.0'),
  e('2.8.0'),
];

// Iskraemeco AM550, Landis+Gyr E450 and Siemens IM350 (Wiener Netze).
const wn: readonly Cell[] = [
  clock,
  e('1.8.0'),
  e('2.8.0'),
  r('3.8.0'),
  r('4.8.0'),
  p('1.7.0'),
  p('2.7.0'),
  q('3.7.0'),
  q('4.7.0'),
];

// Iskraemeco AM550, Siemens IM350 (Kaernten, Oberoesterreich, Wels): the IDIS CII list.
const cii: readonly Cell[] = [
  { role: 'push-setup', type: 'octet-string(6)' },
  meterId,
  timeOfDay,
  dateOfDay,
  e('1.8.0'),
  e('2.8.0'),
  r('3.8.0'),
  r('4.8.0'),
  p('1.7.0'),
  p('2.7.0'),
];

// Iskraemeco AM550 (Slovenia): the first element is the logical device name ISK..., U 0.1 V, I 0.01 A.
const siPowers: readonly Cell[] = [p('1.7.0'), p('2.7.0'), q('3.7.0'), q('4.7.0')];
const siVolts: readonly Cell[] = [volt('32.7.0', -1, u16), volt('52.7.0', -1, u16), volt('72.7.0', -1, u16)];
const siAmps: readonly Cell[] = [amp('31.7.0', -2, u16), amp('51.7.0', -2, u16), amp('71.7.0', -2, u16)];

export const LAYOUTS: readonly Layout[] = [
  layout('kfm-9', 'KFM', ...kfmHead, ...kfmOnePhase),
  layout('kfm-13', 'KFM', ...kfmHead, ...kfmThreePhase),
  layout('kfm-14', 'KFM', ...kfmHead, ...kfmOnePhase, ...kfmHourly),
  layout('kfm-18', 'KFM', ...kfmHead, ...kfmThreePhase, ...kfmHourly),
  // One number says nothing of its meter, but the clock in front of it does.
  { ...layout('kfm-1', null, value('1.7.0', W, 0, u32)), taggedClock: true },

  layout(
    'si-18',
    'ISK',
    deviceName,
    meterId,
    ...siPowers,
    ...siVolts,
    ...siAmps,
    p('21.7.0'),
    p('41.7.0'),
    p('61.7.0'),
    p('22.7.0'),
    p('42.7.0'),
    p('62.7.0'),
  ),
  layout(
    'si-12-energy',
    'ISK',
    deviceName,
    meterId,
    { obis: '0-0:96.3.10*255', type: 'enum' },
    { obis: '0-0:96.14.0*255', type: 'octet-string|visible-string' },
    e('1.8.0'),
    e('1.8.1'),
    e('1.8.2'),
    e('2.8.0'),
    e('2.8.1'),
    e('2.8.2'),
    r('3.8.0'),
    r('4.8.0'),
  ),
  layout('si-12-celje', 'ISK', deviceName, meterId, ...siVolts, ...siAmps, ...siPowers),
  layout(
    'si-10',
    'ISK',
    deviceName,
    meterId,
    ...siPowers,
    volt('32.7.0', -1, u16),
    amp('31.7.0', -2, u16),
    p('21.7.0'),
    p('22.7.0'),
  ),
  layout(
    'si-9-voltage',
    'ISK',
    deviceName,
    meterId,
    ...siPowers,
    volt('32.7.0', -1, u16),
    unknown('any'),
    unknown('any'),
  ),
  layout(
    'si-9-energy',
    'ISK',
    deviceName,
    p('1.7.0'),
    p('2.7.0'),
    e('1.8.0'),
    e('1.8.1'),
    e('1.8.2'),
    e('2.8.0'),
    e('2.8.1'),
    e('2.8.2'),
  ),
  layout('si-8', 'ISK', deviceName, meterId, volt('32.7.0', -1, u16), amp('31.7.0', -2, u16), ...siPowers),
  layout('si-4', null, meterId, unknown('unsigned'), e('1.8.0'), e('2.8.0')),

  // Iskraemeco IE.5 (Croatia); what follows the currents has no confirmed meaning.
  layout(
    'hr-33',
    null,
    { obis: '0-0:96.1.0*255', role: 'meter-id', type: 'text' },
    timeOfDay,
    dateOfDay,
    e('1.8.0'),
    e('1.8.1'),
    e('1.8.2'),
    e('2.8.0'),
    e('2.8.1'),
    e('2.8.2'),
    r('5.8.0'),
    r('6.8.0'),
    r('7.8.0'),
    r('8.8.0'),
    p('1.7.0'),
    p('2.7.0'),
    { obis: '1-0:13.7.0*255', scaler: -3, type: 'number' },
    p('21.7.0'),
    p('41.7.0'),
    p('61.7.0'),
    p('22.7.0'),
    p('42.7.0'),
    p('62.7.0'),
    ...siVolts,
    ...siAmps,
    unknown('number'),
    unknown('array'),
    unknown('array'),
    unknown('array'),
    unknown('boolean'),
  ),

  layout('cii-12', null, ...cii, { obis: '0-0:96.13.0*255' }, { obis: '0-0:96.13.1*255' }),
  layout('cii-10', null, ...cii),
  layout('bgld-14', null, ...bgldHead, degrees('81.7.40'), degrees('81.7.51'), degrees('81.7.62'), meterId),
  layout('bgld-11', null, ...bgldHead, meterId),
  { ...layout('wn-9', null, ...wn), zone: VIENNA },
  { ...layout('wn-10', null, deviceName, ...wn), zone: VIENNA },
];
