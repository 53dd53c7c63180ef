import assert from 'node:assert/strict';

import { decodeApdu, encodeApdu, type Apdu } from '../../src/core/apdu';
import { octets } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/obis/obis';
import {
  hlsReply,
  hlsVerify,
  Key,
  openApdu,
  sealApdu,
  type CipheredApdu,
  type HlsContext,
  type Seal,
} from '../../src/core/security';
import { fromLatin1, unhex } from '../../src/core/wire/hex';
import { defaultAccounts } from '../../src/sim/accounts';
import { DEFAULT_KEYS } from '../../src/sim/meter';
import { entries, getRequest, INITIATE, meterAt, NOW, seeded, Wire } from './wire';

const TITLE = unhex('4d46430000000001');
const ENCRYPTION = Key.parse(DEFAULT_KEYS.encryption, 'key');
const AUTHENTICATION = Key.parse(DEFAULT_KEYS.authentication, 'key');
const REGISTER = getRequest(3, '1.0.1.8.0.255', 2);

function exceptionOf(apdu: Apdu | null): unknown {
  return apdu?.type === 'exception-response' ? [apdu.state, apdu.service, apdu.counter] : apdu?.type;
}

function seal(apdu: Apdu, counter: number, change: Partial<Seal> = {}): Uint8Array {
  return sealApdu(encodeApdu(apdu), {
    form: 'glo',
    systemTitle: TITLE,
    key: ENCRYPTION,
    authenticationKey: AUTHENTICATION,
    control: 0x30,
    counter,
    ...change,
  });
}

function open(bytes: Uint8Array, dedicatedKey: Key | null = null): Apdu {
  const { apdu } = decodeApdu(bytes);
  const ring = {
    encryptionKey: ENCRYPTION,
    authenticationKey: AUTHENTICATION,
    dedicatedKey,
    systemTitle: unhex(DEFAULT_KEYS.systemTitle),
  };
  const opened = openApdu(apdu as CipheredApdu, ring);
  assert.equal(opened.authenticated, (opened.control & 0x10) !== 0);
  return decodeApdu(opened.plaintext).apdu;
}

