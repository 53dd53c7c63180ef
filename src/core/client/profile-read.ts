// Reading a profile: what to ask next, and rows while they come. Range first, then entries, then the whole buffer;
// what a meter refused for good is remembered. It knows no connection: it asks, and is told the answers.

import { clockOctets, epochOf, type ClockPolicy } from '../cosem/date-time';
import { encodeData, type Data } from '../cosem/data';
import type { Obis } from '../obis/obis';
import { ProfileRows, type ProfileRow } from '../cosem/profile';
import {
  belongsToEachRow,
  entrySelector,
  isUnixTime,
  ProfileLayout,
  rangeSelector,
  readCaptureObjects,
  readSortObject,
  scaleAttributeOf,
  tellsTime,
  timeColumn,
  type CaptureObject,
  type ProfileColumn,
} from '../cosem/profile-layout';
import type { DlmsError } from '../wire/errors';
import {
  scaleKey,
  type MeterMemory,
  type ProfileAccess,
  type ProfileHabits,
  type ProfileStructure,
} from './meter-memory';
import { isTemporary, type AttributeRef, type Outcome, type Selector } from './request';

export type ProfileRange =
  /** Instants in milliseconds, both included; null: open on that side. */
  | { readonly kind: 'time'; readonly fromMs: number | null; readonly toMs: number | null }
  /** Entry numbers from 1, the oldest unless the profile is sorted the other way; last 0: to the end. */
  | { readonly kind: 'entries'; readonly first: number; readonly last: number }
  | { readonly kind: 'newest'; readonly count: number }
  | { readonly kind: 'all' };

export interface ProfileRequest {
  readonly obis: Obis;
  readonly range: ProfileRange;
  /** Codes of the columns to return; none: all. Clock and status always come. */
  readonly columns?: readonly string[];
  readonly policy: ClockPolicy;
  /**
   * IANA zone the meter is taken to be in where the policy names none: ranges are written in it, and rows without offset
   * are placed by it. Times of rows stay without offset. Many meters compare a range by its wall clock alone.
   * Absent: UTC.
   */
  readonly zone?: string | undefined;
  /** What the clock of a range carries; `auto` finds out. */
  readonly rangeClock: 'auto' | 'with-deviation' | 'without-deviation';
  /** What null-data in a value means: the same as in the row before, as the standard has it (default), or no value. */
  readonly nullValues?: 'repeated' | 'missing';
  /** Our clock: bounds an open range and guesses which entries a range needs. */
  readonly nowMs: number;
}

export interface ProfileHead {
  readonly columns: readonly ProfileColumn[];
  /** Seconds; null where the meter does not say. */
  readonly capturePeriod: number | null;
}

export type ProfileEvent =
  | { readonly type: 'columns'; readonly head: ProfileHead }
  | { readonly type: 'row'; readonly row: ProfileRow }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'done'; readonly access: ProfileAccess }
  | { readonly type: 'failed'; readonly error: DlmsError };

export interface ProfileAsk {
  readonly refs: readonly AttributeRef[];
  /** One long value, whose parts go to {@link ProfileRead.part}. */
  readonly stream: boolean;
}

export interface ProfileTurn {
  readonly events: readonly ProfileEvent[];
  /** null: the read is over. */
  readonly ask: ProfileAsk | null;
}

type Answers = readonly Outcome<Data | null>[];
type Plan = Generator<ProfileAsk, void, Answers>;

export class ProfileRead {
  #events: ProfileEvent[] = [];
  #rows: ProfileRows | null = null;
  #keep: (row: ProfileRow) => boolean = () => true;
  /** With `newest` out of more than was asked for: the newest rows until now; else null and rows leave at once. */
  #held: NewestRows | null = null;
  #rowsSeen = 0;
  /** The meter told how many entries it has, so that the newest can be asked for by number. */
  #counted = false;
  /** For what we write, and for choosing rows; never for what we tell. */
  readonly #placing: ClockPolicy;
  readonly #plan: Plan;

