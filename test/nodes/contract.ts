// docs/messages.md as a check: what every message of every node has to be, field by field.
// The rule of the file: it knows the contract only, nothing of how the nodes make their messages.

import assert from 'node:assert/strict';

type Fields = Record<string, unknown>;
type Check = (value: unknown, where: string) => void;

/** A whole telegram. `converted`: its values have other units than on the wire, so raw and scaler tell of other numbers. */
export function checkTelegram(payload: unknown, converted = false): void {
  const telegram = fields(payload, 'payload', {
    meter: checkMeter,
    time: orNull(checkTime),
    receivedAt: checkReceived,
    readings: list((value, where) => checkReading(value, where, converted)),
  });
  only(telegram, ['meter', 'time', 'receivedAt', 'readings'], 'payload');
}

export const checkMeter: Check = (value, where) => {
  const meter = fields(value, where, { id: orNull(text), manufacturer: orNull(text), model: orNull(text) });
  optional(meter, where, { systemTitle: matching(/^[0-9a-f]{16}$/) });
  only(meter, ['id', 'manufacturer', 'model', 'systemTitle'], where);
  if (typeof meter['manufacturer'] === 'string') assert.match(meter['manufacturer'], /^[A-Za-z]{3}$/, where);
};

function checkReading(value: unknown, where: string, converted: boolean): void {
  const reading = fields(value, where, {
    obis: orNull(checkObis),
    name: text,
    key: checkKey,
    value: checkValue,
    unit: orNull(text),
  });
  optional(reading, where, {
    id: text,
    position: whole,
    raw: numberOrDecimal,
    scaler: whole,
    scaleSource: oneOf('telegram', 'layout', 'user', 'none'),
    time: orNull(checkTime),
    sets: list(checkSet),
    text: string,
    classId: whole,
    attribute: whole,
    status: whole,
    meter: checkMeter,
  });
  only(reading, READING_FIELDS, where);
  if ('raw' in reading && 'scaler' in reading && !converted) {
    assert.equal(
      'value' in reading ? String(plainDecimal(reading['value'])) : '',
      exact(reading),
      `${where}: scaled exactly`,
    );
  }
}

export function checkProfile(payload: unknown): void {
  const profile = fields(payload, 'payload', {
    meter: checkMeter,
    profile: (value, where) => {
      const about = fields(value, where, {
        obis: text,
        capturePeriod: orNull(whole),
        access: oneOf('range', 'entry', 'all'),
      });
      only(about, ['obis', 'capturePeriod', 'access'], where);
    },
    from: orNull(checkTime),
    to: orNull(checkTime),
    columns: list(checkColumn),
    rows: list(checkRow),
  });
  only(profile, ['meter', 'profile', 'from', 'to', 'columns', 'rows'], 'payload');
  checkRowsHaveColumns(profile['rows'] as Fields[], profile['columns'] as Fields[]);
}

/** Rows, one row or a text form: what they are about stands beside them. */
export function checkBesideRows(payload: unknown, dlms: unknown): void {
  const about = fields(dlms, 'dlms', {
    meter: checkMeter,
    profile: (value, where) => void fields(value, where, { obis: text, capturePeriod: orNull(whole) }),
    columns: list(checkColumn),
  });
  if (typeof payload === 'string') return;
  const rows = Array.isArray(payload) ? payload : [payload];
  list(checkRow)(rows, 'payload');
  checkRowsHaveColumns(rows as Fields[], about['columns'] as Fields[]);
}

const checkColumn: Check = (value, where) => {
  const column = fields(value, where, {
    key: text,
    obis: checkObis,
    classId: whole,
    attribute: whole,
    dataIndex: whole,
    name: text,
    unit: orNull(text),
    scaler: orNull(whole),
  });
  assert.match(String(column['key']), new RegExp(`^${escaped(String(column['obis']))}(#[2-9]\\d*)?$`), `${where}.key`);
};

const checkRow: Check = (value, where) => {
  const row = fields(value, where, { time: orNull(checkTime) });
  for (const [key, cell] of Object.entries(row)) {
    assert.ok(cell === null || ['number', 'string', 'boolean'].includes(typeof cell), `${where}.${key} is flat`);
    assert.ok(typeof cell !== 'number' || Number.isFinite(cell), `${where}.${key}`);
  }
};

function checkRowsHaveColumns(rows: readonly Fields[], columns: readonly Fields[]): void {
  const keys = columns.map(column => column['key']);
  for (const row of rows) {
    assert.deepEqual(
      Object.keys(row).filter(key => key !== 'time' && key !== 'status'),
      keys,
      'each row has the columns, in their order',
    );
  }
}

