// Orders to a meter: attributes to write, methods to invoke. Behind guard rails, and each with an account of what became of it.
// The rules of the file: all that can be wrong with any of the orders is found before the first one leaves; what was on the
// wire is never sent again; an order whose answer was lost is told as unknown, not as failed.

import { describeRef, type AttributeRef, type MethodRef } from '../../core/client/request';
import { attributeOf, className, methodName, scalerAttribute } from '../../core/cosem/classes';
import { encodeData, type Data } from '../../core/cosem/data';
import { dataOf } from '../../core/cosem/data-in';
import { epochOf, type ClockPolicy } from '../../core/cosem/date-time';
import { scaleOf } from '../../core/cosem/naming';
import { toPlain, type Plain } from '../../core/cosem/plain';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { equalBytes, hex } from '../../core/wire/hex';
import type { Writable, WriteGuard } from '../settings/writable';
import type { WritingTurn } from './session';

export interface SetOrder {
  readonly kind: 'set';
  readonly ref: AttributeRef;
  /** As a flow has it; dataOf makes Data of it. */
  readonly value: unknown;
  /** Instead of it: what is right at the moment at which the order leaves. A list that is read first takes a minute. */
  readonly valueAt?: (nowMs: number) => unknown;
}

export interface InvokeOrder {
  readonly kind: 'invoke';
  readonly ref: MethodRef;
  /** null: none. Data, or `{ type, value }`: nothing in the meter tells the type of an argument. */
  readonly argument: unknown;
  /** Read before and behind it, because a method says little of what it did. */
  readonly state?: readonly AttributeRef[];
  /** Whether the state behind it is what the order wanted, also by the one in front of it; null in both: not known. */
  readonly reached?: (state: readonly (Plain | undefined)[], before: readonly (Plain | undefined)[]) => boolean;
}

export type Order = SetOrder | InvokeOrder;

/**
 * written, done: the meter said so, and what was read back agrees · differs: read back, it is another value ·
 * refused: by the meter · unknown: the answer was lost, and the meter may have done it or not · dry-run: nothing was sent ·
 * not-sent: another order in front of it failed
 */
export type Outcome = 'written' | 'done' | 'differs' | 'refused' | 'unknown' | 'dry-run' | 'not-sent';

/** What became of an order. Never a key and never a password. */
export interface Account {
  readonly at: string;
  readonly kind: Order['kind'];
  readonly obis: string;
  readonly classId: number;
  readonly class: string | null;
  /** Number of the attribute or method. */
  readonly index: number;
  readonly name: string | null;
  /** What stood there, or the state in front of a method; absent where it cannot be read. */
  readonly before?: Plain;
  /** What was to be written, or the argument. */
  readonly wanted: Plain;
  /** A-XDR of it; absent for secrets. */
  readonly hex?: string;
  /** What was read back, or what a method returned. */
  readonly after?: Plain;
  readonly outcome: Outcome;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Read what was written, and compare. */
  readonly readBack: boolean;
  /** Told as soon as it is known, each once. */
  readonly account: (account: Account) => void;
  readonly now: () => number;
}

/** Throws WRITE_NOT_ALLOWED for the first order that the connection does not allow. */
export function guard(orders: readonly Order[], { allowed, only }: WriteGuard): void {
  for (const order of orders) {
    const object = describeRef(order.ref);
    if (!allowed) throw new DlmsError({ code: 'WRITE_NOT_ALLOWED', object, by: 'connection' });
    if (only.length > 0 && !only.some(one => covers(one, order)))
      throw new DlmsError({ code: 'WRITE_NOT_ALLOWED', object, by: 'list' });
  }
}

function covers({ classId, pattern, attribute, method }: Writable, { ref }: Order): boolean {
  if (classId !== null) return ref.classId === classId;
  if (pattern === null || !pattern.matches(ref.obis)) return false;
  if (attribute === null && method === null) return true;
  return 'attribute' in ref ? ref.attribute === attribute : ref.method === method;
}

/**
 * Checks all orders, then gives them one behind the other; ends at the first that fails, which is thrown after its account.
 * Throws also BAD_SETTING (a value that does not fit) and WRITE_NOT_ALLOWED (by the rights of the object list), with nothing sent.
 */
export async function giveOrders(turn: WritingTurn, orders: readonly Order[], options: WriteOptions): Promise<void> {
  const ready: Ready[] = [];
  for (const order of orders) {
    await checkRights(turn, order);
    ready.push(await prepared(turn, order, options.now));
  }
  let failed: unknown = null;
  for (const [i, one] of ready.entries()) {
    if (options.dryRun || failed !== null) {
      options.account(accountOf(one, options.dryRun ? 'dry-run' : 'not-sent', options));
      continue;
    }
    failed = await given(turn, one, options, i > 0);
  }
  if (failed !== null) throw failed;
}

interface Ready {
  readonly order: Order;
  readonly data: Data | null;
  /** Makes the data anew where it depends on the time. */
  readonly anew?: () => Data;
  readonly scaler: number;
  readonly policy: ClockPolicy;
  readonly before: Plain | undefined;
}

