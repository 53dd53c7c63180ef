// Objects of a meter as readings: one request for all values and what belongs to them (scaler and unit, capture time).
// The rules of the file: what is known of the meter is not asked again; one refused object never loses the others.

import type { MeterMemory, ObjectEntry } from '../../core/client/meter-memory';
import { scaleKey } from '../../core/client/meter-memory';
import { isTemporary, type AttributeRef, type Outcome } from '../../core/client/request';
import { companionsOf } from '../../core/cosem/classes';
import { decodeCompactBuffer, elementsOf, type Data } from '../../core/cosem/data';
import type { ClockPolicy } from '../../core/cosem/date-time';
import { attributeNames, holdsClock, readingOf } from '../../core/cosem/naming';
import { obisKey, obisName } from '../../core/obis/obis-names';
import { toPlain, type Plain } from '../../core/cosem/plain';
import type { OriginObject, Reading } from '../../core/cosem/reading';
import { isDlmsError, type DlmsError } from '../../core/wire/errors';
import { hex } from '../../core/wire/hex';
import { ALL_ATTRIBUTES, objectTable, readableAttributes } from './attributes';
import type { WantedObject } from './object-refs';

/** What this file needs of a turn with one meter. */
export interface ObjectSource {
  readonly memory: MeterMemory;
  getAll(refs: readonly AttributeRef[]): Promise<readonly Outcome<Data | null>[]>;
  objects(): Promise<readonly ObjectEntry[]>;
}

export interface ReadObject {
  readonly wanted: WantedObject;
  readonly outcome:
    | { readonly ok: true; readonly reading: Reading; readonly plain: Plain }
    | { readonly ok: false; readonly error: DlmsError };
}

export interface ObjectsRead {
  /** In the order asked for. */
  readonly objects: readonly ReadObject[];
  /** The meter's clock, when it was one of them. */
  readonly time: string | null;
}

/** Rejects only when the session does; refusals of single objects are outcomes. */
export async function readObjects(
  source: ObjectSource,
  wanted: readonly WantedObject[],
  policy: ClockPolicy,
): Promise<ObjectsRead> {
  const first = await readOnce(source, await expanded(source, wanted), policy);
  const better = await correctedClasses(source, first);
  if (better.size === 0) return result(first);
  const again = await readOnce(source, [...better.values()], policy);
  const second = new Map([...better.keys()].map((before, i) => [before, again[i] as ReadObject]));
  return result(first.map(object => second.get(object.wanted) ?? object));
}

/** What the value of an object is, for messages that carry the value alone. A refused one has no unit. */
export function originObject({ wanted: w, outcome }: ReadObject): OriginObject {
  const { name, key, unit } = outcome.ok
    ? outcome.reading
    : { name: obisName(w.obis), key: obisKey(w.obis), unit: null, ...nameOf(w) };
  return { obis: w.obis.toString(), classId: w.classId, attribute: w.attribute, name, key, unit };
}

/** An object that is asked for as a whole becomes one for each attribute that may be read. */
async function expanded(source: ObjectSource, wanted: readonly WantedObject[]): Promise<readonly WantedObject[]> {
  if (!wanted.some(w => w.attribute === ALL_ATTRIBUTES)) return wanted;
  const list = await listOf(source);
  return wanted.flatMap((w, whole) => {
    if (w.attribute !== ALL_ATTRIBUTES) return [w];
    const entry = list.find(e => e.obis.equals(w.obis) && (w.guessed || e.classId === w.classId));
    const known = entry === undefined ? w : { ...w, classId: entry.classId, guessed: false };
    return readableAttributes(known.classId, entry).map(attribute => ({ ...known, attribute, whole }));
  });
}

/** None for a meter that hides its list: it keeps the answers it gives. */
async function listOf(source: ObjectSource): Promise<readonly ObjectEntry[]> {
  try {
    return await source.objects();
  } catch (error) {
    if (isDlmsError(error) && error.blame === 'meter') return [];
    throw error;
  }
}

