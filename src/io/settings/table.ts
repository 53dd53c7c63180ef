// What a table of settings is made of, and which of its rows apply. From a table come the parser of a node, the defaults and
// validators of its form, the table in its help and the contract test.
// The rule of the file: data and pure functions without any import, so that the script of a form takes them as they are.

/** The rows of a node, in the order of its form. */
export type Table = readonly Setting[];

/** Each property has one of these values. Of a list of such conditions one has to hold. */
export type Condition = Readonly<Record<string, readonly (string | boolean)[]>>;
export type When = Condition | readonly Condition[];

interface Row {
  /** As it is saved in a flow; it never changes. */
  readonly name: string;
  /** Shown, and obligatory if it is that at all, where this holds; missing: always. */
  readonly when?: When;
  /** Nobody reads it where `when` does not hold: a wrong value is no fault there. */
  readonly unread?: true;
  /** Nor where this does not hold, though it is shown. */
  readonly readWhen?: When;
  /** Must not be empty: where it applies, or where this holds. Not for what has a default. */
  readonly required?: true | When;
  /** What it wants, for an error: "expected …". */
  readonly expected?: string;
  /** The key of its label in the catalog of the node, where several fields stand behind one. Else it is the name. */
  readonly label?: string;
  /** Said by the form alone: no message may set it. */
  readonly fixed?: true;
  /** No field of the form has it: for flows that are written by hand. */
  readonly byHand?: true;
}

export interface TextSetting extends Row {
  readonly kind: 'text';
  readonly default: string | null;
  /** What a new node has in its form, where that is not the empty field. */
  readonly stored?: string;
  /** A regular expression for the whole text. */
  readonly pattern?: string;
}
/** Whole, unless `decimals`; decimal or 0x and hex digits. */
export interface NumberSetting extends Row {
  readonly kind: 'number';
  readonly default: number | null;
  readonly stored?: string;
  readonly min: number;
  readonly max?: number;
  readonly decimals?: true;
  /** Other bounds where this holds; the first counts. */
  readonly bounds?: readonly { readonly when: When; readonly min?: number; readonly max?: number }[];
}
export interface FlagSetting extends Row {
  readonly kind: 'flag';
  readonly default: boolean;
  /** What a new node has in its form, where that is the other one: a flow from before keeps what it did. */
  readonly stored?: boolean;
}
export interface ChoiceSetting extends Row {
  readonly kind: 'choice';
  /** Lower case; text in any case is taken for them. */
  readonly choices: readonly string[];
  /** null: none of them, the empty choice of the form. */
  readonly default: string | null;
  /** What a new node has in its form, where that is another one. */
  readonly stored?: string;
  /** Known choices that do not work yet, and how an error calls them. */
  readonly later?: Readonly<Record<string, string>>;
}
/** A system title: 16 hex digits, or 8 characters that are taken as they are. */
export interface TitleSetting extends Row {
  readonly kind: 'title';
  readonly default: null;
}
/** A credential: hex digits. */
export interface KeySetting extends Row {
  readonly kind: 'key';
  readonly default: null;
}
/** A credential: any text. */
export interface PasswordSetting extends Row {
  readonly kind: 'password';
  readonly default: null;
}
export interface ObisSetting extends Row {
  readonly kind: 'obis';
  readonly default: string;
  readonly stored?: string;
  /** What a code without A-B belongs to. */
  readonly prefix: readonly [number, number];
  /** Words that mean: none at all. */
  readonly none?: readonly string[];
}
/** An IANA time zone. */
export interface ZoneSetting extends Row {
  readonly kind: 'zone';
  readonly default: null;
}
/** Names, patterns and networks that `parseAllowedHosts` takes. */
export interface HostsSetting extends Row {
  readonly kind: 'hosts';
  readonly default: null;
}
/** The id of a configuration node. */
export interface NodeSetting extends Row {
  readonly kind: 'node';
  readonly default: null;
  readonly type: 'dlms-connection';
}
/** A list or an object that has a parser of its own. */
export interface JsonSetting extends Row {
  readonly kind: 'json';
  readonly stored: unknown;
}
/** An object of settings. */
export interface GroupSetting extends Row {
  readonly kind: 'group';
  readonly fields: Table;
  readonly stored: Readonly<Record<string, unknown>>;
}
/** Of the editor alone: nothing reads it when the flow runs. */
export interface EditorSetting extends Row {
  readonly kind: 'editor';
  readonly stored: unknown;
}

