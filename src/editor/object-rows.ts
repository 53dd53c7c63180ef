// A list of objects in a form: rows of fields, of which the first is an OBIS code.
// The rule of the file: what a form shows in a row is a list of fields; how a row looks and is read is the same everywhere.

import { isObis, trimmed } from './check';
import { textIn } from './fields';
import { suggestCodes } from './suggest';

export interface RowField {
  readonly name: string;
  readonly placeholder: string;
  /** Absent: what the others leave over. */
  readonly width?: string;
}

type Row<N extends string> = Readonly<Partial<Record<N, string>>>;

/** `fields`: the first is the code. */
export class ObjectRows<N extends string> {
  constructor(
    readonly list: JQuery,
    private readonly fields: readonly (RowField & { readonly name: N })[],
    height: number,
  ) {
    list.editableList({
      sortable: true,
      removable: true,
      height,
      addItem: (row: JQuery, _index: number, values: Row<N>) => this.#fill(row, values),
    });
  }

  add(values: Row<N>): void {
    this.list.editableList('addItem', { ...values });
  }

  /** Those without a code. */
  dropEmpty(): void {
    const [code] = this.fields;
    this.list.editableList('items').each((_, row) => {
      if (textIn($(row).find(`.dlms-${code?.name}`)) === '') this.list.editableList('removeItem', $(row).data('data'));
    });
  }

  get rows(): Readonly<Record<N, string>>[] {
    return this.list
      .editableList('items')
      .get()
      .map(row => {
        const texts = this.fields.map(({ name }) => [name, textIn($(row).find(`.dlms-${name}`))] as const);
        // Each field has a name of N, and each name its field.
        return Object.fromEntries(texts) as Record<N, string>;
      });
  }

  #fill(row: JQuery, values: Row<N>): void {
    row.css({ display: 'flex', gap: '6px' });
    const [code] = this.fields.map(({ name, width, placeholder }) =>
      $(`<input type="text" class="dlms-${name}">`)
        .css(width === undefined ? { flex: '1 1 auto', minWidth: '60px' } : { width })
        .attr('placeholder', placeholder)
        .val(values[name] ?? '')
        .appendTo(row),
    );
    if (code === undefined) return;
    suggestCodes(code);
    code.on('change autocompleteselect', () => {
      code.toggleClass('input-error', !isCode(textIn(code)));
    });
  }
}

/** A row of a list is never empty. */
export function isCode(obis: unknown): boolean {
  return trimmed(obis) !== '' && isObis(obis);
}
