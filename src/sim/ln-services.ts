// GET, SET and ACTION of the simulated meter, with blocks where an answer is longer than the negotiated APDU.
// The rule of the file: a request that makes no sense gets the answer the standard has for it, never an exception of ours.

import {
  encodeApdu,
  getDataResult,
  type ActionOutcome,
  type Apdu,
  type AttributeDescriptor,
  type GetDataResult,
  type MethodDescriptor,
  type SelectiveAccess,
} from '../core/apdu';
import { encodeData, octets, type Data } from '../core/cosem/data';
import { Obis } from '../core/obis/obis';
import { concat } from '../core/wire/hex';
import { Writer } from '../core/wire/writer';
import { refuse, RESULT, mayAct, rightsOf, type Ask, type CosemObject } from './cosem-object';
import type { Faults } from './faults';

/** What the services need of the meter and of the association they run in. */
export interface ServiceContext {
  readonly ask: (access: SelectiveAccess | null) => Ask;
  readonly find: (classId: number, obis: Obis) => CosemObject | number;
  readonly faults: Faults;
  /** Octets an answer may have, protection not counted. */
  readonly limit: number;
}

/** A long answer that is sent in blocks. */
interface LongGet {
  readonly invoke: number;
  readonly encoded: Uint8Array;
  at: number;
  block: number;
}

export class LnServices {
  #long: LongGet | null = null;

  /** The answer's octets, 'silent' and 'reset' for a fault in mid-block, or null where the request is none of these services. */
  handle(apdu: Apdu, ctx: ServiceContext): Uint8Array | 'silent' | 'reset' | null {
    if (apdu.type !== 'get-request-next') this.#long = null;
    switch (apdu.type) {
      case 'get-request-normal':
        return this.#get(apdu.invoke, apdu.attribute, apdu.access, ctx);
      case 'get-request-next':
        return this.#next(apdu.invoke, apdu.block, ctx);
      case 'get-request-with-list': {
        if (ctx.ask(null).behaviour.withList === 'refused') return exception(1, 2);
        const results = apdu.attributes.map(a =>
          doubledInList(readAttribute(a.attribute, a.access, ctx), a.attribute, ctx),
        );
        const whole = encodeApdu({ type: 'get-response-with-list', invoke: apdu.invoke, results });
        if (whole.length <= ctx.limit) return whole;
        const w = new Writer().length(results.length);
        for (const result of results) getDataResult.write(w, result);
        return this.#begin(apdu.invoke, w.toBytes(), ctx);
      }
      case 'set-request-normal': {
        const result = writeAttribute(apdu.attribute, apdu.value, ctx);
        return encodeApdu({ type: 'set-response-normal', invoke: apdu.invoke, result });
      }
      case 'set-request-with-list': {
        const results = apdu.attributes.map((a, i) => {
          const data = apdu.values[i];
          return data === undefined ? RESULT.other : writeAttribute(a.attribute, data, ctx);
        });
        return encodeApdu({ type: 'set-response-with-list', invoke: apdu.invoke, results });
      }
      case 'action-request-normal':
        return encodeApdu({
          type: 'action-response-normal',
          invoke: apdu.invoke,
          ...act(apdu.method, apdu.argument, ctx),
        });
      case 'action-request-with-list': {
        const results = apdu.methods.map((m, i) => act(m, apdu.arguments[i] ?? null, ctx));
        return encodeApdu({ type: 'action-response-with-list', invoke: apdu.invoke, results });
      }
      default:
        return null;
    }
  }