export type Setting =
  | TextSetting
  | NumberSetting
  | FlagSetting
  | ChoiceSetting
  | TitleSetting
  | KeySetting
  | PasswordSetting
  | ObisSetting
  | ZoneSetting
  | HostsSetting
  | NodeSetting
  | JsonSetting
  | GroupSetting
  | EditorSetting;

/** A table, frozen; its literals stay in its type. */
export function settings<const T extends Table>(rows: T): T {
  freeze(rows);
  return rows;
}

export type NameOf<T extends Table> = T[number]['name'];
/** The names of the credentials in a table. */
export type CredentialOf<T extends Table> = Extract<T[number], { kind: 'key' | 'password' }>['name'];

/** Saved apart from the flow, ciphered; never exported. */
export function isCredential(setting: Setting): boolean {
  return setting.kind === 'key' || setting.kind === 'password';
}

/** What the form of a new node has, and a saved flow is compared with. */
export function storedDefault(setting: Setting): unknown {
  if ('stored' in setting && setting.stored !== undefined) return setting.stored;
  switch (setting.kind) {
    case 'flag':
      return setting.default;
    case 'choice':
      return setting.default ?? '';
    default:
      return '';
  }
}

/** What the editor of Node-RED shows, and sends, in place of a secret that is saved. */
export const UNTOUCHED = '__PWRD__';

export type Values = Readonly<Record<string, unknown>>;

/** Is the row shown, as the other properties stand? One that holds `${NAME}` may be anything. */
export function applies(table: Table, setting: Setting, values: Values): boolean {
  return setting.when === undefined || holds(table, setting.when, values, true);
}

/** Has anybody a use for what stands in it? */
export function isRead(table: Table, setting: Setting, values: Values): boolean {
  if (setting.readWhen !== undefined && !holds(table, setting.readWhen, values, true)) return false;
  return setting.unread !== true || applies(table, setting, values);
}

/** Is the row obligatory, as the other properties stand? */
export function isRequired(table: Table, setting: Setting, values: Values): boolean {
  const { when, required } = setting;
  if (required === undefined || (when !== undefined && !holds(table, when, values, false))) return false;
  return required === true || holds(table, required, values, false);
}

/** The least and the most of a number, as the other properties stand. */
export function boundsOf(
  table: Table,
  setting: NumberSetting,
  values: Values,
): { readonly min: number; readonly max: number } {
  const other = setting.bounds?.find(({ when }) => holds(table, when, values, false));
  return { min: other?.min ?? setting.min, max: other?.max ?? setting.max ?? Number.MAX_SAFE_INTEGER };
}

/** `open`: the answer for a property that is known only when the flow runs. */
export function holds(table: Table, when: When, values: Values, open: boolean): boolean {
  const any: readonly Condition[] = Array.isArray(when) ? (when as readonly Condition[]) : [when as Condition];
  return any.some(condition =>
    Object.entries(condition).every(([name, wanted]) => {
      const value = standing(table, name, values[name]);
      return value === null ? open : wanted.includes(value);
    }),
  );
}

/** A choice or flag as it stands, its default where it is empty; null: not known before the flow runs. */
function standing(table: Table, name: string, value: unknown): string | boolean | null {
  const setting = table.find(row => row.name === name);
  const text = asText(value).trim().toLowerCase();
  if (text.includes('${')) return null;
  if (setting?.kind === 'flag') return text === '' ? setting.default : YES.includes(text);
  if (setting?.kind === 'choice') return text === '' ? (setting.default ?? '') : text;
  return text;
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : '';
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

/** Check boxes are saved as true and false; text comes from variables. */
export const YES: readonly string[] = ['true', '1', 'yes', 'on'];
export const NO: readonly string[] = ['false', '0', 'no', 'off'];