/** `msg.dlms`. Fields beyond those listed may be there: the contract only grows. */
export function checkOrigin(dlms: unknown, source: 'push' | 'get' | 'profile' | 'iec'): void {
  const origin = fields(dlms, 'dlms', { source: oneOf(source) });
  optional(origin, 'dlms', {
    framing: text,
    service: text,
    encrypted: boolean,
    authenticated: boolean,
    systemTitle: matching(/^[0-9a-f]{16}$/),
    invocationCounter: whole,
    layout: text,
    zone: oneOf('layout'),
    checksum: oneOf('ok', 'bad', 'none'),
    complete: oneOf(false),
    hex: matching(/^([0-9a-f]{2})+$/),
    objects: list((value, where) =>
      fields(value, where, { obis: orNull(checkObis), name: text, key: checkKey, unit: orNull(text) }),
    ),
  });
}

/** What a Catch node gets. */
export function checkError(error: unknown, code: string): void {
  const told = fields(error, 'error', { message: text, code: oneOf(code) });
  assert.match(code, /^[A-Z][A-Z0-9_]+$/);
  checkSentence(told['message'], 'error.message');
}

/** The second output of decoders. */
export function checkProblem(msg: Fields, code: string): void {
  const payload = fields(msg['payload'], 'payload', {
    code: oneOf(code),
    message: checkSentence,
    hex: matching(/^([0-9a-f]{2})*$/),
  });
  only(payload, ['code', 'message', 'hex'], 'payload');
  fields(msg['dlms'], 'dlms', { source: oneOf('push') });
}

/** The forms of the OBIS filter for one message. */
export const FILTER_FORMS: Readonly<Record<string, (msg: Fields) => void>> = {
  readings: checkSingle,
  'per-rule': checkSingle,
  flat: msg => {
    const payload = fields(msg['payload'], 'payload', {});
    for (const [label, value] of Object.entries(payload)) {
      checkKey(label, 'payload');
      checkValue(value, `payload.${label}`);
    }
    const units = fields(msg['units'], 'units', {});
    for (const [label, unit] of Object.entries(units)) {
      text(unit, `units.${label}`);
      assert.ok(label in payload, `units.${label} is a value`);
    }
    checkMoment(msg);
  },
  telegram: msg => checkTelegram(msg['payload'], true),
  influx: msg =>
    list((value, where) => {
      const point = fields(value, where, {
        measurement: text,
        fields: (of, there) => Object.values(fields(of, there, {})).forEach(one => checkValue(one, there)),
        tags: (of, there) => Object.values(fields(of, there, {})).forEach(one => text(one, there)),
        timestamp: (of, there) => assert.ok(of instanceof Date && !Number.isNaN(of.getTime()), there),
      });
      assert.ok('meter' in (point['tags'] as Fields), `${where}.tags.meter`);
      assert.ok(!Object.values(point['fields'] as Fields).includes(null), `${where}: a field is never null`);
    })(msg['payload'], 'payload'),
  sql: msg =>
    list((value, where) => {
      const row = fields(value, where, {
        meter: orNull(text),
        time: orNull(checkTime),
        obis: orNull(checkObis),
        key: checkKey,
        value: checkValue,
        unit: orNull(text),
      });
      if ('timeSource' in row) assert.equal(row['timeSource'], 'received', where);
      only(row, ['meter', 'time', 'timeSource', 'obis', 'key', 'value', 'unit'], where);
    })(msg['payload'], 'payload'),
  homeassistant: msg => {
    text(msg['topic'], 'topic');
    if (!String(msg['topic']).startsWith('homeassistant/')) return checkValue(msg['payload'], 'payload');
    if (!String(msg['topic']).endsWith('/config')) return checkValue(msg['payload'], 'payload');
    assert.match(String(msg['topic']), /^homeassistant\/sensor\/[a-z0-9_]+\/[a-z0-9_]+\/config$/);
    assert.equal(msg['retain'], true);
    fields(msg['payload'], 'payload', { name: text, unique_id: text, state_topic: text });
  },
};

function checkSingle(msg: Fields): void {
  fields(msg, 'msg', {
    topic: text,
    payload: checkValue,
    unit: orNull(text),
    obis: orNull(checkObis),
    name: text,
  });
  checkMoment(msg);
}

function checkMoment(msg: Fields): void {
  fields(msg, 'msg', {
    time: orNull(checkTime),
    timestamp: (value, where) => assert.ok(Number.isInteger(value) && (value as number) > 1e12, `${where}: ms`),
    meter: orNull(text),
  });
}

const checkSet: Check = (value, where) => {
  const set = fields(value, where, { text: string });
  optional(set, where, { value: checkValue, unit: orNull(text), time: orNull(checkTime) });
  only(set, SET_FIELDS, where);
};