  constructor(
    readonly request: ProfileRequest,
    readonly memory: MeterMemory,
  ) {
    const zone = request.policy.zone ?? request.zone;
    this.#placing = zone === undefined ? request.policy : { ...request.policy, zone };
    this.#plan = this.#work();
  }

  get #habits(): ProfileHabits {
    return this.memory.habitsOf(this.request.obis);
  }

  start(): ProfileTurn {
    return this.#turn(this.#plan.next());
  }

  /** A part of the buffer. Throws what the bytes deserve. */
  part(bytes: Uint8Array): readonly ProfileEvent[] {
    this.#take(this.#rows?.push(bytes) ?? []);
    return this.#flush();
  }

  /** The outcomes of what was asked, in its order; a streamed value that came in parts is `{ ok: true, value: null }`. */
  answer(outcomes: Answers): ProfileTurn {
    return this.#turn(this.#plan.next(outcomes));
  }

  #turn(step: IteratorResult<ProfileAsk, void>): ProfileTurn {
    return { events: this.#flush(), ask: step.done === true ? null : step.value };
  }

  #flush(): readonly ProfileEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  *#work(): Plan {
    const known = yield* this.#structure();
    if (known === null) return;
    const chosen = chosenOf(known.objects, this.request.columns);
    if (!(yield* this.#scales(chosen.map(i => known.objects[i] as CaptureObject)))) return;
    const layout = new ProfileLayout(
      known.objects,
      known.objects.map(
        o => this.memory.scales.get(scaleKey({ obis: o.obis, attribute: scaleAttributeOf(o) ?? 0 })) ?? null,
      ),
      chosen,
      known.sortObject,
    );
    this.#events.push({ type: 'columns', head: { columns: layout.columns, capturePeriod: known.capturePeriod } });
    yield* this.#buffer(known, layout, chosen);
  }

  /** Capture objects, period and sorting: asked once in an association. */
  *#structure(): Generator<ProfileAsk, ProfileStructure | null, Answers> {
    const key = this.request.obis.toString();
    const remembered = this.memory.profiles.get(key);
    if (remembered !== undefined) return remembered;
    const asked = [3, 4, 5, 6].map(a => this.#attribute(a));
    const [objects, period, sort, by] = yield { refs: asked, stream: false };
    if (objects === undefined || !objects.ok || objects.value === null) {
      if (objects?.ok === false) this.#events.push({ type: 'failed', error: objects.error });
      return null;
    }
    const known: ProfileStructure = {
      objects: readCaptureObjects(objects.value),
      capturePeriod: numberOf(period),
      sortMethod: numberOf(sort),
      sortObject: by?.ok === true && by.value !== null ? readSortObject(by.value) : null,
    };
    this.memory.profiles.set(key, known);
    return known;
  }

  /** False: one of them is not there for the moment, and values without it would be wrong by powers of ten. */
  *#scales(objects: readonly CaptureObject[]): Generator<ProfileAsk, boolean, Answers> {
    const missing = new Map<string, AttributeRef>();
    for (const o of objects) {
      const attribute = scaleAttributeOf(o);
      if (attribute === null) continue;
      const ref = { classId: o.classId, obis: o.obis, attribute };
      if (!this.memory.scales.has(scaleKey(ref))) missing.set(scaleKey(ref), ref);
    }
    if (missing.size === 0) return true;
    const refs = [...missing.values()];
    const answers = yield { refs, stream: false };
    let later: DlmsError | null = null;
    refs.forEach((ref, i) => {
      const answer = answers[i];
      if (answer?.ok === false && isTemporary(answer.error)) return void (later ??= answer.error);
      this.memory.rememberScale(ref, answer?.ok === true ? answer.value : null);
      if (answer?.ok === false) this.#note(`no scaler and unit of ${ref.obis}: ${answer.error.short}`);
    });
    if (later !== null) this.#events.push({ type: 'failed', error: later });
    return later === null;
  }

  *#buffer(known: ProfileStructure, layout: ProfileLayout, chosen: readonly number[]): Plan {
    let refusal: DlmsError | null = null;
    for (const way of this.#ways()) {
      let definite = false;
      for (const select of yield* this.#selectors(way, known, chosen)) {
        this.#begin(way, known, layout);
        const [outcome] = yield {
          refs: [{ ...this.#attribute(2), ...(select === null ? {} : { select }) }],
          stream: true,
        };
        if (outcome === undefined) return;
        if (outcome.ok) {
          if (outcome.value !== null) this.#take((this.#rows as ProfileRows).push(encodeData(outcome.value)));
          this.#finish(way, select);
          return;
        }
        if (this.#rowsSeen > 0 || !isRefusal(outcome.error)) {
          this.#events.push({ type: 'failed', error: outcome.error });
          return;
        }
        if (way === 'range' && this.#habits.rangeWorks && saysNothing(outcome.error)) {
          this.#note(`no rows: the meter answers an empty range with ${outcome.error.short}`);
          this.#events.push({ type: 'done', access: way });
          return;
        }
        this.#note(`${way} refused: ${outcome.error.short}`);
        definite = isDefinite(outcome.error);
        if (definite || refusal === null) refusal = outcome.error;
      }
      if (definite && way !== 'all') this.#habits.refused.add(way);
    }
    if (refusal !== null) this.#events.push({ type: 'failed', error: refusal });
  }

  /** Ways to try for this range, the likely ones first. */
  #ways(): ProfileAccess[] {
    const { range } = this.request;
    const all: ProfileAccess[] =
      range.kind === 'time'
        ? range.fromMs === null && range.toMs === null
          ? ['all']
          : ['range', 'entry', 'all']
        : range.kind === 'all'
          ? ['all']
          : ['entry', 'all'];
    return all.filter(way => way === 'all' || !this.#habits.refused.has(way));
  }

  /** What to put into the request; a range may have two forms of its clock. */
  *#selectors(
    way: ProfileAccess,
    known: ProfileStructure,
    chosen: readonly number[],
  ): Generator<ProfileAsk, readonly (Selector | null)[], Answers> {
    const { range } = this.request;
    if (way === 'all') return [null];
    if (way === 'entry') return [yield* this.#entries(known)];
    if (range.kind !== 'time') return [];
    const from = range.fromMs ?? EARLIEST_MS;
    const to = range.toMs ?? this.request.nowMs + AHEAD_MS;
    const timed = timeColumn(known.objects, known.sortObject);
    const restricting = timed === null ? undefined : (known.objects[timed] as CaptureObject);
    const columns = chosen.length === known.objects.length ? [] : chosen.map(i => known.objects[i] as CaptureObject);
    const forms = restricting !== undefined && isUnixTime(restricting) ? (['with'] as const) : this.#clockForms(from);
    return forms.map(deviation =>
      rangeSelector(from, to, {
        policy: this.#placing,
        deviation,
        columns,
        ...(restricting === undefined ? {} : { restricting }),
      }),
    );
  }

  #clockForms(from: number): ('with' | 'without')[] {
    const { rangeClock } = this.request;
    const policy = this.#placing;
    if (rangeClock !== 'auto') return [rangeClock === 'with-deviation' ? 'with' : 'without'];
    if (this.#habits.deviation !== null) return [this.#habits.deviation];
    // Where the policy gives no deviation anyway, both forms are the same.
    const same = clockOctets(from, { policy }).join() === clockOctets(from, { policy, deviation: 'without' }).join();
    return same ? ['with'] : ['with', 'without'];
  }

  /** The entries that a range can lie in, from the number in use and the period. */
  *#entries(known: ProfileStructure): Generator<ProfileAsk, Selector, Answers> {
    const { range, nowMs } = this.request;
    const order = orderOf(known);
    if (range.kind === 'entries') return entrySelector(range.first, range.last);
    const periodMs = (known.capturePeriod ?? 0) * 1000;
    const wanted =
      range.kind === 'newest'
        ? range.count
        : range.kind === 'time' && range.fromMs !== null && periodMs > 0
          ? Math.ceil(Math.max(0, nowMs + AHEAD_MS - range.fromMs) / periodMs) + 1
          : Infinity;
    // Where the newest rows are is known of a buffer in the order of time only.
    if (wanted === Infinity || order === 'other') return entrySelector(1, 0);
    const [answer] = yield { refs: [this.#attribute(7)], stream: false };
    const inUse = numberOf(answer);
    this.#counted = inUse !== null;
    if (inUse === null || inUse <= wanted) return entrySelector(1, 0);
    return order === 'newest-first' ? entrySelector(1, wanted) : entrySelector(inUse - wanted + 1, inUse);
  }

  /** A new attempt: which of its rows are wanted. */
  #begin(way: ProfileAccess, known: ProfileStructure, layout: ProfileLayout): void {
    const { range, policy, nullValues } = this.request;
    const order = orderOf(known);
    this.#rows = new ProfileRows(layout, {
      policy,
      // In another order no row is a period behind the one before.
      ...(known.capturePeriod !== null && order !== 'other' && { capturePeriod: known.capturePeriod }),
      sortMethod: order === 'newest-first' ? LIFO : FIFO,
      repeatNull: nullValues !== 'missing',
      // Whoever chose the rows, and by whatever clock: what is outside of the range is not what was asked for.
      ...(range.kind === 'time' && {
        ...(range.fromMs !== null && { from: range.fromMs }),
        ...(range.toMs !== null && { to: range.toMs }),
        limitPolicy: this.#placing,
      }),
    });
    this.#rowsSeen = 0;
    this.#held = null;
    this.#keep = () => true;
    if (range.kind === 'entries') {
      const { first, last } = range;
      const inside = (): boolean => this.#rowsSeen >= first && (last === 0 || this.#rowsSeen <= last);
      // More rows than were asked for are all rows.
      this.#keep = () => (way === 'all' || (last !== 0 && this.#announces > last - first + 1) ? inside() : true);
    }
    if (range.kind === 'newest') {
      const { count } = range;
      if (order === 'newest-first') this.#keep = () => this.#rowsSeen <= count;
      else if (order === 'other' || way === 'all' || !this.#counted) {
        this.#held = new NewestRows(count, order === 'other' ? this.#placing : null);
      } else this.#keep = () => this.#rowsSeen > this.#announces - count;
    }
  }

  get #announces(): number {
    return this.#rows?.announced ?? 0;
  }

  #take(rows: readonly ProfileRow[]): void {
    for (const row of rows) {
      this.#rowsSeen++;
      if (!this.#keep(row)) continue;
      if (this.#held === null) this.#events.push({ type: 'row', row });
      else this.#held.take(row);
    }
  }

  #finish(way: ProfileAccess, select: Selector | null): void {
    const rows = this.#rows as ProfileRows;
    rows.end();
    if (rows.surplusBytes > 0) this.#note(`${rows.surplusBytes} surplus octets after the buffer`);
    this.#tellOfOutside(rows);
    for (const row of this.#held?.rows ?? []) this.#events.push({ type: 'row', row });
    if (way === 'range') {
      this.#habits.rangeWorks = true;
      if (this.request.rangeClock === 'auto' && select !== null) this.#habits.deviation = deviationIn(select);
    }
    this.#events.push({ type: 'done', access: way });
  }

  #tellOfOutside({ outsideCount, untimedCount }: ProfileRows): void {
    if (outsideCount > 0 && this.#rowsSeen === 0) {
      this.#note(`all ${outsideCount} rows lie outside of the range by their clock: check zone and clock policy`);
    } else if (outsideCount > 0) this.#note(`${outsideCount} rows outside of the range were left out`);
    if (untimedCount > 0) this.#note(`${untimedCount} rows without time: whether they lie in the range is not known`);
  }

  #attribute(attribute: number): AttributeRef {
    return { classId: PROFILE_GENERIC, obis: this.request.obis, attribute };
  }

  #note(text: string): void {
    this.#events.push({ type: 'note', text });
  }
}

