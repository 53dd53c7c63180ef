// Frames in XML: addresses, control field, and what they carry. One element a frame; of a message that came in segments the
// last frame has the message.

import {
  decodeControl,
  decodeHdlcFrame,
  encodeControl,
  encodeHdlcFrame,
  FLAG,
  readHeader,
} from '../framing/hdlc-frame';
import type { HdlcFrame } from '../framing/hdlc-frame';
import { LLC_COMMAND, LLC_RESPONSE, stripLlc } from '../framing/hdlc-segments';
import { encodeWrapper } from '../framing/wrapper';
import { decodeParameters, encodeParameters } from '../link/hdlc-parameters';
import { DlmsError } from '../wire/errors';
import { concat, joined } from '../wire/hex';
import { Reader } from '../wire/reader';
import type { Cursor } from './cursor';
import { content, type Content } from './frame-content';
import { xmlInvalid } from './parse';
import { bare, digits, inside, octets } from './part';
import { readRoot, writeRoot, type Root } from './root';
import type { XmlWriter } from './writer';

export interface Frame {
  readonly target: number;
  readonly source: number;
  /** The control octet; null in a wrapper. */
  readonly control: number | null;
  readonly content: Content;
  /** Of the frame, its flags included. */
  readonly bytes: Uint8Array;
  /** Of the message that ends in it. */
  readonly apdu: Uint8Array | null;
  /** Octets behind that message. */
  readonly surplus: number;
}

/** The frames of `bytes`, nothing between them but flags. Throws HDLC_FRAME, HDLC_FCS and what a message throws. */
export function hdlcFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  let segments: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== FLAG) throw new DlmsError({ code: 'HDLC_FRAME', reason: `octet ${at} is no flag` });
    // A flag may close one frame and open the next, and more of them may stand between.
    if (at + 1 === bytes.length || bytes[at + 1] === FLAG) {
      at++;
      continue;
    }
    const header = readHeader(bytes, at + 1);
    if (header === 'short') throw new DlmsError({ code: 'HDLC_FRAME', reason: 'it ends too early' });
    if ('reason' in header) throw new DlmsError({ code: 'HDLC_FRAME', reason: header.reason });
    const end = at + 1 + header.length;
    const frame = decodeHdlcFrame(bytes.subarray(at + 1, end));
    if (frame.control.type === 'I' || frame.control.type === 'UI') segments.push(frame.information);
    frames.push({
      target: addressOf(frame.destinationOctets),
      source: addressOf(frame.sourceOctets),
      control: encodeControl(frame.control),
      ...carried(frame, segments),
      bytes: bytes.subarray(at, end + 1),
    });
    if (!frame.segmented) segments = [];
    at = end;
  }
  if (frames.length === 0) throw new DlmsError({ code: 'HDLC_FRAME', reason: 'there is no frame between the flags' });
  return frames;
}

function carried(frame: HdlcFrame, segments: readonly Uint8Array[]): Pick<Frame, 'content' | 'apdu' | 'surplus'> {
  const { control, information } = frame;
  const only = (content: Content) => ({ content, apdu: null, surplus: 0 });
  switch (control.type) {
    case 'RR':
    case 'RNR':
    case 'REJ':
      return only({ type: 'supervisory' });
    case 'I':
    case 'UI': {
      const first = segments.length === 1;
      if (frame.segmented) return only({ type: 'segment', octets: first ? stripLlc(information).body : information });
      const whole = joined(segments);
      if (whole.length === 0) return only({ type: 'information', octets: whole });
      const apdu = stripLlc(whole).body;
      const { root, surplus } = readRoot(apdu);
      return { content: { type: 'message', root }, apdu, surplus };
    }
    case 'unknown':
      return only({ type: 'information', octets: information });
    default: {
      if (information.length === 0) return only({ type: 'command', command: control.type, parameters: null });
      if (control.type !== 'SNRM' && control.type !== 'UA') return only({ type: 'information', octets: information });
      return only({ type: 'command', command: control.type, parameters: decodeParameters(information) });
    }
  }
}

/** Messages in wrappers, one behind the other. */
export function wrapperFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const r = new Reader(bytes);
  while (r.remaining > 0) {
    const from = r.offset;
    const version = r.u16('wrapper version');
    if (version !== 1) {
      throw new DlmsError({ code: 'WRAPPER_HEADER', reason: `version ${version} where 1 was expected` });
    }
    // The translators call the port of the sender, which stands first, the target; so does everybody who reads their XML.
    const target = r.u16('source wPort');
    const source = r.u16('destination wPort');
    const length = r.u16('wrapper length');
    const apdu = r.take(length, 'apdu');
    const { root, surplus } = readRoot(apdu);
    const content: Content = { type: 'message', root };
    const octets = bytes.subarray(from, r.offset);
    frames.push({ target, source, control: null, content, bytes: octets, apdu, surplus });
  }
  return frames;
}

