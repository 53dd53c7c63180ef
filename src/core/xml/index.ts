// Messages as XML and back, in the two forms that DLMS translators write. docs/xml.md has the elements.

import { decodeData, encodeData } from '../cosem/data';
import { stripLlc } from '../framing/hdlc-segments';
import type { KeyRing } from '../security';
import { equalBytes } from '../wire/hex';
import { Cursor, Reading, type XmlNumbers } from './cursor';
import { data } from './data';
import { explainer } from './explain';
import { content } from './frame-content';
import { frameBytes, hdlcFrames, isFrame, readFrame, wrapperFrames, writeFrame, type Frame } from './frames';
import { parseXml, xmlInvalid, type XmlElement } from './parse';
import { readRoot, root, writeRoot, type Root } from './root';
import { NAMESPACE, XmlWriter, type XmlForm } from './writer';

export { XML_LIMITS } from './parse';
export type { XmlForm, XmlNumbers };

export interface ToXmlOptions {
  /** `simple` (the default): CamelCase with attributes; `standard`: the names of the standard, values as text. */
  readonly form?: XmlForm;
  /** Of the simple form; hexadecimal unless told otherwise. The standard form has decimal ones. */
  readonly numbers?: 'hexadecimal' | 'decimal';
  readonly comments?: boolean;
  /** `auto` (the default): HDLC where the bytes begin with a flag, a wrapper where they begin with 00 01, else none. */
  readonly framing?: 'auto' | 'none' | 'hdlc' | 'wrapper';
  /** The elements of frames; true unless told otherwise. Without them a frame is what it carries. */
  readonly frames?: boolean;
  /** With comments: to say what is in protected messages. */
  readonly keys?: KeyRing;
}

export interface XmlMessage {
  readonly xml: string;
  /** Do the same octets come back from it? They do not where servers do otherwise than the standard says. */
  readonly exact: boolean;
}

/**
 * One document a frame, or one for bytes without a frame. Of a message in several segments the last one has the message.
 * Throws what reading frames and messages throws: HDLC_*, WRAPPER_HEADER, WIRE_*, LIMIT_EXCEEDED.
 */
export function toXml(bytes: Uint8Array, options: ToXmlOptions = {}): XmlMessage[] {
  const framing = options.framing === undefined || options.framing === 'auto' ? framingOf(bytes) : options.framing;
  switch (framing) {
    case 'hdlc':
      return hdlcFrames(bytes).map(frame => framed(frame, options));
    case 'wrapper':
      return wrapperFrames(bytes).map(frame => framed(frame, options));
    case 'none': {
      const apdu = stripLlc(bytes).body;
      const read = readRoot(apdu);
      const to = writer(options);
      surplus(to, read.surplus);
      root.write(to, read.root);
      return [{ xml: document(`${to}`, read.root, options), exact: equalBytes(writeRoot(read.root), bytes) }];
    }
  }
}

/** A value alone. Throws WIRE_*, LIMIT_EXCEEDED. */
export function dataToXml(
  bytes: Uint8Array,
  options: Omit<ToXmlOptions, 'framing' | 'frames' | 'keys'> = {},
): XmlMessage {
  const value = decodeData(bytes);
  const to = writer(options);
  data.write(to, value);
  return { xml: `${to}`, exact: equalBytes(encodeData(value), bytes) };
}

export interface FromXmlOptions {
  /**
   * Of the simple form. `auto` (the default): decimal where a number of the document is not as wide as its type and none has
   * a letter or a zero in front, else hexadecimal.
   */
  readonly numbers?: XmlNumbers;
}

/** The octets of a message, a frame or a value. Throws XML_INVALID with the place, LIMIT_EXCEEDED. */
export function fromXml(text: string, { numbers = 'auto' }: FromXmlOptions = {}): Uint8Array {
  const top = parseXml(text);
  const form = formOf(top);
  // In the standard form all numbers are decimal.
  if (form === 'standard' || numbers === 'decimal') return read(top, new Reading(form, 10));
  if (numbers === 'hexadecimal') return read(top, new Reading(form, 16));
  const first = new Reading(form, null);
  read(top, first);
  return read(top, new Reading(form, first.found));
}

function read(top: XmlElement, reading: Reading): Uint8Array {
  const alone = { ...top, name: 'the document', attributes: {}, children: [top], text: '' };
  const around = ROOTS.has(top.name);
  const from = new Cursor(around ? top : alone, reading);
  const bytes = readAny(from);
  from.end();
  return bytes;
}

function readAny(from: Cursor): Uint8Array {
  if (isFrame(from)) return readFrame(from);
  if (root.begins(from)) return writeRoot(root.read(from));
  if (data.begins(from)) return encodeData(data.read(from));
  if (from.next === undefined) throw xmlInvalid(from.parent, `${from.parent.name} is empty`);
  throw xmlInvalid(from.next, `${from.next.name} is no message, frame or value`);
}

function framed(frame: Frame, options: ToXmlOptions): XmlMessage {
  const to = writer(options);
  surplus(to, frame.surplus);
  if (options.frames !== false) {
    writeFrame(to, frame);
    const again = frameBytes(frame);
    return { xml: `${to}`, exact: again !== null && equalBytes(again, frame.bytes) };
  }
  content.write(to, frame.content);
  const { content: carries, apdu } = frame;
  const exact = carries.type === 'message' && apdu !== null && equalBytes(writeRoot(carries.root), apdu);
  return { xml: `${to}`, exact };
}

function writer({ form = 'simple', numbers, comments = false, keys }: ToXmlOptions): XmlWriter {
  const explain = comments && keys !== undefined ? explainer(keys) : undefined;
  return new XmlWriter({ form, hexadecimal: numbers !== 'decimal', comments, explain });
}

function surplus(to: XmlWriter, octets: number): void {
  if (octets > 0) to.comment(`${octets} octets behind the message are left out`);
}

/** In the standard form a message has the declaration and an element around it. */
function document(xml: string, { apdu }: Root, { form }: ToXmlOptions): string {
  if (form !== 'standard') return xml;
  const tag = ACSE.test(apdu.type) ? 'x:aCSE-APDU' : 'x:xDLMS-APDU';
  return `<?xml version="1.0" encoding="utf-8"?>\n<${tag} xmlns:x="${NAMESPACE}">\n${xml}</${tag}>\n`;
}

function framingOf(bytes: Uint8Array): 'hdlc' | 'wrapper' | 'none' {
  if (bytes[0] === 0x7e) return 'hdlc';
  return bytes[0] === 0 && bytes[1] === 1 ? 'wrapper' : 'none';
}

/** A prefix, or the element around a message, is a matter of the standard form only. */
function formOf(top: XmlElement): XmlForm {
  const waiting: XmlElement[] = [top];
  if (ROOTS.has(top.name)) return 'standard';
  for (let element = waiting.pop(); element !== undefined; element = waiting.pop()) {
    if (element.prefixed) return 'standard';
    // One after the other: an argument list holds no more than some ten thousand.
    for (const child of element.children) waiting.push(child);
  }
  return 'simple';
}

const ROOTS: ReadonlySet<string> = new Set(['xDLMS-APDU', 'aCSE-APDU']);
const ACSE = /^(aarq|aare|rlrq|rlre)$/;
