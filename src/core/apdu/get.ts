// GET, logical-name referencing: C0 request, C4 response. IEC 62056-5-3, GET service.

import { nullData, type Data } from '../cosem/data';
import {
  alternative,
  attributeWithSelection,
  getDataResult,
  readOctets,
  sequenceOf,
  writeSequence,
  type AttributeDescriptor,
  type AttributeWithSelection,
  type GetDataResult,
  type SelectiveAccess,
} from './codec';

export interface GetRequestNormal {
  readonly type: 'get-request-normal';
  readonly invoke: number;
  readonly attribute: AttributeDescriptor;
  readonly access: SelectiveAccess | null;
}

/** get-request-normal, C0 01. */
export const getRequestNormal = alternative<GetRequestNormal>('get-request-normal', [0xc0, 0x01], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), ...attributeWithSelection.read(r) }),
  write: (w, v) => attributeWithSelection.write(w.u8(v.invoke), v),
});

export interface GetRequestNext {
  readonly type: 'get-request-next';
  readonly invoke: number;
  /** The block that was received and is hereby acknowledged. */
  readonly block: number;
}

/** get-request-next, C0 02. */
export const getRequestNext = alternative<GetRequestNext>('get-request-next', [0xc0, 0x02], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), block: r.u32('block-number') }),
  write: (w, v) => void w.u8(v.invoke).u32(v.block),
});

export interface GetRequestWithList {
  readonly type: 'get-request-with-list';
  readonly invoke: number;
  readonly attributes: readonly AttributeWithSelection[];
}

/** get-request-with-list, C0 03. */
export const getRequestWithList = alternative<GetRequestWithList>('get-request-with-list', [0xc0, 0x03], {
  read: r => ({
    invoke: r.u8('invoke-id-and-priority'),
    attributes: sequenceOf(r, 'attribute-descriptor-list', attributeWithSelection.read),
  }),
  write: (w, v) => writeSequence(w.u8(v.invoke), v.attributes, attributeWithSelection.write),
});

export interface GetResponseNormal {
  readonly type: 'get-response-normal';
  readonly invoke: number;
  readonly result: GetDataResult;
}

/** get-response-normal, C4 01. Some meters end after "data (0)" when they have nothing to say: that is null-data. */
export const getResponseNormal = alternative<GetResponseNormal>('get-response-normal', [0xc4, 0x01], {
  read: r => {
    const invoke = r.u8('invoke-id-and-priority');
    if (r.remaining === 1 && r.peek() === 0) {
      r.rest();
      return { invoke, result: NOTHING };
    }
    return { invoke, result: getDataResult.read(r) };
  },
  write: (w, v) => getDataResult.write(w.u8(v.invoke), v.result),
});

/** What a data block carries: a part of the encoded value, or why there is none. */
export type BlockResult =
  { readonly ok: true; readonly raw: Uint8Array } | { readonly ok: false; readonly result: number };

export interface GetResponseWithDatablock {
  readonly type: 'get-response-with-datablock';
  readonly invoke: number;
  readonly last: boolean;
  readonly block: number;
  readonly result: BlockResult;
}

/** get-response-with-datablock, C4 02. */
export const getResponseWithDatablock = alternative<GetResponseWithDatablock>(
  'get-response-with-datablock',
  [0xc4, 0x02],
  {
    read: r => {
      const head = {
        invoke: r.u8('invoke-id-and-priority'),
        last: r.u8('last-block') !== 0,
        block: r.u32('block-number'),
      };
      const choice = r.u8('datablock result');
      if (choice === 0) return { ...head, result: { ok: true, raw: readOctets(r, 'raw-data') } };
      if (choice === 1) return { ...head, result: { ok: false, result: r.u8('data-access-result') } };
      return r.invalid('datablock result', choice, 'raw-data (0) or data-access-result (1)');
    },
    write: (w, v) => {
      w.u8(v.invoke)
        .u8(v.last ? 1 : 0)
        .u32(v.block);
      if (v.result.ok) w.u8(0).octets(v.result.raw);
      else w.u8(1).u8(v.result.result);
    },
  },
);

export interface GetResponseWithList {
  readonly type: 'get-response-with-list';
  readonly invoke: number;
  readonly results: readonly GetDataResult[];
}

/** get-response-with-list, C4 03. */
export const getResponseWithList = alternative<GetResponseWithList>('get-response-with-list', [0xc4, 0x03], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), results: sequenceOf(r, 'result', getDataResult.read) }),
  write: (w, v) => writeSequence(w.u8(v.invoke), v.results, getDataResult.write),
});

const NOTHING: { readonly ok: true; readonly data: Data } = { ok: true, data: nullData };
