// Whose telegram it is, before it is opened: by which keys, how it is read, and how far it has to be proven.
// The rule of the file: what a row of the table leaves empty of encryption and authentication is not filled up from the keys
// of the others.

import { STANDARD_CLOCK, type ClockPolicy } from '../cosem/date-time';
import { proofByKeys, type Proof } from '../cosem/proof';
import type { KeyRing, KeyRow, KeyTable } from '../security';
import { DlmsError } from '../wire/errors';
import type { PushOptions } from './decoder';
import { importLayouts, LAYOUTS, type Layout } from './layouts';
import { userScalers, type UserScaler } from './scaling';

/** What may differ from meter to meter. */
export type RowPreset = Pick<PushOptions, 'layout' | 'scalers' | 'policy' | 'require'>;

/** What decides what telegrams mean, and how far they have to be proven. */
export interface Way {
  readonly layouts: readonly Layout[];
  readonly onlyLayout: boolean;
  readonly scalers: readonly UserScaler[];
  readonly policy: ClockPolicy;
  readonly require: Proof;
}

export class Senders {
  /** For titles that are in no row, and where there is none. */
  readonly usual: KeyRing;
  readonly #keys: KeyTable | null;
  readonly #usualWay: Way;
  /** By preset and proof; made for the first telegram that needs it. */
  readonly #ways = new Map<string, Way>();

  /** Throws BAD_SETTING for an unknown layout and for a scaler that is no power of ten. */
  constructor(private readonly options: PushOptions) {
    const encryptionKey = options.encryptionKey ?? null;
    this.usual = {
      encryptionKey,
      authenticationKey: options.authenticationKey ?? null,
      broadcastKey: options.broadcastKey ?? null,
      // A push has no association, so a dedicated key can only be the configured one.
      dedicatedKey: encryptionKey,
      masterKey: options.masterKey ?? null,
      agreement: options.agreement ?? null,
      systemTitle: options.systemTitle ?? null,
    };
    this.#keys = options.keys ?? null;
    this.#usualWay = wayOf(options, options.require ?? requiredBy(options));
    // A preset that cannot be is told now.
    for (const preset of options.presets?.values() ?? []) wayOf({ ...options, ...preset }, 'nothing');
  }

  /** By its system title in lower-case hex. */
  rowOf(systemTitle: string | undefined): KeyRow | null {
    return this.#keys === null || systemTitle === undefined ? null : this.#keys.find(systemTitle);
  }

  /** Throws what is wrong with the row. */
  ringOf(row: KeyRow | null, systemTitle: Uint8Array | null): KeyRing {
    if (row === null) {
      return this.options.onlyListed === true && systemTitle !== null ? { ...NO_KEYS, systemTitle } : this.usual;
    }
    if (row.fault !== null) throw row.fault;
    const { encryptionKey, authenticationKey } = row;
    const broadcastKey = row.broadcastKey ?? this.usual.broadcastKey ?? null;
    // The keys that hand over other keys belong to one meter, too.
    return { encryptionKey, authenticationKey, broadcastKey, dedicatedKey: encryptionKey, systemTitle };
  }

  wayOf(row: KeyRow | null): Way {
    if (row === null) return this.#usualWay;
    const preset = this.options.presets?.get(row.preset ?? '') ?? {};
    const require = preset.require ?? this.options.require ?? proofByKeys(row.authenticationKey, row.encryptionKey);
    const id = `${require} ${row.preset}`;
    let way = this.#ways.get(id);
    if (way === undefined) this.#ways.set(id, (way = wayOf({ ...this.options, ...preset }, require)));
    return way;
  }

  /** That no row is for a meter, where that is why there is no key. */
  told(error: DlmsError): DlmsError {
    const { detail } = error;
    if (this.#keys === null || detail.code !== 'NO_KEY' || detail.keyInfo !== undefined) return error;
    if (detail.systemTitle === null || this.#keys.find(detail.systemTitle) !== null) return error;
    return new DlmsError({ ...detail, table: true });
  }
}

/** Where there are rows, nothing in clear is believed to come from one of their meters. */
function requiredBy({
  authenticationKey,
  encryptionKey,
  broadcastKey,
  masterKey,
  agreement,
  keys,
}: PushOptions): Proof {
  return proofByKeys(authenticationKey, encryptionKey, broadcastKey, masterKey, agreement, keys);
}

function wayOf(options: PushOptions, require: Proof): Way {
  const { layout = 'auto', layouts = [], families = [], scalers = {}, policy } = options;
  const all = [...layouts, ...families.flatMap(family => importLayouts(family.layouts ?? [])), ...LAYOUTS];
  const onlyLayout = layout !== 'auto' && layout !== '';
  const chosen = onlyLayout ? all.filter(l => l.name === layout) : all;
  if (chosen.length === 0) {
    const expected = 'auto or the name of a layout';
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'layout', value: layout, expected });
  }
  return { layouts: chosen, onlyLayout, scalers: userScalers(scalers), policy: policy ?? STANDARD_CLOCK, require };
}

const NO_KEYS = { encryptionKey: null, authenticationKey: null };
