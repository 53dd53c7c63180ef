// How a node gets its form: what it registers with the editor, and what holds for each form while it is open.
// The rule of the file: properties, credentials, and what is shown when come from the table of the node.

import type { Table, Values } from '../io/settings/table';
import { setValue, valueOf } from './fields';
import { credentialsOf, defaultsOf, type Page } from './properties';
import { suggestZones } from './suggest';
import type { NodeType } from './texts';
import { showsRow, showsWhen } from './when';
import { labelOf, shared } from './words';

/** A node as the editor holds it, beside its own properties. */
export interface FormNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly credentials?: Readonly<Record<string, unknown>>;
  readonly _def: {
    readonly category: string;
    readonly defaults: Readonly<Record<string, { readonly value: unknown; readonly type?: string }>>;
    readonly credentials?: Readonly<Record<string, object>>;
  };
}

export interface Form<N extends FormNode> {
  /** A configuration node: it has none of the next four. */
  readonly category?: 'config';
  readonly color?: string;
  readonly inputs?: 1;
  readonly outputs?: number;
  /** What the form calls a property whose label has another name. */
  readonly labels?: Readonly<Record<string, () => string>>;
  /** What the ids of the fields of a group begin with. */
  readonly groups?: Readonly<Record<string, string>>;
  /** Checks of values that mean more than their row in the table says: true, or what is wrong. */
  readonly checks?: Readonly<Record<string, (value: never, node: N) => true | string>>;
  /** Of a node without a name. */
  label(node: N): string;
  outputLabels?(node: N, index: number): string;
  /** The dialog is there and filled in. */
  prepare?(node: N): void;
  /** Done: takes over what the editor does not take by itself. */
  save?(node: N): void;
  /** The dialog goes, whichever way. */
  close?(node: N): void;
  resize?(height: number): void;
}

export function register<N extends FormNode>(type: NodeType, table: Table, form: Form<N>): void {
  const { category = 'meters', color, inputs, outputs, label, outputLabels, resize } = form;
  const page: Page = {
    // The editor calls validators with the node as `this`.
    current: (node, name) => current(node as unknown as N, name),
    knows: id => Boolean(RED.nodes.node(id)),
    tell: ({ name, key, facts }) =>
      shared(`error.${key}`, { label: form.labels?.[name]?.() ?? labelOf(type, name), ...facts }),
    ...(form.checks !== undefined && { checks: form.checks as unknown as NonNullable<Page['checks']> }),
  };
  RED.nodes.registerType(type, {
    category,
    ...(category === 'meters' && {
      color,
      // The search of the palette looks into type and label; on the canvas the node keeps its short name.
      paletteLabel: () => RED._(`${PACKAGE}/${type}:${type}.paletteLabel`),
      inputs,
      outputs,
      icon: `${type}.svg`,
    }),
    defaults: defaultsOf(table, page),
    credentials: credentialsOf(table, page),
    label(this: N) {
      return this.name || label(this);
    },
    labelStyle(this: N) {
      return this.name ? 'node_label_italic' : '';
    },
    ...(outputLabels !== undefined && {
      outputLabels(this: N, index: number) {
        return outputLabels(this, index);
      },
    }),
    oneditprepare(this: N) {
      open.add(this.id);
      showDefaults(this, table);
      for (const { kind, name } of table) if (kind === 'zone') suggestZones(fieldOf(this, name));
      form.prepare?.(this);
      keepShowing(this, table, form.groups ?? {});
    },
    oneditsave(this: N) {
      form.save?.(this);
      closed(this);
    },
    oneditcancel: end,
    oneditdelete: end,
    ...(resize !== undefined && { oneditresize: ({ height }: { height: number }) => resize(height) }),
  });

  function end(this: N): void {
    closed(this);
  }
  function closed(node: N): void {
    open.delete(node.id);
    form.close?.(node);
  }
}

/** The field of a property. */
export function fieldOf({ _def }: FormNode, name: string): JQuery {
  return $(`#${_def.category === 'config' ? 'node-config-input-' : 'node-input-'}${name}`);
}

export function savedValue(node: FormNode, name: string): unknown {
  // Our properties stand on the node beside those of the editor.
  return (node as FormNode & Values)[name];
}

/** A property as it stands: in the open form, else as it is saved. Validators also run on import, without a form. */
export function current(node: FormNode, name: string): unknown {
  if (!open.has(node.id)) return savedValue(node, name);
  const field = fieldOf(node, name);
  return field.length === 0 ? savedValue(node, name) : valueOf(field);
}

