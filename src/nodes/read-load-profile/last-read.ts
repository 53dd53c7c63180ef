// Where the last read of a profile ended: kept for each meter that answers at a place (node, profile, connection).
// The rule of the file: what was read of one meter never hides rows of the next one at the same place.

import type { MeterIdentity } from '../../core/client/meter-memory';
import type { NumberStore } from '../../io/session/counter-keeper';

export class LastRead {
  constructor(
    private readonly numbers: NumberStore,
    /** Also the name that positions had before they belonged to a meter; and have where a meter does not tell its name. */
    private readonly place: string,
  ) {}

  /** Milliseconds; null: never. */
  of(who: MeterIdentity): number | null {
    const own = this.numbers.get(this.nameOf(who));
    return given(own) ?? given(this.numbers.get(this.place));
  }

  keep(who: MeterIdentity, atMs: number): void {
    const name = this.nameOf(who);
    this.numbers.set(name, atMs);
    // The old position was of the meter that answered now; the next one at this place begins anew.
    if (name !== this.place && given(this.numbers.get(this.place)) !== null) this.numbers.set(this.place, USED);
  }

  nameOf({ name, title }: MeterIdentity): string {
    const who = name ?? title;
    return who === null ? this.place : `${this.place} of ${who}`;
  }
}

function given(position: number | null): number | null {
  return position === USED ? null : position;
}

const USED = 0;
