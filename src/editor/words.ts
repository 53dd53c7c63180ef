// The texts of the forms, in the language of the editor. The rule of the file: what is shown comes from a catalog or is told as
// text, never as HTML.

import type { Facts, NodeType, Say, SharedKey } from './texts';

/** The texts of one node. */
export function wordsOf<T extends NodeType>(type: T): Say<T> {
  return (key, facts) => RED._(`${PACKAGE}/${type}:${type}.${key}`, facts);
}

/** The texts that all nodes have in their catalogs. */
export function shared(key: SharedKey, facts?: Facts): string {
  return RED._(`${PACKAGE}/dlms-connection:shared.${key}`, facts);
}

/** The texts of the pieces that several forms share stand with the connection. */
export const say = wordsOf('dlms-connection');

/** null where the catalog of the connection has no such text: keys that come from the server may be newer than this page. */
export function sayIfKnown(key: string, facts?: Facts): string | null {
  const whole = `${PACKAGE}/dlms-connection:dlms-connection.${key}`;
  const text = RED._(whole, facts);
  return isMissing(text, whole) ? null : text;
}

export function language(): string {
  return RED.i18n.lang() || 'en-US';
}

/** A short notice; Node-RED would take text for HTML. */
export function notify(text: string, kind: 'success' | 'warning' | 'error'): void {
  RED.notify($('<p>').text(text), kind);
}

/** What the form calls a property. */
export function labelOf(type: NodeType, name: string): string {
  const key = `${PACKAGE}/${type}:${type}.label.${name}`;
  const text = RED._(key);
  if (!isMissing(text, key)) return text;
  const common = `${PACKAGE}/dlms-connection:shared.label.${name}`;
  const other = RED._(common);
  return isMissing(other, common) ? name : other;
}

/** i18next answers with the key, or with what stands behind its colon. */
function isMissing(text: string, key: string): boolean {
  return text === key || key.endsWith(`:${text}`);
}
