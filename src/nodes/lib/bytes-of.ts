// What a flow may hand to a decoder as bytes: buffers, lists of numbers, and text in any form of lib/text-forms.
// The rule of the file: no octet is changed or left out; what is nothing of all this is BAD_SETTING.

import { DlmsError } from '../../core/wire/errors';
import { readText, type ReadText } from './text-forms';

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
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  if (Array.isArray(payload)) return bytesOfArray(payload);
  // A Buffer that went through JSON: { type: 'Buffer', data: [...] }.
  if (typeof payload === 'object' && payload !== null && 'data' in payload && Array.isArray(payload.data)) {
    return bytesOfArray(payload.data);
  }
  // Tasmota over an MQTT node that parses JSON.
  if (typeof payload === 'object' && payload !== null && 'SerialReceived' in payload) {
    return bytesOf(JSON.stringify({ SerialReceived: payload.SerialReceived }));
  }
  throw notBytes(payload === null ? 'null' : typeof payload);
}

function bytesOfArray(list: readonly unknown[]): Uint8Array {
  if (!list.every(n => typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= 255)) {
    throw notBytes('a list that holds something else than bytes');
  }
  return Uint8Array.from(list as readonly number[]);
}

function notBytes(value: string): DlmsError {
  const expected = 'a Buffer, or text in hex or base64, or a list of bytes';
  return new DlmsError({ code: 'BAD_SETTING', setting: 'msg.payload', value, expected });
}
