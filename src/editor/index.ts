// What the forms of the nodes take from the script that they share.

export { ask, messageOf, post, saidBy, type Failed } from './ask';
export { browseButton } from './browse';
export { isKnown, isObis, isPattern, isPower, isWhole, trimmed } from './check';
export { changeConnection, connectionInForm, listeningDecoder, savedConnection } from './connection-in-form';
export { setValue, textIn, typed, valueOf } from './fields';
export { current, fieldOf, heightLeft, hideLater, isShown, labelsOf, register, usual, type FormNode } from './form';
export { isDlmsError, KEY_COLUMNS, keyText, meterColumn, readKeyCells, UNTOUCHED } from './key-rows';
export { isCode, ObjectRows } from './object-rows';
export { presetField, presetOfOpen } from './preset-field';
export { lineOf, others, pushValues, sameScalers, type Preset } from './presets';
export { fillRange, rangeIn } from './range-fields';
export { suggestCodes, suggestPorts } from './suggest';
export { isWrittenOut } from './suggestions';
export { runTest, stopTurning } from './test-stages';
export { language, notify, shared, wordsOf } from './words';
