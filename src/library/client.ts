// The face `./client`: association and requests of DLMS/COSEM as a machine. Bytes in, Step out; who has a socket or a port
// gives it what came and writes what it says. With transports and timers of its own: `./io`.

/** The machine, and what it is told. */
export { Client, type ClientEvent, type ClientStep } from '../core/client/client';
export type {
  Authentication,
  ClientOptions,
  CounterSource,
  ReceivedCounters,
  SecurityPolicy,
} from '../core/client/options';
export type { Association } from '../core/client/association';

/** Which request is legal in which phase. */
export { PHASES, type Input, type Phase } from '../core/client/phases';

/** What it is asked and how it answers. */
export type { AttributeRef, MethodRef, Outcome, Selector } from '../core/client/request';
export { ProfileRead, type ProfileEvent, type ProfileRange, type ProfileRequest } from '../core/client/profile-read';
export { MeterMemory, readObjectList, type ObjectEntry } from '../core/client/meter-memory';

/** The links that carry it. */
export { HdlcLink, type HdlcOptions } from '../core/link/hdlc';
export { WrapperLink, type WrapperOptions } from '../core/link/wrapper';
export type { Link, LinkEvent, LinkStep } from '../core/link/link';
