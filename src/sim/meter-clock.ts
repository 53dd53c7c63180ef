// The meter's own clock: what it shows at an instant, and which instant a clock value from outside means.

import { CLOCK_STATUS, readDateTime, writeDateTime, type ClockPolicy } from '../core/cosem/date-time';
import { checkZone, standardOffset, zoneOffsetAt } from '../core/cosem/zone';

/** What stands in the deviation field: by the standard, with the opposite sign, or "not specified". */
export type DeviationStyle = 'standard' | 'inverted' | 'unspecified';

export class MeterClock {
  /** Milliseconds that a SET has moved the clock by. */
  shiftMs = 0;
  readonly #policy: ClockPolicy;

  /** `zone`: IANA name, for example Europe/Vienna. Throws BAD_SETTING for a name nobody knows. */
  constructor(
    readonly zone: string,
    readonly style: DeviationStyle = 'standard',
  ) {
    checkZone(zone);
    // A meter that knows no deviation does not read one either: it compares wall clocks.
    const mode = style === 'unspecified' ? 'zone' : style;
    this.#policy = { mode, zone };
  }

  /** Minutes to add to UTC. */
  offsetMinutes(epochMs: number): number {
    return zoneOffsetAt(this.zone, epochMs).offsetMinutes;
  }

  /** The same outside daylight saving time. */
  standardOffsetMinutes(epochMs: number): number {
    return standardOffset(this.zone, new Date(epochMs).getUTCFullYear());
  }

  /** The 12 octets this clock shows at an instant. */
  octets(epochMs: number): Uint8Array {
    const { offsetMinutes: minutes, daylight } = zoneOffsetAt(this.zone, epochMs);
    const local = new Date(epochMs + minutes * 60_000);
    return writeDateTime({
      year: local.getUTCFullYear(),
      month: local.getUTCMonth() + 1,
      dayOfMonth: local.getUTCDate(),
      dayOfWeek: local.getUTCDay() === 0 ? 7 : local.getUTCDay(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
      hundredths: Math.floor(local.getUTCMilliseconds() / 10),
      deviationMinutes: this.style === 'unspecified' ? null : this.style === 'inverted' ? minutes : 0 - minutes,
      status: daylight ? CLOCK_STATUS.daylight : 0,
    });
  }

  /** The instant that 12 octets mean, or null where they have wildcards. Throws for another number of octets. */
  epochOf(octets: Uint8Array): number | null {
    return readDateTime(octets, this.#policy).epochMs;
  }

  /** Local midnight that begins the month `back` months before the one an instant is in. */
  startOfMonth(epochMs: number, back: number): number {
    const local = new Date(epochMs + this.offsetMinutes(epochMs) * 60_000);
    const wall = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - back, 1);
    return wall - this.offsetMinutes(wall - this.offsetMinutes(wall) * 60_000) * 60_000;
  }
}
