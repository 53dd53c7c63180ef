// Streams of text meters without a dialogue: what is held when too many come, and which notations a message may begin with.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DecoderEvent } from '../../../src/core/iec62056-21/decoder';
import { concat, fromLatin1, hex, unhex } from '../../../src/core/wire/hex';
import { IecStreams } from '../../../src/nodes/iec-readout/stream';
import { pushBytes, pushFormat, type PushFormat } from '../../../src/sim/push-source';

const codes = (events: readonly DecoderEvent[]): string[] =>
  events.map(event => (event.type === 'problem' ? event.error.code : event.type));

describe('streams of text meters', () => {
  it('hand over what the oldest holds when too many come', () => {
    const flushed: string[] = [];
    const streams = new IecStreams({}, 'auto', (events, key) => flushed.push(`${key} ${codes(events).join()}`));
    for (let i = 0; i < 102; i++) streams.receive(`meter ${i}`, '/ISK5\\2M550\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n');
    streams.reset();
    assert.deepEqual(flushed, ['meter 0 TELEGRAM_INCOMPLETE', 'meter 1 TELEGRAM_INCOMPLETE']);
  });

  it('hand over what they hold in its time, though a payload behind it was refused', async () => {
    const flushed = new Promise<string[]>(resolve => {
      const streams = new IecStreams({}, 'auto', events => resolve(codes(events)), 20);
      streams.receive('', '/ISK5\\2M550\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n');
      assert.throws(() => streams.receive('', { no: 'bytes' }), { code: 'BAD_SETTING' });
    });
    assert.deepEqual(await flushed, ['TELEGRAM_INCOMPLETE']);
  });

  it('read batches of records in every notation', () => {
    const field = (tag: number, octets: Uint8Array): Uint8Array => concat(Uint8Array.of(tag, octets.length), octets);
    const telegram = fromLatin1('/ISK5\\2M550\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n!\r\n');
    const record = concat(unhex('0997748e40a0000000'), field(0x12, fromLatin1('P1')), field(0x1a, telegram));
    const bytes = concat(unhex('08dcd9021801'), field(0x12, record), field(0x12, record));
    for (const payload of [bytes, hex(bytes), Buffer.from(bytes).toString('base64'), [...bytes].join(', ')]) {
      const streams = new IecStreams({}, 'auto', () => undefined);
      assert.deepEqual(codes(streams.receive('', payload)), ['telegram', 'telegram']);
    }
  });

  it('name SML in every notation', () => {
    const bytes = pushBytes(pushFormat('sml-fnn') as PushFormat);
    const streams = new IecStreams({}, 'auto', () => undefined);
    for (const payload of [bytes, hex(bytes), Buffer.from(bytes).toString('base64'), [...bytes].join(', ')])
      assert.deepEqual(codes(streams.receive('', payload)), ['OTHER_PROTOCOL']);
  });
});
