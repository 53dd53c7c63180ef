// The frames that carry a secret, in a trace: their headers stay to be read, their contents and check sequences do not.
// The rule of the file: an APDU with a secret marks all frames up to the next APDU, however the link cuts them. Nothing is
// searched for in a frame, because a piece in the middle of a password looks like nothing; and a check sequence tells
// which of many passwords fits.

import { FLAG, readHeader } from '../../core/framing/hdlc-frame';

/** What a trace shows in place of an octet of a secret. */
export const ASTERISK = 0x2a;

/** One write of the link, and which of its octets are not shown. */
interface Sent {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Told which APDUs go out with a secret, it says how the bytes on the line are shown. */
export class SecretFrames {
  /** What went out since an APDU with a secret; null: none is under way. */
  #sent: Sent[] | null = null;
  /** Frames that may be coming back, and how many octets of them came. */
  #echoes: readonly { readonly frame: Sent; readonly at: number }[] = [];

  /** An APDU goes out; the one before it is not repeated any more. */
  apdu(secret: boolean): void {
    this.#sent = secret ? [] : null;
    this.#echoes = [];
  }

  /** One write of the link, which is one frame. The same array where nothing is hidden. */
  written(bytes: Uint8Array): Uint8Array {
    if (this.#sent === null) return bytes;
    const frame = { bytes, ...contentsOf(bytes) };
    if (frame.from >= frame.to) return bytes;
    this.#sent = [...this.#sent.slice(-FRAMES_KEPT), frame];
    return bytes.slice().fill(ASTERISK, frame.from, frame.to);
  }

  /** Bytes in pieces of any size. Two-wire lines and optical heads bring back what was written, password and all. */
  received(bytes: Uint8Array): Uint8Array {
    const sent = this.#sent;
    if (sent === null) return bytes;
    const shown = bytes.slice();
    let hidden = false;
    for (const [i, octet] of bytes.entries()) {
      const begins = sent.map(frame => ({ frame, at: 0 }));
      // Behind the header of one of our frames as many octets as that has are its echo, damaged ones too.
      const fits = [...this.#echoes, ...begins].filter(e => isHidden(e.frame, e.at) || e.frame.bytes[e.at] === octet);
      if (fits.some(e => isHidden(e.frame, e.at))) {
        shown[i] = ASTERISK;
        hidden = true;
      }
      this.#echoes = fits.map(e => ({ frame: e.frame, at: e.at + 1 })).filter(e => e.at < e.frame.bytes.length);
    }
    return hidden ? shown : bytes;
  }
}

function isHidden(frame: Sent, at: number): boolean {
  return at >= frame.from && at < frame.to;
}

/** Of an HDLC frame the information field and the FCS, of a wrapper message the APDU; all of what is neither. */
function contentsOf(bytes: Uint8Array): { from: number; to: number } {
  if (bytes[0] === 0 && bytes[1] === 1) return { from: WRAPPER_HEADER_OCTETS, to: bytes.length };
  const header = bytes[0] === FLAG ? readHeader(bytes, 1) : 'short';
  if (header === 'short' || 'reason' in header) return { from: 0, to: bytes.length };
  if (!header.hasInformation) return { from: 0, to: 0 };
  return { from: 1 + header.controlAt + 1 + CHECK_OCTETS, to: Math.min(1 + header.length, bytes.length) };
}

const FRAMES_KEPT = 64;
const WRAPPER_HEADER_OCTETS = 8;
const CHECK_OCTETS = 2;
