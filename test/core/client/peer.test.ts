import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';

import { decodeApdu, encodeApdu, type Aare, type Apdu } from '../../../src/core/apdu';
import { Client, type ClientEvent, type ClientStep } from '../../../src/core/client/client';
import type { Authentication, ClientOptions } from '../../../src/core/client/options';
import { Obis } from '../../../src/core/obis/obis';
import { encodeWrapper, wrapperStream } from '../../../src/core/framing/wrapper';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { hlsReply, Key, sealApdu } from '../../../src/core/security';
import { concat, fromLatin1, unhex } from '../../../src/core/wire/hex';
import { failure } from '../../feed';

const OURS = unhex('4d464c0000000001');
const THEIRS = unhex('4d46571000000001');
const CHALLENGE = fromLatin1('our 16 octets...');
const OTHER = fromLatin1('their 16 octets.');
const SECRET = fromLatin1('a secret of 16 !');
const [ENCRYPTION, AUTHENTICATION] = ['00', '11'].map(octet => Key.parse(octet.repeat(16), 'key')) as [Key, Key];
const REF = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2 };
const HIGH: readonly (readonly [Authentication, number])[] = [
  ['high', 2],
  ['high-md5', 3],
  ['high-sha1', 4],
  ['high-gmac', 5],
  ['high-sha256', 6],
  ['high-ecdsa', 7],
];
const ACCEPTED: Apdu & { type: 'initiate-response' } = {
  type: 'initiate-response',
  version: 6,
  qualityOfService: null,
  conformance: ['get', 'set', 'action', 'read', 'write'],
  maxPduSize: 1000,
  vaaName: 7,
};

/** What answers in place of the meter: changes to the AARE, and what it returns for our proof; null: no octets. */
interface Stranger {
  readonly aare?: Partial<Aare>;
  readonly proof?: (ours: Uint8Array) => Uint8Array | null;
}

/** Lets a client associate with it; all that happened, and what was sent after the AARQ. */
function meets(
  options: Partial<ClientOptions>,
  stranger: Stranger,
): { events: ClientEvent[]; sent: Apdu[]; client: Client } {
  let counter = 0;
  const client = new Client(new WrapperLink({ client: 1, server: 1, mode: 'stream' }), {
    referencing: 'ln',
    authentication: 'none',
    security: 'none',
    secret: SECRET,
    systemTitle: OURS,
    encryptionKey: ENCRYPTION,
    authenticationKey: AUTHENTICATION,
    counter: { next: () => ++counter },
    challenge: CHALLENGE,
    ...options,
  });
  const events: ClientEvent[] = [];
  const sent: Apdu[] = [];
  const deframer = wrapperStream();
  const requests = (step: ClientStep): Apdu[] => {
    events.push(...step.events);
    return step.write
      .flatMap(bytes => deframer.receive(bytes))
      .flatMap(m => (m.type === 'wrapper' ? [decodeApdu(m.apdu).apdu] : []));
  };
  let waiting = requests(client.connect());
  for (let turn = 0; turn < 3 && waiting.length > 0; turn++) {
    const [request] = waiting;
    if (request?.type !== 'aarq') sent.push(...waiting);
    const answer =
      request?.type === 'aarq'
        ? aareTo(request.applicationContext, request.mechanism, stranger)
        : returned(request, stranger);
    waiting = answer === null ? [] : requests(client.receive(encodeWrapper(1, 1, encodeApdu(answer))));
  }
  return { events, sent, client };
}

function aareTo(applicationContext: number | null, mechanism: number | null, { aare }: Stranger): Apdu {
  return {
    type: 'aare',
    protocolVersion: null,
    applicationContext: applicationContext ?? 1,
    result: 0,
    diagnostic: { source: 1, value: mechanism === null || mechanism < 2 ? 0 : 14 },
    respondingApTitle: THEIRS,
    respondingAeQualifier: null,
    mechanism,
    respondingAuthenticationValue: OTHER,
    userInformation: encodeApdu(ACCEPTED),
    ...aare,
  };
}

function returned(request: Apdu | undefined, { proof }: Stranger): Apdu | null {
  if (request?.type === 'action-request-normal' && request.argument?.type === 'octet-string') {
    const octets = proof?.(request.argument.value) ?? null;
    const data = octets === null ? null : { ok: true as const, data: { type: 'octet-string' as const, value: octets } };
    return { type: 'action-response-normal', invoke: request.invoke, result: 0, returned: data };
  }
  const variable = request?.type === 'read-request' ? request.variables[0] : undefined;
  if (variable?.type === 'parameterised-access' && variable.parameter.type === 'octet-string') {
    const octets = proof?.(variable.parameter.value) ?? null;
    const data = octets === null ? { type: 'null-data' as const } : { type: 'octet-string' as const, value: octets };
    return { type: 'read-response', results: [{ type: 'data', data }] };
  }
  return null;
}

const believed = (events: readonly ClientEvent[]): boolean => events.some(e => e.type === 'associated');

