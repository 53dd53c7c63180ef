// Help as Node-RED's markdown takes it whole. Its rule for a property, `: name (type) : text`, loses what stands before a
// further colon, and a line without a type runs into the next; nobody should have to write help around that.

const PROPERTY = /^: ([^:]+\([^:]+\)) : (.*)$/;
const TYPELESS = /^: ([^:]+) : (.*)$/;

/** The same words: colons in the text of a property as entities, lines without a type as a list. */
export function forNodeRed(help: string): string {
  return help.split('\n').map(line).join('\n');
}

function line(text: string): string {
  const property = PROPERTY.exec(text);
  if (property !== null) return `: ${property[1]} : ${withoutColons(property[2] ?? '')}`;
  return text.replace(TYPELESS, '- **$1** – $2');
}

function withoutColons(text: string): string {
  const parts = text.split(/(`[^`]*`)/);
  return parts.map(part => (part.startsWith('`') ? code(part) : part.replaceAll(':', '&#58;'))).join('');
}

/** In backticks an entity would be shown as it is written. */
function code(span: string): string {
  if (!span.includes(':')) return span;
  return `<code>${span.slice(1, -1).replace(/[^\w ]/gu, c => `&#${c.codePointAt(0)};`)}</code>`;
}
