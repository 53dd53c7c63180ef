// What an association shows of itself and of the meter: the object list with rights (LN class 15, SN class 12),
// the logical devices behind the address (class 17), the security setup (class 64), the counter (class 1).

import {
  array,
  enumerated,
  i16,
  i8,
  nullData,
  octets,
  structure,
  u16,
  u32,
  u8,
  type Data,
} from '../../core/cosem/data';
import { Obis } from '../../core/obis/obis';
import { fromLatin1 } from '../../core/wire/hex';
import { MECHANISM_OF, type Account } from '../accounts';
import { attribute, cosemObject, mayAct, rightsOf, type CosemObject } from '../cosem-object';

/** An object with the base name it has in short-name referencing. */
export interface Named {
  readonly object: CosemObject;
  readonly baseName: number;
}

/** Class 15. `objects` is called when it is read, because the association is itself one of them. */
export function associationLn(objects: () => readonly Named[], logicalDevice: number, name: string): CosemObject {
  return cosemObject(
    15,
    name,
    {
      2: attribute(ask => array(...objects().map(o => lnElement(o.object, ask.account)))),
      3: attribute(ask => structure(i8(ask.account.client), u16(logicalDevice))),
      4: attribute(ask => octets([0x60, 0x85, 0x74, 0x05, 0x08, 0x01, ask.account.security === 'none' ? 1 : 3])),
      5: attribute(ask =>
        structure(
          { type: 'bit-string', value: '0'.repeat(24) },
          u16(ask.behaviour.pduSize),
          u16(ask.behaviour.pduSize),
          u8(6),
          i8(0),
          octets([]),
        ),
      ),
      6: attribute(ask => octets([0x60, 0x85, 0x74, 0x05, 0x08, 0x02, MECHANISM_OF[ask.account.authentication]])),
      8: attribute(enumerated(2)),
      9: attribute(octets(Obis.parse('0.0.43.0.0.255').bytes)),
    },
    { version: 1 },
  );
}

/** Class 12. */
export function associationSn(objects: () => readonly Named[]): CosemObject {
  return cosemObject(
    12,
    '0.0.40.0.0.255',
    {
      2: attribute(() => array(...objects().map(snElement))),
      3: attribute(ask =>
        array(
          ...objects().map(o =>
            structure(
              i16(signed(o.baseName)),
              attributeRights(o.object, ask.account),
              methodRights(o.object, ask.account),
            ),
          ),
        ),
      ),
      4: attribute(octets(Obis.parse('0.0.43.0.0.255').bytes)),
    },
    { version: 2 },
  );
}

/** Class 17: the logical devices of the physical one. */
export function sapAssignment(devices: () => readonly { readonly sap: number; readonly name: string }[]): CosemObject {
  return cosemObject(17, '0.0.41.0.0.255', {
    2: attribute(() => array(...devices().map(d => structure(u16(d.sap), octets(fromLatin1(d.name)))))),
  });
}

/** Class 64, suite 0. Keys are not among its attributes. */
export function securitySetup(policy: number, client: () => Uint8Array, server: Uint8Array): CosemObject {
  return cosemObject(
    64,
    '0.0.43.0.0.255',
    {
      2: attribute(enumerated(policy)),
      3: attribute(enumerated(0)),
      4: attribute(() => octets(client())),
      5: attribute(octets(server)),
    },
    { version: 0 },
  );
}

/** 0.0.43.1.0.255: the counter the next protected APDU of a client must have at least. */
export function invocationCounterObject(obis: string, next: () => number): CosemObject {
  return cosemObject(1, obis, { 2: attribute(() => u32(next())) });
}

function lnElement(object: CosemObject, account: Account): Data {
  return structure(
    u16(object.classId),
    u8(object.version),
    octets(object.obis.bytes),
    structure(attributeRights(object, account), methodRights(object, account)),
  );
}

function attributeRights(object: CosemObject, account: Account): Data {
  return array(
    ...Object.keys(object.attributes).map(key => {
      const index = Number(key);
      const selectors = object.attributes[index]?.selectors;
      return structure(
        i8(index),
        enumerated(MODE[rightsOf(object, index, account)]),
        selectors === undefined ? nullData : array(...selectors.map(i8)),
      );
    }),
  );
}

function methodRights(object: CosemObject, account: Account): Data {
  const mode = mayAct(account) ? 1 : 0;
  return array(...Object.keys(object.methods).map(key => structure(i8(Number(key)), enumerated(mode))));
}

function snElement({ object, baseName }: Named): Data {
  return structure(i16(signed(baseName)), u16(object.classId), u8(object.version), octets(object.obis.bytes));
}

/** Base names are sent as the signed 16-bit numbers of the same octets. */
function signed(baseName: number): number {
  return baseName >= 0x8000 ? baseName - 0x10000 : baseName;
}

/** access_mode. IEC 62056-6-2, Association LN. */
const MODE = { none: 0, read: 1, 'read-write': 3 } as const;
