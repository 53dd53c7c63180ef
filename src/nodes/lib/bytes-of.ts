// What a flow may hand to a decoder as bytes: buffers, lists of numbers, and text in any form of lib/text-forms.
// The rule of the file: no octet is changed or left out; what is nothing of all this is BAD_SETTING.

import { DlmsError } from '../../core/wire/errors';
import { readText, type ReadText } from './text-forms';
import { octetsIn } from './text-lists';

/** The bytes of `msg.payload`; `form` null where it was no text. `continued`: as for readText. Throws BAD_SETTING. */
export function readPayload(payload: unknown, continued = false): { bytes: Uint8Array; form: ReadText['form'] | null } {
  if (typeof payload === 'string') return readText(payload, continued);
  return { bytes: bytesOfOthers(payload), form: null };
}

/** The same where nothing goes on from what came before. */
export function bytesOf(payload: unknown): Uint8Array {
  return readPayload(payload).bytes;
}

function bytesOfOthers(payload: unknown): Uint8Array {
  // Not instanceof alone: what a function node makes comes from another realm.
  if (payload instanceof Uint8Array) return payload;
  if (ArrayBuffer.isView(payload) && OCTET_VIEWS.has(kindOf(payload)))
    return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  if (kindOf(payload) === '[object ArrayBuffer]') return new Uint8Array(payload as ArrayBuffer);
  // A list, a Buffer that went through JSON, what an MQTT node has parsed of Tasmota.
  const found = typeof payload === 'object' ? octetsIn(payload) : null;
  if (found === null) throw notBytes(payload === null ? 'null' : typeof payload);
  if (typeof found === 'string') throw notBytes(found);
  return found;
}

function kindOf(payload: unknown): string {
  return Object.prototype.toString.call(payload);
}

function notBytes(value: string): DlmsError {
  const expected = 'a Buffer, or text in hex or base64, or a list of bytes';
  return new DlmsError({ code: 'BAD_SETTING', setting: 'msg.payload', value, expected });
}

const OCTET_VIEWS: ReadonlySet<string> = new Set(['[object Uint8Array]', '[object DataView]']);