function refusalOf(events: readonly ClientEvent[]): string {
  assert.ok(!believed(events), 'it was believed');
  const refused = events.find(e => e.type === 'refused');
  return refused === undefined ? events.map(e => e.type).join() : `${refused.error.code}: ${refused.error.short}`;
}

/** Refused, nothing sent after the AARQ, and nothing can be asked. */
function refusesAtOnce(options: Partial<ClientOptions>, stranger: Stranger, reason: RegExp): void {
  const { events, sent, client } = meets(options, stranger);
  assert.match(refusalOf(events), /^NOT_THE_METER: this may be somebody else/);
  assert.match(refusalOf(events), reason);
  assert.deepEqual([sent, client.phase, client.association], [[], 'no-association', null]);
  assert.equal(
    failure(() => client.get([REF])),
    'BAD_STATE',
  );
}

/** The meter itself, by the same functions as the client. */
function proves(
  mechanism: number,
  challenge = OTHER,
  ours: Partial<ClientOptions> = {},
): (proof: Uint8Array) => Uint8Array {
  const { systemTitle = OURS } = ours;
  const [encryptionKey, authenticationKey] = [ENCRYPTION, AUTHENTICATION];
  const context = {
    mechanism,
    secret: SECRET,
    ownTitle: THEIRS,
    peerTitle: systemTitle,
    encryptionKey,
    authenticationKey,
  };
  return () => hlsReply(context, { sent: challenge, received: CHALLENGE }, 77);
}

describe('somebody without a key in the place of the meter', () => {
  for (const referencing of ['ln', 'sn'] as const) {
    for (const [authentication, mechanism] of HIGH) {
      const options = { referencing, authentication };
      it(`is refused by ${referencing}, ${authentication}, with our challenge sent back`, () => {
        refusesAtOnce(options, { aare: { respondingAuthenticationValue: CHALLENGE } }, /challenge is ours/);
      });
      it(`is refused by ${referencing}, ${authentication}, under our own system title`, () => {
        refusesAtOnce(options, { aare: { respondingApTitle: OURS } }, /4D464C0000000001, the same as/i);
      });
      it(`is refused by ${referencing}, ${authentication}, with a challenge of another length than 8 to 64 octets`, () => {
        for (const octets of [0, 1, 7, 65, 100]) {
          const respondingAuthenticationValue = new Uint8Array(octets).fill(7);
          refusesAtOnce(options, { aare: { respondingAuthenticationValue } }, new RegExp(`has ${octets} octets`));
        }
      });
      if (mechanism === 7) continue;
      it(`is refused by ${referencing}, ${authentication}, with our own proof sent back`, () => {
        const { events, sent } = meets(options, { proof: ours => ours });
        assert.match(refusalOf(events), /^NOT_THE_METER: .*our own proof/);
        assert.equal(sent.length, 1);
      });
      it(`is told from the meter by ${referencing}, ${authentication}, which is believed`, () => {
        for (const octets of [8, 64]) {
          const challenge = new Uint8Array(octets).fill(9);
          const aare = { respondingAuthenticationValue: challenge };
          const { events } = meets(options, { aare, proof: proves(mechanism, challenge) });
          assert.ok(believed(events));
          assert.equal(
            events.some(e => e.type === 'warning'),
            false,
          );
        }
        const wrong = meets(options, { proof: () => new Uint8Array(17) });
        assert.match(refusalOf(wrong.events), /^HLS_FAILED/);
      });
    }
  }

  it('gets no block of our challenge enciphered: mechanism 2 would give the answer away in pieces', () => {
    const padded = concat(CHALLENGE, new Uint8Array(1));
    for (const challenge of [concat(CHALLENGE, OTHER), concat(OTHER, CHALLENGE), padded]) {
      refusesAtOnce(
        { authentication: 'high' },
        { aare: { respondingAuthenticationValue: challenge } },
        /a part of ours/,
      );
    }
    const short = fromLatin1('8 octets');
    const filled = concat(short, new Uint8Array(8));
    const aare = { respondingAuthenticationValue: filled };
    refusesAtOnce({ authentication: 'high', challenge: short }, { aare }, /a part of ours/);
    // What it would have done with it.
    const proof = createCipheriv('aes-128-ecb', SECRET, null).setAutoPadding(false).update(padded.subarray(0, 16));
    assert.deepEqual(Uint8Array.from(proof), proves(2)(OTHER));
  });

  it('gets no answer to what we asked in another conversation, which it could give there', () => {
    const asked = unhex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');
    for (const authentication of ['high', 'high-md5', 'high-sha1', 'high-sha256', 'high-gmac'] as const) {
      const options = { authentication, sentChallenges: () => [asked] };
      refusesAtOnce(options, { aare: { respondingAuthenticationValue: asked } }, /sent to somebody else/);
    }
  });

  it('gets no request signed by GMAC, with or without octets behind it', () => {
    const asks = [
      'c301c10046000060030aff01010f00',
      'c301c10046000060030aff0200',
      'c001c100030100010800ff0200',
      'c101c100080000010000ff020009020102',
      '05010 2fa08'.replace(/ /g, '') + '000000',
      '0100000006 5f1f0400007e1fffff'.replace(/ /g, ''),
      'c301c10046000060030aff01010f00ffeedd',
    ];
    for (const text of asks) {
      const respondingAuthenticationValue = unhex(text);
      refusesAtOnce({ authentication: 'high-gmac' }, { aare: { respondingAuthenticationValue } }, /would sign/);
      // The others sign nothing that a meter takes for an APDU.
      const { sent } = meets({ authentication: 'high-sha256' }, { aare: { respondingAuthenticationValue } });
      assert.equal(sent.length, 1, text);
    }
  });

  it('is not seen in what a genuine challenge looks like by chance', () => {
    // Begins like rlrq, aarq and ciphered APDUs, which one in a thousand does; an action on a class that no standard has.
    for (const text of [
      '620e' + '00'.repeat(14),
      '600e' + '11'.repeat(14),
      'c80e' + '22'.repeat(14),
      'c301c1ff460000600a0aff010099ffeedd',
    ]) {
      const { sent } = meets({ authentication: 'high-gmac' }, { aare: { respondingAuthenticationValue: unhex(text) } });
      assert.equal(sent.length, 1, text);
    }
  });

  it('is told with mechanism 2 when it proves nothing, and taken only of a maker whose meters do not', () => {
    assert.match(refusalOf(meets({ authentication: 'high' }, { proof: () => null }).events), /^HLS_FAILED.*LGZ/);
    const { events, client } = meets({ authentication: 'high', landisGyr: true }, { proof: () => null });
    const warnings = events.flatMap(e => (e.type === 'warning' ? [e.text] : []));
    assert.equal(warnings.length, 1);
    assert.deepEqual(client.association?.notes, warnings);
    assert.match(warnings[0] ?? '', /nothing shows that it is the meter/);
    for (const authentication of ['high-md5', 'high-sha1', 'high-gmac', 'high-sha256'] as const) {
      assert.match(refusalOf(meets({ authentication, landisGyr: true }, { proof: () => null }).events), /^HLS_FAILED/);
    }
  });
});

