// ACTION, logical-name referencing: C3 request, C7 response. IEC 62056-5-3, ACTION service.

import { readData, writeData, type Data } from '../cosem/data';
import {
  alternative,
  dataBlock,
  getDataResult,
  methodDescriptor,
  optional,
  sequenceOf,
  writeOptional,
  writeSequence,
  type Codec,
  type DataBlock,
  type GetDataResult,
  type MethodDescriptor,
} from './codec';

export interface ActionRequestNormal {
  readonly type: 'action-request-normal';
  readonly invoke: number;
  readonly method: MethodDescriptor;
  readonly argument: Data | null;
}

/** action-request-normal, C3 01. */
export const actionRequestNormal = alternative<ActionRequestNormal>('action-request-normal', [0xc3, 0x01], {
  read: r => ({
    invoke: r.u8('invoke-id-and-priority'),
    method: methodDescriptor.read(r),
    argument: optional(r, 'method-invocation-parameters', r => readData(r)),
  }),
  write: (w, v) => {
    methodDescriptor.write(w.u8(v.invoke), v.method);
    writeOptional(w, v.argument, writeData);
  },
});

export interface ActionRequestNextPblock {
  readonly type: 'action-request-next-pblock';
  readonly invoke: number;
  readonly block: number;
}

/** action-request-next-pblock, C3 02. */
export const actionRequestNextPblock = alternative<ActionRequestNextPblock>(
  'action-request-next-pblock',
  [0xc3, 0x02],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), block: r.u32('block-number') }),
    write: (w, v) => void w.u8(v.invoke).u32(v.block),
  },
);

export interface ActionRequestWithList {
  readonly type: 'action-request-with-list';
  readonly invoke: number;
  readonly methods: readonly MethodDescriptor[];
  readonly arguments: readonly Data[];
}

/** action-request-with-list, C3 03. */
export const actionRequestWithList = alternative<ActionRequestWithList>('action-request-with-list', [0xc3, 0x03], {
  read: r => ({
    invoke: r.u8('invoke-id-and-priority'),
    methods: sequenceOf(r, 'method-descriptor-list', methodDescriptor.read),
    arguments: sequenceOf(r, 'method-invocation-parameters', r => readData(r)),
  }),
  write: (w, v) => {
    writeSequence(w.u8(v.invoke), v.methods, methodDescriptor.write);
    writeSequence(w, v.arguments, writeData);
  },
});

export interface ActionRequestWithFirstPblock {
  readonly type: 'action-request-with-first-pblock';
  readonly invoke: number;
  readonly method: MethodDescriptor;
  readonly pblock: DataBlock;
}

/** action-request-with-first-pblock, C3 04. */
export const actionRequestWithFirstPblock = alternative<ActionRequestWithFirstPblock>(
  'action-request-with-first-pblock',
  [0xc3, 0x04],
  {
    read: r => ({
      invoke: r.u8('invoke-id-and-priority'),
      method: methodDescriptor.read(r),
      pblock: dataBlock.read(r),
    }),
    write: (w, v) => {
      methodDescriptor.write(w.u8(v.invoke), v.method);
      dataBlock.write(w, v.pblock);
    },
  },
);

export interface ActionRequestWithListAndFirstPblock {
  readonly type: 'action-request-with-list-and-first-pblock';
  readonly invoke: number;
  readonly methods: readonly MethodDescriptor[];
  readonly pblock: DataBlock;
}

/** action-request-with-list-and-first-pblock, C3 05. */
export const actionRequestWithListAndFirstPblock = alternative<ActionRequestWithListAndFirstPblock>(
  'action-request-with-list-and-first-pblock',
  [0xc3, 0x05],
  {
    read: r => ({
      invoke: r.u8('invoke-id-and-priority'),
      methods: sequenceOf(r, 'method-descriptor-list', methodDescriptor.read),
      pblock: dataBlock.read(r),
    }),
    write: (w, v) => {
      writeSequence(w.u8(v.invoke), v.methods, methodDescriptor.write);
      dataBlock.write(w, v.pblock);
    },
  },
);

export interface ActionRequestWithPblock {
  readonly type: 'action-request-with-pblock';
  readonly invoke: number;
  readonly pblock: DataBlock;
}

/** action-request-with-pblock, C3 06. */
export const actionRequestWithPblock = alternative<ActionRequestWithPblock>(
  'action-request-with-pblock',
  [0xc3, 0x06],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), pblock: dataBlock.read(r) }),
    write: (w, v) => dataBlock.write(w.u8(v.invoke), v.pblock),
  },
);

/** What became of one method: action-result (0 success) and what it returned, if anything. */
export interface ActionOutcome {
  readonly result: number;
  readonly returned: GetDataResult | null;
}

export interface ActionResponseNormal extends ActionOutcome {
  readonly type: 'action-response-normal';
  readonly invoke: number;
}

/** action-response-normal, C7 01. Some meters end after the action-result: nothing was returned then. */
export const actionResponseNormal = alternative<ActionResponseNormal>('action-response-normal', [0xc7, 0x01], {
  read: r => {
    const invoke = r.u8('invoke-id-and-priority');
    const result = r.u8('action-result');
    return { invoke, result, returned: r.remaining === 0 ? null : optional(r, RETURNED, getDataResult.read) };
  },
  write: (w, v) => actionOutcome.write(w.u8(v.invoke), v),
});

export interface ActionResponseWithPblock {
  readonly type: 'action-response-with-pblock';
  readonly invoke: number;
  readonly pblock: DataBlock;
}

/** action-response-with-pblock, C7 02. */
export const actionResponseWithPblock = alternative<ActionResponseWithPblock>(
  'action-response-with-pblock',
  [0xc7, 0x02],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), pblock: dataBlock.read(r) }),
    write: (w, v) => dataBlock.write(w.u8(v.invoke), v.pblock),
  },
);

export interface ActionResponseWithList {
  readonly type: 'action-response-with-list';
  readonly invoke: number;
  readonly results: readonly ActionOutcome[];
}

/** action-response-with-list, C7 03. */
export const actionResponseWithList = alternative<ActionResponseWithList>('action-response-with-list', [0xc7, 0x03], {
  read: r => ({
    invoke: r.u8('invoke-id-and-priority'),
    results: sequenceOf(r, 'list-of-responses', r => actionOutcome.read(r)),
  }),
  write: (w, v) => writeSequence(w.u8(v.invoke), v.results, actionOutcome.write),
});

export interface ActionResponseNextPblock {
  readonly type: 'action-response-next-pblock';
  readonly invoke: number;
  readonly block: number;
}

/** action-response-next-pblock, C7 04: the next block of the argument is awaited. */
export const actionResponseNextPblock = alternative<ActionResponseNextPblock>(
  'action-response-next-pblock',
  [0xc7, 0x04],
  {
    read: r => ({ invoke: r.u8('invoke-id-and-priority'), block: r.u32('block-number') }),
    write: (w, v) => void w.u8(v.invoke).u32(v.block),
  },
);

const RETURNED = 'return-parameters';
/** Action-Response-With-Optional-Data. */
const actionOutcome: Codec<ActionOutcome> = {
  read: r => ({ result: r.u8('action-result'), returned: optional(r, RETURNED, getDataResult.read) }),
  write: (w, v) => writeOptional(w.u8(v.result), v.returned, getDataResult.write),
};