/** What a new node has in a property, as its field shows it. */
export function usual({ _def }: FormNode, name: string): string {
  return String(_def.defaults[name]?.value ?? '');
}

/** What the form calls these properties, in one line. */
export function labelsOf(type: NodeType, names: readonly string[]): string {
  return names.map(name => labelOf(type, name)).join(', ');
}

/** A node of this type whose form is open, below others perhaps; null: none is. */
export function openForm(type: NodeType): FormNode | null {
  for (const id of open) {
    // The editor gives any node; its type says what it is.
    const node = RED.nodes.node(id) as FormNode | null | undefined;
    if (node?.type === type) return node;
  }
  return null;
}

/** Does this setting apply, as the others stand in the form? */
export function isShown(node: FormNode, table: Table, name: string): boolean {
  return showsRow(
    table,
    [name],
    valuesOf(table, other => current(node, other)),
  );
}

/** Takes the choices away that do not work yet, but the one that is saved: it is shown as what it is. */
export function hideLater(node: FormNode, table: Table): void {
  for (const setting of table) {
    if (setting.kind !== 'choice') continue;
    for (const choice of Object.keys(setting.later ?? {})) {
      const option = fieldOf(node, setting.name).find(`option[value="${choice}"]`);
      if (String(savedValue(node, setting.name) ?? '') !== choice) option.remove();
      else option.text(shared('notYet', { choice: option.text() }));
    }
  }
}

/** The height that the rows of a form leave to the one that takes what there is. */
export function heightLeft(height: number, row: string): number {
  const others = $(`#dialog-form .dlms-form > div:not(${row}):visible`).get();
  return others.reduce((left, each) => left - ($(each).outerHeight(true) ?? 0), height);
}

/** A flow written by hand may leave properties out: then the default counts, and the form shows it. */
function showDefaults(node: FormNode, table: Table): void {
  for (const [name, usual] of Object.entries(node._def.defaults)) {
    if (savedValue(node, name) !== undefined || usual.type !== undefined) continue;
    const setting = table.find(each => each.name === name);
    // What counts when the flow runs, where a new node has another value in its form.
    const counts = setting?.kind === 'choice' || setting?.kind === 'flag' ? setting.default : null;
    setValue(fieldOf(node, name), counts ?? usual.value);
  }
}

/** Only what applies is shown, from now on until the form goes. */
function keepShowing(node: FormNode, table: Table, groups: Readonly<Record<string, string>>): void {
  const form = fieldOf(node, 'name').closest('.dlms-form');
  const rows = rowsOf(table, name => fieldOf(node, name));
  const inGroups = table.flatMap(setting => {
    const prefix = groups[setting.name];
    if (setting.kind !== 'group' || prefix === undefined) return [];
    const inside = (name: string): JQuery => $(`#${prefix}${name}`);
    return [{ setting, inside, rows: rowsOf(setting.fields, inside) }];
  });
  const show = (): void => {
    const values = valuesOf(table, name => current(node, name));
    for (const [row, names] of rows) $(row).toggle(showsRow(table, names, values));
    for (const group of inGroups) {
      const own = valuesOf(group.setting.fields, name => valueOf(group.inside(name)));
      const applies = showsRow(table, [group.setting.name], values);
      for (const [row, names] of group.rows) $(row).toggle(applies && showsRow(group.setting.fields, names, own));
    }
    form.find('[data-when]').each((_, hint) => {
      $(hint).toggle(showsWhen(table, $(hint).attr('data-when') ?? '', values));
    });
  };
  form.on('change', 'select, input[type=checkbox]', show);
  show();
}

/** The rows of a form, each with the settings that stand in it. */
function rowsOf(table: Table, field: (name: string) => JQuery): Map<HTMLElement, string[]> {
  const rows = new Map<HTMLElement, string[]>();
  for (const { name } of table) {
    const row = field(name).closest('.form-row').get(0);
    if (row !== undefined) rows.set(row, [...(rows.get(row) ?? []), name]);
  }
  return rows;
}

function valuesOf(table: Table, valueAt: (name: string) => unknown): Values {
  return Object.fromEntries(table.map(({ name }) => [name, valueAt(name)]));
}

/** The nodes whose forms are open; a connection may be open on top of a node. */
const open = new Set<string>();
