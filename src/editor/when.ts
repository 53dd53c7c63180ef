// What is shown when: each row of a form while one of the settings in it applies, by the table of the node.
// The rule of the file: one notation for all forms. What holds no setting (a hint, a heading) has it in `data-when`:
// "source=message", "source=connection & mode=d|p1", or the name of a setting: while that one applies.

import { applies, holds, type Condition, type Table, type Values } from '../io/settings/table';

/** Does what `data-when` says hold, as the properties stand? */
export function showsWhen(table: Table, written: string, values: Values): boolean {
  const terms = written.split('&').map(term => term.trim());
  return terms.every(term => {
    const [name = '', wanted] = term.split('=');
    if (wanted !== undefined) return holds(table, { [name]: wanted.split('|') } satisfies Condition, values, true);
    const setting = table.find(row => row.name === name);
    return setting !== undefined && applies(table, setting, values);
  });
}

/** Does one of these settings apply? A row of the form may hold several. */
export function showsRow(table: Table, names: readonly string[], values: Values): boolean {
  return table.some(setting => names.includes(setting.name) && applies(table, setting, values));
}
