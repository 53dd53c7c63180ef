// Elements to XML text, in one of the two forms; all that is written is escaped here.

import type { Apdu } from '../apdu';

export type XmlForm = 'simple' | 'standard';

/** What an element is called in the two forms. */
export interface Name {
  readonly simple: string;
  readonly standard: string;
  /** Stands without the prefix of the namespace in the standard form, too. */
  readonly bare?: true;
  /** What other writers call it; taken when it is read. */
  readonly also?: readonly string[];
}

export interface XmlStyle {
  readonly form: XmlForm;
  /** Numbers of the simple form in hexadecimal digits; the standard form has decimal ones. */
  readonly hexadecimal: boolean;
  readonly comments: boolean;
  /** Says in front of a protected message what is in it. */
  readonly explain?: ((to: XmlWriter, apdu: Apdu) => void) | undefined;
}

export class XmlWriter {
  #text = '';
  #depth = 0;

  /** `within`: what is written stands in a comment, so comments in it are lines that begin with #. */
  constructor(
    readonly style: XmlStyle,
    readonly within: boolean = false,
  ) {}

  get simple(): boolean {
    return this.style.form === 'simple';
  }

  /** A line as it is: the declaration, a tag with attributes of its own. */
  line(text: string): void {
    this.#text += `${'  '.repeat(this.#depth)}${text}\n`;
  }

  open(name: Name, count?: string): void {
    this.line(`<${this.#tag(name)}${count === undefined || !this.simple ? '' : ` Qty="${count}" `}>`);
    this.#depth++;
  }
  close(name: Name): void {
    this.#depth--;
    this.line(`</${this.#tag(name)}>`);
  }
  empty(name: Name): void {
    this.line(`<${this.#tag(name)} />`);
  }

  /** An element with a value: its attribute in the simple form, its text in the standard one. `encoding`: what the value is in. */
  leaf(name: Name, value: string, encoding?: string): void {
    const said = encoding === undefined ? '' : ` Encoding="${encoding}"`;
    const tag = this.#tag(name);
    if (this.simple || name.bare === true) this.line(`<${tag} Value="${attribute(value)}"${said} />`);
    else this.line(`<${tag}${said}>${escaped(value)}</${tag}>`);
  }

  /** Text between the tags in both forms; the lines of it on lines of their own where there are several. */
  block(name: Name, lines: readonly string[], encoding?: string): void {
    const tag = this.#tag(name);
    const said = encoding === undefined ? '' : ` Encoding="${encoding}"`;
    if (lines.length === 1) return this.line(`<${tag}${said}>${escaped(lines[0] as string)}</${tag}>`);
    this.line(`<${tag}${said}>`);
    this.#depth++;
    for (const line of lines) this.line(escaped(line));
    this.#depth--;
    this.line(`</${tag}>`);
  }

  comment(text: string): void {
    if (!this.style.comments) return;
    this.line(this.within ? `# ${oneLine(text)}` : `<!-- ${inComment(oneLine(text))} -->`);
  }

  /** Several lines in one comment. */
  note(head: string, lines: string): void {
    if (this.within) return;
    this.line(`<!-- ${inComment(head)}`);
    for (const line of lines.trimEnd().split('\n')) this.line(inComment(line));
    this.line('-->');
  }

  toString(): string {
    return this.#text;
  }

  #tag(name: Name): string {
    if (this.simple) return name.simple;
    return name.bare === true ? name.standard : `${PREFIX}:${name.standard}`;
  }
}

/** Can these characters stand in an XML document at all? */
export function xmlCharacters(text: string): boolean {
  return ALLOWED.test(text);
}

const PREFIX = 'x';
export const NAMESPACE = 'http://www.dlms.com/COSEMpdu';

function escaped(text: string): string {
  return text.replace(/[&<>\r]/g, c => ENTITIES[c] as string);
}

// Line ends and tabs in an attribute are read as blanks unless they are written as numbers.
function attribute(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, c => ENTITIES[c] as string);
}

function oneLine(text: string): string {
  return text.replace(/[^ -~\u00a1-\ud7ff\ue000-\ufffd]+/g, ' ');
}

/** Two dashes end a comment, or make it none. */
function inComment(text: string): string {
  return text.replace(/-(?=-|$)/g, '- ');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};
const ALLOWED = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
