// What can be asked for, and the shape of an answer. One refused object never loses the others.

import { actionResult, APDUS, dataAccessResult, type Apdu, type ApduType } from '../apdu';
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

/**
 * One service request and all that belongs to it (blocks, lists, fall-back). It knows APDUs, neither link nor ciphering.
 * What the client has to know of a service it asks here.
 */
export interface Exchange<A extends ApduType = ApduType> {
  /** The APDUs that answer it; another one ends the association, because nobody knows what the meter thinks it is asked. */
  readonly answers: readonly A[];
  /** Asked twice it does no harm. To write and to act does. */
  readonly repeatable: boolean;
  /** What is waited for, in the words of an error: "get-response for 1-0:1.8.0*255 attribute 2". */
  readonly waitingFor: string;
  start(): Apdu;
  answer(apdu: Extract<Apdu, { readonly type: A }>): Turn;
  /** The meter refused the service as a whole; null: there is no other way to ask. */
  refused(error: DlmsError): Turn | null;
}

/** What an exchange makes of an APDU. Throws UNEXPECTED_RESPONSE for one that does not answer it. */
export function answerTo(exchange: Exchange, apdu: Apdu): Turn {
  if (exchange.answers.includes(apdu.type)) return exchange.answer(apdu);
  throw new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: apdu.type, waitingFor: exchange.waitingFor });
}

/** Whether a right answer may be, octet by octet, one that came before: it has no number but the invoke-id. */
export function mayComeAgain(exchange: Exchange, bytes: Uint8Array): boolean {
  return exchange.answers.some(
    type => !NUMBERED.has(type) && (PREFIXES.get(type) ?? []).every((octet, i) => bytes[i] === octet),
  );
}

/** The number that pairs request and answer, 0..15 (0..0xffffff with the long form); null for an APDU that has none. */
export function invokeOf(apdu: Apdu): number | null {
  if ('invoke' in apdu) return apdu.invoke & 0x0f;
  return 'longInvoke' in apdu ? apdu.longInvoke & 0xffffff : null;
}

/** Answers that count themselves within a request. */
const NUMBERED: ReadonlySet<ApduType> = new Set(['get-response-with-datablock']);
const PREFIXES: ReadonlyMap<ApduType, readonly number[]> = new Map(APDUS.map(({ type, prefix }) => [type, prefix]));
/** data-access-result. IEC 62056-5-3, Data-Access-Result. */
const TEMPORARY_FAILURE = 2;
