import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';

import type { Outcome } from '../../src/core/client/request';
import type { Data } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/obis/obis';
import { hex, latin1 } from '../../src/core/wire/hex';
import { TRANSCRIPTS, logOf, replay, transcript, type Replay } from './replay';

/** Requests that may differ, and how many: another client chose its own title, invoke-id or order of counters. */
const DIFFER: Readonly<Record<string, RegExp>> = {
  'dlmscosem-hdlc-none-clock': /^7ea0/,
  'dlmscosem-hdlc-none-objects-fcs7e': /^7ea0/,
  'dlmscosem-wrapper-gmac-clock-objects': /^0001/,
  'dlmscosem-wrapper-low-clock-objects': /^0001/,
  // That client released without the ciphered user-information its server wants.
  'ln-wrapper-gmac-clock-objects-range': /^000100010001002a62/,
};
const ENDS_REFUSED: Readonly<Record<string, string>> = {
  'ln-hdlc-low-wrong-password': 'WRONG_PASSWORD',
  'ln-wrapper-gmac-stale-counter': 'COUNTER_TOO_LOW',
  'stock-sn-hdlc-none-rejected': 'ASSOCIATION_REFUSED',
};

describe('recorded conversations with independent servers', function () {
  this.timeout(120_000);
  if (TRANSCRIPTS === null) {
    it('skipped: corpus absent');
    return;
  }
  const names = readdirSync(TRANSCRIPTS)
    .filter(f => f.endsWith('.json'))
    .map(f => f.slice(0, -'.json'.length));

  it('are all there', () => assert.equal(names.length, 32));

  for (const name of names) {
    describe(name, () => {
      it('asks the same and gets the values of the log', () => check(name, replay(name)));
      it('gets them byte by byte', () =>
        check(
          name,
          replay(name, reply => [...reply].map(b => Uint8Array.of(b))),
        ));
      it('gets them with each reply cut in two, at every place', () => {
        const longest = Math.max(
          ...transcript(name).exchanges.map(e => (e.dir === 'server->client' ? e.hex.length / 2 : 0)),
        );
        // A large conversation has many frames that are alike: a few places, which fall differently in each.
        const large = transcript(name).exchanges.reduce((sum, e) => sum + e.hex.length, 0) > 100_000;
        const stride = large ? Math.ceil(longest / 7) + 1 : 1;
        for (let at = 1; at < longest; at += stride) {
          check(
            name,
            replay(name, reply => [reply.subarray(0, at % reply.length), reply.subarray(at % reply.length)]),
          );
        }
      });
    });
  }
});

function check(name: string, r: Replay): void {
  const allowed = DIFFER[name];
  for (const d of r.differences) assert.ok(allowed?.test(d), `another request: ${d}`);
  const refused = r.events.find(e => e.type === 'refused' || e.type === 'fault');
  if (name in ENDS_REFUSED) {
    assert.ok(refused !== undefined && 'error' in refused);
    assert.equal(refused.error.code, ENDS_REFUSED[name]);
    if (refused.error.detail.code === 'COUNTER_TOO_LOW') assert.equal(refused.error.detail.needed, 0x7e2);
    return;
  }
  assert.equal(refused, undefined, refused !== undefined && 'error' in refused ? refused.error.message : '');
  if (name.endsWith('fcs7e')) {
    // The last frame recorded ends in 87 7E 7E: it must be taken, so that the next part is asked for.
    assert.match(r.lastWrite, /^7ea0/);
    assert.equal(r.repliesLeft, -1);
    return;
  }
  assert.ok(r.repliesLeft <= 0, `${r.repliesLeft} replies were not asked for`);
  checkLog(name, r);
}

