// What own layouts and scalers of dlms-push-decoder may hold. The rule of the file: no page; what is wrong is a key of the
// texts and its facts, null where nothing is.

import { isObis, isPower, trimmed } from '../../editor/check';

/** As the form keeps it: a number where one was written, else the text, so that nothing typed is lost. */
export interface LayoutInForm {
  name?: string;
  elements?: number | string;
  first?: string;
  nested?: unknown;
  taggedClock?: unknown;
  /** Where it is from. */
  evidence?: string;
  entries?: EntryInForm[];
  /** The short form of the entries, of a file. */
  cells?: readonly unknown[];
}
export interface EntryInForm {
  position?: number | string;
  obis?: string;
  unit?: string;
  scaler?: number | string;
  type?: string;
  role?: string;
}
export type ScalersInForm = Readonly<Record<string, number | string>>;

/** How a family's lists without scaler are to be read; it comes from a file and goes into one as it is. */
export interface ConventionInForm {
  readonly name?: string;
  readonly when?: Readonly<Record<string, unknown>>;
  readonly scales?: Readonly<Record<string, unknown>>;
  readonly evidence?: string;
}

/** As a file of the folder `meters`, so far as a decoder reads it. */
export interface FamilyInForm {
  readonly family?: string;
  readonly layouts?: readonly LayoutInForm[];
  readonly conventions?: readonly ConventionInForm[];
}

export type LayoutFault =
  | { readonly key: 'layouts'; readonly facts: Record<string, never> }
  | { readonly key: 'layoutName' | 'elements' | 'position' | 'convention'; readonly facts: { readonly name: string } }
  | { readonly key: 'scaler' | 'obis'; readonly facts: { readonly value: unknown } };

/** `list` comes from a file, too. */
export function faultInLayouts(list: unknown): LayoutFault | null {
  if (!Array.isArray(list)) return { key: 'layouts', facts: {} };
  const names = new Set<string>();
  for (const layout of list as readonly (LayoutInForm | null)[]) {
    const name = trimmed(layout?.name);
    if (layout === null || name === '' || names.has(name)) return { key: 'layoutName', facts: { name } };
    names.add(name);
    // The short form of a file counts by itself; the node says where it is wrong.
    if (Array.isArray(layout.cells)) continue;
    const elements = Number(layout.elements);
    if (!(elements >= 1 && elements <= 255)) return { key: 'elements', facts: { name } };
    for (const { position, obis, scaler } of layout.entries ?? []) {
      const at = Number(position);
      if (!(at >= 0 && at < elements)) return { key: 'position', facts: { name } };
      if (!isObis(obis)) return { key: 'obis', facts: { value: obis } };
      if (!isPower(scaler)) return { key: 'scaler', facts: { value: scaler } };
    }
  }
  return null;
}

/** What is pasted: a list of layouts, one of them, or a family with both. null: nothing of them. */
export function familyIn(pasted: unknown): FamilyInForm | null {
  if (Array.isArray(pasted)) return { layouts: pasted as LayoutInForm[] };
  if (typeof pasted !== 'object' || pasted === null) return null;
  return 'layouts' in pasted || 'conventions' in pasted ? (pasted as FamilyInForm) : { layouts: [pasted] };
}

/** The file of a family with what a decoder has of its own: as meters/schema.json wants it, so that it can be sent in. */
export function familyToCopy(layouts: readonly LayoutInForm[], conventions: readonly ConventionInForm[]): FamilyInForm {
  return {
    family: 'own',
    layouts: layouts.map(({ nested, taggedClock, ...layout }) => ({
      ...filledIn(layout),
      ...(nested === true ? { nested } : {}),
      ...(taggedClock === true ? { taggedClock } : {}),
      ...(layout.entries === undefined ? {} : { entries: layout.entries.map(filledIn) }),
      evidence: evidenceOf(layout),
    })),
    conventions: conventions.map(row => ({
      ...row,
      scales: filledIn(row.scales ?? {}),
      evidence: evidenceOf(row),
    })),
  };
}

/** Without what was left empty, and with numbers for what the form keeps as text. */
function filledIn<T extends object>(fields: T): T {
  const given = Object.entries(fields).filter(([, value]) => trimmed(value) !== '');
  const shown = given.map(([key, value]) => [
    key,
    NUMBERS.has(key) ? numberOrText(trimmed(value)) : (value as unknown),
  ]);
  // The same fields, or fewer of those that may be absent.
  return Object.fromEntries(shown) as T;
}

/** A sentence that is too short to be one says no more than none. */
function evidenceOf({ evidence }: { readonly evidence?: string }): string {
  const said = trimmed(evidence);
  return said.length >= SHORTEST_EVIDENCE ? said : [UNTOLD, said].filter(part => part !== '').join(': ');
}

export function faultInConventions(list: unknown): LayoutFault | null {
  if (!Array.isArray(list)) return { key: 'convention', facts: { name: '' } };
  const names = new Set<string>();
  for (const row of list as readonly (ConventionInForm | null)[]) {
    const name = trimmed(row?.name);
    const powers = Object.values(row?.scales ?? {});
    const whole = Object.keys(row?.when ?? {}).length > 0 && powers.length > 0 && powers.every(isPower);
    if (name === '' || names.has(name) || !whole) return { key: 'convention', facts: { name } };
    names.add(name);
  }
  return null;
}

/** The code whose power of ten cannot be. */
export function wrongScaler(scalers: ScalersInForm): string | undefined {
  return Object.keys(scalers).find(code => trimmed(scalers[code]) === '' || !isPower(scalers[code]));
}

/** A number where it is one. */
export function numberOrText(text: string): number | string {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** What the keys and the choice leave unproven, as keys of the texts. */
export function unproven({
  require,
  replay,
  keys,
  authentic,
}: {
  /** Empty: as much as the keys can prove. */
  readonly require: string;
  readonly replay: string;
  /** Is there any key, and is there one that proves who sent? */
  readonly keys: boolean;
  readonly authentic: boolean;
}): ('proof.bits' | 'proof.noKey' | 'proof.replay')[] {
  const required = require || (authentic ? 'authenticated' : keys ? 'encrypted' : 'nothing');
  const hints: ('proof.bits' | 'proof.noKey' | 'proof.replay')[] = [];
  if (required === 'encrypted') hints.push('proof.bits');
  if (required === 'authenticated' && !authentic) hints.push('proof.noKey');
  if (replay === 'refuse' && !authentic) hints.push('proof.replay');
  return hints;
}

const NUMBERS = new Set(['elements', 'position', 'scaler', 'power', 'energy', 'voltage', 'current', 'powerFactor']);
/** As meters/schema.json wants it. */
const SHORTEST_EVIDENCE = 10;
const UNTOLD = 'written by a user, who names no source';
