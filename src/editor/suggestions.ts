// What is suggested while somebody types. The rule of the file: Enter and Tab take the first row, so a text that is whole
// stands first as it was typed, and is never replaced by another one.

export interface Suggestion {
  readonly value: string;
  readonly about: string;
}

/** `found` behind the text as it was typed, where that is whole already; `asTyped` says so beside it. */
export function ranked(
  text: string,
  found: readonly Suggestion[],
  isWhole: (text: string) => boolean,
  asTyped: string,
): readonly Suggestion[] {
  const stands = text === '' || !isWhole(text) || found[0]?.value === text;
  return stands ? found : [{ value: text, about: asTyped }, ...found];
}

/** Time zones with these letters in their name, "los angeles" among them. */
export function zonesLike(text: string, zones: readonly string[]): readonly Suggestion[] {
  const wanted = text.toLowerCase().replaceAll(' ', '_');
  if (wanted === '') return [];
  return zones.filter(zone => zone.toLowerCase().includes(wanted)).map(value => ({ value, about: '' }));
}

/** A code that is written out; anything else is words to look up. */
export function isCode(text: string): boolean {
  return /^[\dCFLP.:*&-]*[\d.][\dCFLP.:*&-]*$/.test(text);
}

/** A pattern or a key that is written out; anything else is words to look up. */
export function isWrittenOut(text: string): boolean {
  return /^\S*[.:*&~_[]\S*$/.test(text);
}
