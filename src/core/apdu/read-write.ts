// Short-name referencing: read 05/0C, write 06/0D, unconfirmed write 16, information report 18.
// Variables are 16-bit names: base name of the object plus 8 for each attribute. IEC 62056-5-3, Read and Write services.

import { readData, writeData, type Data } from '../cosem/data';
import { alternative, optional, readOctets, sequenceOf, writeOptional, writeSequence, type Codec } from './codec';
import type { Reader } from '../wire/reader';
import type { Writer } from '../wire/writer';

/** Variable-Access-Specification. */
export type VariableAccess =
  /** [2]: `name` 0..0xFFFF. */
  | { readonly type: 'variable-name'; readonly name: number }
  /** [4]: selective access. */
  | {
      readonly type: 'parameterised-access';
      readonly name: number;
      readonly selector: number;
      readonly parameter: Data;
    }
  /** [5]: asks for the block after the one named. */
  | { readonly type: 'block-number-access'; readonly block: number }
  /** [6]: a part of a long request. */
  | {
      readonly type: 'read-data-block-access';
      readonly last: boolean;
      readonly block: number;
      readonly raw: Uint8Array;
    }
  /** [7]: the raw data stands in the list of data. */
  | { readonly type: 'write-data-block-access'; readonly last: boolean; readonly block: number };

export interface ReadRequest {
  readonly type: 'read-request';
  readonly variables: readonly VariableAccess[];
}

/** read-request, 05. */
export const readRequest = alternative<ReadRequest>('read-request', [0x05], {
  read: r => ({ variables: readVariables(r) }),
  write: (w, v) => writeVariables(w, v.variables),
});

export type ReadResult =
  | { readonly type: 'data'; readonly data: Data }
  /** Numbered like data-access-result. */
  | { readonly type: 'data-access-error'; readonly result: number }
  | { readonly type: 'data-block-result'; readonly last: boolean; readonly block: number; readonly raw: Uint8Array }
  /** Acknowledges a block of a long request. */
  | { readonly type: 'block-number'; readonly block: number };

export interface ReadResponse {
  readonly type: 'read-response';
  readonly results: readonly ReadResult[];
}

/** read-response, 0C. */
export const readResponse = alternative<ReadResponse>('read-response', [0x0c], {
  read: r => ({ results: sequenceOf(r, 'read-response', r => readResult.read(r)) }),
  write: (w, v) => writeSequence(w, v.results, readResult.write),
});

export interface WriteRequest {
  readonly type: 'write-request';
  readonly variables: readonly VariableAccess[];
  readonly data: readonly Data[];
}

/** write-request, 06. */
export const writeRequest = alternative<WriteRequest>('write-request', [0x06], {
  read: r => ({ variables: readVariables(r), data: readDataList(r) }),
  write: (w, v) => {
    writeVariables(w, v.variables);
    writeSequence(w, v.data, writeData);
  },
});

export type WriteResult =
  | { readonly type: 'success' }
  | { readonly type: 'data-access-error'; readonly result: number }
  | { readonly type: 'block-number'; readonly block: number };

export interface WriteResponse {
  readonly type: 'write-response';
  readonly results: readonly WriteResult[];
}

/** write-response, 0D. */
export const writeResponse = alternative<WriteResponse>('write-response', [0x0d], {
  read: r => ({ results: sequenceOf(r, 'write-response', readWriteResult) }),
  write: (w, v) => writeSequence(w, v.results, writeWriteResult),
});

export interface UnconfirmedWriteRequest {
  readonly type: 'unconfirmed-write-request';
  readonly variables: readonly VariableAccess[];
  readonly data: readonly Data[];
}

/** unconfirmed-write-request, 16. */
export const unconfirmedWriteRequest = alternative<UnconfirmedWriteRequest>('unconfirmed-write-request', [0x16], {
  read: r => ({ variables: readVariables(r), data: readDataList(r) }),
  write: (w, v) => {
    writeVariables(w, v.variables);
    writeSequence(w, v.data, writeData);
  },
});

export interface InformationReportRequest {
  readonly type: 'information-report-request';
  /** GeneralizedTime as its characters, e.g. 20261121101500Z. */
  readonly currentTime: Uint8Array | null;
  readonly variables: readonly VariableAccess[];
  readonly data: readonly Data[];
}

