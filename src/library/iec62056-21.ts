// The face `./iec62056-21`: meters that talk text. Readouts of modes A to E, programming mode and P1 telegrams, plain or
// encrypted. Bytes in, Step out; with transports and timers of its own: `IecSession` of `./io`.

/** Who asks a meter: signs on, changes the speed, reads. */
export { IecReader } from '../core/iec62056-21/reader';
export {
  READER_MODES,
  type ReaderEvent,
  type ReaderHints,
  type ReaderMode,
  type ReaderOptions,
  type ReadPlan,
} from '../core/iec62056-21/reader-options';

/** Who listens: text as it comes becomes telegrams. */
export { IecDecoder, type DecoderEvent, type DecoderOptions, type IecTelegram } from '../core/iec62056-21/decoder';
export type { IecReading, IecSet } from '../core/iec62056-21/typing';
export type { P1Keys } from '../core/iec62056-21/p1-decrypt';

/** Load profiles of P.01 and its like. */
export {
  parseProfile,
  profileTable,
  type IecProfile,
  type ProfileChannel,
  type ProfileSegment,
  type ProfileTable,
} from '../core/iec62056-21/profile';

/** The pieces of a message. */
export { parseDataBlock, type DataBlock, type DataSet } from '../core/iec62056-21/data-block';
export { parseIdentification, type Identification } from '../core/iec62056-21/identification';
