// What dlms-iec-readout puts on a message: telegrams and load profiles of the message contract, and how they were obtained.

import { toCsv, toReport, type LoadProfile } from '../../core/cosem/load-profile';
import type { Meter } from '../../core/cosem/reading';
import type { DecoderEvent } from '../../core/iec62056-21/decoder';
import { profileTable, type IecProfile } from '../../core/iec62056-21/profile';
import { DlmsError } from '../../core/wire/errors';
import type { IecReadout } from '../../io/iec-session';
import type { IecSettings } from './iec-settings';
import type { Fields } from './on-input';
import { choice } from './props';
import type { WantedRange } from './range';

/** The fields of one event; null for a problem, which is no message. */
export function eventFields(event: DecoderEvent, settings: IecSettings, problems: readonly DlmsError[]): Fields | null {
  switch (event.type) {
    case 'telegram': {
      const { telegram, origin, identification } = event;
      const payload = {
        meter: telegram.meter,
        time: telegram.time,
        receivedAt: new Date().toISOString(),
        readings: telegram.readings,
      };
      const dlms = {
        ...origin,
        ...(identification === null ? {} : { identification: identification.raw }),
        ...problemList(problems),
      };
      const [only] = telegram.readings;
      const value = settings.output === 'value' && telegram.readings.length === 1 && only !== undefined;
      if (!value) return { payload, dlms };
      const { obis, name, key, unit } = only;
      return { payload: only.value, dlms: { ...dlms, meter: telegram.meter, objects: [{ obis, name, key, unit }] } };
    }
    case 'profile': {
      const payload = loadProfile(event.profile, event.meter, null);
      return { payload, dlms: { ...event.origin, ...problemList(problems) } };
    }
    case 'problem':
      return null;
  }
}

/** One message for a readout: the list or the registers, or the profile in its form. */
export function readoutFields(
  readout: IecReadout,
  settings: IecSettings,
  output: unknown,
  wanted: WantedRange,
): Fields {
  const identification = readout.identification?.raw;
  const more = {
    ...(identification === undefined ? {} : { identification }),
    durationMs: readout.durationMs,
    ...(readout.failures.length === 0
      ? {}
      : {
          failures: readout.failures.map(({ register, error }) => ({
            register,
            code: error.code,
            message: error.message,
          })),
        }),
    ...problemList(readout.problems.filter(problem => !readout.failures.some(failure => failure.error === problem))),
  };
  const [first] = readout.profiles;
  if (settings.read === 'profile' && first !== undefined) {
    const form = choice('profile output', output, FORM_WORDS, 'object');
    const profile = loadProfile(first.profile, first.meter, wanted);
    const { meter, profile: about, columns } = profile;
    // The object says it all itself; rows and texts do not.
    const beside = form === 'object' ? {} : { meter, profile: about, columns };
    return {
      payload: FORMS[form](profile),
      dlms: { source: 'iec', framing: 'iec', service: first.profile.code, ...beside, ...more },
    };
  }
  const telegram = readout.telegrams.at(-1);
  if (telegram === undefined) throw new DlmsError({ code: 'TELEGRAM_INCOMPLETE', have: 0, waitingFor: 'data' });
  const fields = eventFields(telegram, settings, []) ?? {};
  return { ...fields, dlms: { ...(fields['dlms'] as Fields), ...more } };
}

function loadProfile(profile: IecProfile, meter: Meter, wanted: WantedRange | null): LoadProfile {
  const table = profileTable(profile);
  const asked = wanted?.kind === 'time' ? wanted : { fromMs: null, toMs: null };
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  return {
    meter,
    profile: {
      obis: table.profile.obis ?? table.profile.code,
      capturePeriod: table.profile.capturePeriod,
      access: wanted?.kind === 'all' ? 'all' : 'range',
    },
    from: iso(asked.fromMs) ?? table.from,
    to: iso(asked.toMs) ?? table.to,
    // A text protocol names a register, nothing of classes; a register's value is what it gives.
    columns: table.columns.map(({ id, obis, ...column }) => ({
      ...column,
      obis: obis ?? id,
      classId: 3,
      attribute: 2,
      dataIndex: 0,
      scaler: null,
    })),
    rows: table.rows,
  };
}

function problemList(problems: readonly DlmsError[]): Fields {
  return problems.length === 0 ? {} : { problems: problems.map(({ code, message }) => ({ code, message })) };
}

/** For the status line. */
export function statusOf(payload: unknown): string {
  if (typeof payload === 'object' && payload !== null) {
    if ('readings' in payload && Array.isArray(payload.readings)) return `${payload.readings.length} readings`;
    if ('rows' in payload && Array.isArray(payload.rows)) return `${payload.rows.length} rows`;
    if (Array.isArray(payload)) return `${payload.length} rows`;
  }
  return typeof payload === 'string' && payload.length > 40 ? 'text' : String(payload);
}

const FORM_WORDS = ['object', 'rows', 'csv', 'report'] as const;
const FORMS: Readonly<Record<(typeof FORM_WORDS)[number], (profile: LoadProfile) => unknown>> = {
  object: profile => profile,
  rows: profile => profile.rows,
  csv: toCsv,
  report: toReport,
};
