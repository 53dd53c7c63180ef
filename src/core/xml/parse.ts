// XML text to elements with their places. The rule of the file: what a document may not have (document type, entities of
// its own, more depth or size than any message) ends it at the place where it stands.

import { SaxesParser } from 'saxes';

import { DlmsError } from '../wire/errors';

export interface Place {
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
}

export interface XmlElement extends Place {
  /** Without its prefix. */
  readonly name: string;
  readonly prefixed: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** What stands between its tags; blank beside children. */
  readonly text: string;
}

/** Bounds of a document; over a bound is LIMIT_EXCEEDED. */
export const XML_LIMITS = {
  /** In UTF-16 units. */
  characters: 16 * 1024 * 1024,
  /** Of the tree: Data may be nested 32 deep, around it stand up to eleven elements. */
  depth: 48,
  elements: 500_000,
} as const;

/** The root of the document. Throws XML_INVALID with the place, LIMIT_EXCEEDED. */
export function parseXml(text: string): XmlElement {
  const { characters, depth, elements } = XML_LIMITS;
  if (text.length > characters) throw over('xml text', characters, text.length);
  // A byte order mark is a matter of files, not of XML.
  const document = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: Growing[] = [];
  let root: XmlElement | null = null;
  let count = 0;
  const here = (): Place => ({ line: parser.line, column: parser.column + 1 });
  const add = (characters: string): void => {
    const top = open.at(-1);
    if (top !== undefined) top.text += characters;
  };
  parser.on('error', error => {
    // The parser puts the place in front of its words.
    throw xmlInvalid(here(), error.message.replace(/^[^ ]*:\d+:\d+: /, '').replace(/\.$/, ''));
  });
  parser.on('doctype', () => {
    throw xmlInvalid(here(), 'a document type is not taken');
  });
  let from: Place = { line: 1, column: 1 };
  let lines: string[] | null = null;
  parser.on('opentagstart', ({ name }) => {
    // Told behind the character that ends the name.
    const column = parser.column - name.length - 1;
    if (column > 0) from = { line: parser.line, column };
    else {
      lines ??= document.split(/\r\n|\r|\n/);
      from = { line: parser.line - 1, column: (lines[parser.line - 2] ?? '').length - name.length };
    }
  });
  parser.on('opentag', tag => {
    if (open.length === depth) throw over('xml depth', depth, depth + 1);
    if (++count > elements) throw over('xml elements', elements, count);
    const colon = tag.name.indexOf(':');
    const attributes: XmlElement['attributes'] = tag.attributes;
    for (const name in attributes) {
      if (!KNOWN.has(name) && !name.startsWith('xmlns:')) throw xmlInvalid(from, `the attribute ${name} is unknown`);
    }
    const { line, column } = from;
    const name = tag.name.slice(colon + 1);
    const element: Growing = { line, column, name, prefixed: colon > 0, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    const element = open.pop() as Growing;
    if (element.children.length > 0 && element.text.trim() !== '') {
      throw xmlInvalid(element, `there is text between the elements of ${element.name}`);
    }
    if (open.length === 0) root = element;
  });
  parser.on('text', add);
  parser.on('cdata', add);
  parser.write(document).close();
  if (root === null) throw xmlInvalid(here(), 'there is no element');
  return root;
}

export function xmlInvalid({ line, column }: Place, reason: string): DlmsError {
  return new DlmsError({ code: 'XML_INVALID', line, column, reason });
}

interface Growing extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

function over(what: string, limit: number, actual: number): DlmsError {
  return new DlmsError({ code: 'LIMIT_EXCEEDED', what, limit, actual });
}

const KNOWN: ReadonlySet<string> = new Set(['Value', 'Qty', 'Name', 'Encoding', 'len', 'xmlns']);
