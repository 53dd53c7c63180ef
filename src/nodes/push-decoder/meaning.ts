// What the properties and credentials of dlms-push-decoder mean.
// The rule of the file: everything is checked when the node starts, with the property named; keys are never shown.

import { CLOCK_MODES, clockPolicy } from '../../core/cosem/date-time';
import { PROOFS, type Proof } from '../../core/cosem/proof';
import { FRAMINGS, importLayouts, type PushOptions } from '../../core/push';
import { Key, parseSystemTitle } from '../../core/security';
import { DlmsError } from '../../core/wire/errors';
import { choice, flag, number, text } from '../lib/props';

export const PUSH_CREDENTIALS = ['encryptionKey', 'authenticationKey', 'broadcastKey', 'masterKey'] as const;
export type PushCredentials = Partial<Record<(typeof PUSH_CREDENTIALS)[number], string>>;

/** As the editor stores them. */
export interface PushProperties {
  readonly source?: unknown;
  readonly connection?: unknown;
  readonly framing?: unknown;
  readonly layout?: unknown;
  readonly layouts?: unknown;
  readonly scalers?: unknown;
  readonly systemTitle?: unknown;
  readonly timezone?: unknown;
  readonly clockPolicy?: unknown;
  readonly require?: unknown;
  readonly replay?: unknown;
  readonly sourceProperty?: unknown;
  readonly idle?: unknown;
  readonly silence?: unknown;
  readonly hex?: unknown;
  readonly asSent?: unknown;
  readonly noCrc?: unknown;
}

export interface PushSettings {
  readonly source: 'message' | 'connection';
  /** Message property that tells sources apart; null: topic and sender's address. */
  readonly sourceProperty: string | null;
  /** Silence that is a problem, in ms; null: none. */
  readonly silenceMs: number | null;
  readonly options: PushOptions;
}

/** Throws BAD_SETTING for the first property that is wrong. */
export function pushSettings(properties: PushProperties, credentials: PushCredentials = {}): PushSettings {
  const key = (name: keyof PushCredentials): Key | null => {
    const given = text(credentials[name], null);
    return given === null ? null : Key.parse(given, name);
  };
  const title = text(properties.systemTitle, null);
  const silence = number('silence', properties.silence, null, { min: 0, max: 31_536_000, decimals: true });
  return {
    source: choice('source', properties.source, ['message', 'connection'], 'message'),
    sourceProperty: text(properties.sourceProperty, null),
    silenceMs: silence === null || silence === 0 ? null : silence * 1000,
    options: {
      framing: choice('framing', properties.framing, ['auto', ...FRAMINGS], 'auto'),
      layout: text(properties.layout, 'auto'),
      layouts: importLayouts(properties.layouts),
      scalers: scalersOf(properties.scalers),
      encryptionKey: key('encryptionKey'),
      authenticationKey: key('authenticationKey'),
      broadcastKey: key('broadcastKey'),
      masterKey: key('masterKey'),
      systemTitle: title === null ? null : parseSystemTitle(title, 'systemTitle'),
      policy: clockPolicy(
        choice('clockPolicy', properties.clockPolicy, CLOCK_MODES, 'standard'),
        text(properties.timezone, null) ?? undefined,
      ),
      require: requireOf(properties.require),
      replay: choice('replay', properties.replay, ['accept', 'refuse'], 'accept'),
      idleMs: number('idle', properties.idle, 5000, { min: 20, max: 600_000 }),
      hex: flag(properties.hex, false),
      corrections: !flag(properties.asSent, false),
      zeroCrc: flag(properties.noCrc, false),
    },
  };
}

/** Empty: by the keys. */
function requireOf(given: unknown): Proof | null {
  return text(given, null) === null ? null : choice('require', given, PROOFS, 'nothing');
}

/** `{ obis: power }`, or as JSON text. */
function scalersOf(given: unknown): Record<string, unknown> {
  if (given === undefined || given === null || given === '') return {};
  let value = given;
  if (typeof given === 'string') {
    try {
      value = JSON.parse(given);
    } catch (cause) {
      throw new DlmsError(
        { code: 'BAD_SETTING', setting: 'scalers', value: '(text)', expected: 'valid JSON' },
        { cause },
      );
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DlmsError({
      code: 'BAD_SETTING',
      setting: 'scalers',
      value: typeof value,
      expected: 'an object of OBIS codes and powers of ten',
    });
  }
  return value as Record<string, unknown>;
}
