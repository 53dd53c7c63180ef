// What a file of meters/ says of a family of meters, as far as the core reads it. meters/schema.json describes the whole file.
// The rule of the file: data only; who reads a field stands beside it.

/** A family; its evidence, presets and countries are for people, and are not in the program. */
export interface MeterFamily {
  readonly family: string;
  /** Three letters of the FLAG id each. */
  readonly makers?: readonly string[];
}
