import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';

import { APDUS, decodeApdu, encodeApdu } from '../../../src/core/apdu';
import { encodeData } from '../../../src/core/cosem/data';
import { encodeHdlcFrame } from '../../../src/core/framing/hdlc-frame';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { concat, hex, unhex } from '../../../src/core/wire/hex';
import { dataToXml, fromXml, toXml, type ToXmlOptions } from '../../../src/core/xml';
import { vectors } from '../../feed';
import { anyApdu, anyData, apdusByType } from './apdus';

const STYLES: readonly ToXmlOptions[] = [
  { form: 'simple' },
  { form: 'simple', numbers: 'decimal', comments: true },
  { form: 'standard', comments: true },
];

describe('from XML comes back what it was made of:', () => {
  it('there is an arbitrary for each message', () => {
    assert.deepEqual([...apdusByType.keys()].sort(), APDUS.map(a => a.type).sort());
  });

  for (const [type, apdus] of apdusByType) {
    it(`any ${type}`, () => {
      fc.assert(
        fc.property(apdus, fc.constantFrom(...STYLES), (apdu, style) => {
          const bytes = encodeApdu(apdu);
          // What the decoder takes otherwise than it was meant (a NaN with a message in it) is not the matter here.
          fc.pre(hex(encodeApdu(decodeApdu(bytes).apdu)) === hex(bytes));
          const [message] = toXml(bytes, { ...style, framing: 'none' });
          assert.equal(hex(fromXml(message?.xml ?? '', numbers(style))), hex(bytes));
          assert.equal(message?.exact, true);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('any value alone', () => {
    fc.assert(
      fc.property(anyData, fc.constantFrom(...STYLES), (data, style) => {
        const bytes = encodeData(data);
        const { xml, exact } = dataToXml(bytes, style);
        fc.pre(exact);
        assert.equal(hex(fromXml(xml, numbers(style))), hex(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('any message in a frame', () => {
    const frames = fc.record({
      apdu: anyApdu.filter(a => !/response|notification|error|report|^(aare|rlre)$/.test(a.type)),
      target: fc.constantFrom(unhex('03'), unhex('0223'), unhex('00020023')),
      source: fc.integer({ min: 1, max: 127 }),
      octet: fc.integer({ min: 0, max: 127 }).map(n => n * 2),
    });
    fc.assert(
      fc.property(frames, fc.constantFrom(...STYLES), ({ apdu, target, source, octet }, style) => {
        const bytes = encodeApdu(apdu);
        fc.pre(hex(encodeApdu(decodeApdu(bytes).apdu)) === hex(bytes) && bytes.length < 2000);
        const hdlc = encodeHdlcFrame({
          destination: target,
          source: Uint8Array.of((source << 1) | 1),
          control: { type: 'I', ns: (octet >> 1) & 7, nr: octet >> 5, pf: (octet & 0x10) !== 0 },
          information: concat(unhex('e6e600'), bytes),
        });
        for (const frame of [hdlc, encodeWrapper(source, 1, bytes)]) {
          const [message] = toXml(frame, style);
          assert.equal(hex(fromXml(message?.xml ?? '', numbers(style))), hex(frame));
        }
      }),
      { numRuns: 200 },
    );
  });

  for (const vector of vectors('apdu')) {
    it(vector.name, () => {
      const { apdu } = decodeApdu(unhex(vector.hex));
      for (const style of STYLES) {
        const [message] = toXml(unhex(vector.hex), { ...style, framing: 'none' });
        assert.equal(hex(fromXml(message?.xml ?? '', numbers(style))), hex(encodeApdu(apdu)));
      }
    });
  }
});

function numbers(style: ToXmlOptions): { numbers: 'hexadecimal' | 'decimal' } {
  return { numbers: style.numbers ?? 'hexadecimal' };
}
