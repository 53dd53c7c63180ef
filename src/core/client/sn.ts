// How requests look with short names: Read, parameterised Read, block Read, Write; the object list maps names to base names.
// Attribute n of an object stands 8 * (n - 1) above its base name. IEC 62056-5-3, 7; IEC 62056-6-2, annex on short names.

import {
  readResponse,
  type Apdu,
  type ReadResponse,
  type ReadResult,
  type VariableAccess,
  type WriteResponse,
} from '../apdu';
import { methodOffset } from '../cosem/classes';
import { nullData, readData, type Data } from '../cosem/data';
import { Obis } from '../obis/obis';
import { DlmsError } from '../wire/errors';
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

/** Base name of the current association; its attribute 2 is the object list. */
export const ASSOCIATION_BASE_NAME = 0xfa00;
/** The object list of an SN meter, readable before any base name is known. */
export const SN_OBJECT_LIST: AttributeRef = {
  classId: 12,
  obis: Obis.parse('0-0:40.0.0*255'),
  attribute: 2,
  baseName: ASSOCIATION_BASE_NAME,
};

export interface SnContext {
  readonly listSize: number;
  readonly valueLimit: number;
  readonly listRefused: () => void;
}

/** Short name of an attribute. Throws OBJECT_UNDEFINED where the base name is unknown. */
function attributeName(ref: AttributeRef): number {
  return (baseOf(ref) + 8 * (ref.attribute - 1)) & 0xffff;
}

/** Short name of a method. Throws NOT_SUPPORTED for classes without a known place of their methods. */
export function methodName(ref: MethodRef): number {
  const offset = methodOffset(ref.classId, ref.method);
  if (offset === null) {
    throw new DlmsError({ code: 'NOT_SUPPORTED', what: `a method of class ${ref.classId} by short name` });
  }
  return (baseOf(ref) + offset) & 0xffff;
}

/** Read of one or more attributes. */
export class SnRead implements Exchange<ReadResponse['type']> {
  readonly answers = ['read-response'] as const;
  readonly repeatable = true;
  #at = 0;
  #asked = 0;
  #listSize: number;
  #blocks: BlockParts | null = null;
  #streamed = 0;

  constructor(
    readonly refs: readonly AttributeRef[],
    readonly context: SnContext,
    readonly stream = false,
  ) {
    this.#listSize = stream ? 1 : Math.max(1, context.listSize);
  }