export function writeFrame(to: XmlWriter, frame: Frame): void {
  const tag = frame.control === null ? WRAPPER.simple : HDLC.simple;
  to.line(`<${tag} len="${digits(to, BigInt(lengthOf(frame.bytes, frame.control === null)), 4, true)}" >`);
  to.leaf(TARGET, digits(to, BigInt(frame.target), 4, true));
  to.leaf(SOURCE, digits(to, BigInt(frame.source), 4, true));
  if (frame.control !== null) {
    to.comment(`${decodeControl(frame.control).type} frame`);
    control.write(to, Uint8Array.of(frame.control));
  }
  const { content: carries } = frame;
  const within = carries.type === 'message' || (carries.type === 'command' && carries.parameters !== null);
  (within ? pdu : content).write(to, carries);
  to.line(`</${tag}>`);
}

/** As translators count: all octets of a wrapper; of a frame with its flags all, or three less where it has information. */
function lengthOf(bytes: Uint8Array, wrapper: boolean): number {
  if (wrapper) return bytes.length;
  const header = readHeader(bytes, 1);
  if (header === 'short' || 'reason' in header) return bytes.length;
  return header.hasInformation ? header.length - 1 : header.length + 2;
}

export function isFrame(from: Cursor): boolean {
  return from.is(HDLC) || from.is(WRAPPER);
}

/** The octets of a frame from its element. A segment alone is refused: nothing says what stood in front of it. */
export function readFrame(from: Cursor): Uint8Array {
  const element = from.takeAny();
  const within = from.enter(element);
  const target = Number(within.number(within.take(TARGET), 4, { plain: true }));
  const source = Number(within.number(within.take(SOURCE), 4, { plain: true }));
  const octet = element.name === HDLC.simple ? control.read(within) : null;
  const carries = (within.is(PDU) ? pdu : content).read(within);
  within.end();
  if (octet !== null && octet.length !== 1) throw xmlInvalid(element, 'the type of a frame is one octet');
  if (Math.max(source, target) > (octet === null ? MOST_PORT : MOST_ADDRESS)) {
    throw xmlInvalid(element, 'the addresses have too many bits');
  }
  const bytes = frameBytes({ target, source, control: octet?.[0] ?? null, content: carries });
  if (bytes === null) throw xmlInvalid(element, 'a frame like this cannot be made again: give the whole message');
  from.reading.sawLength(element.attributes['len'] ?? '', lengthOf(bytes, octet === null));
  return bytes;
}

/** The octets again; null where the elements do not say all of them, as of a part of a message. */
export function frameBytes(frame: Pick<Frame, 'target' | 'source' | 'control' | 'content'>): Uint8Array | null {
  const { target, source, content: carries } = frame;
  if (frame.control === null) {
    return carries.type === 'message' ? encodeWrapper(target, source, writeRoot(carries.root)) : null;
  }
  if (carries.type === 'segment') return null;
  return encodeHdlcFrame({
    destination: addressOctets(target),
    source: addressOctets(source),
    control: decodeControl(frame.control),
    information: informationOf(carries),
  });
}

function informationOf(carries: Exclude<Content, { type: 'segment' }>): Uint8Array {
  switch (carries.type) {
    case 'message':
      return concat(asks(carries.root) ? LLC_COMMAND : LLC_RESPONSE, writeRoot(carries.root));
    case 'command':
      return carries.parameters === null ? NOTHING : encodeParameters(carries.parameters);
    case 'supervisory':
      return NOTHING;
    case 'information':
      return carries.octets;
  }
}

/** Does the client send it? The octets of the logical link say so. */
function asks(root: Root): boolean {
  if (root.type === 'gateway') return root.request;
  return !/response|notification|error|report|^(aare|rlre)$/.test(root.apdu.type);
}

function addressOf(octets: Uint8Array): number {
  return octets.reduce((address, octet) => address * 128 + (octet >> 1), 0);
}

/** The fewest that hold it: one, two or four. */
function addressOctets(address: number): Uint8Array {
  const size = address < 0x80 ? 1 : address < 0x4000 ? 2 : 4;
  return Uint8Array.from({ length: size }, (_, i) => {
    const seven = (address >>> (7 * (size - 1 - i))) & 0x7f;
    return (seven << 1) | (i === size - 1 ? 1 : 0);
  });
}

const HDLC = bare('HDLC');
const WRAPPER = bare('WRAPPER');
const PDU = bare('PDU');
const TARGET = bare('TargetAddress');
const SOURCE = bare('SourceAddress');
const control = octets(bare('FrameType'));
const pdu = inside(PDU, content);
const MOST_ADDRESS = 0xfffffff;
const MOST_PORT = 0xffff;
const NOTHING = new Uint8Array(0);
