// The formats in which meters push: what is sent, how it travels, how it is protected.
// The rule of the file: formats are a table; a new meter is a row here and a body in push-bodies.

import { PUSH_BODIES, type PushBody } from './push-bodies';
import { SML_BODIES } from './sml-bodies';

/** How a body travels. */
export type Carriage =
  /** `segment`: octets of information per frame; default one frame. `blocks`: octets per general block transfer block. */
  | { readonly link: 'hdlc'; readonly addresses: string; readonly segment?: number; readonly blocks?: number }
  | { readonly link: 'mbus'; readonly maxData?: number }
  | { readonly link: 'wrapper'; readonly ports?: readonly [number, number]; readonly blocks?: number }
  | { readonly link: 'raw'; readonly llc?: boolean }
  /** The body is the messages of a file. */
  | { readonly link: 'sml'; readonly check: 'x25' | 'kermit' };

export interface PushFormat {
  /** Stable name, for the simulator node and for tests. */
  readonly name: string;
  /** What sends it. */
  readonly title: string;
  readonly body: PushBody;
  readonly carriage: Carriage;
  /** Security control octet where it is encrypted: 0x20, 0x21, 0x30, 0x32, … */
  readonly control?: number;
  /** Protection inside or around general block transfer; default inside, as E450 and E570 do. */
  readonly protect?: 'whole' | 'each-block';
  readonly envelope?: 'general-glo' | 'general-ded' | 'general-ciphering' | 'p1' | 'p1-untagged';
}

/** A format by its name; undefined when there is none. */
export function pushFormat(name: string): PushFormat | undefined {
  return PUSH_FORMATS.find(format => format.name === name);
}

const hdlc = (addresses: string, more: { segment?: number; blocks?: number } = {}): Carriage => ({
  link: 'hdlc',
  addresses,
  ...more,
});
const B = PUSH_BODIES;
const MBUS: Carriage = { link: 'mbus' };
const WRAPPER: Carriage = { link: 'wrapper', ports: [1, 64] };
const RAW: Carriage = { link: 'raw' };

