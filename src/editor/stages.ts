// What the connection test and the search say, as it arrives and as it is put into words.
// The rule of the file: a line is taken once, and only when all of it is there.

import type { StageName } from '../io/diagnosis/connection-advice';

export interface Words {
  readonly key: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface StageError {
  /** Missing where the request itself failed. */
  readonly code?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  /** In English. */
  readonly message: string;
}

/** A stage of a test, or an event of a search. */
export interface Stage {
  /** Of a test. */
  readonly stage?: StageName;
  readonly state: keyof typeof ICONS;
  readonly says?: readonly Words[];
  readonly advice?: Words;
  readonly error?: StageError;
  readonly elapsedMs?: number;
  /** Of a find: what to fill in. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The symbol of a state and the colour of the theme that it has. */
export const ICONS = {
  running: { icon: 'fa-spinner fa-spin', colour: '--red-ui-secondary-text-color' },
  trying: { icon: 'fa-search', colour: '--red-ui-secondary-text-color' },
  ok: { icon: 'fa-check', colour: '--red-ui-text-color-success' },
  found: { icon: 'fa-check', colour: '--red-ui-text-color-success' },
  done: { icon: 'fa-flag-checkered', colour: '--red-ui-secondary-text-color' },
  warning: { icon: 'fa-exclamation-triangle', colour: '--red-ui-text-color-warning' },
  failed: { icon: 'fa-times', colour: '--red-ui-text-color-error' },
} as const;

/** All that a stage says in one line; what went wrong in the language of the user where there is a sentence for it. */
export function sentenceOf(
  { says = [], error }: Stage,
  say: (words: Words) => string,
  fault: (error: StageError) => string | null,
): string {
  const parts = says.map(say);
  if (error !== undefined) parts.push(fault(error) ?? error.message);
  return parts.join(' · ');
}

/** How long it took; empty while it still runs. */
export function elapsed({ state, elapsedMs }: Stage): string {
  if (state === 'running' || state === 'trying' || elapsedMs === undefined || elapsedMs < 0) return '';
  return elapsedMs < 1000 ? `${elapsedMs} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
}

/** The lines of an answer that grows: `take` gets all that has come so far and gives what is new and whole. */
export class LinesTaken {
  #taken = 0;

  take(text: string): readonly string[] {
    const end = text.lastIndexOf('\n') + 1;
    if (end <= this.#taken) return [];
    const lines = text.slice(this.#taken, end).split('\n');
    this.#taken = end;
    return lines.filter(line => line !== '');
  }
}