/** Indexes of the wanted capture objects; clock and status of a row are always among them. */
function chosenOf(objects: readonly CaptureObject[], columns: readonly string[] | undefined): number[] {
  const wanted = new Set(columns ?? []);
  return objects.flatMap((o, i) =>
    wanted.size === 0 || belongsToEachRow(o) || wanted.has(o.obis.toString()) ? [i] : [],
  );
}

/** How the entries of a buffer follow each other in time. IEC 62056-6-2, profile generic, sort_method. */
type Order = 'oldest-first' | 'newest-first' | 'other';

function orderOf({ sortMethod, sortObject }: ProfileStructure): Order {
  if (sortMethod === LIFO) return 'newest-first';
  if (sortMethod === null || sortMethod < LARGEST) return 'oldest-first';
  // Sorted by the size of something that is no time.
  if (sortObject !== null && !tellsTime(sortObject)) return 'other';
  return sortMethod === LARGEST || sortMethod === FARTHEST ? 'newest-first' : 'oldest-first';
}

/** The newest rows of many, in the order in which they came. 0 <= held <= count */
class NewestRows {
  readonly #held: { readonly row: ProfileRow; readonly at: number }[] = [];

  /** @param policy places the rows of a buffer that is in no order of time; null: the last are the newest */
  constructor(
    readonly count: number,
    readonly policy: ClockPolicy | null,
  ) {}

