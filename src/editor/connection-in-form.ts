// A connection as it stands in the editor, deployed or not, for the routes that try it.
// The rule of the file: of the secrets only those that the user wrote; for the rest the server has the deployed node.

import { UNTOUCHED } from '../io/settings/table';
import { valueOf } from './fields';
import { current, fieldOf, savedValue, type FormNode } from './form';

export interface ConnectionInForm {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** The one with this id as the editor holds it; null where there is none. */
export function savedConnection(id: string): ConnectionInForm | null {
  // The editor gives any node; its type says what it is.
  const node = RED.nodes.node(id) as FormNode | null | undefined;
  if (node?.type !== 'dlms-connection') return null;
  return connection(node, name => savedValue(node, name), node.credentials ?? {});
}

/** Gives the one with this id other properties, as its own form would do; undo takes them back. */
export function changeConnection(id: string, values: Readonly<Record<string, string>>): void {
  // The editor gives any node; its type says what it is.
  const node = RED.nodes.node(id) as (FormNode & { changed?: boolean; dirty?: boolean }) | null | undefined;
  if (node?.type !== 'dlms-connection') return;
  const changes = Object.fromEntries(Object.keys(values).map(name => [name, savedValue(node, name)]));
  const event = { t: 'edit', node, changes, changed: node.changed === true, dirty: RED.nodes.dirty() };
  // Its type says a list of changes; the editor has them by name.
  RED.history.push(event as unknown as Parameters<typeof RED.history.push>[0]);
  Object.assign(node, values, { changed: true, dirty: true });
  RED.editor.validateNode(node);
  RED.events.emit('nodes:change', node);
  RED.nodes.dirty(true);
  RED.view.redraw(true);
}

/** The one whose form is open. */
export function connectionInForm(node: FormNode): ConnectionInForm {
  const inField = (name: string): unknown => {
    const field = fieldOf(node, name);
    return field.length === 0 ? savedValue(node, name) : valueOf(field);
  };
  const secrets = Object.keys(node._def.credentials ?? {}).map(name => [name, inField(name)] as const);
  return connection(node, inField, Object.fromEntries(secrets));
}

/** The first push decoder of the editor that listens on this connection, deployed or not; null where there is none. */
export function listeningDecoder(connectionId: string): ConnectionInForm | null {
  let found: FormNode | null = null;
  RED.nodes.eachNode(each => {
    // The editor gives any node; its type says what it is.
    const node = each as unknown as FormNode;
    if (node.type !== 'dlms-push-decoder') return true;
    const listens = current(node, 'source') === 'connection' && current(node, 'connection') === connectionId;
    if (listens) found = node;
    // false ends it.
    return found === null;
  });
  return found === null ? null : connectionInForm(found);
}

function connection(
  node: FormNode,
  valueOfProperty: (name: string) => unknown,
  secrets: Readonly<Record<string, unknown>>,
): ConnectionInForm {
  const properties = Object.keys(node._def.defaults).map(name => [name, valueOfProperty(name)] as const);
  const known = Object.keys(node._def.credentials ?? {});
  const written = known.flatMap(name => {
    const value = secrets[name];
    return typeof value === 'string' && value !== UNTOUCHED ? [[name, value] as const] : [];
  });
  return { id: node.id, properties: Object.fromEntries(properties), credentials: Object.fromEntries(written) };
}
