// How requests look with logical names: GET normal, with list and next; SET and ACTION. IEC 62056-5-3, 6.
// A refused list is asked again one by one, and the client remembers that.

import {
  getDataResult,
  sequenceOf,
  type ActionResponseNormal,
  type ActionResponseWithPblock,
  type Apdu,
  type GetDataResult,
  type GetResponseNormal,
  type GetResponseWithDatablock,
  type GetResponseWithList,
  type SetResponseNormal,
} from '../apdu';
import { readData, type Data } from '../cosem/data';
import type { DlmsError } from '../wire/errors';
import { Reader } from '../wire/reader';
import { BlockParts } from '../transfer';
import {
  accessError,
  describeRef,
  type AttributeRef,
  type Exchange,
  type ExchangeEvent,
  type MethodRef,
  type Outcome,
  type Turn,
} from './request';

export interface LnContext {
  /** invoke-id-and-priority of a new request. */
  readonly invoke: () => number;
  /** Attributes in one list; 1: single reads. */
  readonly listSize: number;
  readonly valueLimit: number;
  /** Called once when the meter will not read lists. */
  readonly listRefused: () => void;
}

type GetAnswer = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList;
type ActionAnswer = ActionResponseNormal | ActionResponseWithPblock;

/** GET of one or more attributes. With `stream` the parts of block transfers are handed on instead of being joined. */
export class LnGet implements Exchange<GetAnswer['type']> {
  readonly answers = GET_ANSWERS;
  readonly repeatable = true;
  #at = 0;
  #asked = 0;
  #invoke = 0;
  #listSize: number;
  #blocks: BlockParts | null = null;

  constructor(
    readonly refs: readonly AttributeRef[],
    readonly context: LnContext,
    readonly stream = false,
  ) {
    this.#listSize = stream ? 1 : Math.max(1, context.listSize);
  }

