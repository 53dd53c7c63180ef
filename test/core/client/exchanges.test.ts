// What each exchange says of itself, held against every APDU that we have a vector of.
// The rule of the file: a new exchange is one row of EXCHANGES; a service without a way to tell answers apart is named here.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { decodeApdu, type ApduType } from '../../../src/core/apdu';
import { LnAction, LnGet, LnSet } from '../../../src/core/client/ln';
import { answerTo, invokeOf, mayComeAgain, type Exchange } from '../../../src/core/client/request';
import { SnAction, SnProof, SnRead, SnWrite } from '../../../src/core/client/sn';
import { Obis } from '../../../src/core/obis/obis';
import { isDlmsError } from '../../../src/core/wire/errors';
import { unhex } from '../../../src/core/wire/hex';
import { vectors } from '../../feed';

const VECTORS = vectors('apdu').map(({ name, hex }) => ({ name, bytes: unhex(hex), ...decodeApdu(unhex(hex)) }));

const context = { invoke: () => 0xc1, listSize: 1, valueLimit: 1000, listRefused: () => undefined };
const attribute = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), attribute: 2, baseName: 0x2000 };
const method = { classId: 3, obis: Obis.parse('1-0:1.8.0*255'), method: 1, baseName: 0x2000 };
const value = { type: 'unsigned', value: 1 } as const;

const EXCHANGES: Readonly<Record<string, () => Exchange>> = {
  LnGet: () => new LnGet([attribute], context),
  LnSet: () => new LnSet(attribute, value, context),
  LnAction: () => new LnAction(method, null, context),
  SnRead: () => new SnRead([attribute], context),
  SnWrite: () => new SnWrite(attribute, value),
  SnAction: () => new SnAction(method, null),
  SnProof: () => new SnProof({ ...method, classId: 12, method: 8 }, value),
};

/** Short-name services: one request at a time, and nothing in the answer says which. */
const WITHOUT_ID: readonly ApduType[] = ['read-response', 'write-response'];

describe('exchanges', () => {
  it('all have a row here', async () => {
    const folder = join(__dirname, '..', '..', '..', 'src', 'core', 'client');
    const names: string[] = [];
    for (const file of readdirSync(folder).filter(file => file.endsWith('.js'))) {
      const exported = (await import(join(folder, file))) as Record<string, { prototype?: Partial<Exchange> }>;
      names.push(...Object.keys(exported).filter(name => exported[name]?.prototype?.refused !== undefined));
    }
    assert.deepEqual(names.sort(), Object.keys(EXCHANGES).sort());
  });

  for (const [name, begun] of Object.entries(EXCHANGES)) {
    it(`${name} takes the APDUs it names, and no other`, () => {
      for (const { name: vector, apdu } of VECTORS) {
        const exchange = begun();
        exchange.start();
        let refused = false;
        try {
          answerTo(exchange, apdu);
        } catch (e) {
          refused = isDlmsError(e) && e.detail.code === 'UNEXPECTED_RESPONSE' && e.detail.got === apdu.type;
          if (refused && isDlmsError(e)) assert.match(e.message, /1-0:1\.8\.0\*255/, vector);
        }
        assert.equal(refused, !exchange.answers.includes(apdu.type), vector);
      }
    });

    it(`${name} has an id in its answers, or is known to have none`, () => {
      for (const { apdu } of VECTORS.filter(v => begun().answers.includes(v.apdu.type))) {
        assert.equal(invokeOf(apdu) === null, WITHOUT_ID.includes(apdu.type), apdu.type);
      }
    });

    it(`${name} knows an answer that may come a second time by right`, () => {
      for (const { name: vector, apdu, bytes } of VECTORS) {
        const exchange = begun();
        const counted = apdu.type === 'get-response-with-datablock';
        assert.equal(mayComeAgain(exchange, bytes), exchange.answers.includes(apdu.type) && !counted, vector);
      }
    });
  }

  it('are asked twice only where that does no harm', () => {
    const repeatable = Object.entries(EXCHANGES).filter(([, begun]) => begun().repeatable);
    assert.deepEqual(
      repeatable.map(([name]) => name),
      ['LnGet', 'SnRead'],
    );
  });

  it('find the id of a long invoke-id too', () => {
    const access = VECTORS.find(v => v.apdu.type === 'access-response');
    assert.ok(access !== undefined);
    assert.notEqual(invokeOf(access.apdu), null);
  });
});
