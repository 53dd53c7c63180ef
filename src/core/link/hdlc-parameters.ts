// What SNRM proposes and UA grants: sizes and windows. IEC 62056-46, 6.4.4.4.3.2.
// The rule of the file: what is not said is the standard's default, 128 octets and a window of one.

/** Seen from the station that sends them. */
export interface HdlcParameters {
  /** Octets of an information field, 1..2030. */
  readonly maxInformationTransmit: number;
  readonly maxInformationReceive: number;
  /** Frames before an acknowledgement, 1..7. */
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

export const DEFAULT_PARAMETERS: HdlcParameters = {
  maxInformationTransmit: 128,
  maxInformationReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
};

/** What we propose unless told otherwise: the largest information field whose frame fits 2047 octets, the largest window. */
export const LARGEST_PARAMETERS: HdlcParameters = {
  maxInformationTransmit: 2030,
  maxInformationReceive: 2030,
  windowTransmit: 7,
  windowReceive: 7,
};

/** The information field of SNRM and UA. */
export function encodeParameters(p: HdlcParameters): Uint8Array {
  const group: number[] = [];
  const size = (id: number, value: number): void => {
    if (value <= 0xff) group.push(id, 1, value);
    else group.push(id, 2, value >> 8, value & 0xff);
  };
  size(0x05, p.maxInformationTransmit);
  size(0x06, p.maxInformationReceive);
  group.push(0x07, 4, 0, 0, 0, p.windowTransmit, 0x08, 4, 0, 0, 0, p.windowReceive);
  return Uint8Array.of(0x81, 0x80, group.length, ...group);
}

/** Reads what is there; a damaged or unknown part is skipped, as the defaults always work. */
export function decodeParameters(information: Uint8Array): HdlcParameters {
  const values = new Map<number, number>();
  const end = information.length;
  let at = information[0] === 0x81 && information[1] === 0x80 ? 3 : end;
  while (at + 2 <= end) {
    const id = information[at] as number;
    const length = information[at + 1] as number;
    if (at + 2 + length > end) break;
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (information[at + 2 + i] as number);
    values.set(id, value);
    at += 2 + length;
  }
  const within = (id: number, most: number, otherwise: number): number => {
    const value = values.get(id);
    return value === undefined || value === 0 ? otherwise : Math.min(value, most);
  };
  return {
    maxInformationTransmit: within(0x05, 2030, 128),
    maxInformationReceive: within(0x06, 2030, 128),
    windowTransmit: within(0x07, 7, 1),
    windowReceive: within(0x08, 7, 1),
  };
}

/** What holds for us after the other side's word; its transmitting is our receiving. */
export function agree(ours: HdlcParameters, theirs: HdlcParameters): HdlcParameters {
  return {
    maxInformationTransmit: Math.min(ours.maxInformationTransmit, theirs.maxInformationReceive),
    maxInformationReceive: Math.min(ours.maxInformationReceive, theirs.maxInformationTransmit),
    windowTransmit: Math.min(ours.windowTransmit, theirs.windowReceive),
    windowReceive: Math.min(ours.windowReceive, theirs.windowTransmit),
  };
}

export function sameParameters(a: HdlcParameters, b: HdlcParameters): boolean {
  return (
    a.maxInformationTransmit === b.maxInformationTransmit &&
    a.maxInformationReceive === b.maxInformationReceive &&
    a.windowTransmit === b.windowTransmit &&
    a.windowReceive === b.windowReceive
  );
}

/** "info 2030/2030, window 7/7": transmit/receive. */
export function formatParameters(p: HdlcParameters): string {
  return `info ${p.maxInformationTransmit}/${p.maxInformationReceive}, window ${p.windowTransmit}/${p.windowReceive}`;
}