  start(): Apdu {
    const refs = this.refs.slice(this.#at, this.#at + this.#listSize);
    this.#asked = refs.length;
    this.#invoke = this.context.invoke();
    this.#blocks = null;
    const attributes = refs.map(ref => ({
      attribute: { classId: ref.classId, instance: ref.obis.bytes, attribute: ref.attribute },
      access: ref.select ?? null,
    }));
    const first = attributes[0];
    return attributes.length === 1 && first !== undefined
      ? { type: 'get-request-normal', invoke: this.#invoke, ...first }
      : { type: 'get-request-with-list', invoke: this.#invoke, attributes };
  }

  get waitingFor(): string {
    const ref = this.refs[this.#at];
    const more = this.#asked - 1;
    return `get-response for ${ref === undefined ? '' : describeRef(ref)}${more > 0 ? ` and ${more} more` : ''}`;
  }

  answer(apdu: GetAnswer): Turn {
    switch (apdu.type) {
      case 'get-response-normal':
        // A list answered by one result: the meter means "no" to the list as a whole.
        if (this.#asked > 1) return this.#singly(`list of ${this.#asked} answered by one result`);
        return this.#done([apdu.result]);
      case 'get-response-with-list':
        if (apdu.results.length !== this.#asked) {
          return this.#singly(`list of ${this.#asked} answered by ${apdu.results.length} results`);
        }
        return this.#done(apdu.results);
      case 'get-response-with-datablock': {
        if (!apdu.result.ok) {
          if (this.#asked > 1) return this.#singly('list refused in block transfer');
          return this.#done([{ ok: false, result: apdu.result.result }]);
        }
        return this.#block(apdu.block, apdu.last, apdu.result.raw);
      }
    }
  }

  refused(error: DlmsError): Turn | null {
    if (this.#asked > 1) return this.#singly(error.short);
    // One refused object does not lose the ones before and after it.
    return this.refs.length === 1 ? null : this.#advance([{ ok: false, error }]);
  }

  #block(number: number, last: boolean, raw: Uint8Array): Turn {
    this.#blocks ??= new BlockParts(this.stream ? Infinity : this.context.valueLimit, !this.stream);
    const taken = this.#blocks.add(number, raw);
    const events: ExchangeEvent[] = [];
    if (taken === 'repeated') events.push({ type: 'note', text: `block ${number} came twice` });
    else if (this.stream && raw.length > 0) events.push({ type: 'part', index: this.#at, bytes: raw });
    if (!last) return { events, send: { type: 'get-request-next', invoke: this.#invoke, block: number } };
    if (this.stream) return this.#advance([{ ok: true, value: null }], events);
    const r = new Reader(this.#blocks.join());
    const results: GetDataResult[] =
      this.#asked > 1 ? sequenceOf(r, 'get-data-result', getDataResult.read) : [{ ok: true, data: readData(r) }];
    if (r.remaining > 0) events.push({ type: 'note', text: `${r.remaining} surplus octets after the last block` });
    return this.#done(results, events);
  }

  #done(results: readonly GetDataResult[], events: readonly ExchangeEvent[] = []): Turn {
    const outcomes = results.map((result, i): Outcome<Data> =>
      result.ok
        ? { ok: true, value: result.data }
        : { ok: false, error: accessError(this.refs[this.#at + i] as AttributeRef, result.result) },
    );
    return this.#advance(outcomes, events);
  }

  #advance(outcomes: readonly Outcome<Data | null>[], before: readonly ExchangeEvent[] = []): Turn {
    const values = outcomes.map((outcome, i) => ({ type: 'value' as const, index: this.#at + i, outcome }));
    this.#at += this.#asked;
    return { events: [...before, ...values], send: this.#at < this.refs.length ? this.start() : null };
  }

  #singly(why: string): Turn {
    this.context.listRefused();
    this.#listSize = 1;
    return { events: [{ type: 'note', text: `reading one by one: ${why}` }], send: this.start() };
  }
}

/** SET of one attribute. */
export class LnSet implements Exchange<SetResponseNormal['type']> {
  readonly answers = ['set-response-normal'] as const;
  readonly repeatable = false;

  constructor(
    readonly ref: AttributeRef,
    readonly value: Data,
    readonly context: LnContext,
  ) {}

  start(): Apdu {
    const { classId, obis, attribute, select } = this.ref;
    return {
      type: 'set-request-normal',
      invoke: this.context.invoke(),
      attribute: { classId, instance: obis.bytes, attribute },
      access: select ?? null,
      value: this.value,
    };
  }
  get waitingFor(): string {
    return `set-response for ${describeRef(this.ref)}`;
  }
  answer(apdu: SetResponseNormal): Turn {
    return last(
      apdu.result === 0 ? { ok: true, value: null } : { ok: false, error: accessError(this.ref, apdu.result) },
    );
  }
  refused(): null {
    return null;
  }
}

/** ACTION: one method with its argument; the value is what the method returns, null where it returns nothing. */
export class LnAction implements Exchange<ActionAnswer['type']> {
  readonly answers = ['action-response-normal', 'action-response-with-pblock'] as const;
  readonly repeatable = false;
  #blocks: BlockParts | null = null;
  #invoke = 0;

  constructor(
    readonly ref: MethodRef,
    readonly argument: Data | null,
    readonly context: LnContext,
  ) {}

  start(): Apdu {
    const { classId, obis, method } = this.ref;
    this.#invoke = this.context.invoke();
    return {
      type: 'action-request-normal',
      invoke: this.#invoke,
      method: { classId, instance: obis.bytes, method },
      argument: this.argument,
    };
  }

  get waitingFor(): string {
    return `action-response for ${describeRef(this.ref)}`;
  }

  answer(apdu: ActionAnswer): Turn {
    if (apdu.type === 'action-response-with-pblock') {
      this.#blocks ??= new BlockParts(this.context.valueLimit, true);
      this.#blocks.add(apdu.pblock.block, apdu.pblock.raw);
      if (!apdu.pblock.last) {
        const block = apdu.pblock.block;
        return { events: [], send: { type: 'action-request-next-pblock', invoke: this.#invoke, block } };
      }
      const result = getDataResult.read(new Reader(this.#blocks.join()));
      return last(outcomeOf(this.ref, result));
    }
    if (apdu.result !== 0) return last({ ok: false, error: accessError(this.ref, apdu.result) });
    return last(apdu.returned === null ? { ok: true, value: null } : outcomeOf(this.ref, apdu.returned));
  }
  refused(): null {
    return null;
  }
}

function outcomeOf(ref: MethodRef, result: GetDataResult): Outcome<Data> {
  return result.ok ? { ok: true, value: result.data } : { ok: false, error: accessError(ref, result.result) };
}

function last(outcome: Outcome<Data | null>): Turn {
  return { events: [{ type: 'value', index: 0, outcome }], send: null };
}

// Not in the class: an exchange is made for each request.
const GET_ANSWERS = ['get-response-normal', 'get-response-with-datablock', 'get-response-with-list'] as const;