  get rows(): readonly ProfileRow[] {
    return this.#held.map(({ row }) => row);
  }

  take(row: ProfileRow): void {
    const at = this.policy === null || row.time === null ? null : epochOf(row.time, this.policy);
    this.#held.push({ row, at: at ?? -Infinity });
    if (this.#held.length <= this.count) return;
    const oldest = this.policy === null ? 0 : this.#held.reduce((o, { at }, i) => (at < this.#at(o) ? i : o), 0);
    this.#held.splice(oldest, 1);
  }

  #at(index: number): number {
    return this.#held[index]?.at ?? -Infinity;
  }
}

/** "without" is the form whose clock says neither deviation nor status. */
function deviationIn(select: Selector): 'with' | 'without' {
  const from = select.parameters.type === 'structure' ? select.parameters.value[1] : undefined;
  const octets = from?.type === 'octet-string' ? from.value : new Uint8Array(0);
  return octets[9] === 0x80 && octets[10] === 0 ? 'without' : 'with';
}

/** The meter said no to the request, not the line. */
function isRefusal(error: DlmsError): boolean {
  return REFUSALS.has(error.code);
}

/** other-reason and object-unavailable: some meters mean "no rows" by it (docs/quirks.md#t12). */
function saysNothing(error: DlmsError): boolean {
  return error.detail.code === 'ACCESS_RESULT' && (error.detail.result === 250 || error.detail.result === 11);
}

/** Said about the request itself, not about this moment or these rows: worth remembering. */
function isDefinite(error: DlmsError): boolean {
  return !saysNothing(error) && !isTemporary(error);
}

function numberOf(outcome: Outcome<Data | null> | undefined): number | null {
  if (outcome?.ok !== true || outcome.value === null) return null;
  return 'value' in outcome.value && typeof outcome.value.value === 'number' ? outcome.value.value : null;
}

const PROFILE_GENERIC = 7;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** An open end reaches a little beyond our clock: the meter's may be ahead. */
const AHEAD_MS = 3_600_000;
/** Of sort_method. */
const FIFO = 1;
const LIFO = 2;
const LARGEST = 3;
const FARTHEST = 6;
const REFUSALS: ReadonlySet<string> = new Set([
  'ACCESS_RESULT',
  'ACCESS_DENIED',
  'OBJECT_UNDEFINED',
  'EXCEPTION_RESPONSE',
  'SERVICE_ERROR',
]);