/** Only what is certain: other modes mean different things in different versions of the association. IEC 62056-6-2, Association LN. */
async function checkRights(turn: WritingTurn, { ref }: Order): Promise<void> {
  let entry;
  try {
    entry = (await turn.objects()).find(o => o.classId === ref.classId && o.obis.equals(ref.obis));
  } catch (error) {
    // A meter that hides its list says by its answer what may be written.
    if (isDlmsError(error) && error.blame === 'meter') return;
    throw error;
  }
  const object = describeRef(ref);
  if (entry === undefined) return;
  const mode = 'attribute' in ref ? entry.attributes?.get(ref.attribute) : entry.methods?.get(ref.method);
  const without = 'attribute' in ref ? WITHOUT_WRITE : WITHOUT_ACCESS;
  if (mode !== undefined && without.has(mode)) throw new DlmsError({ code: 'WRITE_NOT_ALLOWED', object, by: 'rights' });
}

async function prepared(turn: WritingTurn, order: Order, now: () => number): Promise<Ready> {
  const { clock: policy } = turn.settings;
  if (order.kind === 'invoke') {
    const { ref, argument, state = [] } = order;
    const data = argument === null || argument === undefined ? null : discreet(order, () => dataOf(argument));
    const before = state.length === 0 ? undefined : await stateOf(turn, state);
    return { order: { ...order, ref }, data, scaler: 0, policy, before };
  }
  const { ref, value, valueAt } = order;
  const { classId, attribute } = ref;
  const scale = scalerAttribute(classId, attribute);
  const asked = [ref, ...(scale === null ? [] : [{ ...ref, attribute: scale }])];
  const [here, unit] = await turn.getAll(asked);
  const there = here?.ok === true ? here.value : null;
  if (unit?.ok === false) throw unit.error;
  const scaler = unit?.ok === true ? (scaleOf(unit.value)?.scaler ?? 0) : 0;
  const anew = (): Data => {
    const wanted = valueAt === undefined ? value : valueAt(now());
    return discreet(order, () => dataOf(wanted, { classId, attribute, now: there, scaler, policy }));
  };
  const before = there === null ? undefined : shownAs(order, there, scaler, policy);
  return { order, data: anew(), ...(valueAt !== undefined && { anew }), scaler, policy, before };
}

/** The same without the value in its error, where that is a secret. */
function discreet(order: Order, make: () => Data): Data {
  try {
    return make();
  } catch (error) {
    if (!isDlmsError(error) || error.detail.code !== 'BAD_SETTING' || !isSecret(order.ref)) throw error;
    throw new DlmsError({ ...error.detail, value: '(secret)' });
  }
}

/** null, or what went wrong; the account is told in any case. `behind`: behind another order, which may have changed the state. */
async function given(turn: WritingTurn, prepared: Ready, options: WriteOptions, behind: boolean): Promise<unknown> {
  let ready: Ready = { ...prepared, data: prepared.anew?.() ?? prepared.data };
  const { order, data } = ready;
  const tell = (outcome: Outcome, more: Partial<Account> = {}): void =>
    options.account({ ...accountOf(ready, outcome, options), ...more });
  if (behind && order.kind === 'invoke' && order.state !== undefined) {
    try {
      ready = { ...ready, before: await stateOf(turn, order.state) };
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      return (tell('not-sent', { error: told(error) }), error);
    }
  }
  let returned: Data | null = null;
  try {
    if (order.kind === 'invoke') returned = await turn.act(order.ref, data);
    else await turn.set(order.ref, data as Data);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    tell(isRefusal(error, turn) ? 'refused' : 'unknown', { error: told(error) });
    return error;
  }
  return order.kind === 'invoke'
    ? await seen(turn, order, ready.before, returned, tell)
    : await readBack(turn, ready, options, tell);
}

/**
 * Of this order, by the meter: an answer that is damaged, forged or another one's says nothing of it. Nor does a refusal in
 * clear where answers are protected: anybody can say it.
 */
function isRefusal({ code }: DlmsError, { settings }: WritingTurn): boolean {
  return ANSWERS_NO.has(code) || (REFUSES_ALL.has(code) && settings.security === 'none');
}

/** What a method did. */
async function seen(
  turn: WritingTurn,
  { ref, state = [], reached }: InvokeOrder,
  before: Plain | undefined,
  returned: Data | null,
  tell: (outcome: Outcome, more?: Partial<Account>) => void,
): Promise<unknown> {
  let after: Plain | undefined;
  try {
    if (state.length > 0) after = await stateOf(turn, state);
    else if (returned !== null) after = isSecret(ref) ? '(secret)' : toPlain(returned);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    // The meter said that it was done.
    tell('done', { error: told(error) });
    return error;
  }
  const well = reached === undefined || reached(listed(after), listed(before));
  const more = after === undefined ? {} : { after };
  if (well) return (tell('done', more), null);
  const error = new DlmsError({ code: 'WRITE_DIFFERS', object: describeRef(ref) });
  return (tell('differs', { ...more, error: told(error) }), error);
}

