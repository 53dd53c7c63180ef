// The face `./io`: meters over real lines. Serial ports, TCP and UDP, one meter as a session, readouts of IEC 62056-21,
// traces, and the search for what is wrong. Here are the sockets and timers that the other faces do without.

/** One meter: connects on demand, holds the association, hangs up when idle. */
export {
  Session,
  type ProfileOptions,
  type ProfileStream,
  type SessionEnvironment,
  type SessionPhase,
  type SessionState,
  type WritingTurn,
} from '../io/session/session';
/** Orders to a meter: what is wrong is found before anything leaves, nothing leaves twice, and each has its account. */
export {
  giveOrders,
  guard,
  isSecret,
  type Account,
  type InvokeOrder,
  type Order,
  type SetOrder,
  type WriteOptions,
} from '../io/session/writing';
export { parseWritable, type Writable, type WriteGuard } from '../io/settings/writable';
export type { MeterTurn } from '../io/session/meter-turn';
export type { Installation } from '../io/session/own-side';
/** Where invocation counters are kept that must never repeat. */
export type { CounterStore, NumberStore, Stretch, Wanted } from '../io/session/counter-store';

/** What a connection is, parsed once from the properties that the node dlms-connection has. */
export { parseSettings, type ConnectionSettings, type TransportSettings } from '../io/settings/settings';

/** A readout of IEC 62056-21. */
export {
  IecSession,
  type IecProgress,
  type IecReadout,
  type IecSessionOptions,
  type TelegramEvent,
} from '../io/iec/iec-session';

/** Bytes in and out. */
export type { SerialFormat, Transport } from '../io/transport/transport';
export { listSerialPorts, SerialTransport, type SerialOptions, type SerialPortInfo } from '../io/transport/serial';
export { TcpListener, tcpTransport, type ListenOptions, type TcpOptions } from '../io/transport/tcp';
export { UdpListener, UdpTransport, type Sender, type UdpOptions } from '../io/transport/udp';
export { memoryPair, type MemoryOptions, type MemoryTransport } from '../io/transport/memory';

/** What went over the line, as text and back. */
export {
  formatTrace,
  formatTraceLine,
  maskSecrets,
  parseTrace,
  type Trace,
  type TraceLine,
} from '../io/transport/trace';

/** What is wrong with a connection. */
export { testConnection, type TestEnvironment, type TestStage } from '../io/diagnosis/connection-test';
export { searchMeter, type SearchEnvironment, type SearchEvent } from '../io/diagnosis/connection-search';
