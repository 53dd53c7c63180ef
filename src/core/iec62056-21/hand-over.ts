// What a meter says to "ACK 2 Z 2": the same six characters, HDLC at once, or its list all the same. IEC 62056-21, annex B.

import { NAK, STX } from '../framing/iec-block';

/** `from`: index of the first byte that belongs to HDLC. */
export type Confirmation =
  | { readonly type: 'confirmed'; readonly from: number }
  | { readonly type: 'hdlc'; readonly from: number }
  | { readonly type: 'readout' }
  | { readonly type: 'refused' }
  | { readonly type: 'nothing' };

/** Looks for the confirmation anywhere in what came: noise may stand in front of it. */
export function confirmationIn(received: Uint8Array, wanted: Uint8Array): Confirmation {
  for (let at = 0; at + wanted.length <= received.length; at++) {
    if (wanted.every((byte, i) => received[at + i] === byte)) return { type: 'confirmed', from: at + wanted.length };
  }
  if (received.length === 1 && received[0] === NAK) return { type: 'refused' };
  const flag = received.indexOf(HDLC_FLAG);
  if (flag !== -1) return { type: 'hdlc', from: flag };
  // STX or a bracket: NORAX and others send their list although HDLC was asked for; at another rate it is rubbish.
  const list = received.includes(STX) || received.includes(BRACKET) || received.length > LONGEST_NOISE;
  return { type: list ? 'readout' : 'nothing' };
}

const HDLC_FLAG = 0x7e;
const BRACKET = 0x28;
const LONGEST_NOISE = 16;
