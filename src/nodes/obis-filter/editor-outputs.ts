// The outputs of dlms-obis-filter: how many there are, and where the wires go when rules come, go or change places.

/** Those of the form, and the last one for what was held back. */
export function outputsOf(output: string, rules: number): number {
  return (output === 'per-rule' ? Math.max(1, rules) : 1) + 1;
}

/**
 * What Node-RED takes as a map: output before → output now, -1 for one that goes, "new…" for one that comes. `places` says
 * for each rule where it stood before; null: outputs do not follow rules.
 */
export function wiresOf({
  before,
  after,
  places,
}: {
  readonly before: number;
  readonly after: number;
  readonly places: readonly (number | undefined)[] | null;
}): Readonly<Record<string, number>> {
  const map: Record<string, number> = {};
  for (let i = 0; i < before; i++) map[i] = -1;
  // The one for what was held back is the last, before and now.
  map[before - 1] = after - 1;
  for (let i = 0; i < after - 1; i++) {
    const place = places === null ? i : places[i];
    map[place !== undefined && place < before - 1 ? place : `new${i}`] = i;
  }
  return map;
}
