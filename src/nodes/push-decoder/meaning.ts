// What the properties and credentials of dlms-push-decoder mean.
// The rule of the file: everything is checked when the node starts, with the property named; keys are never shown.

import { clockPolicy } from '../../core/cosem/date-time';
import { importConventions, importLayouts, LAYOUTS, type PushOptions, type RowPreset } from '../../core/push';
import { DlmsError } from '../../core/wire/errors';
import { plainText } from '../../core/wire/foreign';
import { parse } from '../../io/settings/parse';
import type { CredentialOf, Values } from '../lib/settings-table';
import { keyTableOf, rowPreset } from './key-sources';
import { PUSH_DECODER } from './settings';

export type PushCredentials = Partial<Record<CredentialOf<typeof PUSH_DECODER>, string>>;

export interface PushSettings {
  readonly source: 'message' | 'connection';
  /** Message property that tells sources apart; null: topic and sender's address. */
  readonly sourceProperty: string | null;
  /** So many sources of bytes have a decoder of their own. */
  readonly maxSources: number;
  /** Silence that is a problem, in ms; null: none. */
  readonly silenceMs: number | null;
  readonly options: PushOptions;
}

/**
 * Throws BAD_SETTING for the first property that is wrong; rows of the table of keys that are wrong are its `faults`.
 * `resolve`: cells of that table that hold `${NAME}`.
 */
export function pushSettings(
  properties: Values,
  credentials: PushCredentials = {},
  resolve: (cell: string, where: string) => string = cell => cell,
): PushSettings {
  const row = parse(PUSH_DECODER, properties, credentials);
  const layouts = importLayouts(row.layouts);
  const presets = new Map<string, RowPreset>();
  const knows = (name: string): boolean => {
    const preset = presets.get(name) ?? rowPreset(name, [...layouts, ...LAYOUTS], ofPreset);
    if (preset !== null) presets.set(name, preset);
    return preset !== null;
  };
  // As it is written, so that lines count from its first one.
  const [keyTable, keyEdits] = [credentials.keyTable, credentials.keyEdits].map(each => plainText(each, 'keyTable'));
  const keys = keyTableOf(
    { keyTable: keyTable ?? '', keyEdits: keyEdits ?? '', keyFile: row.keyFile },
    { resolve, knows },
  );
  return {
    source: row.source,
    sourceProperty: row.sourceProperty,
    maxSources: row.maxSources,
    silenceMs: row.silence === null || row.silence === 0 ? null : row.silence * 1000,
    options: {
      framing: row.framing,
      layout: row.layout,
      layouts,
      scalers: scalersOf(row.scalers),
      convention: row.convention,
      families: [{ family: 'own', conventions: importConventions(row.conventions) }],
      encryptionKey: row.encryptionKey,
      authenticationKey: row.authenticationKey,
      broadcastKey: row.broadcastKey,
      masterKey: row.masterKey,
      systemTitle: row.systemTitle,
      keys,
      onlyListed: row.onlyListed,
      presets,
      policy: clockPolicy(row.clockPolicy, row.timezone ?? undefined),
      // Empty: by the keys.
      require: row.require,
      replay: row.replay,
      idleMs: row.idle,
      hex: row.hex,
      corrections: !row.asSent,
      zeroCrc: row.noCrc,
      standard: row.standard,
    },
  };
}

/** Of what a preset puts into the form, that which may differ from meter to meter. */
function ofPreset(decoder: Values): RowPreset {
  const { layout, scalers, policy, require } = pushSettings(decoder).options;
  const named = (...names: readonly string[]): boolean => names.some(name => decoder[name] !== undefined);
  return {
    ...(named('layout') && layout !== undefined && { layout }),
    ...(named('scalers') && scalers !== undefined && { scalers }),
    ...(named('timezone', 'clockPolicy') && policy !== undefined && { policy }),
    ...(named('require') && require !== undefined && { require }),
  };
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
