// From the settings of a connection to the options of link and client.

import type { ClientOptions, CounterSource, ReceivedCounters } from '../../core/client/options';
import type { ReaderOptions } from '../../core/iec62056-21';
import { HdlcLink } from '../../core/link/hdlc';
import type { Link } from '../../core/link/link';
import { WrapperLink } from '../../core/link/wrapper';
import { sentChallenges } from './own-challenges';
import type { ConnectionSettings } from '../settings/settings';

export interface Moment {
  /** Needed where something is protected. */
  readonly counter?: CounterSource;
  readonly received?: ReceivedCounters;
  readonly challenge: Uint8Array;
  /** False: the meter refused the dedicated key before. */
  readonly dedicated: boolean;
  readonly onApdu: (direction: '>' | '<', apdu: Uint8Array) => void;
}

export function clientOptions(s: ConnectionSettings, moment: Moment): ClientOptions {
  return {
    referencing: s.referencing,
    authentication: s.authentication,
    landisGyr: s.manufacturer?.toUpperCase() === LANDIS_GYR,
    secret: s.password?.octets() ?? new Uint8Array(0),
    security: s.security,
    systemTitle: s.systemTitle ?? undefined,
    meterSystemTitle: s.meterSystemTitle ?? undefined,
    encryptionKey: s.keys.encryption ?? undefined,
    authenticationKey: s.keys.authentication ?? undefined,
    dedicatedKey: moment.dedicated ? (s.keys.dedicated ?? undefined) : undefined,
    counter: moment.counter,
    received: moment.received,
    challenge: moment.challenge,
    sentChallenges,
    counterRepeats: s.counterRepeats,
    associationObject: s.associationObject,
    preEstablished: s.preEstablished,
    generalProtection: s.generalProtection,
    gbtWindow: s.gbtWindow,
    pduSize: s.pduSize,
    invokeIdIncrease: s.invokeIdIncrease,
    listSize: s.listSize,
    onApdu: moment.onApdu,
  };
}

export function linkOf(s: ConnectionSettings, clientAddress = s.clientAddress): Link {
  if (s.interface === 'wrapper') {
    const datagrams = s.transport.kind === 'udp';
    return new WrapperLink({
      client: clientAddress,
      server: s.server.logical,
      mode: datagrams ? 'datagram' : 'stream',
      responseMs: s.answerTimeoutMs,
      tries: UDP_TRIES,
    });
  }
  return new HdlcLink({
    client: clientAddress,
    server: { logical: s.server.logical, physical: s.server.physical },
    addressSize: s.server.size,
    parameters: {
      maxInformationTransmit: s.frameSize,
      maxInformationReceive: s.frameSize,
      windowTransmit: s.windowSize,
      windowReceive: s.windowSize,
    },
    // The longest silence is shared by the tries, so that NO_ANSWER comes when the setting says.
    responseMs: Math.ceil(s.answerTimeoutMs / HDLC_TRIES),
    tries: HDLC_TRIES,
    pollMs: POLL_MS,
    // A meter that says it is there but has nothing yet gets more patience than a silent one.
    maxPolls: Math.ceil((3 * s.answerTimeoutMs) / POLL_MS),
  });
}

/** The sign-on in front of HDLC. It begins at 300 Bd unless the port says something else than its own default. */
export function modeEOptions(s: ConnectionSettings): ReaderOptions {
  const { transport: t } = s;
  const format = t.kind === 'serial' ? t.format : t.kind === 'tcp' ? t.rfc2217 : undefined;
  const baudRate = format?.baudRate ?? DEFAULT_BAUD;
  return { mode: 'e', ...(baudRate === DEFAULT_BAUD ? {} : { baudRate }) };
}

/** The public client that reads the invocation counter. */
export function counterReader(s: ConnectionSettings): { client: ClientOptions; link: Link } {
  return {
    client: {
      referencing: 'ln',
      authentication: 'none',
      security: 'none',
      pduSize: s.pduSize,
      meterSystemTitle: s.meterSystemTitle ?? undefined,
    },
    link: linkOf(s, s.counterClient),
  };
}

/** What a trace must never show. */
export function secretsOf(s: ConnectionSettings): Uint8Array[] {
  const keys = [s.keys.encryption, s.keys.authentication, s.keys.dedicated];
  return [
    ...keys.flatMap(k => (k === null ? [] : [k.octets()])),
    ...(s.password === null ? [] : [s.password.octets()]),
  ];
}

/** The FLAG id of the maker. */
const LANDIS_GYR = 'LGZ';
const HDLC_TRIES = 2;
const UDP_TRIES = 2;
const POLL_MS = 200;
const DEFAULT_BAUD = 9600;
