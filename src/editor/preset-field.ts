// The preset of a node: looked for by meter, maker, operator or country, kept as its id, and named again on reopening.
// The rule of the file: the list stands in the form below the field, so that it is as wide as the dialog and never cut off.

import { setValue, textIn, typed } from './fields';
import { fieldOf, openForm, type FormNode } from './form';
import { lookedFor, type Found, type Preset } from './presets';
import type { NodeType } from './texts';
import { language, sayIfKnown, shared } from './words';

export interface PresetUse {
  /** Does it say something about this form? */
  says(preset: Preset): boolean;
  /** The id of the one that a node without any begins with; empty: none. */
  first?(): string;
  /** Somebody chose it. */
  take(preset: Preset): void;
  /** It is the one of this node, from now on; null: there is none. */
  show(preset: Preset | null): void;
}

/** Makes `field` the one where the preset of `node` is looked for; its id stays in the hidden field of the property. */
export function presetField(node: FormNode, field: JQuery, use: PresetUse): void {
  void $.getJSON(`resources/${PACKAGE}/presets.json`).done((all: readonly Preset[]) => {
    const known = all.filter(preset => use.says(preset));
    const id = fieldOf(node, 'preset');
    const own = (): Preset | null => known.find(preset => preset.id === typed(id)) ?? null;
    const name = (): void => {
      const preset = own();
      chosen.set(node, typed(id));
      // Of a later version, perhaps: it is kept, and shown as what it is.
      setValue(field, preset === null ? typed(id) : titleOf(preset));
    };
    const take = (preset: Preset): void => {
      setValue(id, preset.id);
      name();
      use.take(preset);
      use.show(preset);
    };
    const list = new PresetList(field, known, take);
    field.on('click', () => {
      field.trigger('select');
      list.open('');
    });
    field.on('input', () => list.open(textIn(field)));
    field.on('keydown', event => list.key(event));
    field.on('blur', () => {
      list.close();
      const emptied = textIn(field) === '' && typed(id) !== '';
      if (emptied) setValue(id, '');
      name();
      if (emptied) use.show(null);
    });
    name();
    const first = typed(id) === '' ? known.find(preset => preset.id === use.first?.()) : undefined;
    if (first !== undefined) take(first);
    else use.show(own());
  });
}

/** The id of the preset in the open form of a node of this type, which may lie below another one; empty: none. */
export function presetOfOpen(type: NodeType): string {
  const node = openForm(type);
  return (node !== null && chosen.get(node)) || '';
}

/** The ids as they stand in forms: the editor takes a form from the page while another one lies on it. */
const chosen = new WeakMap<FormNode, string>();

/** What a preset is called in the language of the user. */
export function titleOf(preset: Preset): string {
  const { country } = preset;
  if (country === undefined) return labelOf(preset);
  return `${new Intl.DisplayNames([language()], { type: 'region' }).of(country)}: ${labelOf(preset)}`;
}

function labelOf({ id, label }: Preset): string {
  return sayIfKnown(`preset.${id}`) ?? label;
}

class PresetList {
  readonly #list = $('<div class="dlms-presets" role="listbox">').hide();
  #rows: readonly { readonly row: JQuery; readonly preset: Preset }[] = [];
  #at = -1;

  constructor(
    private readonly field: JQuery,
    private readonly presets: readonly Preset[],
    private readonly choose: (preset: Preset) => void,
  ) {
    this.#list.attr('id', `${field.attr('id')}-list`).insertAfter(field.closest('.form-row'));
    field.attr({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-controls': this.#list.attr('id') ?? '' });
    // A click would take the focus from the field, and the list with it.
    this.#list.on('mousedown', event => event.preventDefault());
    this.close();
  }

  open(text: string): void {
    this.#list.empty();
    const rows: { row: JQuery; preset: Preset }[] = [];
    for (const { country, found } of lookedFor(this.presets, text, language(), labelOf)) {
      const group = country === '' ? shared('preset.anyCountry') : country;
      $('<div class="dlms-preset-group">').text(group).appendTo(this.#list);
      for (const each of found) rows.push({ row: this.#row(each, rows.length), preset: each.preset });
    }
    if (rows.length === 0) $('<div class="dlms-preset-group">').text(shared('preset.nothing')).appendTo(this.#list);
    this.#rows = rows;
    this.field.attr('aria-expanded', 'true');
    this.#list.show().scrollTop(0);
    // Enter takes what was looked for, not what happens to stand first.
    this.#mark(text === '' ? -1 : 0);
  }

  close(): void {
    this.#list.hide();
    this.#mark(-1);
    this.field.attr('aria-expanded', 'false');
  }

  key(event: JQuery.TriggeredEvent): void {
    const closed = this.#list.is(':hidden');
    switch (event.key ?? '') {
      case 'ArrowDown':
      case 'ArrowUp': {
        event.preventDefault();
        if (closed) return this.open('');
        const next = this.#at + (event.key === 'ArrowDown' ? 1 : -1);
        return this.#mark(Math.min(Math.max(next, 0), this.#rows.length - 1));
      }
      case 'Enter': {
        if (closed) return;
        event.preventDefault();
        const marked = this.#rows[this.#at];
        if (marked !== undefined) this.#take(marked.preset);
        return;
      }
      case 'Escape':
        if (closed) return;
        // Of the list, not of the dialog.
        event.stopPropagation();
        this.close();
    }
  }

  #row({ preset, meters }: Found, index: number): JQuery {
    const row = $('<div class="dlms-preset" role="option">').attr({
      id: `${this.#list.attr('id')}-${index}`,
      'data-preset': preset.id,
    });
    $('<div>').text(labelOf(preset)).appendTo(row);
    const models = [...new Set(meters.map(({ model }) => model))].join(', ');
    if (models !== '') $('<div class="dlms-preset-meters">').text(models).attr('title', models).appendTo(row);
    return row.on('click', () => this.#take(preset)).appendTo(this.#list);
  }

  #take(preset: Preset): void {
    this.close();
    this.choose(preset);
  }

  #mark(at: number): void {
    this.#at = at;
    this.#rows.forEach(({ row }, index) =>
      row.toggleClass('dlms-preset-marked', index === at).attr('aria-selected', String(index === at)),
    );
    const marked = this.#rows[at]?.row;
    if (marked === undefined) return void this.field.removeAttr('aria-activedescendant');
    this.field.attr('aria-activedescendant', marked.attr('id') ?? '');
    marked.get(0)?.scrollIntoView({ block: 'nearest' });
  }
}
