// ACCESS: several get, set and action in one unified exchange: D9 request, DA response. IEC 62056-5-3, ACCESS service.

import { readData, writeData, type Data } from '../cosem/data';
import {
  alternative,
  attributeDescriptor,
  methodDescriptor,
  optional,
  readOctets,
  selectiveAccess,
  sequenceOf,
  writeOptional,
  writeSequence,
  type AttributeDescriptor,
  type Codec,
  type MethodDescriptor,
  type SelectiveAccess,
} from './codec';
import type { Reader } from '../wire/reader';
import type { Writer } from '../wire/writer';

export type AccessSpecification =
  | { readonly type: 'access-request-get' | 'access-request-set'; readonly attribute: AttributeDescriptor }
  | { readonly type: 'access-request-action'; readonly method: MethodDescriptor }
  | {
      readonly type: 'access-request-get-with-selection' | 'access-request-set-with-selection';
      readonly attribute: AttributeDescriptor;
      readonly access: SelectiveAccess;
    };

export interface AccessRequest {
  readonly type: 'access-request';
  readonly longInvoke: number;
  /** Empty, or the twelve octets of a date-time. */
  readonly dateTime: Uint8Array;
  readonly specifications: readonly AccessSpecification[];
  /** One for each specification; null-data where it carries nothing. */
  readonly data: readonly Data[];
}

/** access-request, D9. */
export const accessRequest = alternative<AccessRequest>('access-request', [0xd9], {
  read: r => ({
    longInvoke: r.u32('long-invoke-id-and-priority'),
    dateTime: readOctets(r, 'date-time'),
    specifications: sequenceOf(r, 'access-request-specification', r => accessSpecification.read(r)),
    data: sequenceOf(r, 'access-request-list-of-data', r => readData(r)),
  }),
  write: (w, v) => {
    w.u32(v.longInvoke).octets(v.dateTime);
    writeSequence(w, v.specifications, accessSpecification.write);
    writeSequence(w, v.data, writeData);
  },
});

export interface AccessResult {
  readonly type: 'access-response-get' | 'access-response-set' | 'access-response-action';
  /** data-access-result, for an action its action-result; 0 is success. */
  readonly result: number;
}

export interface AccessResponse {
  readonly type: 'access-response';
  readonly longInvoke: number;
  readonly dateTime: Uint8Array;
  /** The request's specifications, where the server repeats them. */
  readonly specifications: readonly AccessSpecification[] | null;
  readonly data: readonly Data[];
  readonly results: readonly AccessResult[];
}

/** access-response, DA. */
export const accessResponse = alternative<AccessResponse>('access-response', [0xda], {
  read: r => ({
    longInvoke: r.u32('long-invoke-id-and-priority'),
    dateTime: readOctets(r, 'date-time'),
    specifications: optional(r, 'access-request-specification', r =>
      sequenceOf(r, 'access-request-specification', r => accessSpecification.read(r)),
    ),
    data: sequenceOf(r, 'access-response-list-of-data', r => readData(r)),
    results: sequenceOf(r, 'access-response-specification', readAccessResult),
  }),
  write: (w, v) => {
    w.u32(v.longInvoke).octets(v.dateTime);
    writeOptional(w, v.specifications, (w, list) => writeSequence(w, list, accessSpecification.write));
    writeSequence(w, v.data, writeData);
    writeSequence(w, v.results, writeAccessResult);
  },
});

const accessSpecification: Codec<AccessSpecification> = {
  read: r => {
    const choice = r.u8('access-request-specification');
    switch (choice) {
      case 1:
        return { type: 'access-request-get', attribute: attributeDescriptor.read(r) };
      case 2:
        return { type: 'access-request-set', attribute: attributeDescriptor.read(r) };
      case 3:
        return { type: 'access-request-action', method: methodDescriptor.read(r) };
      case 4:
      case 5:
        return {
          type: choice === 4 ? 'access-request-get-with-selection' : 'access-request-set-with-selection',
          attribute: attributeDescriptor.read(r),
          access: selectiveAccess.read(r),
        };
      default:
        return r.invalid('access-request-specification', choice, 'a choice from 1 to 5');
    }
  },
  write: (w, v) => {
    w.u8(SPECIFICATIONS.indexOf(v.type) + 1);
    if (v.type === 'access-request-action') methodDescriptor.write(w, v.method);
    else attributeDescriptor.write(w, v.attribute);
    if ('access' in v) selectiveAccess.write(w, v.access);
  },
};

function readAccessResult(r: Reader): AccessResult {
  const choice = r.u8('access-response-specification');
  const type = RESULTS[choice - 1];
  if (type === undefined) return r.invalid('access-response-specification', choice, 'a choice from 1 to 3');
  return { type, result: r.u8('result') };
}

function writeAccessResult(w: Writer, v: AccessResult): void {
  w.u8(RESULTS.indexOf(v.type) + 1).u8(v.result);
}

const SPECIFICATIONS: readonly AccessSpecification['type'][] = [
  'access-request-get',
  'access-request-set',
  'access-request-action',
  'access-request-get-with-selection',
  'access-request-set-with-selection',
];
const RESULTS: readonly AccessResult['type'][] = [
  'access-response-get',
  'access-response-set',
  'access-response-action',
];