async function readOnce(
  source: ObjectSource,
  wanted: readonly WantedObject[],
  policy: ClockPolicy,
): Promise<ReadObject[]> {
  const plans = wanted.map(w => ({ wanted: w, ...besideOf(w) }));
  const refs = new Map<string, AttributeRef>();
  for (const { wanted: w, scale, others } of plans) {
    put(refs, w, w.attribute);
    if (scale !== null && !source.memory.scales.has(scaleKey({ obis: w.obis, attribute: scale }))) put(refs, w, scale);
    for (const attribute of Object.values(others)) if (attribute !== null) put(refs, w, attribute);
  }
  const outcomes = await source.getAll([...refs.values()]);
  const answers = new Map([...refs.keys()].map((key, i) => [key, outcomes[i] as Outcome<Data | null>]));
  const dataOf = (w: WantedObject, attribute: number | null | undefined): Data | null => {
    const answer = attribute == null ? undefined : answers.get(refKey(w, attribute));
    return answer?.ok === true ? answer.value : null;
  };

  return plans.map(({ wanted: w, scale, others }): ReadObject => {
    const value = answers.get(refKey(w, w.attribute)) as Outcome<Data | null>;
    if (!value.ok) return { wanted: w, outcome: value };
    const scaleAnswer = scale === null ? undefined : answers.get(refKey(w, scale));
    if (scale !== null && scaleAnswer !== undefined) {
      // A value without its scaler would be wrong by powers of ten.
      if (!scaleAnswer.ok && isTemporary(scaleAnswer.error)) return { wanted: w, outcome: scaleAnswer };
      const ref = { classId: w.classId, obis: w.obis, attribute: scale };
      source.memory.rememberScale(ref, scaleAnswer.ok ? scaleAnswer.value : null);
    }
    const known = scale === null ? undefined : source.memory.scales.get(scaleKey({ obis: w.obis, attribute: scale }));
    const capture = dataOf(w, others.capture);
    const status = dataOf(w, others.status);
    const data = spread(value.value ?? { type: 'null-data' }, dataOf(w, others.template));
    const { classId, attribute } = w;
    const plain = objectTable(classId, attribute, data, toPlain(data, { classId, attribute, policy }));
    const reading = readingOf({
      obis: w.obis,
      data,
      classId: w.classId,
      attribute: w.attribute,
      policy,
      ...nameOf(w),
      ...(known && { scale: known }),
      ...(capture !== null && { capture }),
      ...(status !== null && { status }),
    });
    // A list goes into a telegram as text, with the names that its class has for it.
    if (elementsOf(data) !== null)
      return { wanted: w, outcome: { ok: true, reading: { ...reading, value: json(plain) }, plain } };
    return { wanted: w, outcome: { ok: true, reading, plain: known ? reading.value : plain } };
  });
}

/**
 * Objects whose class was only a guess and that the meter does not know: the class its object list says, if it has the
 * code. The list is asked once a meter, and not at all when every class was right.
 */
async function correctedClasses(
  source: ObjectSource,
  objects: readonly ReadObject[],
): Promise<Map<WantedObject, WantedObject>> {
  const better = new Map<WantedObject, WantedObject>();
  const doubtful = objects.filter(o => o.wanted.guessed && !o.outcome.ok && DOUBTS.has(o.outcome.error.code));
  if (doubtful.length === 0) return better;
  const list = await listOf(source);
  for (const { wanted } of doubtful) {
    const entry = list.find(e => e.obis.equals(wanted.obis));
    if (entry !== undefined && entry.classId !== wanted.classId) {
      better.set(wanted, { ...wanted, classId: entry.classId, guessed: false });
    }
  }
  return better;
}

function result(objects: readonly ReadObject[]): ObjectsRead {
  let time: string | null = null;
  for (const { wanted, outcome } of objects) {
    const isClock = outcome.ok && wanted.attribute === 2 && holdsClock(wanted.obis, wanted.classId, wanted.attribute);
    if (isClock && time === null && typeof outcome.reading.value === 'string') time = outcome.reading.value;
  }
  return { objects, time };
}

/** The attributes that belong to a value: its scaler and unit, and what else says what it is. */
interface Beside {
  readonly scale: number | null;
  readonly others: {
    readonly status?: number | null;
    readonly capture?: number | null;
    readonly template?: number;
  };
}

function besideOf({ classId, attribute }: WantedObject): Beside {
  const companions = companionsOf(classId, attribute);
  if (companions === null)
    return { scale: null, others: classId === COMPACT_DATA && attribute === 2 ? { template: 5 } : {} };
  const { scale, ...others } = companions;
  return { scale, others };
}

/** The buffer of a compact data object as what its template says; as it is where they do not fit. */
function spread(data: Data, template: Data | null): Data {
  if (data.type !== 'octet-string' || template?.type !== 'octet-string') return data;
  try {
    return decodeCompactBuffer(template.value, data.value);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return data;
  }
}

/** Bytes as hex, as single values have them. */
function json(list: Plain): string {
  return JSON.stringify(list, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value));
}

/** An attribute that is not the value says which one it is. */
function nameOf(w: WantedObject): { name?: string; key?: string } {
  const isValue = w.attribute === 2 || (w.classId === 5 && w.attribute === 3);
  return isValue ? {} : attributeNames(w.obis, w.classId, w.attribute);
}

function put(refs: Map<string, AttributeRef>, w: WantedObject, attribute: number): void {
  refs.set(refKey(w, attribute), { classId: w.classId, obis: w.obis, attribute });
}

function refKey(w: WantedObject, attribute: number): string {
  return `${w.classId}/${w.obis}/${attribute}`;
}

const COMPACT_DATA = 62;
const DOUBTS: ReadonlySet<string> = new Set(['OBJECT_UNDEFINED', 'ACCESS_RESULT', 'ACCESS_DENIED']);
