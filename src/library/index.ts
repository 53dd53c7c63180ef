// The face `@meterflow/node-red-dlms`: what all other faces share. Values, clocks, OBIS codes, readings, errors, messages.
// The rule of the folder: names only, no `export *`; what stands here is promised, and docs/api says so. Nothing of this face
// opens a socket, a port or a timer.

// COSEM data and clocks
export {
  array,
  DATA_LIMITS,
  decodeData,
  encodeData,
  enumerated,
  i16,
  i32,
  i8,
  nullData,
  octets,
  readData,
  structure,
  text,
  u16,
  u32,
  u8,
  visible,
  writeData,
  type Data,
  type DataLimits,
  type DataType,
} from '../core/cosem/data';
export {
  CLOCK_MODES,
  CLOCK_STATUS,
  clockOctets,
  clockPolicy,
  epochOf,
  isoAt,
  isoInPolicy,
  readDateTime,
  STANDARD_CLOCK,
  writeDateTime,
  type ClockOctetsOptions,
  type ClockPolicy,
  type CosemDateTime,
  type DateTimeFields,
} from '../core/cosem/date-time';

// OBIS codes and readings
export { Obis, type ObisSeparator } from '../core/obis/obis';
export { namedBy, obisKey, obisName } from '../core/obis/obis-names';
export { ObisPattern } from '../core/obis/pattern';
export { dataOf, type DataInHints } from '../core/cosem/data-in';
export { toPlain, type Plain, type PlainHints } from '../core/cosem/plain';
export { scaleExactly, unitSymbol } from '../core/cosem/units';
export { clockBytes, readingOf, scaleOf, timeOf, type ReadingSource, type Scale } from '../core/cosem/naming';

// load profiles
export { ProfileRows, profileRows, type ProfileRow, type ProfileRowsOptions } from '../core/cosem/profile';
export {
  entrySelector,
  ProfileLayout,
  rangeSelector,
  readCaptureObjects,
  type CaptureObject,
  type ProfileColumn,
  type RangeOptions,
} from '../core/cosem/profile-layout';

// the message contract, keys, errors
export type { Meter, Origin, Reading, ScaleSource, Telegram, Value, ValueSet } from '../core/cosem/reading';
export { Key, parseSystemTitle } from '../core/security';
export {
  DlmsError,
  isDlmsError,
  describe,
  ERRORS,
  type Blame,
  type Code,
  type Detail,
  type Facts,
} from '../core/wire/errors';
export { hex, unhex } from '../core/wire/hex';

// messages
export { decodeApdu, encodeApdu, type Apdu, type ApduType, type Decoded } from '../core/apdu';

export type { Step } from '../core/step';
