// Any bytes give an answer or none, never an exception, and never more than the answer of one request is long.

import assert from 'node:assert/strict';

import { encodeApdu, type Apdu } from '../../src/core/apdu';
import { structure, u32 } from '../../src/core/cosem/data';
import { encodeHdlcFrame } from '../../src/core/framing/hdlc-frame';
import { encodeHdlcAddress } from '../../src/core/framing/hdlc-address';
import { encodeWrapper } from '../../src/core/framing/wrapper';
import { concat } from '../../src/core/wire/hex';
import { MeterPort, type Framing } from '../../src/sim/port';
import { AARQ, capture, entries, getRequest, meterAt, NOW, seeded } from './wire';

const { attribute } = getRequest(7, '1.0.99.1.0.255', 2);
const SEEDS: readonly Apdu[] = [
  getRequest(7, '1.0.99.1.0.255', 2, entries(1, 3)),
  getRequest(7, '1.0.99.1.0.255', 2, {
    selector: 1,
    parameters: structure(capture(8, '0.0.1.0.0.255', 2), u32(0), u32(9), u32(1)),
  }),
  { type: 'get-request-with-list', invoke: 1, attributes: [{ attribute, access: null }] },
  { type: 'get-request-next', invoke: 1, block: 1 },
  { type: 'set-request-normal', invoke: 1, attribute, access: null, value: u32(1) },
  {
    type: 'action-request-normal',
    invoke: 1,
    method: { classId: 15, instance: attribute.instance, method: 1 },
    argument: u32(1),
  },
  { type: 'read-request', variables: [{ type: 'parameterised-access', name: 0xfa08, selector: 1, parameter: u32(1) }] },
  { type: 'write-request', variables: [{ type: 'variable-name', name: 0x0108 }], data: [u32(1)] },
  { type: 'rlrq', reason: 0, userInformation: null },
  { type: 'glo-get-request', ciphered: new Uint8Array(40) },
  { type: 'general-glo-ciphering', systemTitle: new Uint8Array(8), ciphered: new Uint8Array(40) },
  { type: 'exception-response', state: 1, service: 1, counter: null },
];

describe('the simulated meter under noise', () => {
  for (const framing of ['wrapper', 'hdlc'] as const satisfies readonly Framing[]) {
    it(`takes 4,000 damaged requests over ${framing}`, () => {
      const random = seeded(2026);
      const pick = (n: number): number => ((random(1)[0] as number) * 256 + (random(1)[0] as number)) % n;
      const meter = meterAt(NOW);
      let port = new MeterPort([meter], { framing });
      let answered = 0;
      for (let i = 0; i < 4000; i++) {
        if (i % 40 === 0) {
          port = new MeterPort([meter], { framing });
          if (framing === 'hdlc') port.receive(hdlc(0x93, new Uint8Array(0)));
          port.receive(framed(framing, AARQ, 0));
        }
        const seed = encodeApdu(SEEDS[pick(SEEDS.length)] as Apdu);
        const bytes = mutate(seed, pick, random);
        const whole = framed(framing, bytes, (i % 40) + 1);
        const input = i % 5 === 0 ? mutate(whole, pick, random) : whole;
        const { write } = port.receive(input);
        answered += write.length > 0 ? 1 : 0;
        assert.ok(write.length <= 16 && write.every(w => w.length <= 70_000), `request ${i}`);
      }
      assert.ok(answered > 200, `only ${answered} were answered: the noise never got through`);
    });
  }

  it('takes 200 kB of pure noise in pieces of any size', () => {
    for (const framing of ['wrapper', 'hdlc'] as const) {
      const random = seeded(99);
      const port = new MeterPort([meterAt()], { framing });
      for (let i = 0; i < 800; i++) port.receive(random((random(1)[0] as number) + 1));
    }
  });
});

function mutate(bytes: Uint8Array, pick: (n: number) => number, random: (n: number) => Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let n = pick(4); n > 0; n--) copy[pick(copy.length)] = random(1)[0] as number;
  switch (pick(6)) {
    case 0:
      return copy.subarray(0, 1 + pick(copy.length));
    case 1:
      return concat(copy, random(pick(20)));
    default:
      return copy;
  }
}

function framed(framing: Framing, apdu: Uint8Array, request: number): Uint8Array {
  if (framing === 'wrapper') return encodeWrapper(16, 1, apdu);
  return hdlc(0x10 | ((request & 7) << 1) | ((request & 7) << 5), concat(Uint8Array.of(0xe6, 0xe6, 0x00), apdu));
}

function hdlc(octet: number, information: Uint8Array): Uint8Array {
  return encodeHdlcFrame({
    destination: encodeHdlcAddress({ logical: 1, physical: null }),
    source: encodeHdlcAddress({ logical: 16, physical: null }),
    control: { type: 'unknown', octet, pf: true },
    information,
  });
}
