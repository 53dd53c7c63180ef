// The public surface of the core: values, messages, machines. Nothing here opens a socket, a port or a timer;
// sessions and transports are in the folder `io`. Names only, no `export *`: the build turns each line into one that loads
// its file when a name of it is first used, so that requiring the core costs next to nothing.

// values
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
} from './cosem/data';
export {
  CLOCK_MODES,
  CLOCK_STATUS,
  clockOctets,
  clockPolicy,
  epochOf,
  isoInPolicy,
  readDateTime,
  STANDARD_CLOCK,
  writeDateTime,
  type ClockOctetsOptions,
  type ClockPolicy,
  type CosemDateTime,
  type DateTimeFields,
} from './cosem/date-time';
export { Obis, type ObisSeparator } from './obis/obis';
export { obisKey, obisName } from './obis/obis-names';
export { ObisPattern } from './obis/pattern';
export { toPlain, type Plain, type PlainHints } from './cosem/plain';
export { scaleExactly, unitSymbol } from './cosem/units';
export { readingOf, scaleOf, timeOf, type ReadingSource, type Scale } from './cosem/naming';
export { ProfileRows, profileRows, type ProfileRow, type ProfileRowsOptions } from './cosem/profile';
export {
  entrySelector,
  ProfileLayout,
  rangeSelector,
  readCaptureObjects,
  type CaptureObject,
  type ProfileColumn,
  type RangeOptions,
} from './cosem/profile-layout';
export type { Meter, Origin, Reading, ScaleSource, Telegram, Value, ValueSet } from './cosem/reading';
export { Key, parseSystemTitle } from './security';
export {
  DlmsError,
  isDlmsError,
  describe,
  ERRORS,
  type Blame,
  type Code,
  type Detail,
  type Facts,
} from './wire/errors';
export { hex, unhex } from './wire/hex';

// messages
export { decodeApdu, encodeApdu, type Apdu, type ApduType, type Decoded } from './apdu';

// machines
export type { Step } from './step';
export { HdlcLink, type HdlcOptions } from './link/hdlc';
export { WrapperLink, type WrapperOptions } from './link/wrapper';
export type { Link, LinkEvent, LinkStep } from './link/link';
export { Client, type ClientEvent, type ClientStep } from './client/client';
export type { Association } from './client/association';
export type { Authentication, ClientOptions, CounterSource, ReceivedCounters, SecurityPolicy } from './client/options';
export { PHASES, type Input, type Phase } from './client/phases';
export { ProfileRead, type ProfileEvent, type ProfileRange, type ProfileRequest } from './client/profile-read';
export { MeterMemory, readObjectList, type ObjectEntry } from './client/meter-memory';
export type { AttributeRef, MethodRef, Outcome, Selector } from './client/request';
export { PushDecoder } from './push/decoder';
export { IecReader } from './iec62056-21';