function listed(state: Plain | undefined): readonly Plain[] {
  return Array.isArray(state) ? (state as Plain[]) : [];
}

async function readBack(
  turn: WritingTurn,
  { order, data, scaler, policy, before }: Ready,
  options: WriteOptions,
  tell: (outcome: Outcome, more?: Partial<Account>) => void,
): Promise<unknown> {
  if (order.kind !== 'set' || !options.readBack || before === undefined) return (tell('written'), null);
  let outcome;
  try {
    [outcome] = await turn.getAll([order.ref]);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    // The meter said that it was written.
    tell('written', { error: told(error) });
    return error;
  }
  if (outcome === undefined || !outcome.ok) return (tell('written', outcome && { error: told(outcome.error) }), null);
  const more = { after: shownAs(order, outcome.value, scaler, policy) };
  if (same(order.ref, data as Data, outcome.value, turn)) return (tell('written', more), null);
  const error = new DlmsError({ code: 'WRITE_DIFFERS', object: describeRef(order.ref) });
  tell('differs', { ...more, error: told(error) });
  return error;
}

function same(ref: AttributeRef, wanted: Data, there: Data, turn: WritingTurn): boolean {
  if (equalBytes(encodeData(wanted), encodeData(there))) return true;
  const shape = attributeOf(ref.classId, ref.attribute)?.shape;
  if (shape !== 'date-time') return false;
  // A clock goes on, and the meter fills in what was left open (day of week, status).
  const [a, b] = [wanted, there].map(data => {
    const iso = toPlain(data, { classId: ref.classId, attribute: ref.attribute, policy: turn.settings.clock });
    return typeof iso === 'string' ? (epochOf(iso, turn.settings.clock) ?? Date.parse(`${iso.slice(0, 19)}Z`)) : NaN;
  });
  return Math.abs((a as number) - (b as number)) <= CLOCK_GOES_ON_MS;
}

async function stateOf(turn: WritingTurn, state: readonly AttributeRef[]): Promise<Plain> {
  const outcomes = await turn.getAll(state);
  return outcomes.map((o, i) => {
    const { classId, attribute } = state[i] as AttributeRef;
    return o.ok ? toPlain(o.value, { classId, attribute, policy: turn.settings.clock }) : null;
  });
}

function accountOf({ order, data, before, scaler, policy }: Ready, outcome: Outcome, { now }: WriteOptions): Account {
  const { ref } = order;
  const [index, name] =
    'attribute' in ref
      ? [ref.attribute, attributeOf(ref.classId, ref.attribute)?.name]
      : [ref.method, methodName(ref.classId, ref.method)];
  const secret = isSecret(ref);
  return {
    at: new Date(now()).toISOString(),
    kind: order.kind,
    obis: ref.obis.toString(),
    classId: ref.classId,
    class: className(ref.classId) ?? null,
    index,
    name: name ?? null,
    ...(before === undefined ? {} : { before }),
    wanted: data === null ? null : shownAs(order, data, scaler, policy),
    ...(data === null || secret ? {} : { hex: hex(encodeData(data)) }),
    outcome,
  };
}

function shownAs(order: Order, data: Data, scaler: number, policy: ClockPolicy): Plain {
  const { ref } = order;
  if (isSecret(ref)) return '(secret)';
  return toPlain(data, {
    classId: ref.classId,
    ...('attribute' in ref && { attribute: ref.attribute }),
    scaler,
    policy,
  });
}

/** Passwords, PINs and keys: by the name of attribute or method, and all methods of associations and of security setup. */
export function isSecret(ref: AttributeRef | MethodRef): boolean {
  if ('method' in ref)
    return WITH_SECRETS.has(ref.classId) || SECRET_NAME.test(methodName(ref.classId, ref.method) ?? '');
  return SECRET_NAME.test(attributeOf(ref.classId, ref.attribute)?.name ?? '');
}

function told({ code, message }: DlmsError): { readonly code: string; readonly message: string } {
  return { code, message };
}

/** 0 none, 1 read, 4 authenticated read (or, by bits, neither read nor write). */
const WITHOUT_WRITE: ReadonlySet<number> = new Set([0, 1, 4]);
const WITHOUT_ACCESS: ReadonlySet<number> = new Set([0]);
const ANSWERS_NO: ReadonlySet<string> = new Set(['ACCESS_DENIED', 'OBJECT_UNDEFINED', 'ACCESS_RESULT']);
const REFUSES_ALL: ReadonlySet<string> = new Set(['EXCEPTION_RESPONSE', 'SERVICE_ERROR']);
/** Association SN, association LN, security setup. */
const WITH_SECRETS: ReadonlySet<number> = new Set([12, 15, 64]);
/** Whole words: a passive calendar is no password. */
const SECRET_NAME = /(?:^|_)(?:secret|pass|password|pin|keys?|authentication)(?:_|$)/;
const CLOCK_GOES_ON_MS = 5000;
