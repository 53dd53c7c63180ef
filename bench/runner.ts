// How we measure: ours and the yardstick in turn (A B A B), ratio pair by pair, the median with its spread.
// The rule of the file: times are reported and never gate; only counts that come out the same on every machine may.

/** One line of the result. */
export interface Figure {
  /** Goal of docs/performance.md, for example "G4". */
  readonly goal: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  /** What we aim at, in words. */
  readonly wanted: string;
  readonly met: boolean;
  /** The same on every machine, so a miss makes the run fail. */
  readonly exact: boolean;
  readonly note?: string;
}

/** One benchmark; files of this folder export `benches: Bench[]` and are found by `bench/index.ts`. */
export interface Bench {
  readonly name: string;
  run(how: How): Promise<readonly Figure[]>;
}

export interface How {
  /** Fewer and shorter rounds: the smoke run of the build server. */
  readonly short: boolean;
}

export interface Ratio {
  /** Ours divided by the yardstick: median, least and greatest of the pairs. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly pairs: number;
  /** Median time of one call in microseconds. */
  readonly oursMicros: number;
  readonly yardstickMicros: number;
}

type Work = () => unknown;

/** Runs both in turn after a warm-up. Functions may return a promise; a round repeats the call until it is long enough. */
export async function compare(ours: Work, yardstick: Work, how: How): Promise<Ratio> {
  const pairs = how.short ? 3 : PAIRS;
  const roundMs = how.short ? SHORT_ROUND_MS : ROUND_MS;
  const repeatOurs = await calls(ours, roundMs);
  const repeatYardstick = await calls(yardstick, roundMs);
  const ratios: number[] = [];
  const a: number[] = [];
  const b: number[] = [];
  for (let i = 0; i < pairs; i++) {
    const one = await round(ours, repeatOurs);
    const other = await round(yardstick, repeatYardstick);
    a.push(one);
    b.push(other);
    ratios.push(one / other);
  }
  return {
    median: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    pairs,
    oursMicros: median(a) * 1000,
    yardstickMicros: median(b) * 1000,
  };
}

/** A ratio as a figure: met when the median is at most `limit`. */
export function ratioFigure(goal: string, what: string, ratio: Ratio, limit: number, yardstick: string): Figure {
  return {
    goal,
    what,
    value: round3(ratio.median),
    unit: 'x',
    min: round3(ratio.min),
    max: round3(ratio.max),
    wanted: `<= ${limit} x ${yardstick}`,
    met: ratio.median <= limit,
    exact: false,
    note: `${ratio.oursMicros.toFixed(1)} us against ${ratio.yardstickMicros.toFixed(1)} us, ${ratio.pairs} pairs`,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The table people read. */
export function table(figures: readonly Figure[]): string {
  const head = ['goal', 'what', 'value', 'spread', 'wanted', 'met', 'note'];
  const rows = figures.map(f => [
    f.goal,
    f.what,
    `${f.value} ${f.unit}`,
    f.min === undefined || f.max === undefined ? '' : `${f.min} .. ${f.max}`,
    f.wanted,
    f.met ? 'yes' : 'NO',
    f.note ?? '',
  ]);
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map(r => (r[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => c.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map(w => '-'.repeat(w))), ...rows.map(line)].join('\n');
}

export function round3(n: number): number {
  return Math.round(n * 1000) / 1000;
}

/** Milliseconds of one call, the mean of a round. */
async function round(work: Work, repeat: number): Promise<number> {
  const from = performance.now();
  for (let i = 0; i < repeat; i++) {
    const pending = work();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - from) / repeat;
}

/** Warms up, then tells how many calls fill a round. */
async function calls(work: Work, roundMs: number): Promise<number> {
  const from = performance.now();
  while (performance.now() - from < WARM_UP_MS) await round(work, 1);
  let repeat = 1;
  for (;;) {
    const ms = (await round(work, repeat)) * repeat;
    if (ms >= roundMs / 4) return Math.max(1, Math.ceil((repeat * roundMs) / ms));
    repeat *= 4;
  }
}

const PAIRS = 7;
const ROUND_MS = 320;
const SHORT_ROUND_MS = 40;
/** The compiler of the runtime needs about as long to have seen everything. */
const WARM_UP_MS = 250;
