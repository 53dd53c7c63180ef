// What the simulated pushing meter measures: one truth for all formats, so that their readings can be compared.
// The rule of the file: every value can be written exactly in the resolution of every format.

/** By the groups C.D.E, in W, var, Wh, varh, V, A, degrees or as a factor. */
export type MeterValues = ReadonlyMap<string, number>;

/** Values `seconds` after the meter was built: powers swing, energies grow by what was used. */
export function valuesAt(seconds: number): MeterValues {
  const swing = (period: number): number => Math.sin((2 * Math.PI * seconds) / period);
  const [p1, p2, p3] = [400, 700, 900].map((base, i) => base + 10 * Math.round(20 * swing(600 + 120 * i))) as [
    number,
    number,
    number,
  ];
  const used = 10 * Math.floor((seconds * 2000) / 3600 / 10);
  const peak = 7_654_320 + 10 * Math.floor(used / 20);
  const offPeak = 4_691_350 + used - 10 * Math.floor(used / 20);
  return new Map<string, number>([
    ['1.7.0', p1 + p2 + p3],
    ['2.7.0', 0],
    ['3.7.0', 30],
    ['4.7.0', 120],
    ['21.7.0', p1],
    ['41.7.0', p2],
    ['61.7.0', p3],
    ['22.7.0', 0],
    ['42.7.0', 0],
    ['62.7.0', 0],
    ['23.7.0', 10],
    ['43.7.0', 10],
    ['63.7.0', 10],
    ['24.7.0', 40],
    ['44.7.0', 40],
    ['64.7.0', 40],
    ['31.7.0', 2],
    ['51.7.0', 3],
    ['71.7.0', 4],
    ['32.7.0', 231 + Math.round(2 * swing(300))],
    ['52.7.0', 229 + Math.round(2 * swing(420))],
    ['72.7.0', 233 + Math.round(2 * swing(540))],
    ['13.7.0', 0.98],
    ['33.7.0', 0.97],
    ['53.7.0', 0.99],
    ['73.7.0', 0.98],
    ['81.7.40', 12],
    ['81.7.51', 8],
    ['81.7.62', 400],
    ['1.8.0', peak + offPeak],
    ['1.8.1', peak],
    ['1.8.2', offPeak],
    ['2.8.0', 250_010],
    ['2.8.1', 250_000],
    ['2.8.2', 10],
    ['3.8.0', 81_230],
    ['3.8.1', 60_230],
    ['3.8.2', 21_000],
    ['4.8.0', 1_507_350],
    ['4.8.1', 1_500_000],
    ['4.8.2', 7_350],
    ['5.8.0', 80_000],
    ['6.8.0', 1_230],
    ['7.8.0', 7_350],
    ['8.8.0', 1_500_000],
    ['21.8.0', 4_000_000],
    ['41.8.0', 4_000_000],
    ['61.8.0', 4_345_670],
    ['22.8.0', 250_010],
    ['42.8.0', 0],
    ['62.8.0', 0],
  ]);
}
