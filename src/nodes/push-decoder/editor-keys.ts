// The table of keys in the form of dlms-push-decoder: rows to fill in, or pasted CSV.
// The rule of the file: a saved key never comes here. It stands as a hole, which the runtime fills in again; nothing is written
// as long as nobody changes anything.

import {
  ask,
  fieldOf,
  isDlmsError,
  KEY_COLUMNS,
  keyText,
  meterColumn,
  notify,
  readKeyCells,
  textIn,
  typed,
  UNTOUCHED,
  wordsOf,
  type FormNode,
} from '../../editor';

const say = wordsOf('dlms-push-decoder');

type Column = (typeof KEY_COLUMNS)[number] | 'was';
type Row = Partial<Record<Column, string>>;

/** What the runtime tells of the table that is saved. */
interface Saved {
  readonly rows: readonly Row[];
  readonly wrong: readonly string[];
}

export class KeyList {
  readonly #node: FormNode;
  readonly #list = $('#dlms-push-keys');
  readonly #find = $('#dlms-push-keys-find');
  #rows: Row[] = [];
  #wrong: readonly string[] = [];
  #hint = '';
  #changed = false;

  constructor(node: FormNode) {
    this.#node = node;
    this.#list.editableList({
      sortable: false,
      addButton: false,
      height: 'auto',
      addItem: (line: JQuery, _index: number, row: Row) => this.#addLine(line, row),
    });
    // On the frame, not on the list: a list with a least height would keep it as its height.
    this.#list.parent().css('min-height', '60px');
    this.#find.on('input', () => this.#show());
    $('#dlms-push-keys-add').on('click', () => {
      const row: Row = {};
      this.#rows.unshift(row);
      this.#find.val('');
      this.#told();
      this.#show();
    });
    const text = $('#dlms-push-keys-text');
    $('#dlms-push-keys-paste').on('click', () => {
      $('#dlms-push-keys-csv').toggle();
      RED.tray.resize();
    });
    $('#dlms-push-keys-take').on('click', () => {
      if (!this.#take(typed(text))) return;
      text.val('');
      $('#dlms-push-keys-csv').hide();
    });
    this.#load();
  }

  /** For the node: the whole table, where somebody changed it. */
  save(): void {
    if (this.#changed) fieldOf(this.#node, 'keyEdits').val(this.#text());
  }

  /** As a decoder of this form would have it. */
  get edits(): string {
    return this.#changed ? this.#text() : typed(fieldOf(this.#node, 'keyEdits'));
  }

  /** Is there any row? */
  get used(): boolean {
    return this.#rows.length > 0;
  }

  #load(): void {
    const edits = typed(fieldOf(this.#node, 'keyEdits'));
    if (edits !== '' && edits !== UNTOUCHED) {
      // Changed before, and not deployed yet.
      this.#rows = readKeyCells(edits, 'keyTable').map(({ cells }) => ({ ...cells }));
      return this.#show();
    }
    const stored = [edits, typed(fieldOf(this.#node, 'keyTable'))].includes(UNTOUCHED);
    this.#show();
    if (!stored) return;
    ask(`dlms-push-decoder/${this.#node.id}/keys`)
      .done(({ rows, wrong }: Saved) => {
        if (this.#changed) return;
        this.#rows = rows.map(row => ({ ...row }));
        this.#wrong = wrong;
        this.#show();
      })
      .fail(() => {
        this.#hint = say('keys.notRunning');
        this.#show();
      });
  }

  /** Adds what was pasted; a meter that is there gets its new row. */
  #take(text: string): boolean {
    let rows: readonly Row[];
    try {
      const cells = readKeyCells(text, 'CSV');
      const broken = cells.find(({ fault }) => fault !== null)?.fault;
      if (broken) throw broken;
      rows = cells.map(each => ({ ...each.cells }));
    } catch (error) {
      // Anything else is a fault of ours, which the console of the browser should show.
      if (!isDlmsError(error)) throw error;
      notify(error.short, 'error');
      return false;
    }
    const there = new Map(this.#rows.map(row => [meterOf(row), row]));
    for (const row of rows) there.set(meterOf(row), row);
    this.#rows = [...there.values()];
    notify(say('keys.taken', { count: rows.length }), 'success');
    this.#told();
    this.#show();
    return true;
  }

  #told(): void {
    this.#changed = true;
    this.#count();
  }

  /** The first rows that fit what is searched for: a browser would not take thousands of fields. */
  #show(): void {
    const wanted = textIn(this.#find).toLowerCase();
    const fits = this.#rows.filter(row =>
      [meterOf(row), row.name, row.preset].join(' ').toLowerCase().includes(wanted),
    );
    this.#list.editableList('empty');
    const shown = fits.slice(0, MOST_SHOWN);
    this.#list.editableList('addItems', shown);
    this.#count();
    RED.tray.resize();
  }

  #count(): void {
    const [count, shown] = [this.#rows.length, this.#list.editableList('length')];
    const wrong = this.#wrong.map(what => say('keys.wrong', { what })).slice(0, MOST_WRONG);
    const all = shown < count ? say('keys.shown', { shown, count }) : say('keys.count', { count });
    $('#dlms-push-keys-said').text([all, this.#hint, ...wrong].filter(Boolean).join(' '));
  }

  #addLine(line: JQuery, row: Row): void {
    line.css({ display: 'flex', gap: '6px' });
    const field = (kind: 'text' | 'password', name: string, hint: string, value: string | undefined): JQuery =>
      $(`<input type="${kind}" class="dlms-key-${name}" autocomplete="off">`)
        .css({ flex: '1 1 auto', width: '20%', minWidth: '0' })
        .attr('placeholder', hint)
        .val(value ?? '')
        .appendTo(line);
    const meter = field('text', 'meter', say('placeholder.meter'), meterOf(row));
    meter.on('input', () => {
      delete row.title;
      delete row.id;
      delete row.pattern;
      const text = textIn(meter);
      if (text !== '') row[meterColumn(text)] = text;
      this.#told();
    });
    for (const [column, kind, hint] of [
      ['encryptionKey', 'password', 'GUEK'],
      ['authenticationKey', 'password', 'GAK'],
      ['name', 'text', say('label.meterName')],
      ['preset', 'text', say('label.rowPreset')],
    ] as const) {
      const cell = field(kind, column, hint, row[column]);
      cell.on('input', () => {
        row[column] = textIn(cell);
        this.#told();
      });
    }
    // The button of the list itself takes its time: who says Done meanwhile would keep the row.
    $(
      '<button type="button" class="red-ui-button red-ui-button-small dlms-key-remove"><i class="fa fa-remove"></i></button>',
    )
      .on('click', () => {
        this.#rows.splice(this.#rows.indexOf(row), 1);
        this.#told();
        this.#show();
      })
      .appendTo(line);
  }

  #text(): string {
    return keyText(this.#rows.filter(row => KEY_COLUMNS.some(column => (row[column] ?? '') !== '')));
  }
}

function meterOf({ title, id, pattern }: Row): string {
  return title ?? id ?? pattern ?? '';
}

const MOST_SHOWN = 50;
const MOST_WRONG = 5;