  #get(
    invoke: number,
    attribute: AttributeDescriptor,
    access: SelectiveAccess | null,
    ctx: ServiceContext,
  ): Uint8Array {
    const result = readAttribute(attribute, access, ctx);
    const { behaviour } = ctx.ask(null);
    const whole = encodeApdu({ type: 'get-response-normal', invoke, result });
    if (!result.ok) return whole;
    const encoded = encodeData(result.data);
    if (behaviour.doubledClock && isClock(attribute)) return concat(whole, encoded);
    const inBlocks = whole.length > ctx.limit || (behaviour.emptyLastBlock && access !== null);
    return inBlocks ? this.#begin(invoke, encoded, ctx) : whole;
  }

  #begin(invoke: number, encoded: Uint8Array, ctx: ServiceContext): Uint8Array {
    this.#long = { invoke, encoded, at: 0, block: ctx.ask(null).behaviour.firstBlock };
    return this.#block(this.#long, ctx);
  }

  #block(long: LongGet, ctx: ServiceContext): Uint8Array {
    const { emptyLastBlock } = ctx.ask(null).behaviour;
    const raw = long.encoded.subarray(long.at, long.at + Math.max(1, ctx.limit - BLOCK_OVERHEAD));
    const last = long.at + raw.length >= long.encoded.length && !(emptyLastBlock && raw.length > 0);
    const block = long.block;
    long.at += raw.length;
    if (last) this.#long = null;
    const apdu = encodeApdu({
      type: 'get-response-with-datablock',
      invoke: long.invoke,
      last,
      block,
      result: { ok: true, raw },
    });
    return last && emptyLastBlock ? concat(apdu, apdu) : apdu;
  }

  #next(invoke: number, acknowledged: number, ctx: ServiceContext): Uint8Array | 'silent' | 'reset' {
    const long = this.#long;
    if (long === null) return blockError(invoke, acknowledged, RESULT.noLongGet);
    if (ctx.faults.take('silence-in-block') !== null) return 'silent';
    if (ctx.faults.take('reset-in-block') !== null) return 'reset';
    if (acknowledged !== long.block) {
      this.#long = null;
      return blockError(invoke, acknowledged, RESULT.blockNumberInvalid);
    }
    long.block += ctx.faults.take('wrong-block') === null ? 1 : 2;
    return this.#block(long, ctx);
  }
}

/** Also used by short names, which know no descriptor. */
export function readOf(object: CosemObject, index: number, ask: Ask): GetDataResult {
  const attribute = object.attributes[index];
  if (attribute === undefined) return refuse(RESULT.objectUndefined);
  if (rightsOf(object, index, ask.account) === 'none') return refuse(RESULT.readWriteDenied);
  if (ask.access !== null && attribute.selectors?.includes(ask.access.selector) !== true) {
    return refuse(RESULT.scopeViolated);
  }
  return attribute.read(ask);
}

export function writeOf(object: CosemObject, index: number, data: Data, ask: Ask): number {
  const attribute = object.attributes[index];
  if (attribute === undefined) return RESULT.objectUndefined;
  if (rightsOf(object, index, ask.account) !== 'read-write' || attribute.write === undefined)
    return RESULT.readWriteDenied;
  return attribute.write(data, ask);
}

/** exception-response; 1, 1 is service-not-allowed, operation-not-possible. */
export function exception(state: number, service: number, counter: number | null = null): Uint8Array {
  return encodeApdu({ type: 'exception-response', state, service, counter });
}

function readAttribute(
  attribute: AttributeDescriptor,
  access: SelectiveAccess | null,
  ctx: ServiceContext,
): GetDataResult {
  const refused = ctx.faults.take('refuse');
  if (refused !== null) return refuse(refused.result);
  const object = ctx.find(attribute.classId, Obis.from(attribute.instance));
  if (typeof object === 'number') return refuse(object);
  return readOf(object, attribute.attribute, ctx.ask(access));
}

function writeAttribute(attribute: AttributeDescriptor, data: Data, ctx: ServiceContext): number {
  const object = ctx.find(attribute.classId, Obis.from(attribute.instance));
  return typeof object === 'number' ? object : writeOf(object, attribute.attribute, data, ctx.ask(null));
}

function act(method: MethodDescriptor, argument: Data | null, ctx: ServiceContext): ActionOutcome {
  const object = ctx.find(method.classId, Obis.from(method.instance));
  if (typeof object === 'number') return { result: object, returned: null };
  return invoke(object, method.method, argument, ctx);
}

export function invoke(object: CosemObject, method: number, argument: Data | null, ctx: ServiceContext): ActionOutcome {
  const found = object.methods[method];
  if (found === undefined) return { result: RESULT.objectUndefined, returned: null };
  const ask = ctx.ask(null);
  return mayAct(ask.account) ? found(argument, ask) : { result: RESULT.readWriteDenied, returned: null };
}

function isClock(attribute: AttributeDescriptor): boolean {
  return attribute.classId === 8 && attribute.attribute === 2;
}

function doubledInList(result: GetDataResult, attribute: AttributeDescriptor, ctx: ServiceContext): GetDataResult {
  if (!result.ok || !isClock(attribute) || !ctx.ask(null).behaviour.doubledClock) return result;
  return { ok: true, data: octets(encodeData(result.data)) };
}

function blockError(invoke: number, block: number, result: number): Uint8Array {
  return encodeApdu({
    type: 'get-response-with-datablock',
    invoke,
    last: true,
    block,
    result: { ok: false, result },
  });
}

/** C4 02, invoke, last, number, choice, and a length of at most three octets. */
const BLOCK_OVERHEAD = 12;