describe('an association with the simulated meter', () => {
  it('answers nothing but a refusal before the AARQ', () => {
    assert.deepEqual(exceptionOf(new Wire(meterAt()).ask(REGISTER)), [1, 1, null]);
  });

  it('stays silent to a wrong server and to a client it does not know', () => {
    assert.equal(new Wire(meterAt(), 16, 2).associate(), null);
    assert.equal(new Wire(meterAt(), 99).associate(), null);
  });

  it('takes the password and refuses another with "authentication-failure"', () => {
    const good = new Wire(meterAt(), 17).associate({ mechanism: 1, proof: fromLatin1('12345678') });
    assert.equal(good?.type === 'aare' && good.result, 0);
    const bad = new Wire(meterAt(), 17).associate({ mechanism: 1, proof: fromLatin1('12345679') });
    assert.deepEqual(bad?.type === 'aare' && [bad.result, bad.diagnostic.value], [1, 13]);
    const none = new Wire(meterAt(), 17).associate();
    assert.deepEqual(none?.type === 'aare' && [none.result, none.diagnostic.value], [1, 12]);
  });

  it('refuses the referencing it does not have, and an old version', () => {
    const context = new Wire(meterAt(NOW, { referencing: 'ln' })).associate({ context: 2 });
    assert.deepEqual(context?.type === 'aare' && [context.result, context.diagnostic.value], [1, 2]);
    const old = new Wire(meterAt()).associate({ initiate: encodeApdu({ ...INITIATE, version: 5 }) });
    assert.equal(old?.type === 'aare' && old.result, 1);
    const info = decodeApdu((old?.type === 'aare' && old.userInformation) || new Uint8Array(0)).apdu;
    assert.deepEqual(info, { type: 'confirmed-service-error', service: 1, kind: 6, error: 1 });
  });

  for (const [client, mechanism] of [
    [18, 2],
    [19, 3],
    [20, 4],
    [1, 5],
    [21, 6],
  ] as const) {
    it(`proves and checks by mechanism ${mechanism}`, () => {
      const wire = new Wire(meterAt(), client);
      const challenge = seeded(3)(16);
      const aare = wire.associate({ mechanism, proof: challenge, title: TITLE });
      assert.ok(aare?.type === 'aare' && aare.respondingAuthenticationValue !== null);
      assert.equal(aare.diagnostic.value, 14);
      assert.deepEqual(exceptionOf(wire.ask(REGISTER)), [1, 1, null], 'nothing is served before the proof');
      const ctx: HlsContext = {
        mechanism,
        secret: fromLatin1('a secret of 16 !'),
        ownTitle: TITLE,
        peerTitle: aare.respondingApTitle,
        encryptionKey: ENCRYPTION,
        authenticationKey: AUTHENTICATION,
      };
      const challenges = { sent: challenge, received: aare.respondingAuthenticationValue };
      const proof = (argument: Uint8Array): Apdu | null =>
        wire.ask({
          type: 'action-request-normal',
          invoke: 0xc1,
          method: { classId: 15, instance: Obis.parse('0.0.40.0.0.255').bytes, method: 1 },
          argument: octets(argument),
        });
      const answer = proof(hlsReply(ctx, challenges, 5000));
      assert.ok(answer?.type === 'action-response-normal' && answer.result === 0 && answer.returned?.ok === true);
      assert.ok(answer.returned.data.type === 'octet-string');
      hlsVerify(ctx, challenges, answer.returned.data.value);
      assert.equal(wire.ask(REGISTER)?.type, 'get-response-normal');

      wire.associate({ mechanism, proof: challenge, title: TITLE });
      const wrong = proof(new Uint8Array(17));
      assert.equal(wrong?.type === 'action-response-normal' && wrong.result, 3);
      assert.deepEqual(exceptionOf(wire.ask(REGISTER)), [1, 1, null]);
    });
  }

  it('grants what it has, or only GET and SET when it is told to', () => {
    const granted = (grantsLittle: boolean): unknown => {
      const aare = new Wire(meterAt(NOW, { behaviour: { grantsLittle } })).associate();
      const info = decodeApdu((aare?.type === 'aare' && aare.userInformation) || new Uint8Array(0)).apdu;
      return info.type === 'initiate-response' && info.conformance;
    };
    assert.deepEqual(granted(true), ['get', 'set']);
    assert.deepEqual(granted(false), [
      'block-transfer-with-get-or-read',
      'multiple-references',
      'get',
      'set',
      'selective-access',
      'action',
    ]);
  });

  it('ends with the release and begins again', () => {
    const wire = new Wire(meterAt());
    wire.associate();
    assert.equal(wire.ask({ type: 'rlrq', reason: 0, userInformation: null })?.type, 'rlre');
    assert.deepEqual(exceptionOf(wire.ask(REGISTER)), [1, 1, null]);
    wire.associate();
    assert.equal(wire.ask(REGISTER)?.type, 'get-response-normal');
  });

  it('stands without AARQ where the account says so', () => {
    const accounts = defaultAccounts().map(a => (a.client === 16 ? { ...a, preEstablished: true } : a));
    assert.equal(new Wire(meterAt(NOW, { accounts })).ask(REGISTER)?.type, 'get-response-normal');
  });

  it('lets those who proved themselves set the clock, and no others', () => {
    const set = (wire: Wire): Apdu | null =>
      wire.ask({
        type: 'set-request-normal',
        invoke: 0xc1,
        attribute: { classId: 8, instance: Obis.parse('0.0.1.0.0.255').bytes, attribute: 2 },
        access: null,
        value: octets(unhex('07ea010f040d001e00ffc400')),
      });
    const wire = new Wire(meterAt());
    wire.associate();
    assert.deepEqual(set(wire), { type: 'set-response-normal', invoke: 0xc1, result: 3 });
    const low = new Wire(meterAt(), 17);
    low.associate({ mechanism: 1, proof: fromLatin1('12345678') });
    assert.deepEqual(set(low), { type: 'set-response-normal', invoke: 0xc1, result: 0 });
    assert.equal(low.meter.nowMs, NOW - 7 * 60_000);
  });
});

