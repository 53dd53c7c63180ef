// The last values of all meters as a page that Prometheus reads (text format 0.0.4).
// The rule of the file: what is dead is not on the page; when a meter was last heard always is.

import { Obis } from '../core/obis/obis';
import { type Item, free } from './forms';
import { isCounter } from './guard';
import { Rhythm } from './rhythm';

interface Sample {
  readonly metric: string;
  readonly help: string;
  readonly isCounter: boolean;
  readonly labels: string;
  readonly value: number;
  readonly rhythm: Rhythm;
}

interface MeterPage {
  /** By label of the value. */
  readonly samples: Map<string, Sample>;
  lastMs: number;
}

export class MetricsPage {
  readonly #meters = new Map<string, MeterPage>();
  #forgotten = 0;

  /** `prefix`: the first word of each name. */
  constructor(
    readonly prefix: string,
    readonly limit: number,
  ) {}

  /** Meters, and values of one meter, that had no room because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  take(items: readonly Item[], meter: string | null, nowMs: number): void {
    const page = this.#page(meter ?? '', nowMs);
    for (const item of items) {
      const value = numberOf(item);
      if (value === null) continue;
      const before = page.samples.get(item.label);
      if (before === undefined && page.samples.size >= SAMPLES) {
        this.#forgotten++;
        continue;
      }
      const rhythm = before?.rhythm ?? new Rhythm();
      rhythm.heard(nowMs);
      page.samples.set(item.label, { ...this.#describe(item, meter), value, rhythm });
    }
  }

  text(nowMs: number): string {
    const metrics = new Map<string, { head: string; lines: string[] }>();
    const seen = `${metricWord(this.prefix)}_last_seen_timestamp_seconds`;
    // Two labels may be one name here, and one series that stands twice makes Prometheus refuse the whole page.
    const series = new Set<string>();
    const put = (name: string, help: string, type: string, labels: string, value: number): void => {
      const metric = free(`${labels}${name}`, series).slice(labels.length);
      let found = metrics.get(metric);
      if (found === undefined) {
        const head = `# HELP ${metric} ${helpText(help)}\n# TYPE ${metric} ${type}`;
        metrics.set(metric, (found = { head, lines: [] }));
      }
      found.lines.push(`${metric}${labels} ${value}`);
    };
    for (const [meter, { samples, lastMs }] of this.#meters) {
      put(
        seen,
        'When the meter was last heard, seconds since 1970',
        'gauge',
        `{meter="${labelText(meter)}"}`,
        lastMs / 1000,
      );
      for (const { metric, help, isCounter: counts, labels, value, rhythm } of samples.values()) {
        if (!rhythm.isSilent(nowMs, UNKNOWN_MS)) put(metric, help, counts ? 'counter' : 'gauge', labels, value);
      }
    }
    return [...metrics.values()].map(({ head, lines }) => `${head}\n${lines.join('\n')}\n`).join('');
  }

  clear(): void {
    this.#meters.clear();
  }

  #page(meter: string, nowMs: number): MeterPage {
    const page = this.#meters.get(meter) ?? { samples: new Map<string, Sample>(), lastMs: nowMs };
    page.lastMs = nowMs;
    this.#meters.delete(meter);
    this.#meters.set(meter, page);
    if (this.#meters.size > this.limit) {
      const [oldest] = this.#meters.keys();
      if (oldest !== undefined && this.#meters.delete(oldest)) this.#forgotten++;
    }
    return page;
  }

  #describe({ label, name, unit, obis }: Item, meter: string | null): Omit<Sample, 'value' | 'rhythm'> {
    const code = obis === null ? null : Obis.tryParse(obis);
    const counts = code !== null && isCounter(code);
    const end = `${unit === null ? '' : `_${unitWord(unit)}`}${counts ? '_total' : ''}`;
    const labels = [`meter="${labelText(meter ?? '')}"`, ...(obis === null ? [] : [`obis="${labelText(obis)}"`])];
    return {
      metric: `${metricWord(this.prefix)}_${metricWord(label)}${end}`,
      help: unit === null ? name : `${name}, ${unit}`,
      isCounter: counts,
      labels: `{${labels.join(',')}}`,
    };
  }
}

/** Prometheus has numbers only. */
function numberOf({ value, unit }: Item): number | null {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && unit !== null && value.trim() !== '') {
    const number = Number(value);
    return Number.isFinite(number) ? number : null;
  }
  return typeof value === 'number' ? value : null;
}

function metricWord(text: string): string {
  const clean = text.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  return clean === '' || /^\d/.test(clean) ? `_${clean}` : clean;
}

/** kWh stays as it is: mW and MW are two units. */
function unitWord(unit: string): string {
  const said = unit.replace('°C', 'celsius').replace('%', 'percent').replace('³', '3').replace('/', '_per_');
  return metricWord(said).replace(/^_/, '');
}

function labelText(text: string): string {
  return text.replace(/\p{Cc}/gu, '_').replace(/["\\]/g, '\\$&');
}

function helpText(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').replace(/\\/g, '\\\\');
}

/** Of one meter; who sends ever new names does not fill the page. */
const SAMPLES = 10_000;
/** A value that came once: so long. A meter read once a day is still on the page when it is read again. */
const UNKNOWN_MS = 25 * 3_600_000;
