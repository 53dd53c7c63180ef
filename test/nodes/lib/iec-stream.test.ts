// Streams of text meters without a dialogue: what is held when too many come, and which notations a message may begin with.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DecoderEvent } from '../../../src/core/iec62056-21/decoder';
import { hex } from '../../../src/core/wire/hex';
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

  it('name SML in every notation', () => {
    const bytes = pushBytes(pushFormat('sml-fnn') as PushFormat);
    const streams = new IecStreams({}, 'auto', () => undefined);
    for (const payload of [bytes, hex(bytes), Buffer.from(bytes).toString('base64'), [...bytes].join(', ')])
      assert.deepEqual(codes(streams.receive('', payload)), ['OTHER_PROTOCOL']);
  });
});
