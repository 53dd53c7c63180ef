// What Node-RED wants of a node's properties, made from their table: defaults, credentials and validators.
// The rule of the file: the form refuses what the runtime would refuse, because both ask the same parser; `${NAME}` and a
// saved secret are known only when the flow runs. Nothing of Node and nothing of a page in it.

import { isDlmsError } from '../core/wire/errors';
import { valueOf } from '../io/settings/parse';
import {
  boundsOf,
  isCredential,
  isRead,
  isRequired,
  storedDefault,
  type Setting,
  type Table,
  type Values,
  UNTOUCHED,
} from '../io/settings/table';

/** What is wrong with a value: a text of the catalogs below `shared.error`, and its facts. */
export interface Fault {
  readonly name: string;
  readonly key: FaultKey;
  readonly facts: Readonly<Record<string, string | number>>;
}
export type FaultKey =
  | 'needed'
  | 'connection'
  | 'zoneNeeded'
  | 'whole'
  | 'number'
  | 'choice'
  | 'later'
  | 'text'
  | 'key'
  | 'systemTitle'
  | 'obis'
  | 'zone'
  | 'hosts';

/** What the validators need of the page that they run in. */
export interface Page {
  /** A property of this node as it stands: in its open form, else as it is saved. */
  current(node: Values, name: string): unknown;
  /** Is there a configuration node with this id? */
  knows(id: string): boolean;
  /** The sentence of a fault in the language of the editor. */
  tell(fault: Fault): string;
  /** Checks of properties that have a parser of their own (`json`), or more to say than their row. */
  readonly checks?: Readonly<Record<string, (value: unknown, node: Values) => true | string>>;
}

/** As Node-RED's `registerType` takes them. `this` is the node. */
export type Validator = (this: Values, value: unknown, options?: unknown) => true | string;
export interface Default {
  readonly value: unknown;
  readonly required?: boolean;
  readonly type?: string;
  readonly validate?: Validator;
}
export interface Credential {
  readonly type: 'password';
  readonly validate: Validator;
}

/** The `defaults` of a node: each a copy of its own, because the editor keeps what it gets. */
export function defaultsOf(table: Table, page: Page): Record<string, Default> {
  const rows = table.filter(setting => !isCredential(setting) && setting.byHand !== true);
  return Object.fromEntries(
    rows.map(setting => [
      setting.name,
      {
        value: structuredClone(storedDefault(setting)),
        ...(setting.kind === 'node' && { type: setting.type }),
        // The editor looks up whether a node that must always be there is there.
        ...(setting.kind === 'node' && setting.required === true && setting.when === undefined
          ? { required: true }
          : setting.kind !== 'editor' && { validate: validatorOf(table, setting, page) }),
      },
    ]),
  );
}

export function credentialsOf(table: Table, page: Page): Record<string, Credential> {
  const rows = table.filter(isCredential);
  return Object.fromEntries(
    rows.map(setting => [setting.name, { type: 'password' as const, validate: validatorOf(table, setting, page) }]),
  );
}

export function validatorOf(table: Table, setting: Setting, page: Page): Validator {
  // Two parameters: of a validator with one the editor takes a reason for true.
  return function (value, _options) {
    const values = Object.fromEntries(table.map(({ name }) => [name, page.current(this, name)]));
    const fault = faultOf(table, setting, value, values, page);
    if (fault !== null) return page.tell(fault);
    return page.checks?.[setting.name]?.(value, this) ?? true;
  };
}

/** What is wrong with this value while the others stand as `values` says; null: nothing. */
export function faultOf(
  table: Table,
  setting: Setting,
  value: unknown,
  values: Values,
  page: Pick<Page, 'knows'>,
): Fault | null {
  if (setting.kind === 'json' || setting.kind === 'editor' || !isRead(table, setting, values)) return null;
  if (setting.kind === 'group') return faultInGroup(setting.fields, value, page);
  const text = String(value ?? '').trim();
  if (text.includes('${') || (isCredential(setting) && text === UNTOUCHED)) return null;
  if (setting.kind === 'node') {
    const missing = text === '' || !page.knows(text);
    return missing && isRequired(table, setting, values) ? fault(setting, 'connection') : null;
  }
  if (text === '') {
    if (!isRequired(table, setting, values)) return null;
    return fault(setting, setting.kind === 'zone' ? 'zoneNeeded' : 'needed');
  }
  try {
    valueOf(table, setting, text, values, setting.name);
    return null;
  } catch (error) {
    // Anything else is a fault of ours, which the console of the browser should show.
    if (!isDlmsError(error)) throw error;
    return wrong(table, setting, text, values, error.code === 'NOT_SUPPORTED');
  }
}

function faultInGroup(fields: Table, value: unknown, page: Pick<Page, 'knows'>): Fault | null {
  const inside: Values = typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  for (const field of fields) {
    const found = faultOf(fields, field, inside[field.name], inside, page);
    if (found !== null) return found;
  }
  return null;
}

function wrong(
  table: Table,
  setting: Exclude<Setting, { kind: 'json' | 'editor' | 'group' | 'node' }>,
  text: string,
  values: Values,
  later: boolean,
): Fault {
  const { kind } = setting;
  switch (kind) {
    case 'number':
      return fault(setting, setting.decimals === true ? 'number' : 'whole', boundsOf(table, setting, values));
    case 'choice':
      return later
        ? fault(setting, 'later', { value: text })
        : fault(setting, 'choice', { choices: setting.choices.join(', ') });
    case 'title':
      return fault(setting, 'systemTitle');
    case 'obis':
    case 'zone':
    case 'hosts':
      return fault(setting, kind, { value: text });
    case 'key':
      return fault(setting, 'key');
    case 'text':
    case 'flag':
    case 'password':
      return fault(setting, 'text', kind === 'password' ? {} : { value: text });
  }
}

function fault({ name }: Setting, key: FaultKey, facts: Fault['facts'] = {}): Fault {
  return { name, key, facts };
}
