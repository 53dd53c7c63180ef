// The face `./sim`: simulated meters for tests. A DLMS/COSEM meter with objects, accounts, keys and faults, a meter of
// IEC 62056-21, and telegrams as meters push them, all with time and chance as inputs.

/** A DLMS/COSEM meter, and how it is served. */
export { SimulatedMeter, DEFAULT_KEYS, type MeterOptions } from '../sim/meter';
export { serveTcp, serveTransport, serveUdp, simulatedMeter, type MeterServer, type ServeOptions } from '../sim/server';
export { defaultAccounts, type Account } from '../sim/accounts';

/** What it has, and how to give it more. */
export { attribute, cosemObject, type Attribute, type CosemObject } from '../sim/cosem-object';
export { dataObject, extendedRegister, register } from '../sim/objects/elements';

/** What it does wrong when told so. */
export { FAULT_KINDS, type Fault, type FaultKind } from '../sim/faults';
export type { Behaviour } from '../sim/behaviour';

/** A meter that talks text. */
export { serveIec, type IecServer, type IecServerOptions } from '../sim/iec-server';
export { SimulatedIecMeter, type IecMeterOptions } from '../sim/iec-meter';

/** Telegrams that meters push. */
export { servePushes, type PushServer, type PushServerOptions } from '../sim/push-server';
export { PUSH_FORMATS, pushBytes, pushTelegram, type PushFormat, type PushMoment } from '../sim/push-source';