  start(): Apdu {
    const refs = this.refs.slice(this.#at, this.#at + this.#listSize);
    this.#asked = refs.length;
    this.#blocks = null;
    this.#streamed = 0;
    return { type: 'read-request', variables: refs.map(variableOf) };
  }

  get waitingFor(): string {
    return `read-response for ${describeRef(this.refs[this.#at] as AttributeRef)}`;
  }

  answer(apdu: ReadResponse): Turn {
    const first = apdu.results[0];
    if (apdu.results.length === 1 && first?.type === 'data-block-result') {
      return this.#block(first.block, first.last, first.raw);
    }
    if (apdu.results.length !== this.#asked) {
      return this.#singly(`list of ${this.#asked} answered by ${apdu.results.length} results`);
    }
    return this.#done(apdu.results);
  }

  refused(error: DlmsError): Turn | null {
    if (this.#asked > 1) return this.#singly(error.short);
    return this.refs.length === 1 ? null : this.#advance([{ ok: false, error }]);
  }

  #block(number: number, last: boolean, raw: Uint8Array): Turn {
    this.#blocks ??= new BlockParts(this.stream ? Infinity : this.context.valueLimit, !this.stream);
    const taken = this.#blocks.add(number, raw);
    const events: ExchangeEvent[] = [];
    if (taken === 'repeated') events.push({ type: 'note', text: `block ${number} came twice` });
    else if (this.stream) {
      const value = this.#streamed === 0 ? withoutHead(raw) : raw;
      this.#streamed += raw.length;
      if (value.length > 0) events.push({ type: 'part', index: this.#at, bytes: value });
    }
    if (!last) {
      return { events, send: { type: 'read-request', variables: [{ type: 'block-number-access', block: number }] } };
    }
    if (this.stream) return this.#advance([{ ok: true, value: null }], events);
    return this.#done(resultsIn(this.#blocks.join(), this.#asked), events);
  }

  #done(results: readonly ReadResult[], events: readonly ExchangeEvent[] = []): Turn {
    const outcomes = results.map((result, i): Outcome<Data> => {
      const ref = this.refs[this.#at + i] as AttributeRef;
      if (result.type === 'data') return { ok: true, value: result.data };
      if (result.type === 'data-access-error') return { ok: false, error: accessError(ref, result.result) };
      return {
        ok: false,
        error: new DlmsError({ code: 'UNEXPECTED_RESPONSE', got: result.type, waitingFor: describeRef(ref) }),
      };
    });
    return this.#advance(outcomes, events);
  }

  #advance(outcomes: readonly Outcome<Data | null>[], before: readonly ExchangeEvent[] = []): Turn {
    const values = outcomes.map((outcome, i) => ({ type: 'value' as const, index: this.#at + i, outcome }));
    this.#at += this.#asked;
    return { events: [...before, ...values], send: this.#at < this.refs.length ? this.start() : null };
  }

  #singly(why: string): Turn {
    if (this.#asked === 1) return this.#advance([{ ok: false, error: oddAnswer(why) }]);
    this.context.listRefused();
    this.#listSize = 1;
    return { events: [{ type: 'note', text: `reading one by one: ${why}` }], send: this.start() };
  }
}

/** Write of one attribute. */
export class SnWrite implements Exchange<WriteResponse['type']> {
  readonly answers = ['write-response'] as const;
  readonly repeatable = false;

  constructor(
    readonly ref: AttributeRef,
    readonly value: Data,
  ) {}

  start(): Apdu {
    return { type: 'write-request', variables: [variableOf(this.ref)], data: [this.value] };
  }
  get waitingFor(): string {
    return `write-response for ${describeRef(this.ref)}`;
  }
  answer(apdu: WriteResponse): Turn {
    const result = apdu.results[0];
    const outcome: Outcome<null> =
      result === undefined || result.type === 'success'
        ? { ok: true, value: null }
        : result.type === 'data-access-error'
          ? { ok: false, error: accessError(this.ref, result.result) }
          : { ok: false, error: oddAnswer('a block number answered a write in one piece') };
    return { events: [{ type: 'value', index: 0, outcome }], send: null };
  }
  refused(): null {
    return null;
  }
}

/** A method by parameterised Read, which can return a value (Write cannot). IEC 62056-5-3, 9.5. */
export class SnAction implements Exchange<ReadResponse['type']> {
  readonly answers = ['read-response'] as const;
  readonly repeatable = false;

  constructor(
    readonly ref: MethodRef,
    readonly argument: Data | null,
  ) {}

  start(): Apdu {
    return { type: 'read-request', variables: [methodCall(methodName(this.ref), this.argument)] };
  }
  get waitingFor(): string {
    return `read-response for ${describeRef(this.ref)}`;
  }
  answer(apdu: ReadResponse): Turn {
    const result = apdu.results[0];
    const outcome: Outcome<Data | null> =
      result === undefined
        ? { ok: true, value: null }
        : result.type === 'data'
          ? { ok: true, value: result.data }
          : result.type === 'data-access-error'
            ? { ok: false, error: accessError(this.ref, result.result) }
            : { ok: false, error: oddAnswer('a block answered a method') };
    return { events: [{ type: 'value', index: 0, outcome }], send: null };
  }
  refused(): null {
    return null;
  }
}

/**
 * reply_to_HLS_authentication. The standard has it as a Read with parameter; servers want it in three forms, and refuse the
 * others (docs/quirks.md#t15), so the next one is tried where the refusal is about the form and not about the proof.
 */
export class SnProof implements Exchange<(ReadResponse | WriteResponse)['type']> {
  readonly answers = ['read-response', 'write-response'] as const;
  readonly repeatable = false;
  #form = 0;
  readonly #forms: readonly (number | 'write')[];

  /** @param writes the meter is one whose other clients write it */
  constructor(
    readonly ref: MethodRef,
    readonly proof: Data,
    writes = false,
  ) {
    this.#forms = writes ? ['write', ...READ_SELECTORS] : [...READ_SELECTORS, 'write'];
  }

  start(): Apdu {
    const name = methodName(this.ref);
    const selector = this.#forms[this.#form];
    if (selector === undefined || selector === 'write') {
      return { type: 'write-request', variables: [{ type: 'variable-name', name }], data: [this.proof] };
    }
    return { type: 'read-request', variables: [methodCall(name, this.proof, selector)] };
  }
  get waitingFor(): string {
    return `the answer to ${describeRef(this.ref)}`;
  }
  answer(apdu: ReadResponse | WriteResponse): Turn {
    const [result] = apdu.results;
    if (result?.type === 'data-access-error') {
      const error = accessError(this.ref, result.result);
      const other = FORM_REFUSALS.has(result.result) ? this.refused(error) : null;
      return other ?? { events: [{ type: 'value', index: 0, outcome: { ok: false, error } }], send: null };
    }
    const outcome: Outcome<Data | null> = { ok: true, value: result?.type === 'data' ? result.data : null };
    return { events: [{ type: 'value', index: 0, outcome }], send: null };
  }
  refused(error: DlmsError): Turn | null {
    if (error.code === 'WRONG_KEY' || this.#form === this.#forms.length - 1) return null;
    this.#form++;
    return { events: [{ type: 'note', text: `the proof in another form: ${error.short}` }], send: this.start() };
  }
}

/** A method invoked by Read with its parameter; selector 0 says "no selection". */
function methodCall(name: number, argument: Data | null, selector = 0): VariableAccess {
  return { type: 'parameterised-access', name, selector, parameter: argument ?? nullData };
}

function baseOf(ref: AttributeRef | MethodRef): number {
  if (ref.baseName !== undefined) return ref.baseName;
  throw new DlmsError({ code: 'OBJECT_UNDEFINED', object: describeRef(ref), result: 'not in the object list' });
}

function variableOf(ref: AttributeRef): VariableAccess {
  const name = attributeName(ref);
  if (ref.select === undefined) return { type: 'variable-name', name };
  return {
    type: 'parameterised-access',
    name,
    selector: ref.select.selector,
    parameter: ref.select.parameters,
  };
}

/** Joined blocks hold a list of results as a read-response without its tag; some servers leave the list out. */
function resultsIn(joined: Uint8Array, asked: number): readonly ReadResult[] {
  try {
    const { results } = readResponse.read(new Reader(joined));
    if (results.length === asked) return results;
  } catch (e) {
    if (!(e instanceof DlmsError) || asked !== 1) throw e;
  }
  return [{ type: 'data', data: readData(new Reader(joined)) }];
}

/** The value of a one-result list begins after its count and its choice. */
function withoutHead(raw: Uint8Array): Uint8Array {
  return raw.length > 2 && raw[0] === 1 && raw[1] === 0 ? raw.subarray(2) : raw;
}

function oddAnswer(got: string): DlmsError {
  return new DlmsError({ code: 'UNEXPECTED_RESPONSE', got, waitingFor: 'a result' });
}

/** Of the proof by Read; it may go by Write, too. */
const READ_SELECTORS: readonly number[] = [0, 1];
/** data-access-results about what was asked; read-write-denied may be about the proof, and tries are counted by meters. */
const FORM_REFUSALS: ReadonlySet<number> = new Set([4, 9, 11, 12, 13, 250]);
