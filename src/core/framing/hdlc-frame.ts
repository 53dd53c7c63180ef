// One HDLC frame, type 3 format, to octets and back; flags are the deframer's business. IEC 62056-46, 6.4.
// The rule of the file: the length field decides where a frame ends, and there is no octet stuffing.

import { fcs16 } from '../wire/crc16';
import { DlmsError, type Detail } from '../wire/errors';
import type { Check } from './check';
import { decodeHdlcAddress, type HdlcAddress } from './hdlc-address';

export interface HdlcFrame {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  /** The addresses as they stood in the frame; an answer uses the same number of octets. */
  readonly destinationOctets: Uint8Array;
  readonly sourceOctets: Uint8Array;
  /** The segmentation bit: more frames of this message follow. */
  readonly segmented: boolean;
  readonly control: Control;
  readonly information: Uint8Array;
  /** Of HCS and FCS: wrong where the setting lets such frames pass. */
  readonly check: Check;
}

/** The control field. `pf` is the poll bit of a command, the final bit of a response. */
export type Control =
  | { readonly type: 'I'; readonly ns: number; readonly nr: number; readonly pf: boolean }
  | { readonly type: 'RR' | 'RNR' | 'REJ'; readonly nr: number; readonly pf: boolean }
  | { readonly type: Unnumbered; readonly pf: boolean }
  | { readonly type: 'unknown'; readonly octet: number; readonly pf: boolean };

export type Unnumbered = 'SNRM' | 'UA' | 'DISC' | 'DM' | 'FRMR' | 'UI';

/** What goes into a frame; the addresses as octets, because their number is a setting. */
export interface FrameFields {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly control: Control;
  readonly segmented?: boolean;
  readonly information?: Uint8Array;
}

/** A frame with both flags. @throws LIMIT_EXCEEDED when the length does not fit its 11 bits. */
export function encodeHdlcFrame(fields: FrameFields): Uint8Array {
  const { destination, source, information = EMPTY } = fields;
  const headerLength = 2 + destination.length + source.length + 1;
  const length = headerLength + (information.length === 0 ? 0 : 2 + information.length) + 2;
  if (length > MAX_FRAME_LENGTH) {
    throw new DlmsError({ code: 'LIMIT_EXCEEDED', what: 'hdlc frame', limit: MAX_FRAME_LENGTH, actual: length });
  }
  const octets = new Uint8Array(length + 2);
  octets[0] = FLAG;
  octets[1] = TYPE_3 | (fields.segmented === true ? SEGMENTATION : 0) | (length >> 8);
  octets[2] = length & 0xff;
  octets.set(destination, 3);
  octets.set(source, 3 + destination.length);
  octets[headerLength] = encodeControl(fields.control);
  if (information.length > 0) {
    putCheck(octets, headerLength + 1);
    octets.set(information, headerLength + 3);
  }
  putCheck(octets, length - 1);
  octets[length + 1] = FLAG;
  return octets;
}

/** Where the parts of a frame lie, from its first octets. Offsets count from the format field (the octet after the flag). */
export interface FrameHeader {
  /** Octets between the flags. */
  readonly length: number;
  readonly segmented: boolean;
  readonly sourceAt: number;
  readonly controlAt: number;
  /** Is there an information field, and so a HCS? */
  readonly hasInformation: boolean;
}

/** Octets by their index; undefined or -1 where none is. */
type Octets = { at(index: number): number | undefined };

/** Reads the header from `start`; `'short'` when more octets are needed, a reason in words when this cannot be a frame. */
export function readHeader(octets: Octets, start = 0): FrameHeader | 'short' | { readonly reason: string } {
  const format = octets.at(start) ?? -1;
  if (format === -1) return 'short';
  if ((format & 0xf0) !== TYPE_3)
    return { reason: `octet 0x${format.toString(16)} after the flag is no type 3 format` };
  const low = octets.at(start + 1) ?? -1;
  if (low === -1) return 'short';
  const length = ((format & 0x07) << 8) | low;
  if (length < MIN_FRAME_LENGTH) return { reason: `length ${length} is below ${MIN_FRAME_LENGTH}` };
  const sourceAt = addressEnd(octets, start, 2);
  if (typeof sourceAt !== 'number') return sourceAt;
  const controlAt = addressEnd(octets, start, sourceAt);
  if (typeof controlAt !== 'number') return controlAt;
  const bare = controlAt + 3;
  if (length < bare || length === bare + 1) return { reason: `length ${length} is too short for its header` };
  return { length, segmented: (format & SEGMENTATION) !== 0, sourceAt, controlAt, hasInformation: length > bare };
}

/** What HCS or FCS behind the first `end` octets says; they begin with the format field, and it is sent low octet first. */
export function checkAt(octets: Uint8Array, end: number): Check {
  return fcs16(octets, 0, end) === sentAt(octets, end) ? 'ok' : 'wrong';
}

