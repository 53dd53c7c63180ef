// What can be asked for, and the shape of an answer. One refused object never loses the others.

import { actionResult, dataAccessResult, type Apdu } from '../apdu';
import type { Data } from '../cosem/data';
import type { Obis } from '../obis/obis';
import { DlmsError } from '../wire/errors';

/** selective-access-parameters: 1 range, 2 entry. IEC 62056-6-2, profile generic. */
export interface Selector {
  readonly selector: number;
  readonly parameters: Data;
}

/** One attribute of one object; `baseName` is the short name of its first attribute (SN referencing only). */
export interface AttributeRef {
  readonly classId: number;
  readonly obis: Obis;
  readonly attribute: number;
  readonly select?: Selector;
  readonly baseName?: number;
}

export interface MethodRef {
  readonly classId: number;
  readonly obis: Obis;
  readonly method: number;
  readonly baseName?: number;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DlmsError };

/** "1-0:1.8.0*255 attribute 2": how errors name what was asked for. */
export function describeRef(ref: AttributeRef | MethodRef): string {
  return 'attribute' in ref ? `${ref.obis} attribute ${ref.attribute}` : `${ref.obis} method ${ref.method}`;
}

/** data-access-result or action-result as the error a caller sees, in the words of IEC 62056-5-3. */
export function accessError(ref: AttributeRef | MethodRef, result: number): DlmsError {
  const object = describeRef(ref);
  const words = 'method' in ref ? actionResult(result) : dataAccessResult(result);
  if (result === 3 || result === 13) return new DlmsError({ code: 'ACCESS_DENIED', object, result: words });
  if (result === 4 || result === 9) return new DlmsError({ code: 'OBJECT_UNDEFINED', object, result: words });
  return new DlmsError({ code: 'ACCESS_RESULT', object, result, words });
}

/** The meter is busy and means to be asked again later: nothing to remember. */
export function isTemporary(error: DlmsError): boolean {
  return error.detail.code === 'ACCESS_RESULT' && error.detail.result === TEMPORARY_FAILURE;
}

/** What an exchange has to say while it runs; `index` counts the attributes of the request. */
export type ExchangeEvent =
  | { readonly type: 'value'; readonly index: number; readonly outcome: Outcome<Data | null> }
  /** A piece of the encoded value, in order; only where the caller asked for a stream. */
  | { readonly type: 'part'; readonly index: number; readonly bytes: Uint8Array }
  | { readonly type: 'note'; readonly text: string };

/** What follows an answer: the next request, or null when the exchange is done. */
export interface Turn {
  readonly events: readonly ExchangeEvent[];
  readonly send: Apdu | null;
}

/** One service request and all that belongs to it (blocks, lists, fall-back). It knows APDUs, neither link nor ciphering. */
export interface Exchange {
  start(): Apdu;
  /** Throws UNEXPECTED_RESPONSE for an APDU of another service. */
  answer(apdu: Apdu): Turn;
  /** The meter refused the service as a whole; null: there is no other way to ask. */
  refused(error: DlmsError): Turn | null;
}

export function unexpected(apdu: Apdu, waitingFor: string): DlmsError {
  return new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: apdu.type, waitingFor });
}

/** data-access-result. IEC 62056-5-3, Data-Access-Result. */
const TEMPORARY_FAILURE = 2;
