import assert from 'node:assert/strict';

import { hex, unhex } from '../../src/core/wire/hex';
import { ReplayTransport } from '../../src/io/transport/memory';
import { formatTrace, maskSecrets, parseTrace, type TraceLine } from '../../src/io/transport/trace';

const LINES: TraceLine[] = [
  { at: 1000, dir: '>', layer: 'bytes', bytes: unhex('7ea00802232193bd647e'), note: 'SNRM' },
  { at: 1012, dir: '<', layer: 'bytes', bytes: unhex('7ea0072102') },
  { at: 1020, dir: '<', layer: 'bytes', bytes: unhex('23736e7e') },
  { at: 1021, dir: '>', layer: 'apdu', bytes: unhex('c001c1'), note: 'de ad is a note' },
  { at: 1030, dir: '>', layer: 'bytes', bytes: unhex('7e0102') },
  { at: 1031, dir: '<', layer: 'bytes', bytes: unhex('7e') },
];

describe('trace', () => {
  it('is text that reads back as it was', () => {
    const text = formatTrace(LINES, 'sim/household, public client');
    assert.match(text, /^# sim\/household, public client\n {3}0\.000 > 7e a0 08 02 23 21 93 bd 64 7e {3}SNRM\n/);
    assert.deepEqual(
      parseTrace(text),
      LINES.map(line => ({ ...line, at: line.at - 1000 })),
    );
  });
  it('reads lines without times, with other spacing and comments', () => {
    const lines = parseTrace('# a comment\r\n\r\n> 7ea0 07   SNRM\r\n<frame 7E A0\n  < \n');
    assert.deepEqual(
      lines.map(l => [l.dir, l.layer, hex(l.bytes), l.note]),
      [
        ['>', 'bytes', '7ea007', 'SNRM'],
        ['<', 'frame', '7ea0', undefined],
        ['<', 'bytes', '', undefined],
      ],
    );
  });
  it('names the line that is none', () => {
    assert.throws(() => parseTrace('> 7e\nhello'), { code: 'BAD_SETTING', message: /trace line 2/ });
    assert.throws(() => parseTrace('> 7e 0'), { code: 'BAD_SETTING' });
  });
  it('never carries a secret, not even half of one at an edge', () => {
    const secret = Buffer.from('geheim01');
    const out: TraceLine[] = [];
    const sink = maskSecrets(line => out.push(line), [secret, new Uint8Array(0)]);
    const line = (text: string): TraceLine => ({ at: 0, dir: '>', layer: 'bytes', bytes: Buffer.from(text) });
    for (const text of ['x geheim01 geheim01 y', 'x gehei', 'im01 y', 'nothing', 'geh']) sink(line(text));
    assert.deepEqual(
      out.map(l => Buffer.from(l.bytes).toString()),
      ['x ******** ******** y', 'x *****', '**** y', 'nothing', 'geh'],
    );
    assert.match(out[0]?.note ?? '', /masked/);
  });
  it('plays the meter', async () => {
    for (const chunk of [Infinity, 1]) {
      const meter = new ReplayTransport(LINES, { chunk });
      let got = '';
      meter.onBytes = bytes => (got += hex(bytes));
      await meter.open();
      await meter.write(unhex('7ea00802'));
      await meter.write(unhex('232193bd647e'));
      for (let n = 0; n < 50 && got.length < 18; n++) await new Promise(resolve => setImmediate(resolve));
      assert.equal(got, '7ea007210223736e7e');
      assert.equal(meter.finished, false);
      await meter.write(unhex('7e0103'));
      assert.match(meter.mismatch ?? '', /wrote 7e0103 where the trace has 7e0102/);
    }
  });
});
