// Own layouts in the form of dlms-push-decoder: a table to fill in, or JSON, which is a family of meters as the files of the
// project have it: layouts, and conventions of scales, which have no table.
// The rule of the file: what is edited is a copy; the node gets it when the user says Done.

import {
  ask,
  fieldOf,
  isObis,
  isPower,
  notify,
  post,
  saidBy,
  shared,
  textIn,
  typed,
  wordsOf,
  type Failed,
  type FormNode,
} from '../../editor';
import {
  familyIn,
  familyToCopy,
  faultInConventions,
  faultInLayouts,
  numberOrText,
  type ConventionInForm,
  type EntryInForm,
  type FamilyInForm,
  type LayoutFault,
  type LayoutInForm,
} from './editor-check';

const ROLES = ['meter-id', 'model', 'clock', 'date', 'time', 'list-version', 'push-setup', 'unknown'] as const;

const say = wordsOf('dlms-push-decoder');

/** What is wrong with layouts, in the language of the editor. */
export function sentenceOf(fault: LayoutFault): string {
  return fault.key === 'obis' ? shared('error.obis', fault.facts) : say(`error.${fault.key}`, fault.facts);
}

export class LayoutTable {
  readonly #node: FormNode;
  readonly #rows = $('#dlms-push-entries');
  readonly #json = $('#dlms-push-json');
  #layouts: LayoutInForm[];
  #conventions: readonly ConventionInForm[];
  #builtin: readonly LayoutInForm[] = [];
  #builtinConventions: readonly ConventionInForm[] = [];
  /** -1: none. */
  #chosen = -1;

