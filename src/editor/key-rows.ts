// The table of keys in the form of dlms-push-decoder, as text and as rows. The rule of the file: names only, of what the
// runtime reads it by.

export { KEY_COLUMNS, keyText, meterColumn, readKeyCells } from '../core/security/key-rows';
export { isDlmsError } from '../core/wire/errors';
export { UNTOUCHED } from '../io/settings/table';
