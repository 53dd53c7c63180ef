// msg.meter at the door of a node: its secrets are taken off the message before any work, and used for the request only.
// The rule of the file: neither a secret nor the value of a variable leaves by a message, an error or a status.

import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { CONNECTION_SECRETS, METER_FIELDS, meterFields, type Properties } from '../../io/settings/settings';
import { Variables } from './variables';

export class MsgMeter {
  readonly #variables: Variables;
  #overrides: Properties | undefined;

  private constructor(
    RED: NodeAPI,
    node: Node,
    /** As it came, with its secrets. */
    private readonly given: unknown,
  ) {
    this.#variables = new Variables(RED, node);
  }

  /**
   * Replaces `msg.meter` by a copy without secrets: whoever else holds the object keeps it as it was. Where it says where to
   * connect, fields that nobody knows go, too, and lists and objects in it: a misspelt password is a password all the same.
   */
  static take(RED: NodeAPI, node: Node, msg: NodeMessage & { meter?: unknown }, connects: boolean): MsgMeter {
    const { meter } = msg;
    if (typeof meter !== 'object' || meter === null) return new MsgMeter(RED, node, meter);
    try {
      const fields = Object.entries(meter);
      const stays = connects ? isHarmless : (name: string) => !SECRETS.includes(name);
      const harmless = fields.filter(([name, value]) => stays(name, value));
      if (harmless.length < fields.length) msg.meter = Object.fromEntries(harmless);
      return new MsgMeter(RED, node, Array.isArray(meter) ? meter : Object.fromEntries(fields));
    } catch {
      // Its getters throw: refused where it is asked for, and nobody behind us should meet it.
      msg.meter = null;
      return new MsgMeter(RED, node, UNREADABLE);
    }
  }

  /** The overrides of the connection; undefined: none. Throws BAD_SETTING that names the field or the variable. */
  get overrides(): Properties | undefined {
    if (this.given === undefined || this.given === null) return undefined;
    this.#overrides ??= Object.fromEntries(
      Object.entries(meterFields(this.given)).map(([name, value]) => [
        name,
        this.#variables.resolve(value, `msg.meter: ${name}`),
      ]),
    );
    return this.#overrides;
  }

  /** Tells one meter of a node from another; nobody sees it. Empty: the one of the connection. */
  get place(): string {
    const { given } = this;
    if (typeof given !== 'object' || given === null) return '';
    return JSON.stringify(PLACE.map(name => String((given as Properties)[name] ?? '')));
  }

  /** A text for people, without what came from variables. */
  hide(text: string): string {
    return this.#variables.hide(text);
  }

  hideIn(error: unknown): unknown {
    return this.#variables.hideIn(error);
  }
}

function isHarmless(name: string, value: unknown): boolean {
  if (!METER_FIELDS.includes(name) || SECRETS.includes(name)) return false;
  return Array.isArray(value) ? value.every(isPlain) : isPlain(value);
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

const SECRETS: readonly string[] = CONNECTION_SECRETS;
/** Where a meter is. */
const PLACE = ['host', 'port', 'path', 'serverAddress', 'physicalAddress', 'serialNumber', 'meterAddress'];
const UNREADABLE = 'an object that cannot be read';
