// The face `./push`: any stream of bytes that meters push becomes telegrams. HDLC, wrapper, M-Bus, bare APDUs, P1 and SML,
// plain or encrypted. Bytes in, Step out.

/** One source's decoder, and what it says. */
export { PushDecoder, type PushEvent, type PushOptions } from '../core/push/decoder';
export type { Decoded } from '../core/push/telegram';
export { FRAMINGS, type Framing } from '../core/push/framing';

/** Lists whose values stand in a fixed order, as data. */
export {
  exportLayouts,
  importLayouts,
  LAYOUTS,
  matchLayout,
  proposeLayout,
  type Layout,
  type LayoutEntry,
  type Role,
} from '../core/push/layouts';

/** Telegrams that somebody sends a second time. */
export { ReplayGuard, type CounterMemory } from '../core/push/replay';

/** The keys of many meters. */
export { KeyTable, type KeyText } from '../core/security/key-table';
export { isShown, keyRow, keyText, readKeyCells, type KeyCells, type KeyContext } from '../core/security/key-rows';
export type { RowPreset } from '../core/push/senders';
/** How lists without scaler are to be read, as data, and what the telegrams of a meter have shown of it. */
export { CONVENTIONS, importConventions } from '../core/push/conventions';
export { ConfirmedConventions } from '../core/push/confirmed';
export type { Convention, Facts, MeterFamily, Scales } from '../core/meters/family';
