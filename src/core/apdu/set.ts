// SET, logical-name referencing: C1 request, C5 response. IEC 62056-5-3, SET service.

import { readData, writeData, type Data } from '../cosem/data';
import {
  alternative,
  attributeWithSelection,
  dataBlock,
  sequenceOf,
  writeSequence,
  type AttributeDescriptor,
  type AttributeWithSelection,
  type DataBlock,
  type SelectiveAccess,
} from './codec';
import type { Reader } from '../wire/reader';
import type { Writer } from '../wire/writer';

export interface SetRequestNormal {
  readonly type: 'set-request-normal';
  readonly invoke: number;
  readonly attribute: AttributeDescriptor;
  readonly access: SelectiveAccess | null;
  readonly value: Data;
}

/** set-request-normal, C1 01. */
export const setRequestNormal = alternative<SetRequestNormal>('set-request-normal', [0xc1, 0x01], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), ...attributeWithSelection.read(r), value: readData(r) }),
  write: (w, v) => {
    attributeWithSelection.write(w.u8(v.invoke), v);
    writeData(w, v.value);
  },
});

export interface SetRequestWithFirstDatablock {
  readonly type: 'set-request-with-first-datablock';
  readonly invoke: number;
  readonly attribute: AttributeDescriptor;
  readonly access: SelectiveAccess | null;
  readonly datablock: DataBlock;
}

/** set-request-with-first-datablock, C1 02. */
export const setRequestWithFirstDatablock = alternative<SetRequestWithFirstDatablock>(
  'set-request-with-first-datablock',
  [0xc1, 0x02],
  {
    read: r => ({
      invoke: r.u8('invoke-id-and-priority'),
      ...attributeWithSelection.read(r),
      datablock: dataBlock.read(r),
    }),
    write: (w, v) => {
      attributeWithSelection.write(w.u8(v.invoke), v);
      dataBlock.write(w, v.datablock);
    },
  },
);

export interface SetRequestWithDatablock {
  readonly type: 'set-request-with-datablock';
  readonly invoke: number;
  readonly datablock: DataBlock;
}

/** set-request-with-datablock, C1 03. */
export const setRequestWithDatablock = alternative<SetRequestWithDatablock>(
  'set-request-with-datablock',
  [0xc1, 0x03],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), datablock: dataBlock.read(r) }),
    write: (w, v) => dataBlock.write(w.u8(v.invoke), v.datablock),
  },
);

export interface SetRequestWithList {
  readonly type: 'set-request-with-list';
  readonly invoke: number;
  readonly attributes: readonly AttributeWithSelection[];
  readonly values: readonly Data[];
}

/** set-request-with-list, C1 04. */
export const setRequestWithList = alternative<SetRequestWithList>('set-request-with-list', [0xc1, 0x04], {
  read: r => ({
    invoke: r.u8('invoke-id-and-priority'),
    attributes: sequenceOf(r, 'attribute-descriptor-list', attributeWithSelection.read),
    values: sequenceOf(r, 'value-list', r => readData(r)),
  }),
  write: (w, v) => {
    writeSequence(w.u8(v.invoke), v.attributes, attributeWithSelection.write);
    writeSequence(w, v.values, writeData);
  },
});

export interface SetRequestWithListAndFirstDatablock {
  readonly type: 'set-request-with-list-and-first-datablock';
  readonly invoke: number;
  readonly attributes: readonly AttributeWithSelection[];
  readonly datablock: DataBlock;
}

/** set-request-with-list-and-first-datablock, C1 05. */
export const setRequestWithListAndFirstDatablock = alternative<SetRequestWithListAndFirstDatablock>(
  'set-request-with-list-and-first-datablock',
  [0xc1, 0x05],
  {
    read: r => ({
      invoke: r.u8('invoke-id-and-priority'),
      attributes: sequenceOf(r, 'attribute-descriptor-list', attributeWithSelection.read),
      datablock: dataBlock.read(r),
    }),
    write: (w, v) => {
      writeSequence(w.u8(v.invoke), v.attributes, attributeWithSelection.write);
      dataBlock.write(w, v.datablock);
    },
  },
);

export interface SetResponseNormal {
  readonly type: 'set-response-normal';
  readonly invoke: number;
  /** data-access-result; 0 is success. */
  readonly result: number;
}

/** set-response-normal, C5 01. */
export const setResponseNormal = alternative<SetResponseNormal>('set-response-normal', [0xc5, 0x01], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), result: r.u8('result') }),
  write: (w, v) => void w.u8(v.invoke).u8(v.result),
});

export interface SetResponseDatablock {
  readonly type: 'set-response-datablock';
  readonly invoke: number;
  readonly block: number;
}

/** set-response-datablock, C5 02: the next block is awaited. */
export const setResponseDatablock = alternative<SetResponseDatablock>('set-response-datablock', [0xc5, 0x02], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), block: r.u32('block-number') }),
  write: (w, v) => void w.u8(v.invoke).u32(v.block),
});

export interface SetResponseLastDatablock {
  readonly type: 'set-response-last-datablock';
  readonly invoke: number;
  readonly result: number;
  readonly block: number;
}

/** set-response-last-datablock, C5 03. */
export const setResponseLastDatablock = alternative<SetResponseLastDatablock>(
  'set-response-last-datablock',
  [0xc5, 0x03],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), result: r.u8('result'), block: r.u32('block-number') }),
    write: (w, v) => void w.u8(v.invoke).u8(v.result).u32(v.block),
  },
);

export interface SetResponseLastDatablockWithList {
  readonly type: 'set-response-last-datablock-with-list';
  readonly invoke: number;
  readonly results: readonly number[];
  readonly block: number;
}

/** set-response-last-datablock-with-list, C5 04. */
export const setResponseLastDatablockWithList = alternative<SetResponseLastDatablockWithList>(
  'set-response-last-datablock-with-list',
  [0xc5, 0x04],
  {
    read: r => ({
      invoke: r.u8('invoke-id-and-priority'),
      results: sequenceOf(r, 'result', readResult),
      block: r.u32('block-number'),
    }),
    write: (w, v) => {
      writeSequence(w.u8(v.invoke), v.results, writeResult);
      w.u32(v.block);
    },
  },
);

export interface SetResponseWithList {
  readonly type: 'set-response-with-list';
  readonly invoke: number;
  readonly results: readonly number[];
}

/** set-response-with-list, C5 05. */
export const setResponseWithList = alternative<SetResponseWithList>('set-response-with-list', [0xc5, 0x05], {
  read: r => ({ invoke: r.u8('invoke-id-and-priority'), results: sequenceOf(r, 'result', readResult) }),
  write: (w, v) => writeSequence(w.u8(v.invoke), v.results, writeResult),
});

function readResult(r: Reader): number {
  return r.u8('data-access-result');
}

function writeResult(w: Writer, result: number): void {
  w.u8(result);
}