  constructor(node: FormNode, saved: FamilyInForm, chosenName: string, chosenConvention: string) {
    this.#node = node;
    this.#layouts = structuredClone([...(saved.layouts ?? [])]);
    this.#conventions = structuredClone([...(saved.conventions ?? [])]);
    this.#rows.editableList({
      removable: true,
      sortable: false,
      height: 'auto',
      addItem: (row: JQuery, _index: number, entry: EntryInForm) => this.#addRow(row, entry),
    });
    // On the frame, not on the list: a list with a least height would keep it as its height.
    this.#rows.parent().css('min-height', '120px');
    this.#listenToLists();
    this.#listenToButtons();
    this.#show(this.#layouts.length > 0 ? 0 : -1, chosenName);
    this.#loadBuiltin(chosenName);
    this.#showConventions(chosenConvention);
    void ask('dlms-push-decoder/conventions').done((builtin: readonly ConventionInForm[]) => {
      this.#builtinConventions = builtin;
      this.#showConventions(chosenConvention);
    });
  }

  /** As they stand in the form. */
  get layouts(): readonly LayoutInForm[] {
    this.#keep();
    return this.#layouts;
  }

  get conventions(): readonly ConventionInForm[] {
    return this.#conventions;
  }

  /** Adds a copy of a layout under a name that is free, and shows it. */
  add(layout: LayoutInForm): void {
    this.#keep();
    const taken = new Set(this.#layouts.map(({ name }) => name));
    let name = layout.name ?? '';
    for (let i = 2; taken.has(name); i++) name = `${layout.name}-${i}`;
    this.#layouts.push({ ...structuredClone(layout), name });
    this.#show(this.#layouts.length - 1);
  }

  #listenToLists(): void {
    const list = $('#dlms-push-layout');
    list.on('change', () => {
      const chosen = typed(list);
      if (chosen === 'new') return this.add({ name: 'own', elements: 1, entries: [{ position: 0 }] });
      this.#keep();
      this.#show(Number(chosen));
    });
    const builtin = $('#dlms-push-builtin');
    builtin.on('change', () => {
      const layout = this.#builtin[Number(typed(builtin))];
      builtin.val('');
      if (layout !== undefined) this.add({ ...layout, name: `own-${layout.name}` });
    });
  }

  #listenToButtons(): void {
    $('#dlms-push-layout-remove').on('click', () => {
      this.#layouts.splice(this.#chosen, 1);
      this.#show(-1);
    });
    $('#dlms-push-layout-seen').on('click', () => {
      ask(`dlms-push-decoder/${this.#node.id}/unrecognised`)
        .done(([last]: readonly { layout: LayoutInForm }[]) => {
          if (last === undefined) return notify(say('notify.none'), 'warning');
          this.add(last.layout);
          notify(say('notify.seen', { elements: last.layout.elements }), 'success');
        })
        .fail(() => notify(say('notify.notDeployed'), 'warning'));
    });
    const text = $('#dlms-push-json-text');
    $('#dlms-push-layout-json').on('click', () => {
      this.#json.toggle();
      text.val(JSON.stringify(familyToCopy(this.layouts, this.conventions), null, 2));
      RED.tray.resize();
    });
    $('#dlms-push-json-take').on('click', () => this.#take(typed(text)));
  }

  #take(json: string): void {
    let given: unknown;
    try {
      given = JSON.parse(json);
    } catch (error) {
      return notify(say('error.json', { reason: error instanceof Error ? error.message : '' }), 'error');
    }
    const family = familyIn(given);
    const short = family?.layouts?.some(layout => Array.isArray((layout as LayoutInForm | null)?.cells)) === true;
    if (family === null || !short) return this.#takeFamily(family);
    // Node-RED writes the short form of a file out.
    post('dlms-push-decoder/family', family)
      .done((whole: FamilyInForm) => this.#takeFamily(whole))
      .fail((failed: Failed) => notify(saidBy(failed) ?? say('paste.failed'), 'error'));
  }

  #takeFamily(family: FamilyInForm | null): void {
    const { layouts, conventions = [] } = family ?? {};
    const fault = faultInLayouts(layouts ?? (family === null ? null : [])) ?? faultInConventions(conventions);
    if (fault !== null) return notify(sentenceOf(fault), 'error');
    this.#layouts = [...(layouts ?? [])];
    // A list of layouts alone says nothing of conventions.
    if (family?.conventions !== undefined) this.#conventions = conventions;
    this.#json.hide();
    this.#show(this.#layouts.length > 0 ? 0 : -1);
    this.#showConventions();
  }

  #loadBuiltin(chosenName: string): void {
    const list = $('#dlms-push-builtin').empty();
    $('<option>').val('').text(say('label.builtin')).appendTo(list);
    void ask('dlms-push-decoder/layouts').done((builtin: readonly LayoutInForm[]) => {
      this.#builtin = builtin;
      builtin.forEach(({ name = '' }, i) => $('<option>').val(i).text(name).appendTo(list));
      this.#showNames(chosenName);
    });
  }

  /** The layout that is shown takes over what stands in the table. */
  #keep(): void {
    const layout = this.#layouts[this.#chosen];
    if (layout === undefined) return;
    layout.name = textIn($('#dlms-push-layout-name'));
    layout.elements = numberOrText(textIn($('#dlms-push-layout-elements')));
    const first = textIn($('#dlms-push-layout-first'));
    if (first === '') delete layout.first;
    else layout.first = first;
    const evidence = textIn($('#dlms-push-layout-evidence'));
    if (evidence === '') delete layout.evidence;
    else layout.evidence = evidence;
    layout.entries = this.#rows
      .editableList('items')
      .get()
      .map(row => entryIn($(row)));
  }

  #show(chosen: number, chosenName?: string): void {
    this.#chosen = chosen;
    const layout = this.#layouts[chosen];
    const list = $('#dlms-push-layout').empty();
    $('<option>').val(-1).text(say('label.choose')).appendTo(list);
    this.#layouts.forEach(({ name }, i) => {
      $('<option>')
        .val(i)
        .text(name || '?')
        .appendTo(list);
    });
    $('<option>').val('new').text(say('label.newLayout')).appendTo(list);
    list.val(chosen);
    $('#dlms-push-table').toggle(layout !== undefined);
    $('#dlms-push-layout-remove').prop('disabled', layout === undefined);
    this.#showNames(chosenName);
    if (layout === undefined) return;
    $('#dlms-push-layout-name').val(layout.name ?? '');
    $('#dlms-push-layout-elements').val(layout.elements ?? '');
    $('#dlms-push-layout-first').val(layout.first ?? '');
    $('#dlms-push-layout-evidence').val(layout.evidence ?? '');
    this.#rows.editableList('empty');
    for (const entry of layout.entries ?? []) this.#rows.editableList('addItem', { ...entry });
  }

  /** The names to choose from: own, then built in, and the one that is chosen even where nobody has it. */
  #showNames(chosenName = 'auto'): void {
    const list = fieldOf(this.#node, 'layout');
    const chosen = typed(list) || chosenName;
    const names = [...this.#layouts, ...this.#builtin].map(({ name = '' }) => name);
    list.empty().append($('<option>').val('auto').text(say('layout.auto')));
    for (const name of names) $('<option>').val(name).text(name).appendTo(list);
    if (chosen !== 'auto' && !names.includes(chosen)) $('<option>').val(chosen).text(chosen).appendTo(list);
    list.val(chosen);
  }

  /** As the names of layouts. */
  #showConventions(chosenName = 'auto'): void {
    const list = fieldOf(this.#node, 'convention');
    const chosen = typed(list) || chosenName;
    const names = [...this.#conventions, ...this.#builtinConventions].map(({ name = '' }) => name);
    list.empty().append($('<option>').val('auto').text(say('convention.auto')));
    for (const name of new Set(names)) $('<option>').val(name).text(name).appendTo(list);
    if (chosen !== 'auto' && !names.includes(chosen)) $('<option>').val(chosen).text(chosen).appendTo(list);
    list.val(chosen);
  }

  #addRow(row: JQuery, entry: EntryInForm): void {
    row.css({ display: 'flex', gap: '4px' });
    const cell = (
      kind: 'position' | 'obis' | 'unit' | 'power' | 'type',
      width: string | null,
      value: unknown,
    ): JQuery =>
      $('<input type="text">')
        .addClass(`dlms-${kind}`)
        .css(width === null ? { flex: '1 1 auto', minWidth: '90px' } : { width })
        .attr('placeholder', say(`label.${kind}`))
        .val(value === undefined ? '' : String(value))
        .appendTo(row);
    cell('position', '42px', entry.position ?? this.#rows.editableList('length') - 1);
    markWrong(cell('obis', null, entry.obis), isObis);
    cell('unit', '48px', entry.unit);
    markWrong(cell('power', '42px', entry.scaler), isPower);
    cell('type', '110px', entry.type);
    const role = $('<select class="dlms-role">').css({ width: '90px' }).appendTo(row);
    $('<option>').val('').text('').appendTo(role);
    for (const name of ROLES)
      $('<option>')
        .val(name)
        .text(say(`role.${name}`))
        .appendTo(role);
    role.val(entry.role ?? '');
  }
}

/** Marks what cannot be while it is typed. */
export function markWrong(field: JQuery, fits: (text: string) => boolean): void {
  field.on('input', () => {
    field.toggleClass('input-error', !fits(typed(field)));
  });
}

function entryIn(row: JQuery): EntryInForm {
  const written = (kind: string): string => textIn(row.find(`.dlms-${kind}`));
  const [obis, unit, power, type, role] = ['obis', 'unit', 'power', 'type', 'role'].map(written);
  return {
    position: numberOrText(written('position')),
    ...(obis && { obis }),
    ...(unit && { unit }),
    ...(power && { scaler: numberOrText(power) }),
    ...(type && { type }),
    ...(role && { role }),
  };
}
