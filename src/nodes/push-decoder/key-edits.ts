// The table of keys between form and runtime. The editor never has a saved key, so it sends the whole table with holes where a
// key is as it was, and the runtime fills them in from the table that is saved.
// The rule of the file: what goes to the editor is whose a row is and what it is called, and of keys only that they are there.

import type { NodeAPI, NodeDef } from 'node-red';
import { isShown, keyRow, keyText, readKeyCells, type KeyCells } from '../../core/security/key-rows';
import { DlmsError, isDlmsError } from '../../core/wire/errors';
import { UNTOUCHED } from '../lib/settings-table';

const KEYS = ['encryptionKey', 'authenticationKey', 'broadcastKey'] as const;

/** As the form shows it; `was` names it when it comes back. */
export type ShownRow = KeyCells['cells'];

/** What is saved, for the form; `wrong`: rows that it cannot show, each with what is wrong. */
export function shownRows(saved: string): { readonly rows: readonly ShownRow[]; readonly wrong: readonly string[] } {
  const rows: ShownRow[] = [];
  const wrong: string[] = [];
  for (const each of readKeyCells(saved, 'keyTable')) {
    try {
      // A row whose cells are not what they should be may have a key in any of them.
      const { fault } = keyRow(each, 'keyTable');
      if (hasKeyElsewhere(each)) throw fault ?? shifted(each);
      const masked = KEYS.flatMap(column => (each.cells[column] === undefined ? [] : [[column, UNTOUCHED]]));
      rows.push({ ...each.cells, ...Object.fromEntries(masked), was: meterIn(each) });
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      wrong.push(error.short);
    }
  }
  return { rows, wrong };
}

/** The table as the form left it, its holes filled in. Throws BAD_SETTING for what is no table. */
export function withEdits(saved: string, edits: string): string {
  if (edits.trim() === '') return saved;
  // Of several rows of one meter the first counts.
  const before = new Map(
    readKeyCells(saved, 'keyTable')
      .reverse()
      .map(row => [meterIn(row), row.cells]),
  );
  const rows = readKeyCells(edits, 'keyTable').map(({ cells: { was = '', ...cells } }) => {
    const filled = KEYS.flatMap(column =>
      cells[column] === UNTOUCHED ? [[column, before.get(was)?.[column] ?? ''] as const] : [],
    );
    return { ...cells, ...Object.fromEntries(filled) };
  });
  return rows.length === 0 ? '' : keyText(rows);
}

/**
 * Makes one table of two credentials, in the node and where they are stored. What is on the disk means the same before and
 * after, so nothing is lost whenever it is written.
 */
export function takeEditsOver(RED: NodeAPI, node: { id: string; credentials?: object }, config: NodeDef): void {
  const { _alias: alias = node.id } = config as NodeDef & { _alias?: string };
  // As they are stored: in the node, variables are resolved.
  const { keyTable = '', keyEdits = '', ...others } = (RED.nodes.getCredentials(alias) ?? {}) as Record<string, string>;
  if (keyEdits.trim() === '') return;
  const whole = withEdits(keyTable, keyEdits);
  // It has taken them when it returns, whatever it promises.
  void RED.nodes.addCredentials(alias, { ...others, ...(whole === '' ? {} : { keyTable: whole }) });
  node.credentials = { ...node.credentials, keyTable: whole, keyEdits: '' };
}

function hasKeyElsewhere({ cells }: KeyCells): boolean {
  const keys: readonly string[] = KEYS;
  return Object.entries(cells).some(([column, cell]) => !keys.includes(column) && !isShown(cell));
}

function shifted({ line }: KeyCells): DlmsError {
  const expected = 'without a key outside of the columns of keys';
  return new DlmsError({ code: 'BAD_SETTING', setting: `keyTable line ${line}`, value: '(a row)', expected });
}

function meterIn({ cells }: KeyCells): string {
  return cells.title ?? cells.id ?? cells.pattern ?? '';
}