/** The error for one that is wrong. */
export function wrongCheck(octets: Uint8Array, end: number, which: 'HCS' | 'FCS'): Detail {
  return { code: 'HDLC_FCS', which, got: sentAt(octets, end), want: fcs16(octets, 0, end), lengthBytes: end };
}

function sentAt(octets: Uint8Array, end: number): number {
  return (octets[end] as number) | ((octets[end + 1] as number) << 8);
}

/** The frame in `octets` (from the format field to the FCS, checks done by the caller); views, not copies. */
export function frameOf(octets: Uint8Array, header: FrameHeader, check: Check): HdlcFrame {
  const destinationOctets = octets.subarray(2, header.sourceAt);
  const sourceOctets = octets.subarray(header.sourceAt, header.controlAt);
  return {
    destination: decodeHdlcAddress(destinationOctets),
    source: decodeHdlcAddress(sourceOctets),
    destinationOctets,
    sourceOctets,
    segmented: header.segmented,
    control: decodeControl(octets[header.controlAt] as number),
    information: header.hasInformation ? octets.subarray(header.controlAt + 3, header.length - 2) : EMPTY,
    check,
  };
}

/** One frame without flags. @throws HDLC_FRAME, HDLC_FCS. */
export function decodeHdlcFrame(octets: Uint8Array): HdlcFrame {
  const header = readHeader(octets);
  if (header === 'short') throw new DlmsError({ code: 'HDLC_FRAME', reason: `ends after ${octets.length} octets` });
  if ('reason' in header) throw new DlmsError({ code: 'HDLC_FRAME', reason: header.reason });
  if (header.length !== octets.length) {
    const reason = `length ${header.length} does not match ${octets.length} octets`;
    throw new DlmsError({ code: 'HDLC_FRAME', reason });
  }
  const { controlAt, length, hasInformation } = header;
  if (hasInformation && checkAt(octets, controlAt + 1) !== 'ok') {
    throw new DlmsError(wrongCheck(octets, controlAt + 1, 'HCS'));
  }
  if (checkAt(octets, length - 2) !== 'ok') throw new DlmsError(wrongCheck(octets, length - 2, 'FCS'));
  return frameOf(octets, header, 'ok');
}

export function decodeControl(octet: number): Control {
  const pf = (octet & PF) !== 0;
  if ((octet & 1) === 0) return { type: 'I', ns: (octet >> 1) & 7, nr: octet >> 5, pf };
  const supervisory = SUPERVISORY_TYPES[octet & 0x0f];
  if (supervisory !== undefined) return { type: supervisory, nr: octet >> 5, pf };
  const unnumbered = UNNUMBERED_TYPES[octet & ~PF];
  return unnumbered === undefined ? { type: 'unknown', octet, pf } : { type: unnumbered, pf };
}

export function encodeControl(control: Control): number {
  const pf = control.pf ? PF : 0;
  switch (control.type) {
    case 'I':
      return (control.nr << 5) | pf | (control.ns << 1);
    case 'RR':
    case 'RNR':
    case 'REJ':
      return (control.nr << 5) | pf | SUPERVISORY[control.type];
    case 'unknown':
      return control.octet;
    default:
      return UNNUMBERED[control.type] | pf;
  }
}

function addressEnd(octets: Octets, start: number, from: number): number | 'short' | { readonly reason: string } {
  for (let size = 1; size <= 4; size++) {
    const octet = octets.at(start + from + size - 1) ?? -1;
    if (octet === -1) return 'short';
    if ((octet & 1) === 1) return size === 3 ? { reason: 'an address of 3 octets' } : from + size;
  }
  return { reason: 'an address without end' };
}

function putCheck(octets: Uint8Array, at: number): void {
  const check = fcs16(octets, 1, at);
  octets[at] = check & 0xff;
  octets[at + 1] = check >> 8;
}

export const FLAG = 0x7e;
/** What the 11 bits of the length field hold; octets between the flags. */
export const MAX_FRAME_LENGTH = 2047;
export const MIN_FRAME_LENGTH = 7; /* format 2, addresses 1 + 1, control 1, FCS 2 */
const TYPE_3 = 0xa0;
const SEGMENTATION = 0x08;
const PF = 0x10;
const EMPTY = new Uint8Array(0);

const SUPERVISORY = { RR: 0x01, RNR: 0x05, REJ: 0x09 } as const;
const SUPERVISORY_TYPES: Readonly<Record<number, 'RR' | 'RNR' | 'REJ'>> = { 0x01: 'RR', 0x05: 'RNR', 0x09: 'REJ' };
const UNNUMBERED = { SNRM: 0x83, UA: 0x63, DISC: 0x43, DM: 0x0f, FRMR: 0x87, UI: 0x03 } as const;
const UNNUMBERED_TYPES: Readonly<Record<number, Unnumbered>> = {
  0x83: 'SNRM',
  0x63: 'UA',
  0x43: 'DISC',
  0x0f: 'DM',
  0x87: 'FRMR',
  0x03: 'UI',
};
