// What bytes without a frame are: a message, or one that goes through a gateway. IEC 62056-5-3, annex on gateways: E6 or E7,
// the network, the address of the device behind the gateway, then the message.

import { decodeApdu, encodeApdu, type Apdu } from '../apdu';
import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import { xmlInvalid } from './parse';
import { message } from './messages';
import { fields, inside, leaf, name, octets, oneOf, when, type Choice, type Part } from './part';

export type Root =
  | { readonly type: 'apdu'; readonly apdu: Apdu }
  | {
      readonly type: 'gateway';
      readonly request: boolean;
      readonly network: number;
      readonly device: Uint8Array;
      readonly apdu: Apdu;
    };

export interface ReadRoot {
  readonly root: Root;
  /** Octets behind the message, which some servers send. */
  readonly surplus: number;
}

export function readRoot(bytes: Uint8Array): ReadRoot {
  const tag = bytes[0];
  if (tag !== GATEWAY_REQUEST && tag !== GATEWAY_RESPONSE) {
    const { apdu, surplus } = decodeApdu(bytes);
    return { root: { type: 'apdu', apdu }, surplus };
  }
  const r = new Reader(bytes, 1);
  const network = r.u8('network-id');
  const device = r.take(r.length('physical-device-address length'), 'physical-device-address');
  const { apdu, surplus } = decodeApdu(r.rest());
  return { root: { type: 'gateway', request: tag === GATEWAY_REQUEST, network, device, apdu }, surplus };
}

export function writeRoot(root: Root): Uint8Array {
  const apdu = encodeApdu(root.apdu);
  if (root.type === 'apdu') return apdu;
  const tag = root.request ? GATEWAY_REQUEST : GATEWAY_RESPONSE;
  return new Writer().u8(tag).u8(root.network).octets(root.device).bytes(apdu).toBytes();
}

const GATEWAY_REQUEST = 0xe6;
const GATEWAY_RESPONSE = 0xe7;
/** Decimal in both forms. */
const network = leaf<number>(
  name('NetworkId', 'network-id'),
  (_, value) => String(value),
  (from, element) => {
    const text = from.value(element).trim();
    if (!/^\d{1,3}$/.test(text) || Number(text) > 0xff)
      throw xmlInvalid(element, 'a network is a number from 0 to 255');
    return Number(text);
  },
);
const device = octets(name('PhysicalDeviceAddress', 'physical-device-address'));
const through = fields({ network, device, apdu: message });

function gateway(request: boolean, simple: string, standard: string): Choice<Root> {
  return when<Root, Omit<Extract<Root, { type: 'gateway' }>, 'type' | 'request'>>(
    inside(name(simple, standard), through),
    root => (root.type === 'gateway' && root.request === request ? root : undefined),
    value => ({ type: 'gateway', request, ...value }),
  );
}

/** With its outermost element. */
export const root: Part<Root> = oneOf<Root>(
  gateway(true, 'GatewayRequest', 'gateway-request'),
  gateway(false, 'GatewayResponse', 'gateway-response'),
  when<Root, Apdu>(
    message,
    value => (value.type === 'apdu' ? value.apdu : undefined),
    apdu => ({ type: 'apdu', apdu }),
  ),
);
