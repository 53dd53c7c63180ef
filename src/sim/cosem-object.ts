// What an object of the simulated meter is: a class, a name, attributes that answer, methods that act.
// The rule of the file: an object never knows the time or the client by itself; both come with the request.

import type { ActionOutcome, GetDataResult, SelectiveAccess } from '../core/apdu';
import { octets, type Data } from '../core/cosem/data';
import { Obis } from '../core/obis/obis';
import type { Account } from './accounts';
import type { Behaviour } from './behaviour';
import type { MeterClock } from './meter-clock';

/** What a request brings along. */
export interface Ask {
  /** The meter's time, milliseconds since 1970 UTC. */
  readonly nowMs: number;
  readonly clock: MeterClock;
  readonly account: Account;
  readonly behaviour: Behaviour;
  readonly access: SelectiveAccess | null;
}

export interface Attribute {
  readonly read: (ask: Ask) => GetDataResult;
  /** Gives the data-access-result; an attribute without it cannot be written. */
  readonly write?: (value: Data, ask: Ask) => number;
  /** Hidden from accounts without authentication. */
  readonly restricted?: boolean;
  /** The access selectors it takes: 1 range, 2 entry. */
  readonly selectors?: readonly number[];
}

export type Method = (argument: Data | null, ask: Ask) => ActionOutcome;

export interface CosemObject {
  readonly classId: number;
  readonly version: number;
  readonly obis: Obis;
  /** By attribute index; 1, the logical name, is answered by the meter. */
  readonly attributes: Readonly<Record<number, Attribute>>;
  readonly methods: Readonly<Record<number, Method>>;
}

/** data-access-result. IEC 62056-5-3, Data-Access-Result. */
export const RESULT = {
  success: 0,
  temporaryFailure: 2,
  readWriteDenied: 3,
  objectUndefined: 4,
  classInconsistent: 9,
  objectUnavailable: 11,
  typeUnmatched: 12,
  scopeViolated: 13,
  dataBlockUnavailable: 14,
  longGetAborted: 15,
  noLongGet: 16,
  longSetAborted: 17,
  noLongSet: 18,
  blockNumberInvalid: 19,
  other: 250,
} as const;

export const value = (data: Data): GetDataResult => ({ ok: true, data });
export const refuse = (result: number): GetDataResult => ({ ok: false, result });

/** An attribute that always has the same value, or one that follows the time. */
export function attribute(data: Data | ((ask: Ask) => Data), more: Omit<Attribute, 'read'> = {}): Attribute {
  return { read: ask => value(typeof data === 'function' ? data(ask) : data), ...more };
}

export function cosemObject(
  classId: number,
  obis: string,
  attributes: Readonly<Record<number, Attribute>>,
  more: { readonly version?: number; readonly methods?: Readonly<Record<number, Method>> } = {},
): CosemObject {
  const name = Obis.parse(obis);
  return {
    classId,
    version: more.version ?? 0,
    obis: name,
    attributes: { 1: attribute(octets(name.bytes)), ...attributes },
    methods: more.methods ?? {},
  };
}

/** Methods change something. */
export function mayAct(account: Account): boolean {
  return account.authentication !== 'none';
}

/** What an account may do with an attribute. Writing needs authentication. */
export function rightsOf(object: CosemObject, index: number, account: Account): 'none' | 'read' | 'read-write' {
  const found = object.attributes[index];
  const known = account.authentication !== 'none';
  if (found === undefined || (found.restricted === true && !known)) return 'none';
  return found.write !== undefined && known ? 'read-write' : 'read';
}
