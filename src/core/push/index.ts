// What the layers above use of push decoding.

export { ConfirmedConventions } from './confirmed';
export { CONVENTIONS, importConventions } from './conventions';
export { PushDecoder, type PushEvent, type PushOptions } from './decoder';
export { FRAMINGS, type Framing } from './framing';
export {
  exportLayouts,
  importLayouts,
  LAYOUTS,
  matchLayout,
  proposeLayout,
  type Layout,
  type LayoutEntry,
  type Role,
} from './layouts';
export { ReplayGuard, type CounterMemory } from './replay';
export { userScalers } from './scaling';
export type { RowPreset } from './senders';
