import assert from 'node:assert/strict';

import { smlFile } from '../../../src/core/framing/sml';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { content, energy, file, list, power, SERVER } from '../sml/fixtures';
import { listBody } from '../../../src/core/sml/write';
import { bytewise, codesOf, feed, problemsOf, randomly, telegramsOf } from './feeding';

describe('SML by push', () => {
  const one = file([energy(123456), power(-345, 2)]);
  const two = file([energy(123457), power(12, 1)]);
  const values = (chunks: readonly Uint8Array[], options = {}): unknown =>
    telegramsOf(feed(options, chunks)).map(({ telegram }) => telegram.readings.map(r => r.value));

  it('leaves as the telegrams of other meters do, with how it came', () => {
    const [event, ...others] = feed({ hex: true }, [one]);
    assert.deepEqual(others, []);
    assert.ok(event?.type === 'telegram');
    assert.deepEqual(event.origin, {
      source: 'push',
      framing: 'sml',
      checksum: 'ok',
      hex: hex(one),
      service: 'sml-list',
      serverId: hex(SERVER),
      secIndex: 4711,
      listName: '1-0:98.10.255*255',
    });
  });

  it('is the same in pieces, behind noise, back to back, and among frames of others', () => {
    const stream = concat(unhex('1b00ff1b1b'), one, two, unhex('1b'), one);
    const wanted = [
      [12345.6, -345],
      [12345.7, 12],
      [12345.6, -345],
    ];
    for (const framing of ['auto', 'sml'] as const) {
      assert.deepEqual(values([stream], { framing }), wanted);
      assert.deepEqual(values(bytewise(stream), { framing }), wanted);
      for (let seed = 0; seed < 5; seed++) assert.deepEqual(values(randomly(stream, seed), { framing }), wanted);
    }
    assert.deepEqual(values([one], { framing: 'hdlc' }), []);
  });

  it('gives nothing of a file with any octet changed, and the next one whole', () => {
    for (let at = 0; at < one.length; at++) {
      const damaged = one.map((octet, n) => (n === at ? octet ^ 0x10 : octet));
      const events = feed({}, [concat(damaged, two)]);
      assert.deepEqual(values([concat(damaged, two)]), [[12345.7, 12]], `octet ${at}`);
      assert.ok(problemsOf(events).length > 0);
      assert.ok(
        problemsOf(events).some(({ error }) => /SML/.test(error.message)),
        `octet ${at}: ${codesOf(events).join()}`,
      );
    }
  });

  it('hands out each octet that became nothing', () => {
    const stream = concat(one.subarray(100), two, one.subarray(0, 90), two, one.subarray(0, 50));
    const kept = problemsOf(feed({}, [stream])).reduce((sum, { bytes }) => sum + bytes.length, 0);
    assert.equal(kept, stream.length - 2 * two.length);
  });

  it('says that it is unproven where proof is required', () => {
    const events = feed({ require: 'encrypted' }, [one]);
    assert.deepEqual([telegramsOf(events).length, codesOf(events)], [0, ['NOT_ENCRYPTED']]);
  });

  it('tells a wrong check of one message beside the readings', () => {
    const bytes = content([[0x0701, listBody(list([energy(1)]))]]);
    bytes[4] = 1;
    const [event] = telegramsOf(feed({}, [smlFile(bytes)]));
    assert.deepEqual(
      [event?.origin.messageCheck, event?.origin.checksum, event?.telegram.readings[0]?.value],
      ['bad', 'ok', 0.1],
    );
  });

  it('names the CRC of Holley, and gives nothing where the contents are wrong', () => {
    assert.equal(telegramsOf(feed({}, [file([energy(1)], {}, 'kermit')]))[0]?.origin.check, 'kermit');
    const [problem, ...others] = feed({}, [smlFile(unhex('7605010203046200620072'))]);
    assert.deepEqual(others, []);
    assert.ok(problem?.type === 'problem' && problem.origin.framing === 'sml');
    assert.match(problem.error.message, /^SML messageBody: need 2 byte/);
  });

  it('takes a file whose check fits another CRC than those of its messages for a damaged one', () => {
    const messages = [[0x0701, listBody(list([energy(1)]))]] as const;
    for (const [inner, outer] of [
      ['x25', 'kermit'],
      ['kermit', 'x25'],
    ] as const) {
      const events = feed({}, [smlFile(content(messages, inner), outer)]);
      assert.deepEqual([telegramsOf(events).length, codesOf(events)], [0, ['SML_FRAME']]);
    }
  });

  it('takes time in proportion to what comes', () => {
    const starts = concat(...Array.from({ length: 4000 }, () => unhex('1b1b1b1b01010101')));
    const bytes = concat(new Uint8Array(60_000).fill(0x1b), starts, unhex('1b1b1b1b01010101'), new Uint8Array(60_000));
    const began = process.hrtime.bigint();
    feed({}, randomly(bytes, 1, 40));
    assert.ok(Number(process.hrtime.bigint() - began) / 1e6 < 2000);
  });
});
