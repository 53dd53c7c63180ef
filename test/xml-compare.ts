// Do two documents say the same? Order and names of elements count, and values; blank space, comments, leading zeros and
// declarations of namespaces do not. The bits of the conformance block are a set.

import { parseXml, type XmlElement } from '../src/core/xml/parse';

/** What an XML document says, as one text; equal for documents that say the same. */
export function said(xml: string): string {
  return elementSays(parseXml(xml));
}

function elementSays(element: XmlElement): string {
  const children = element.children.map(elementSays);
  const tag = element.prefixed ? `x:${element.name}` : element.name;
  if (/conformance$/i.test(element.name)) {
    const words = element.text.split(/\s+/).filter(word => word !== '');
    return JSON.stringify([tag, [...children, ...words].sort()]);
  }
  const attributes = Object.entries(element.attributes)
    .filter(([name]) => !name.startsWith('xmlns'))
    .map(([name, value]) => `${name}=${valueSays(value)}`);
  return JSON.stringify([tag, attributes.sort(), valueSays(element.text), children]);
}

/** Names of bits have no digits in front, so all values are treated alike. */
function valueSays(value: string): string {
  return value
    .replace(/\s+/g, '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
}