export const PUSH_FORMATS: readonly PushFormat[] = [
  { name: 'aidon-no-list-1', title: 'Aidon, Norway, list 1', body: B.aidon1, carriage: hdlc('41/0883') },
  { name: 'aidon-no-list-2', title: 'Aidon, Norway, list 2', body: B.aidon2, carriage: hdlc('41/0883') },
  { name: 'aidon-no-list-3', title: 'Aidon, Norway, list 3', body: B.aidon3, carriage: hdlc('41/0883') },
  { name: 'aidon-se', title: 'Aidon, Sweden', body: B.aidonSe, carriage: hdlc('41/0883') },
  { name: 'embriq-no', title: 'Landis+Gyr E350, Norway (Embriq)', body: B.embriq, carriage: hdlc('41/0883') },
  { name: 'zmf100-no', title: 'Landis+Gyr ZMF100, swapped tags', body: B.zmf100, carriage: hdlc('41/0883') },
  {
    name: 'am550-obis',
    title: 'Iskraemeco AM550 with OBIS codes',
    body: B.am550Obis,
    carriage: hdlc('cf/0223', { segment: 149 }),
  },
  { name: 'kamstrup-list-1', title: 'Kamstrup OMNIPOWER, list 1', body: B.kamstrup1, carriage: hdlc('2b/21') },
  { name: 'kamstrup-list-2', title: 'Kamstrup OMNIPOWER, list 2', body: B.kamstrup2, carriage: hdlc('2b/21') },
  {
    name: 'kamstrup-one-phase',
    title: 'Kamstrup OMNIPOWER, one phase',
    body: B.kamstrupOnePhase,
    carriage: hdlc('2b/21'),
  },
  { name: 'kamstrup-ct', title: 'Kamstrup OMNIPOWER CT', body: B.kamstrupCt, carriage: hdlc('2b/21') },
  {
    name: 'kamstrup-dk',
    title: 'Kamstrup OMNIPOWER, Denmark',
    body: B.kamstrupDk,
    carriage: hdlc('41/03'),
    control: 0x30,
  },
  { name: 'kaifa-list-1', title: 'Kaifa MA304, list 1', body: B.kfm1, carriage: hdlc('01/0201') },
  { name: 'kaifa-list-9', title: 'Kaifa MA105, list 2', body: B.kfm9, carriage: hdlc('01/0201') },
  { name: 'kaifa-list-13', title: 'Kaifa MA304, list 2', body: B.kfm13, carriage: hdlc('01/0201') },
  { name: 'kaifa-list-14', title: 'Kaifa MA105, list 3', body: B.kfm14, carriage: hdlc('01/0201') },
  { name: 'kaifa-list-18', title: 'Kaifa MA304, list 3', body: B.kfm18, carriage: hdlc('01/0201') },
  { name: 'kaifa-list-18-ct', title: 'Kaifa MA304T4, energies of 64 bits', body: B.kfm18ct, carriage: hdlc('01/0201') },
  { name: 'kaifa-se-36', title: 'Kaifa MA304, Sweden', body: B.kaifaSe, carriage: hdlc('01/0001') },
  { name: 'noe', title: 'Kaifa MA309, Sagemcom T210-D (Netz NÖ)', body: B.noe, carriage: MBUS, control: 0x20 },
  {
    name: 'noe-long-frame',
    title: 'Sagemcom T210-D, M-Bus frame of 257 octets',
    body: B.noe,
    carriage: { link: 'mbus', maxData: 252 },
    control: 0x20,
  },
  {
    name: 'kaifa-west',
    title: 'Kaifa MA309 (Tirol, Salzburg, Vorarlberg)',
    body: B.kaifaWest,
    carriage: MBUS,
    control: 0x21,
  },
  {
    name: 'kaifa-west-one-phase',
    title: 'Kaifa MA110, one phase',
    body: B.kaifaWestOnePhase,
    carriage: MBUS,
    control: 0x21,
  },
  {
    name: 'e450-steiermark',
    title: 'Landis+Gyr E450 (Steiermark, Graz)',
    body: B.e450Steiermark,
    carriage: hdlc('ceff/03', { blocks: 119 }),
    control: 0x30,
  },
  {
    name: 'e450-idis',
    title: 'Landis+Gyr E450, push object list',
    body: B.e450Idis,
    carriage: hdlc('ceff/03', { blocks: 112 }),
  },
  {
    name: 'e570-idis',
    title: 'Landis+Gyr E570, push object list',
    body: B.e570Idis,
    carriage: hdlc('cefd/03', { blocks: 112 }),
    control: 0x20,
  },
  { name: 'e360-idis', title: 'Landis+Gyr E360, push object list', body: B.e360Idis, carriage: hdlc('cf/03') },
  {
    name: 'am550-idis',
    title: 'Iskraemeco AM550, push object list',
    body: B.am550Idis,
    carriage: hdlc('cf/0223', { segment: 149 }),
  },
  {
    name: 'e450-sub-meters',
    title: 'Landis+Gyr E450 with gas and water meters',
    body: B.e450SubMeters,
    carriage: hdlc('ceff/03', { blocks: 112 }),
  },
  { name: 'spodes', title: 'Energomera, SPODES', body: B.spodes, carriage: RAW },
  {
    name: 'burgenland-14',
    title: 'Landis+Gyr E450 (Burgenland)',
    body: B.bgld14,
    carriage: hdlc('ceff/03'),
    control: 0x30,
  },
  {
    name: 'burgenland-11',
    title: 'Landis+Gyr E450 (Burgenland), no angles',
    body: B.bgld11,
    carriage: hdlc('ceff/03'),
    control: 0x30,
  },
  { name: 'wien-9', title: 'AM550, E450 (Wiener Netze)', body: B.wn9, carriage: hdlc('ce95/03'), control: 0x20 },
  {
    name: 'wien-10',
    title: 'Siemens IM350 (Wiener Netze)',
    body: B.wn10,
    carriage: hdlc('cf/00020023'),
    control: 0x20,
  },
  {
    name: 'cii-12',
    title: 'AM550, IM350 (Kärnten, Oberösterreich)',
    body: B.cii12,
    carriage: hdlc('cf/0223'),
    control: 0x20,
  },
  { name: 'cii-10', title: 'IM350 (Wels)', body: B.cii10, carriage: hdlc('cf/00020023'), control: 0x20 },
  { name: 'slovenia-18', title: 'Iskraemeco AM550, Slovenia, 18 values', body: B.si18, carriage: hdlc('cf/0223') },
  {
    name: 'slovenia-12-energy',
    title: 'Iskraemeco AM550, Slovenia, energies',
    body: B.si12energy,
    carriage: hdlc('cf/0223'),
  },
  {
    name: 'slovenia-12-celje',
    title: 'Iskraemeco AM550, Slovenia (Celje)',
    body: B.si12celje,
    carriage: hdlc('cf/0223'),
  },
  { name: 'slovenia-10', title: 'Iskraemeco AM550, Slovenia, one phase', body: B.si10, carriage: RAW },
  {
    name: 'slovenia-9-voltage',
    title: 'Iskraemeco AM550, Slovenia, 9 values',
    body: B.si9voltage,
    carriage: hdlc('cf/0223'),
  },
  { name: 'slovenia-9-energy', title: 'Iskraemeco AM550, Slovenia, tariffs', body: B.si9energy, carriage: RAW },
  {
    name: 'slovenia-8',
    title: 'Iskraemeco AM550, Slovenia, 8 values',
    body: B.si8,
    carriage: hdlc('cf/0223'),
    control: 0x30,
  },
  { name: 'slovenia-4', title: 'Iskraemeco AM550, Slovenia, 4 values', body: B.si4, carriage: hdlc('cf/0223') },
  { name: 'croatia-33', title: 'Iskraemeco IE.5, Croatia', body: B.hr33, carriage: hdlc('cf/0223', { segment: 149 }) },
  { name: 'czech', title: 'Sagemcom XT211 (EG.D, ČEZ)', body: B.czech, carriage: RAW },
  { name: 'p1', title: 'P1 text', body: B.p1, carriage: RAW },
  {
    name: 'p1-glo',
    title: 'P1 text in a DLMS envelope (Luxembourg, Steiermark)',
    body: B.p1,
    carriage: RAW,
    control: 0x30,
    envelope: 'p1',
  },
  {
    name: 'p1-untagged',
    title: 'P1 with an encrypted middle (Elgama)',
    body: B.p1,
    carriage: RAW,
    control: 0x30,
    envelope: 'p1-untagged',
  },
  {
    name: 'vendor-octets',
    title: 'Vendor data over UDP',
    body: B.vendorOctets,
    carriage: { link: 'wrapper' },
    control: 0x30,
  },
  { name: 'event-notification', title: 'Event notification', body: B.event, carriage: WRAPPER },
  { name: 'information-report', title: 'Information report (SN)', body: B.report, carriage: WRAPPER },
  {
    name: 'authenticated-only',
    title: 'Authentication without encryption',
    body: B.kaifaWest,
    carriage: WRAPPER,
    control: 0x10,
  },
  { name: 'suite-1', title: 'Security suite 1', body: B.kaifaWest, carriage: WRAPPER, control: 0x31 },
  { name: 'suite-2', title: 'Security suite 2, AES-256', body: B.kaifaWest, carriage: WRAPPER, control: 0x32 },
  { name: 'broadcast', title: 'Under the broadcast key', body: B.kaifaWest, carriage: WRAPPER, control: 0x70 },
  {
    name: 'dedicated',
    title: 'General ded ciphering',
    body: B.kaifaWest,
    carriage: WRAPPER,
    control: 0x30,
    envelope: 'general-ded',
  },
  {
    name: 'general-ciphering',
    title: 'General ciphering, identified key',
    body: B.kaifaWest,
    carriage: WRAPPER,
    control: 0x31,
    envelope: 'general-ciphering',
  },
  {
    name: 'ciphered-blocks',
    title: 'Each block of a transfer ciphered',
    body: B.kaifaWest,
    carriage: { link: 'wrapper', ports: [1, 64], blocks: 100 },
    control: 0x30,
    protect: 'each-block',
  },
  {
    name: 'bare-apdu',
    title: 'A bare APDU behind an LLC header',
    body: B.kaifaWest,
    carriage: { link: 'raw', llc: true },
  },
  {
    name: 'sml-fnn',
    title: 'SML, newer meters (EMH eBZD, Iskra MT631, Logarex …)',
    body: SML_BODIES.fnn,
    carriage: { link: 'sml', check: 'x25' },
  },
  {
    name: 'sml-edl',
    title: 'SML, older meters: power without sign, direction in the status, another CRC',
    body: SML_BODIES.edl,
    carriage: { link: 'sml', check: 'kermit' },
  },
];
