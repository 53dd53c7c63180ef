import assert from 'node:assert/strict';

import { IecDecoder } from '../../../src/core/iec62056-21/decoder';
import { IecReader } from '../../../src/core/iec62056-21/reader';
import { concat, fromLatin1 } from '../../../src/core/wire/hex';
import { bytewise, randomly } from '../push/feeding';
import { energy, file, power } from '../sml/fixtures';

describe('SML where text is read', () => {
  const sml = file([energy(1), power(2)]);
  const text = fromLatin1('/ABC5\\2X\r\n\r\n1-0:1.8.0*255(001234.5*kWh)\r\n!\r\n');
  const decoded = (chunks: readonly Uint8Array[]): string[] => {
    const decoder = new IecDecoder();
    const events = [...chunks.flatMap(chunk => [...decoder.receive(chunk)]), ...decoder.flush()];
    return events.map(event => (event.type === 'problem' ? event.error.code : event.type));
  };

  it('is named, and neither parity nor the head is blamed', () => {
    for (const chunks of [[sml], bytewise(sml), randomly(sml, 1)])
      assert.deepEqual(decoded(chunks), ['OTHER_PROTOCOL']);
    assert.deepEqual(decoded([sml.subarray(0, 100)]), ['OTHER_PROTOCOL']);
  });

  it('takes nothing from the text around it', () => {
    const stream = concat(text, sml, text, sml);
    const wanted = ['telegram', 'OTHER_PROTOCOL', 'telegram', 'OTHER_PROTOCOL'];
    for (const chunks of [[stream], bytewise(stream), randomly(stream, 2)]) assert.deepEqual(decoded(chunks), wanted);
  });

  it('takes no telegram along that comes behind a file that broke off', () => {
    const cut = sml.subarray(0, 50);
    assert.deepEqual(decoded([concat(cut, text)]), ['OTHER_PROTOCOL', 'telegram']);
    assert.deepEqual(decoded([concat(cut, text, sml, text)]), [
      'OTHER_PROTOCOL',
      'telegram',
      'OTHER_PROTOCOL',
      'telegram',
    ]);
    const decoder = new IecDecoder();
    const events = [cut, ...Array<Uint8Array>(100).fill(text)].flatMap(chunk => [...decoder.receive(chunk)]);
    assert.equal(events.filter(event => event.type === 'telegram').length > 90, true, 'no silence is waited for');
  });

  it('keeps no octet of a text that it may begin with longer than until the line is silent', () => {
    // The block check is 1B.
    const block = '1.8.0(000001*kWh)\r\nC.1($)\r\n!\r\n\x03';
    const readout = fromLatin1(`/ABC5METER\r\n\x02${block}\x1b`);
    for (const chunks of [[readout], bytewise(readout)]) {
      const decoder = new IecDecoder();
      const before = chunks.flatMap(chunk => [...decoder.receive(chunk)]);
      assert.deepEqual([before, decoder.busy], [[], true]);
      assert.deepEqual(
        decoder.flush().map(event => event.type === 'telegram' && event.telegram.readings.length),
        [2],
      );
      assert.equal(decoder.busy, false);
    }
    const reader = new IecReader({ mode: 'a', reactionMs: 0 });
    reader.start();
    reader.timeout();
    assert.equal(reader.phase, 'identifying');
    const events = [...reader.receive(readout).events];
    for (let n = 0; n < 5 && !events.some(event => event.type === 'done'); n++) events.push(...reader.timeout().events);
    assert.equal(events.filter(event => event.type === 'telegram').length, 1);
    assert.deepEqual(
      events.filter(event => event.type === 'problem' || event.type === 'fault'),
      [],
    );
  });

  it('ends a readout at once that waits for an identification', () => {
    const reader = new IecReader({ baudRate: 9600 });
    reader.start();
    reader.timeout();
    assert.equal(reader.phase, 'identifying');
    const events = randomly(sml, 3).flatMap(chunk => [...reader.receive(chunk).events]);
    assert.deepEqual(
      events.flatMap(event => (event.type === 'fault' ? [event.error.message] : [])),
      [
        'an SML file came, which this node does not read. Give the connection, or the messages, to a push decoder: it reads this when its framing is found by itself',
      ],
    );
  });
});
