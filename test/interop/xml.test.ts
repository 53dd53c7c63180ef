// 500 generated messages, as XML by us and by the translators of Gurux, live: the texts say the same, and the bytes come back
// from either text, through our reader and, where it reads its own, through theirs. Only of what they do right: docs/xml.md.

import assert from 'node:assert/strict';
import fc from 'fast-check';

import { encodeApdu, type Apdu, type GetDataResult } from '../../src/core/apdu';
import type { Data } from '../../src/core/cosem/data';
import { hex, unhex } from '../../src/core/wire/hex';
import { fromXml, toXml, type XmlForm } from '../../src/core/xml';
import { said } from '../xml-compare';
import { installPeers, translateBy } from './peers';

const MESSAGES = 500;
const SEED = 20261130;

describe('XML of generated messages', function () {
  this.timeout(600_000);
  before(() => installPeers());

  // The translator for Java writes requests of ACTION that are no XML, and negative numbers in hexadecimal digits with a sign.
  for (const [peer, form, able] of [
    ['gurux-python', 'simple', () => true],
    ['gurux-python', 'standard', () => true],
    ['gurux-java', 'standard', (apdu: Apdu) => !apdu.type.startsWith('action-request')],
  ] as const satisfies readonly (readonly [string, XmlForm, (apdu: Apdu) => boolean])[]) {
    it(`says what ${peer} says in the ${form} form, and both come back`, async () => {
      const apdus = fc.sample(messages.filter(able), { numRuns: MESSAGES, seed: SEED });
      const sent = apdus.map(apdu => hex(encodeApdu(apdu)));
      const ours = sent.map(bytes => toXml(unhex(bytes), { form, framing: 'none' })[0]?.xml ?? '');
      const theirs = await translateBy(
        peer,
        sent.map(bytes => `to ${form} ${bytes}`),
      );
      const back = await translateBy(
        peer,
        ours.map(text => `from ${form} ${Buffer.from(text).toString('hex')}`),
      );
      let read = 0;
      for (const [i, bytes] of sent.entries()) {
        const told = theirs[i] ?? '';
        const text = Buffer.from(told.replace(/^ok /, ''), 'hex').toString();
        assert.equal(said(ours[i] ?? ''), told.startsWith('ok ') ? said(text) : told, bytes);
        assert.equal(hex(fromXml(text, { numbers: 'hexadecimal' })), bytes);
        assert.equal(hex(fromXml(ours[i] ?? '', { numbers: 'hexadecimal' })), bytes);
        if (!READS_ITS_OWN.test(apdus[i]?.type ?? '')) continue;
        read++;
        assert.equal(withoutInvoke(back[i] ?? ''), withoutInvoke(`ok ${bytes}`), ours[i]);
      }
      assert.ok(read > MESSAGES / 25, `only ${read} were read by ${peer}`);
    });
  }
});

/** The translator for Python takes an invoke id of its own. */
function withoutInvoke(answer: string): string {
  return answer.slice(0, 'ok c001'.length) + answer.slice('ok c001c1'.length);
}

const u = (octets: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** (8 * octets) - 1 });
const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const some = fc.uint8Array({ minLength: 1, maxLength: 20 });
const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 4 });

const value: fc.Arbitrary<Data> = fc.letrec<{ data: Data }>(tie => ({
  data: fc.oneof(
    { depthSize: 'small' },
    fc.constant<Data>({ type: 'null-data' }),
    fc.record({ type: fc.constantFrom('unsigned' as const, 'enum' as const), value: u(1) }),
    fc.record({ type: fc.constant('long-unsigned' as const), value: u(2) }),
    fc.record({ type: fc.constant('double-long-unsigned' as const), value: u(4) }),
    fc.record({ type: fc.constant('integer' as const), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record({ type: fc.constant('long' as const), value: fc.integer({ min: -32768, max: 32767 }) }),
    fc.record({ type: fc.constant('double-long' as const), value: fc.integer() }),
    fc.record({ type: fc.constant('bit-string' as const), value: fc.stringMatching(/^[01]{1,20}$/) }),
    fc.record({ type: fc.constant('octet-string' as const), value: some }),
    fc.record({
      type: fc.constant('visible-string' as const),
      value: fc.stringMatching(/^[A-Za-z0-9]{1,12}$/).map(text => new TextEncoder().encode(text)),
    }),
    fc.record({
      type: fc.constantFrom('array' as const, 'structure' as const),
      value: fc.array(tie('data'), { minLength: 1, maxLength: 4 }),
    }),
  ),
})).data;

/** The bits that have a meaning. */
const invoke = u(1).map(octet => (octet & 0xcf) | 1);
/** The translator for Java has a sign for those of 32 bits. */
const block = fc.nat();
const attribute = fc.record({
  classId: fc.constantFrom(1, 3, 7, 8),
  instance: exactly(6),
  attribute: fc.integer({ min: 1, max: 127 }),
});
const method = fc.record({
  classId: fc.constantFrom(1, 3, 7, 8),
  instance: exactly(6),
  method: fc.integer({ min: 1, max: 127 }),
});
const result = fc.constantFrom(0, 1, 2, 3, 4, 9, 11, 12, 13, 14, 250);
const refusal = result.filter(r => r !== 0);
const access = fc.constant(null);
const dataResult: fc.Arbitrary<GetDataResult> = fc.oneof(
  fc.record({ ok: fc.constant(true as const), data: value }),
  fc.record({ ok: fc.constant(false as const), result: refusal }),
);
const is = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);

const messages: fc.Arbitrary<Apdu> = fc.oneof(
  fc.record({ type: is('get-request-normal'), invoke, attribute, access }),
  fc.record({ type: is('get-request-next'), invoke, block }),
  fc.record({ type: is('get-request-with-list'), invoke, attributes: list(fc.record({ attribute, access })) }),
  fc.record({ type: is('get-response-normal'), invoke, result: dataResult }),
  fc.record({ type: is('set-request-normal'), invoke, attribute, access, value }),
  fc.record({ type: is('set-response-normal'), invoke, result }),
  fc.record({ type: is('set-response-last-datablock'), invoke, result, block }),
  fc.record({ type: is('action-request-normal'), invoke, method, argument: fc.option(value) }),
  fc.record({ type: is('data-notification'), longInvoke: fc.nat(), dateTime: fc.constant(null), body: value }),
  fc.record({ type: is('event-notification-request'), time: fc.constant(null), attribute, value }),
  fc.record({
    type: is('exception-response'),
    state: fc.constantFrom(1, 2),
    service: fc.constantFrom(1, 2, 3),
    counter: access,
  }),
  fc.record({
    type: is('general-block-transfer'),
    last: fc.boolean(),
    streaming: fc.boolean(),
    window: fc.integer({ min: 0, max: 63 }),
    block: u(2),
    acknowledged: u(2),
    data: some,
  }),
  fc.record({ type: fc.constantFrom('glo-get-request' as const, 'ded-set-response' as const), ciphered: some }),
);

/** What the translators make the same bytes of as they were. */
const READS_ITS_OWN = /^get-request-(normal|next)$/;
