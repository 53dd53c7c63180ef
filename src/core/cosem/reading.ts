// The model every decoder ends in. docs/messages.md: these shapes are public and only grow.

import type { ProfileColumn } from './profile-layout';

export type Value = number | string | boolean | null;

export interface Meter {
  readonly id: string | null;
  /** Three-letter FLAG id. */
  readonly manufacturer: string | null;
  readonly model: string | null;
  /** Lower-case hex of the eight octets. */
  readonly systemTitle?: string;
  /** What the user calls it: of the row of keys that opened its telegram. */
  readonly name?: string;
}

/** One bracket pair of a text protocol. */
export interface ValueSet {
  readonly text: string;
  readonly value?: Value;
  readonly unit?: string | null;
  readonly time?: string | null;
}

export type ScaleSource = 'telegram' | 'layout' | 'user' | 'none';

export interface Reading {
  /** Canonical A-B:C.D.E*F; null if the id is not OBIS. */
  readonly obis: string | null;
  /** As the meter wrote it (text protocols). */
  readonly id?: string;
  /** Index in a positional list. */
  readonly position?: number;
  /** English, from the dictionary. */
  readonly name: string;
  /** Machine name, snake_case, unique per code; never changes. */
  readonly key: string;
  readonly value: Value;
  /** As sent by the meter; null when it has none or an unknown one. */
  readonly unit: string | null;
  /** The integer on the wire (decimal string when a double cannot hold it) and the power of ten. */
  readonly raw?: number | string;
  readonly scaler?: number;
  readonly scaleSource?: ScaleSource;
  /** Its own time, ISO 8601. */
  readonly time?: string | null;
  readonly sets?: readonly ValueSet[];
  readonly text?: string;
  readonly classId?: number;
  readonly attribute?: number;
  /** A decimal string where a number cannot hold it (SML: up to 64 bits). */
  readonly status?: number | string;
  /** SML: the name of the peculiarity of this meter that `value` was freed from; `raw` stays as sent. */
  readonly corrected?: string;
  /** SML: in hex. */
  readonly signature?: string;
  /** Of whom it is, where that is another meter than the one that sends: water, gas or heat on a channel of it. */
  readonly meter?: Meter;
}

export interface Telegram {
  readonly meter: Meter;
  /** The meter's own clock; null when it sent none or an invalid one. */
  readonly time: string | null;
  /** Ours, always; ISO 8601 in UTC. Filled in by the caller of the core, which has no clock. */
  readonly receivedAt: string;
  readonly readings: readonly Reading[];
}

/** `msg.dlms`: how it was obtained. */
export interface Origin {
  readonly source: 'push' | 'get' | 'set' | 'profile' | 'iec';
  readonly framing?: string;
  readonly service?: string;
  readonly encrypted?: boolean;
  /** true only when a tag was verified. */
  readonly authenticated?: boolean;
  readonly systemTitle?: string;
  readonly invocationCounter?: number;
  /** The invocation counter is not above the last one of this system title. */
  readonly replayed?: true;
  /** Telegrams missing between the last one and this, by the invocation counter. */
  readonly skipped?: number;
  readonly layout?: string;
  /** Only the number of elements and what they can mean speak for this layout. `layoutBy` says the same. */
  readonly guessed?: true;
  readonly layoutBy?: 'guessed';
  /** Who said by which convention the values of a list without scaler are scaled. */
  readonly conventionBy?: 'facts' | 'confirmed' | 'setting';
  /** The conventions that differ in values of this telegram, which are not scaled for that. */
  readonly conventions?: readonly string[];
  /** The offset of the times is that of the place in which alone this layout is sent. */
  readonly zone?: 'layout';
  /** The meter sent a clock that tells no time: never set, not specified, or a day that no calendar has. */
  readonly clock?: 'invalid';
  readonly checksum?: 'ok' | 'bad' | 'none';
  /** SML: the check is the CRC of Holley's RS-485 output, not X.25. */
  readonly check?: 'kermit';
  /** SML: the check of one message is wrong inside a file whose check fits. */
  readonly messageCheck?: 'bad';
  /** SML, in hex; the meter's id is what people read on it. */
  readonly serverId?: string;
  /** SML: seconds of operation; never a time. */
  readonly secIndex?: number;
  /** SML: the clock of the gateway that hands the list on, or its seconds of operation. */
  readonly gatewayTime?: string;
  readonly gatewaySecIndex?: number;
  readonly listName?: string;
  /** SML, in hex. */
  readonly listSignature?: string;
  /** SML: of the whole file, in hex. */
  readonly signature?: string;
  /** SML: what getProcParameter answered. */
  readonly parameters?: readonly Parameter[];
  readonly complete?: false;
  /** Lines, or parts of them, that could not be read although the check fits; their neighbours are in the payload. */
  readonly unparsed?: readonly string[];
  readonly hex?: string;
  /** Where the payload is a value or a list of values: what they are, in the same order. */
  readonly objects?: readonly OriginObject[];
  /** Where the payload is rows, one row or text: whose they are, and of which profile. */
  readonly meter?: Meter;
  readonly profile?: {
    readonly obis: string;
    /** Seconds; 0: captured at events; null: unknown. */
    readonly capturePeriod: number | null;
    /** What the meter accepted; absent while the read is still running. */
    readonly access?: 'range' | 'entry' | 'all';
  };
  readonly columns?: readonly ProfileColumn[];
}

/** SML: a parameter as a reading, without value and unit where it has none of its own; and what stands below it. */
export interface Parameter extends Omit<Reading, 'value' | 'unit'> {
  readonly value?: Value;
  readonly unit?: string | null;
  readonly children?: readonly Parameter[];
}

/** What a bare value is. */
export type OriginObject = Pick<Reading, 'name' | 'key' | 'unit'> & {
  readonly obis: string | null;
  readonly classId?: number;
  readonly attribute?: number;
};
