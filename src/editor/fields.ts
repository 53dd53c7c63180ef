// The fields of a form. The rule of the file: what is asked for is a string, or true and false of a check box.

/** What stands in a field, as the editor would save it. */
export function valueOf(field: JQuery): string | boolean {
  return field.is(':checkbox') ? field.prop('checked') === true : typed(field);
}

export function setValue(field: JQuery, value: unknown): void {
  if (field.is(':checkbox')) field.prop('checked', value === true || value === 'true');
  else field.val(value === undefined || value === null ? '' : String(value));
}

/** The text in a field. */
export function typed(field: JQuery): string {
  const value = field.val();
  return value === undefined || value === null ? '' : String(value);
}

/** The text in a field, without surrounding blanks. */
export function textIn(field: JQuery): string {
  return typed(field).trim();
}