const checkValue: Check = (value, where) => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  assert.ok(typeof value === 'number' && Number.isFinite(value), `${where}: ${String(value)}`);
};

const checkObis: Check = (value, where) => {
  const m = /^(\d+)-(\d+):(\d+)\.(\d+)\.(\d+)[*&](\d+)$/.exec(String(value));
  assert.ok(m !== null, `${where}: ${String(value)} is canonical`);
  for (const part of m.slice(1)) assert.ok(String(Number(part)) === part && Number(part) < 256, `${where}: ${part}`);
};

/** ISO 8601 that is a real time, with an offset or without one. */
const checkTime: Check = (value, where) => {
  assert.match(String(value), /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/, where);
  assert.ok(!Number.isNaN(Date.parse(String(value))), where);
};

const checkReceived: Check = (value, where) => {
  assert.match(String(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, where);
  assert.ok(Math.abs(Date.parse(String(value)) - Date.now()) < 60_000, `${where} is now`);
};

const checkKey: Check = (value, where) => assert.match(String(value), /^[a-z0-9]+(_[a-z0-9]+)*$/, where);

const checkSentence: Check = (value, where) => {
  text(value, where);
  assert.ok(
    (value as string).length > 10 && !/(^|[^-])\bundefined\b|\[object|\bNaN\b/.test(value as string),
    `${where}: ${String(value)}`,
  );
};

const text: Check = (value, where) =>
  assert.ok(typeof value === 'string' && value !== '', `${where} is text: ${String(value)}`);
const string: Check = (value, where) => assert.equal(typeof value, 'string', where);
const boolean: Check = (value, where) => assert.equal(typeof value, 'boolean', where);
const whole: Check = (value, where) => assert.ok(Number.isInteger(value), `${where} is whole: ${String(value)}`);
const numberOrDecimal: Check = (value, where) => {
  if (typeof value === 'number') assert.ok(Number.isFinite(value), where);
  else assert.match(String(value), /^-?\d+(\.\d+)?$/, where);
};

const orNull =
  (check: Check): Check =>
  (value, where) =>
    value === null ? undefined : check(value, where);
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, where) =>
    assert.ok(values.includes(value), `${where}: ${String(value)} is none of ${values.join(', ')}`);
const matching =
  (pattern: RegExp): Check =>
  (value, where) =>
    assert.match(String(value), pattern, where);
const list =
  (check: Check): Check =>
  (value, where) => {
    assert.ok(Array.isArray(value), `${where} is a list`);
    value.forEach((item, i) => check(item, `${where}[${i}]`));
  };

/** Fields that are always there. */
function fields(value: unknown, where: string, checks: Readonly<Record<string, Check>>): Fields {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${where} is an object`);
  for (const [name, check] of Object.entries(checks)) {
    assert.ok(name in value, `${where}.${name} is there`);
    check((value as Fields)[name], `${where}.${name}`);
  }
  return value as Fields;
}

/** Fields that are absent when there is nothing to say: never undefined. */
function optional(value: Fields, where: string, checks: Readonly<Record<string, Check>>): void {
  for (const [name, check] of Object.entries(checks)) if (name in value) check(value[name], `${where}.${name}`);
}

function only(value: Fields, names: readonly string[], where: string): void {
  const others = Object.keys(value).filter(name => !names.includes(name));
  assert.deepEqual(others, [], `${where} has fields that no contract names`);
}

/** raw times ten to the scaler, as decimal text, by moving the point. */
function exact({ raw, scaler }: Fields): string {
  const [, sign = '', digits = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(plainDecimal(raw))) ?? [];
  const all = digits + fraction;
  const point = digits.length + Number(scaler);
  const padded = point <= 0 ? '0'.repeat(1 - point) + all : all.padEnd(point, '0');
  const at = Math.max(1, point);
  const whole = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(at).replace(/0+$/, '');
  const magnitude = rest === '' ? whole : `${whole}.${rest}`;
  return magnitude === '0' ? '0' : sign + magnitude;
}

/** Without an exponent. */
function plainDecimal(value: unknown): unknown {
  if (typeof value !== 'number' || !/e/.test(String(value))) return value;
  const [, sign = '', first = '', more = '', power = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
  return exact({ raw: `${sign}${first}${more}`, scaler: Number(power) - more.length });
}

function escaped(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const READING_FIELDS = [
  ...['obis', 'id', 'position', 'name', 'key', 'value', 'unit', 'raw', 'scaler', 'scaleSource', 'time', 'sets'],
  ...['text', 'classId', 'attribute', 'status', 'meter'],
];
/** The last ones were added for text readouts: what a text that stays text was understood as. */
const SET_FIELDS = [
  ...['text', 'value', 'unit', 'time'],
  ...['parts', 'timeOfDay', 'date', 'season', 'decoded', 'flags'],
];
