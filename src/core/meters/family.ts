// What a file of meters/ says of a family of meters, as far as the core reads it. meters/schema.json describes the whole file.
// The rule of the file: data only; who reads a field stands beside it.

/** A family; its evidence, presets and countries are for people, and are not in the program. */
export interface MeterFamily {
  readonly family: string;
  /** Three letters of the FLAG id each. */
  readonly makers?: readonly string[];
  readonly identify?: Identify;
  /** As a user writes them, too: read by core/push/layouts. */
  readonly layouts?: readonly unknown[];
  /** Read by core/push/conventions. */
  readonly conventions?: readonly Convention[];
  /** Read by core/sml/quirks. */
  readonly quirks?: readonly FamilyQuirk[];
  /** Read by core/iec62056-21/makers. */
  readonly texts?: readonly FamilyTexts[];
  readonly p1?: FamilyP1;
  readonly identity?: { readonly lists?: Places; readonly texts?: Places };
}

/** Where a meter says its number and its model, best first: OBIS patterns in lists, codes in texts. */
export interface Places {
  readonly number?: readonly string[];
  readonly model?: readonly string[];
}

/** What is known of the text meters of the makers of a family beyond the standard. */
export interface FamilyTexts {
  /** What the model begins with; absent: all of these makers. */
  readonly models?: readonly string[];
  /** Offers a rate at which reading it fails: it is kept at the start rate. */
  readonly keepsStartRate?: true;
  /** Ids that are no OBIS codes and whose values are numbers, with what the lines of one id are. */
  readonly lists?: Readonly<Record<string, Lines>>;
}

/** What is known of P1 telegrams beyond DSMR. */
export interface FamilyP1 {
  /** Of these makers, by the identification: CRC-16/X.25 in place of CRC-16/ARC. Read by core/framing/p1-frame. */
  readonly crc?: 'x25';
  /** In hex, of all meters of a country: no secret, it is printed in its specification. Read by core/iec62056-21/p1-decrypt. */
  readonly publishedAuthenticationKey?: string;
}

/** `tariffs`: the total, then one line a tariff. `phases`: one line a phase where there are three. `one`: a single value. */
export type Lines = 'tariffs' | 'phases' | 'one';

/** What only this family sends. */
export interface Identify {
  /** Beginnings of list versions. */
  readonly listVersions?: readonly string[];
}

/** How lists without scaler are to be read: what identifies them, and powers of ten. */
export interface Convention {
  readonly name: string;
  readonly when: Facts;
  readonly scales: Scales;
  /** Of a user's own, for who reads the file. */
  readonly evidence?: string;
}

/** All that are given must hold. Never how much flows. */
export interface Facts {
  /** Of the logical device name, the system title or the meter's number: one of them must be named. */
  readonly makers?: readonly string[];
  /** Beginning of the version of the list. */
  readonly listVersion?: string;
  /** Beginnings of type numbers. A list that says no type leaves it open. */
  readonly types?: readonly string[];
  /** Group B of the push setup whose list it is, from and to; perhaps several of them. */
  readonly setupChannel?: readonly number[];
  /** The list holds voltages of this power of ten, as their size tells. */
  readonly voltage?: number;
  /** A clock without name is the first element of a list of names and values. */
  readonly clockFirst?: boolean;
}

/** Powers of ten; what is absent nobody knows. Reactive and apparent ones follow the active ones. */
export type Scales = Partial<Readonly<Record<ScaledQuantity, number>>>;

/** The same with every quantity; null: not known. */
export type Powers = Readonly<Record<ScaledQuantity, number | null>>;

export type ScaledQuantity = 'power' | 'energy' | 'voltage' | 'current' | 'powerFactor';

/** What the meters are known to send otherwise than they mean it; what its fields do says the code of its name. */
export interface FamilyQuirk {
  readonly name: string;
  readonly evidence: string;
  readonly makers?: readonly string[];
  /** Bits of the status word that mean export, by group C of the power. */
  readonly exportBits: Readonly<Record<string, number>>;
}
