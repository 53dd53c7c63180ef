// Beside what the table of a node says: texts of messages, typedInput properties evaluated for a message, credentials.
// The rule of the file: empty means the default, a wrong value is BAD_SETTING naming the property.

import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { badSetting, plainText, shown } from '../../core/wire/foreign';
import { isCredential, type CredentialOf, type Table } from './settings-table';

/** Text without surrounding blanks; empty or missing gives the default. Throws BAD_SETTING for what is no text. */
export function text(value: unknown, fallback: string, setting?: string): string;
export function text(value: unknown, fallback: null, setting?: string): string | null;
export function text(value: unknown, fallback: string | null, setting = 'a property'): string | null {
  const t = plainText(value, setting).trim();
  return t === '' ? fallback : t;
}

/** The credentials of a node, as `registerType` of the runtime takes them: all of them are passwords. */
export function passwordsOf<const T extends Table>(table: T): Record<CredentialOf<T>, { type: 'password' }> {
  const names = table.filter(isCredential).map(({ name }) => name as CredentialOf<T>);
  return Object.fromEntries(names.map(name => [name, { type: 'password' }])) as Record<
    CredentialOf<T>,
    { type: 'password' }
  >;
}

/** The value of a typedInput property for this message: str, num, msg, flow, global, env, jsonata … Throws BAD_SETTING. */
export function evaluate(
  RED: NodeAPI,
  node: Node,
  msg: NodeMessage,
  setting: string,
  value: unknown,
  type: string,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (e: unknown): void => {
      const reason = e instanceof Error ? e.message : shown(e);
      reject(badSetting(setting, value, `usable: ${reason}`));
    };
    try {
      RED.util.evaluateNodeProperty(
        plainText(value, setting),
        type,
        node,
        msg,
        (error: Error | null, result: unknown) => {
          if (error) failed(error);
          else resolve(result);
        },
      );
    } catch (e) {
      failed(e);
    }
  });
}