describe('protection of the simulated meter', () => {
  const accounts = defaultAccounts().map(a =>
    a.client === 16 ? { ...a, security: 'authentication-encryption' as const } : a,
  );
  const protectedWire = (dedicatedKey: Key | null = null): Wire => {
    const wire = new Wire(meterAt(NOW, { accounts }));
    const request = { ...INITIATE, dedicatedKey: dedicatedKey?.octets() ?? null };
    const aare = wire.associate({ context: 3, title: TITLE, initiate: seal(request, 1001) });
    assert.ok(aare?.type === 'aare' && aare.result === 0 && aare.userInformation !== null);
    assert.equal(open(aare.userInformation).type, 'initiate-response');
    return wire;
  };

  for (const form of ['glo', 'general-glo'] as const) {
    it(`serves ${form} and answers alike`, () => {
      const wire = protectedWire();
      const [answer] = wire.raw(seal(REGISTER, 1002, { form }));
      assert.equal(answer?.[0], form === 'glo' ? 0xcc : 0xdb);
      assert.equal(open(answer as Uint8Array).type, 'get-response-normal');
    });
  }

  for (const form of ['ded', 'general-ded'] as const) {
    it(`serves ${form} under the key of the AARQ, whose counter starts anew`, () => {
      const key = Key.parse('00112233445566778899aabbccddeeff', 'key');
      const wire = protectedWire(key);
      const [answer] = wire.raw(seal(REGISTER, 0, { form, key }));
      assert.equal(answer?.[0], form === 'ded' ? 0xd4 : 0xdc);
      assert.equal(open(answer as Uint8Array, key).type, 'get-response-normal');
    });
  }

  it('names the counter it needs when one comes too low', () => {
    const wire = new Wire(meterAt(NOW, { accounts }));
    assert.deepEqual(
      exceptionOf(wire.associate({ context: 3, title: TITLE, initiate: seal(INITIATE, 5) })),
      [1, 6, 1001],
    );
    const running = protectedWire();
    assert.deepEqual(exceptionOf(decodeApdu(running.raw(seal(REGISTER, 1001))[0] as Uint8Array).apdu), [1, 6, 1002]);
  });

  it('shows the last counter in its object to the public client', () => {
    const wire = new Wire(meterAt(NOW, { clientCounter: 4711 }));
    wire.associate();
    assert.deepEqual(wire.get(1, '0.0.43.1.0.255', 2), { type: 'double-long-unsigned', value: 4711 });
  });

  it('refuses less protection than the account asks for', () => {
    const wire = protectedWire();
    assert.deepEqual(exceptionOf(wire.ask(REGISTER)), [1, 1, null]);
    const [answer] = wire.raw(seal(REGISTER, 1002, { control: 0x20 }));
    assert.deepEqual(exceptionOf(decodeApdu(answer as Uint8Array).apdu), [1, 1, null]);
    const plain = new Wire(meterAt(NOW, { accounts })).associate();
    assert.equal(plain?.type === 'aare' && plain.result, 1);
  });

  it('answers a wrong key with deciphering-error', () => {
    const wire = protectedWire();
    const [answer] = wire.raw(seal(REGISTER, 1002, { key: Key.parse('ff'.repeat(16), 'key') }));
    assert.deepEqual(exceptionOf(decodeApdu(answer as Uint8Array).apdu), [1, 5, null]);
  });

  it('refuses a dedicated key when it is told to', () => {
    const wire = new Wire(meterAt(NOW, { behaviour: { refusesDedicatedKey: true } }));
    const initiate = encodeApdu({ ...INITIATE, dedicatedKey: new Uint8Array(16) });
    assert.deepEqual(exceptionOf(wire.associate({ initiate })), [1, 2, null]);
  });

  it('releases by the bad habit of a GMAC server when it is told to', () => {
    const wire = new Wire(meterAt(NOW, { accounts, behaviour: { release: 'malformed' } }));
    wire.associate({ context: 3, title: TITLE, initiate: seal(INITIATE, 1001) });
    assert.deepEqual(exceptionOf(wire.ask({ type: 'rlrq', reason: 0, userInformation: null })), [1, 2, null]);
    const rlre = wire.ask({ type: 'rlrq', reason: 0, userInformation: seal(INITIATE, 1002) });
    assert.ok(rlre?.type === 'rlre' && rlre.userInformation !== null);
  });
});

