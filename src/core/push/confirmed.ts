// Which convention a meter was found to follow, where facts leave several open; and which one it cannot follow.
// The rules of the file: one telegram decides nothing, three in a row with other numbers do, for this meter and from then on;
// what was decided outlasts the process where there is a memory; meters come from outside, so their number is bounded.

import type { Convention } from '../meters/family';
import { DlmsError } from '../wire/errors';
import type { Item } from './body';
import type { Choice, Conventions } from './conventions';
import { judgeCurrents, measuredOf, type Measured, type Verdict } from './electrical';
import type { CounterMemory } from './replay';

/** What is known of a list, and what is to be told of it now, once. */
export interface Settled {
  readonly choice: Choice;
  readonly problem: DlmsError | null;
}

export class ConfirmedConventions {
  /** In the order of their first telegram; 0 <= size <= limit */
  readonly #meters = new Map<string, Observed>();
  #told = false;

  constructor(
    private readonly memory: CounterMemory | null = null,
    private readonly limit = LIMIT_METERS,
  ) {}

  /** `meter`: what it is told apart by, title, id or source. */
  settle(meter: string, choice: Choice, items: readonly Item[], conventions: Conventions): Settled {
    const { candidates, by } = choice;
    if (by === 'setting' || candidates.length === 0) return { choice, problem: null };
    const observed = this.#observed(meter);
    const full = this.#bound();
    if (choice.narrowed) observed.fact = candidates[0]?.name ?? null;
    const used = candidates.length === 1 ? (candidates[0] as Convention) : this.#known(meter, observed, candidates);
    if (used === null) {
      const found = this.#confirm(meter, observed, choice, items);
      return { choice: found === null ? choice : conventions.settled(choice, found, 'confirmed'), problem: full };
    }
    if (this.#recall(meter, observed, used) === DOUBTED)
      return { choice: conventions.settled(choice, null, 'facts'), problem: full };
    const how = candidates.length > 1 && observed.fact !== used.name ? 'confirmed' : 'facts';
    const known = candidates.length === 1 ? choice : conventions.settled(choice, used, how);
    if (!this.#doubt(observed, used, known, items)) return { choice: known, problem: full };
    this.#keep(meter, observed, used, DOUBTED);
    const problem = new DlmsError({ code: 'SCALE_DOUBTED', convention: used.name, meter });
    return { choice: conventions.settled(choice, null, 'facts'), problem };
  }

  /** The one among them that facts of another list or three telegrams have shown. */
  #known(meter: string, observed: Observed, candidates: readonly Convention[]): Convention | null {
    const byFact = candidates.find(({ name }) => name === observed.fact);
    return byFact ?? candidates.find(each => this.#recall(meter, observed, each) >= CONFIRMED) ?? null;
  }

  #confirm(meter: string, observed: Observed, choice: Choice, items: readonly Item[]): Convention | null {
    if (!choice.open.has('current')) return null;
    const measured = measuredOf(items);
    const verdicts = choice.candidates.map(row => verdictOn(row, choice, measured));
    if (verdicts.includes(null)) return null;
    const at = verdicts.indexOf('fits');
    const leads = at !== -1 && verdicts.every((verdict, i) => i === at || IMPOSSIBLE.has(verdict));
    const leading = leads ? (choice.candidates[at] as Convention) : null;
    if (!another(observed, leading?.name ?? null, measured)) return null;
    this.#keep(meter, observed, leading as Convention, CONFIRMED);
    return leading;
  }

  /** Three telegrams in a row say that it cannot be. Most are not asked: it would cost more than it tells. */
  #doubt(observed: Observed, used: Convention, choice: Choice, items: readonly Item[]): boolean {
    if (observed.row === 0 && observed.seen++ % EVERY !== 0) {
      observed.before = null;
      return false;
    }
    const measured = measuredOf(items);
    const verdict = verdictOn(used, choice, measured);
    if (verdict === null) return false;
    return another(observed, verdict === 'far-too-little' || verdict === 'too-much' ? used.name : null, measured);
  }

  /** Asked of the memory once. */
  #recall(meter: string, { decided }: Observed, { name }: Convention): number {
    let known = decided.get(name);
    if (known === undefined) {
      known = this.memory?.last(`${meter} ${name}`) ?? 0;
      decided.set(name, known);
    }
    return known;
  }

  #keep(meter: string, { decided }: Observed, { name }: Convention, decision: number): void {
    this.memory?.remember(`${meter} ${name}`, decision);
    decided.set(name, decision);
  }

  #observed(meter: string): Observed {
    let known = this.#meters.get(meter);
    if (known === undefined) {
      known = { fact: null, of: null, row: 0, print: '', power: 0, before: null, seen: 0, decided: new Map() };
      this.#meters.set(meter, known);
    }
    return known;
  }

  /** LIMIT_EXCEEDED the first time that a meter is forgotten for another one. */
  #bound(): DlmsError | null {
    const actual = this.#meters.size;
    if (actual <= this.limit) return null;
    const [oldest] = this.#meters.keys();
    if (oldest !== undefined) this.#meters.delete(oldest);
    if (this.#told) return null;
    this.#told = true;
    const what = 'meters whose currents are compared with their powers (the oldest are forgotten)';
    return new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit: this.limit, actual });
  }
}

function verdictOn({ scales }: Convention, choice: Choice, measured: Measured): Verdict | null {
  const voltage = choice.scales.voltage ?? scales.voltage;
  if (scales.current === undefined || scales.power === undefined || voltage === undefined) return null;
  return judgeCurrents(measured, scales.current, voltage, scales.power);
}

/**
 * One more telegram that says the same, or the first that says otherwise; true: it is the third. What comes again, in whole or
 * in its currents, or with nearly the same power says nothing new: it may be the values of a minute ago, or phases that are held
 * in balance. Nor does a power that has just grown, as its currents may not have grown yet.
 */
function another(observed: Observed, says: string | null, { active, amperes }: Measured): boolean {
  const print = amperes.join(' ');
  const power = active ?? 0;
  const near = Math.abs(power - observed.power) < LEAST_CHANGE * Math.abs(observed.power);
  const grew = observed.before !== null && Math.abs(power) > MOST_GROWTH * Math.abs(observed.before);
  observed.before = power;
  if (says !== null && (grew || (says === observed.of && (print === observed.print || near)))) return false;
  observed.print = print;
  observed.power = power;
  observed.row = says === null ? 0 : says === observed.of ? observed.row + 1 : 1;
  observed.of = says;
  if (observed.row < IN_A_ROW) return false;
  observed.row = 0;
  observed.of = null;
  return true;
}

interface Observed {
  /** The convention that facts left of several in another list of this meter. */
  fact: string | null;
  /** What the last telegrams said, how many of them, and currents and power of the last one. */
  of: string | null;
  row: number;
  print: string;
  power: number;
  /** Power of the telegram before, where that was looked at. */
  before: number | null;
  seen: number;
  readonly decided: Map<string, number>;
}

const IMPOSSIBLE: ReadonlySet<Verdict | null> = new Set(['too-little', 'far-too-little', 'too-much', 'cancelling']);
/** A decision only goes up. */
const CONFIRMED = 1;
const DOUBTED = 2;
const IN_A_ROW = 3;
/** Of the power from one telegram to the next that counts. */
const LEAST_CHANGE = 0.1;
/** Two telegrams later it is four times the power, and currents that lag so much are not a tenth of the right ones. */
const MOST_GROWTH = 2;
const EVERY = 16;
export const LIMIT_METERS = 100_000;