/** Walks the log; each line that holds a value takes the next answers. */
function checkLog(name: string, r: Replay): void {
  const log = logOf(name);
  const values = r.answers.slice();
  const next = (): Data => valueOf(values.shift()?.[0]);
  const unknown = log.filter(l => l.startsWith('Unknown object')).length;
  let checked = 0;
  for (const line of log) {
    checked++;
    let m: RegExpExecArray | null;
    if (
      (m = /^(?:snclock|clock) .*?(\d\d\/\d\d\/\d\d [\d:]+)$/.exec(line) ?? /^(\d\d\/\d\d\/\d\d [\d:]+)$/.exec(line))
    ) {
      assert.equal(clock(next()), m[1]);
    } else if ((m = /^clock .* ([0-9a-f]+)$/.exec(line))) {
      const value = next();
      assert.ok(value.type === 'octet-string' && (m[1] as string).startsWith(`090c${hex(value.value)}`), line);
    } else if ((m = /^(?:snldn|ldn) .*?([A-Z]{3}\d+)/.exec(line))) {
      const value = next();
      assert.equal(value.type === 'octet-string' ? latin1(value.value) : '', m[1]);
    } else if ((m = /^reg .*\(\[([\d.]+),.*: (\d+)>\], ([\d.]+)\)$/.exec(line))) {
      const [scaler, unit] = numbers(next());
      assert.equal(10 ** (scaler as number), Number(m[1]));
      assert.equal(unit, Number(m[2]));
      assert.equal(((numbers(next())[0] as number) * 10 ** (scaler as number)).toFixed(2), m[3]);
    } else if ((m = /^snreg .* (\d+)$/.exec(line))) {
      assert.equal(numbers(next())[0], Number(m[1]));
    } else if ((m = /^objects .*?(\d+)$/.exec(line))) {
      const list = next();
      assert.equal(list.type === 'array' ? list.value.length : -1, Number(m[1]) + unknown);
    } else if ((m = /^columns (\d+)$/.exec(line))) {
      assert.equal(columns(next()).length, Number(m[1]));
    } else if (line.startsWith('columns')) {
      assert.deepEqual(columns(next()), columnsOf(line));
    } else if ((m = /^(?:range|entry) .*\((\d+), '([^']+)'.*, '([^']+)'\)$/.exec(line))) {
      const rows = next();
      assert.ok(rows.type === 'array');
      assert.equal(rows.value.length, Number(m[1]));
      assert.equal(clock(cell(rows.value[0])), m[2]);
      assert.equal(clock(cell(rows.value[rows.value.length - 1])), m[3]);
    } else if ((m = /^all .*?(?:rows )?(\d{4,})(?: rt.*)?$/.exec(line))) {
      const rows = next();
      assert.equal(rows.type === 'array' ? rows.value.length : -1, Number(m[1]));
    } else if (line === 'set') {
      assert.deepEqual(values.shift(), [{ ok: true, value: null }]);
    } else if (/FAILED Exception: DLMS error 2$/.test(line)) {
      const outcome = values.shift()?.[0];
      assert.ok(
        outcome?.ok === false && outcome.error.detail.code === 'ACCESS_RESULT' && outcome.error.detail.result === 2,
      );
    } else if (line.startsWith('[bytearray')) {
      // A list: the clock comes as an octet-string that holds an encoded octet-string.
      const [clockValue, ldn, scalerUnit] = (values.shift() ?? []).map(valueOf);
      assert.ok(clockValue?.type === 'octet-string' && hex(clockValue.value).startsWith('090c07ea0b150609'));
      assert.equal(ldn?.type === 'octet-string' ? latin1(ldn.value) : '', 'GRX0000000123456');
      assert.deepEqual(numbers(scalerUnit as Data), [-2, 30]);
    } else checked--;
  }
  assert.ok(checked > 0 || r.answers.length === 0, 'nothing of the log was compared');
  assert.deepEqual(values, [], 'answers that the log does not have');
}

function valueOf(outcome: Outcome<Data | null> | undefined): Data {
  assert.ok(outcome !== undefined, 'the log has more than was answered');
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.error.message);
  assert.ok(outcome.value !== null);
  return outcome.value;
}

function cell(row: Data | undefined): Data {
  assert.ok(row?.type === 'structure');
  return row.value[0] as Data;
}

/** As the log prints it: month/day/year hour:minute:second. */
function clock(data: Data): string {
  assert.ok(data.type === 'octet-string' && data.value.length === 12);
  const two = (n: number | undefined): string => String(n).padStart(2, '0');
  const b = data.value;
  const year = (((b[0] as number) << 8) | (b[1] as number)) % 100;
  return `${two(b[2])}/${two(b[3])}/${two(year)} ${two(b[5])}:${two(b[6])}:${two(b[7])}`;
}

function numbers(data: Data): number[] {
  if (data.type === 'structure') return data.value.flatMap(numbers);
  assert.ok('value' in data && typeof data.value === 'number');
  return [data.value];
}

/** class/obis/attribute of each capture object. */
function columns(data: Data): string[] {
  assert.ok(data.type === 'array');
  return data.value.map(c => {
    assert.ok(c.type === 'structure');
    const [classId, name, attribute] = c.value;
    assert.ok(name?.type === 'octet-string');
    return `${numbers(classId as Data)[0]}/${Obis.from(name.value)}/${numbers(attribute as Data)[0]}`;
  });
}

/** Two forms: ('8', '0.0.1.0.0.255', 2) and [8, bytearray(b'\x00\x00…'), 2, 0]. */
function columnsOf(line: string): string[] {
  const text = [...line.matchAll(/\('(\d+)', '([\d.]+)', (\d+)\)/g)].map(
    m => `${m[1]}/${Obis.parse(m[2] as string)}/${m[3]}`,
  );
  if (text.length > 0) return text;
  return [...line.matchAll(/\[(\d+), bytearray\(b'((?:\\x[0-9a-f]{2})+)'\), (\d+), \d+\]/g)].map(m => {
    const octets = [...(m[2] as string).matchAll(/\\x(..)/g)].map(h => parseInt(h[1] as string, 16));
    return `${m[1]}/${Obis.from(Uint8Array.from(octets))}/${m[3]}`;
  });
}