describe('the system title that the settings name', () => {
  const configured = { meterSystemTitle: unhex('4142430000000099') };

  it('has to be the one that the meter says, in associations of every kind', () => {
    const kinds: readonly Partial<ClientOptions>[] = [
      { authentication: 'none' },
      { authentication: 'low' },
      { authentication: 'low', security: 'authentication-encryption' },
      ...HIGH.map(([authentication]) => ({ authentication })),
    ];
    for (const kind of kinds)
      refusesAtOnce({ ...kind, ...configured }, {}, /4D46571000000001, where the settings say 4142430000000099/i);
    for (const kind of kinds)
      refusesAtOnce({ ...kind, referencing: 'sn', ...configured }, {}, /where the settings say/);
  });

  it('counts where the meter says none, unless it is ours', () => {
    const aare = { respondingApTitle: null };
    const { events } = meets({ authentication: 'high-gmac', meterSystemTitle: THEIRS }, { aare, proof: proves(5) });
    assert.ok(believed(events));
    refusesAtOnce({ authentication: 'high-gmac', meterSystemTitle: OURS }, { aare }, /the same as/);
    const plain = meets({ authentication: 'low', meterSystemTitle: OURS }, { aare });
    assert.ok(believed(plain.events));
  });

  it('hides no refusal, which anybody may send', () => {
    const refused = { result: 1, diagnostic: { source: 1, value: 13 }, userInformation: null };
    const { events } = meets({ authentication: 'low', ...configured }, { aare: refused });
    assert.match(refusalOf(events), /^WRONG_PASSWORD/);
  });
});

describe('a ciphered association that was accepted', () => {
  const CIPHERED = { security: 'authentication-encryption' } as const;
  const seal = (encryption: Key): Uint8Array =>
    sealApdu(encodeApdu(ACCEPTED), {
      form: 'glo',
      systemTitle: THEIRS,
      key: encryption,
      authenticationKey: AUTHENTICATION,
      control: 0x30,
      counter: 9,
    });

  it('is none without an answer that only the keys can make', () => {
    refusesAtOnce(CIPHERED, { aare: { userInformation: null } }, /that only the keys can make/);
    for (const userInformation of [
      encodeApdu(ACCEPTED),
      unhex('0102030405'),
      seal(Key.parse('22'.repeat(16), 'key')),
    ]) {
      const { events, sent, client } = meets(CIPHERED, { aare: { userInformation } });
      assert.match(refusalOf(events), /^[A-Z_]+: /);
      assert.deepEqual([sent, client.phase], [[], 'no-association']);
    }
    const { events } = meets(CIPHERED, { aare: { userInformation: seal(ENCRYPTION) } });
    assert.ok(believed(events));
  });

  it('is one in clear as before, where nothing is ciphered', () => {
    for (const userInformation of [null, unhex('0102030405')]) {
      const { events } = meets({ authentication: 'low' }, { aare: { userInformation } });
      assert.ok(believed(events));
    }
  });
});
