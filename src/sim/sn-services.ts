// Read and Write of the simulated meter: variables are 16-bit names, base name of the object plus 8 for each attribute.

import { encodeApdu, type Apdu, type ReadResult, type SelectiveAccess, type WriteResult } from '../core/apdu';
import { methodOffset } from '../core/cosem/classes';
import { invoke, readOf, writeOf, type ServiceContext } from './ln-services';
import { nullData } from '../core/cosem/data';
import { RESULT, type CosemObject } from './cosem-object';
import type { Named } from './objects/association-list';

/** A long answer that is sent in blocks. */
interface LongRead {
  readonly encoded: Uint8Array;
  at: number;
  block: number;
}

export class SnServices {
  #long: LongRead | null = null;

  constructor(readonly named: () => readonly Named[]) {}

  handle(apdu: Apdu, ctx: ServiceContext): Uint8Array | 'silent' | 'reset' | null {
    if (apdu.type === 'read-request') {
      const [first] = apdu.variables;
      if (first?.type === 'block-number-access') return this.#next(first.block, ctx);
      this.#long = null;
      const results = apdu.variables.map((v): ReadResult => {
        if (v.type === 'variable-name') return this.#read(v.name, null, ctx);
        if (v.type === 'parameterised-access') {
          const access = { selector: v.selector, parameters: v.parameter };
          return this.#invoked(v.name, access, ctx) ?? this.#read(v.name, access, ctx);
        }
        return { type: 'data-access-error', result: RESULT.other };
      });
      const whole = encodeApdu({ type: 'read-response', results });
      if (whole.length <= ctx.limit) return whole;
      const encoded = whole.subarray(1);
      this.#long = { encoded, at: 0, block: 1 };
      return this.#block(this.#long, ctx);
    }
    if (apdu.type === 'write-request') {
      const results = apdu.variables.map((v, i): WriteResult => {
        const data = apdu.data[i];
        const place = v.type === 'variable-name' ? this.#place(v.name) : null;
        const result =
          place === null || data === undefined
            ? RESULT.objectUndefined
            : writeOf(place.object, place.index, data, ctx.ask(null));
        return result === RESULT.success ? { type: 'success' } : { type: 'data-access-error', result };
      });
      return encodeApdu({ type: 'write-response', results });
    }
    return null;
  }

  /** A method that is called by Read with its parameter; null: it is none. */
  #invoked(name: number, { selector, parameters }: SelectiveAccess, ctx: ServiceContext): ReadResult | null {
    const place = selector === 0 ? this.#place(name) : null;
    if (place === null || place.index in place.object.attributes) return null;
    const { object, index } = place;
    const method = Object.keys(object.methods).find(m => methodOffset(object.classId, Number(m)) === 8 * (index - 1));
    if (method === undefined) return null;
    const { result, returned } = invoke(object, Number(method), parameters, ctx);
    if (result !== RESULT.success) return { type: 'data-access-error', result };
    return { type: 'data', data: returned?.ok === true ? returned.data : nullData };
  }

  #read(name: number, access: SelectiveAccess | null, ctx: ServiceContext): ReadResult {
    const refused = ctx.faults.take('refuse');
    if (refused !== null) return { type: 'data-access-error', result: refused.result };
    const place = this.#place(name);
    if (place === null) return { type: 'data-access-error', result: RESULT.objectUndefined };
    const result = readOf(place.object, place.index, ctx.ask(access));
    return result.ok ? { type: 'data', data: result.data } : { type: 'data-access-error', result: result.result };
  }

  #place(name: number): { readonly object: CosemObject; readonly index: number } | null {
    let found: Named | undefined;
    for (const candidate of this.named()) {
      if (candidate.baseName <= name && (found === undefined || candidate.baseName > found.baseName)) found = candidate;
    }
    if (found === undefined || (name - found.baseName) % 8 !== 0) return null;
    return { object: found.object, index: (name - found.baseName) / 8 + 1 };
  }

  #block(long: LongRead, ctx: ServiceContext): Uint8Array {
    const raw = long.encoded.subarray(long.at, long.at + Math.max(1, ctx.limit - BLOCK_OVERHEAD));
    const block = long.block;
    long.at += raw.length;
    const last = long.at >= long.encoded.length;
    if (last) this.#long = null;
    return encodeApdu({ type: 'read-response', results: [{ type: 'data-block-result', last, block, raw }] });
  }

  #next(acknowledged: number, ctx: ServiceContext): Uint8Array | 'silent' | 'reset' {
    const long = this.#long;
    const error = (result: number): Uint8Array =>
      encodeApdu({ type: 'read-response', results: [{ type: 'data-access-error', result }] });
    if (long === null) return error(RESULT.noLongGet);
    if (ctx.faults.take('silence-in-block') !== null) return 'silent';
    if (ctx.faults.take('reset-in-block') !== null) return 'reset';
    if (acknowledged !== long.block) {
      this.#long = null;
      return error(RESULT.blockNumberInvalid);
    }
    long.block += ctx.faults.take('wrong-block') === null ? 1 : 2;
    return this.#block(long, ctx);
  }
}

/** Base names: the association's is fixed, the others follow each other with room for attributes and methods. */
export function baseNames(association: CosemObject, objects: readonly CosemObject[]): Named[] {
  let next = FIRST_NAME;
  const named: Named[] = [{ object: association, baseName: ASSOCIATION_NAME }];
  for (const object of objects) {
    named.push({ object, baseName: next });
    next += 8 * (Math.max(...Object.keys(object.attributes).map(Number)) + 3 + Object.keys(object.methods).length);
  }
  return named;
}

/** The association in short-name referencing, and its method reply_to_HLS_authentication. IEC 62056-6-2, class 12. */
const ASSOCIATION_NAME = 0xfa00;
export const REPLY_TO_HLS_NAME = 0xfa58;
const FIRST_NAME = 0x0100;
/** 0C 01 02, last, number, and a length of at most three octets. */
const BLOCK_OVERHEAD = 9;