describe('long answers of the simulated meter', () => {
  it('go in blocks that fit the smaller of the two APDU sizes', () => {
    const wire = new Wire(meterAt(NOW, { behaviour: { pduSize: 300 } }));
    wire.associate({ initiate: encodeApdu({ ...INITIATE, maxPduSize: 200 }) });
    const [first] = wire.raw(encodeApdu(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 10))));
    assert.ok(first !== undefined && first.length <= 200 && first.length > 180);
    let total = 0;
    let answer: Apdu | null = decodeApdu(first).apdu;
    for (let n = 1; ; n++) {
      assert.ok(answer?.type === 'get-response-with-datablock' && answer.result.ok);
      assert.equal(answer.block, n);
      total += answer.result.raw.length;
      if (answer.last) break;
      answer = wire.ask({ type: 'get-request-next', invoke: 0xc1, block: n });
    }
    assert.equal(total, 2 + 10 * 48);
  });

  it('end at a wrong block number, and without one there is none to continue', () => {
    const wire = new Wire(meterAt(NOW, { behaviour: { pduSize: 300 } }));
    wire.associate();
    const next = (block: number): unknown => {
      const answer = wire.ask({ type: 'get-request-next', invoke: 0xc1, block });
      return answer?.type === 'get-response-with-datablock' && !answer.result.ok && answer.result.result;
    };
    assert.equal(next(1), 16);
    wire.ask(getRequest(7, '1.0.99.1.0.255', 2, entries(1, 10)));
    assert.equal(next(2), 19);
    assert.equal(next(1), 16);
  });

  it('of a list go in blocks too', () => {
    const wire = new Wire(meterAt(NOW, { behaviour: { pduSize: 300 } }));
    wire.associate();
    const profile = getRequest(7, '1.0.99.1.0.255', 2, entries(1, 10));
    const answer = wire.ask({ type: 'get-request-with-list', invoke: 0xc1, attributes: [REGISTER, profile] });
    assert.ok(answer?.type === 'get-response-with-datablock' && answer.result.ok);
    assert.deepEqual([...answer.result.raw.subarray(0, 3)], [2, 0, 6], 'two results, the first is data');
  });
});

describe('short names of the simulated meter', () => {
  it('are read one by one, by list, with selection and in blocks', () => {
    const wire = new Wire(meterAt(NOW, { behaviour: { pduSize: 300 } }));
    wire.associate({ context: 2 });
    const clock = wire.ask({ type: 'read-request', variables: [{ type: 'variable-name', name: 0x0108 }] });
    assert.ok(clock?.type === 'read-response' && clock.results[0]?.type === 'data');
    assert.equal(clock.results[0].data.type, 'octet-string');
    const unknown = wire.ask({ type: 'read-request', variables: [{ type: 'variable-name', name: 0x0003 }] });
    assert.deepEqual(unknown, { type: 'read-response', results: [{ type: 'data-access-error', result: 4 }] });

    const named = wire.meter.named('sn').find(n => n.object.obis.toString() === '1-0:99.1.0*255');
    const { selector, parameters } = entries(1, 10);
    let answer = wire.ask({
      type: 'read-request',
      variables: [{ type: 'parameterised-access', name: (named?.baseName ?? 0) + 8, selector, parameter: parameters }],
    });
    let total = 0;
    for (let block = 1; ; block++) {
      assert.ok(answer?.type === 'read-response' && answer.results[0]?.type === 'data-block-result');
      assert.equal(answer.results[0].block, block);
      total += answer.results[0].raw.length;
      if (answer.results[0].last) break;
      answer = wire.ask({ type: 'read-request', variables: [{ type: 'block-number-access', block }] });
    }
    // count, choice "data", and the array of ten rows
    assert.equal(total, 1 + 1 + 2 + 10 * 48);
  });
});