/** information-report-request, 18. */
export const informationReportRequest = alternative<InformationReportRequest>('information-report-request', [0x18], {
  read: r => ({
    currentTime: optional(r, 'current-time', r => readOctets(r, 'current-time')),
    variables: readVariables(r),
    data: readDataList(r),
  }),
  write: (w, v) => {
    writeOptional(w, v.currentTime, (w, octets) => void w.octets(octets));
    writeVariables(w, v.variables);
    writeSequence(w, v.data, writeData);
  },
});

const variableAccess: Codec<VariableAccess> = {
  read: r => {
    const choice = r.u8('variable-access-specification');
    switch (choice) {
      case 2:
        return { type: 'variable-name', name: r.u16('variable-name') };
      case 4:
        return {
          type: 'parameterised-access',
          name: r.u16('variable-name'),
          selector: r.u8('selector'),
          parameter: readData(r),
        };
      case 5:
        return { type: 'block-number-access', block: r.u16('block-number') };
      case 6:
        return {
          type: 'read-data-block-access',
          last: r.u8('last-block') !== 0,
          block: r.u16('block-number'),
          raw: readOctets(r, 'raw-data'),
        };
      case 7:
        return { type: 'write-data-block-access', last: r.u8('last-block') !== 0, block: r.u16('block-number') };
      default:
        return r.invalid('variable-access-specification', choice, 'a choice of 2, 4, 5, 6 or 7');
    }
  },
  write: (w, v) => {
    switch (v.type) {
      case 'variable-name':
        w.u8(2).u16(v.name);
        return;
      case 'parameterised-access':
        writeData(w.u8(4).u16(v.name).u8(v.selector), v.parameter);
        return;
      case 'block-number-access':
        w.u8(5).u16(v.block);
        return;
      case 'read-data-block-access':
        w.u8(6)
          .u8(v.last ? 1 : 0)
          .u16(v.block)
          .octets(v.raw);
        return;
      case 'write-data-block-access':
        w.u8(7)
          .u8(v.last ? 1 : 0)
          .u16(v.block);
    }
  },
};

const readResult: Codec<ReadResult> = {
  read: r => {
    const choice = r.u8('read-response');
    switch (choice) {
      case 0:
        return { type: 'data', data: readData(r) };
      case 1:
        return { type: 'data-access-error', result: r.u8('data-access-error') };
      case 2:
        return {
          type: 'data-block-result',
          last: r.u8('last-block') !== 0,
          block: r.u16('block-number'),
          raw: readOctets(r, 'raw-data'),
        };
      case 3:
        return { type: 'block-number', block: r.u16('block-number') };
      default:
        return r.invalid('read-response', choice, 'a choice from 0 to 3');
    }
  },
  write: (w, v) => {
    switch (v.type) {
      case 'data':
        writeData(w.u8(0), v.data);
        return;
      case 'data-access-error':
        w.u8(1).u8(v.result);
        return;
      case 'data-block-result':
        w.u8(2)
          .u8(v.last ? 1 : 0)
          .u16(v.block)
          .octets(v.raw);
        return;
      case 'block-number':
        w.u8(3).u16(v.block);
    }
  },
};

function readWriteResult(r: Reader): WriteResult {
  const choice = r.u8('write-response');
  if (choice === 0) return { type: 'success' };
  if (choice === 1) return { type: 'data-access-error', result: r.u8('data-access-error') };
  if (choice === 2) return { type: 'block-number', block: r.u16('block-number') };
  return r.invalid('write-response', choice, 'a choice from 0 to 2');
}

function writeWriteResult(w: Writer, v: WriteResult): void {
  if (v.type === 'success') w.u8(0);
  else if (v.type === 'data-access-error') w.u8(1).u8(v.result);
  else w.u8(2).u16(v.block);
}

function readVariables(r: Reader): VariableAccess[] {
  return sequenceOf(r, 'variable-access-specification', variableAccess.read);
}

function writeVariables(w: Writer, variables: readonly VariableAccess[]): void {
  writeSequence(w, variables, variableAccess.write);
}

function readDataList(r: Reader): Data[] {
  return sequenceOf(r, 'list-of-data', r => readData(r));
}
