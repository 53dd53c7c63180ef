// What dlms-iec-readout puts on a message: telegrams and load profiles as docs/messages.md has them, and how they were obtained.

import { toCsv, toReport, type LoadProfile } from '../../filter/load-profile';
import type { Meter } from '../../core/cosem/reading';
import type { DecoderEvent } from '../../core/iec62056-21/decoder';
import { profileTable, type IecProfile } from '../../core/iec62056-21/profile';
import { DlmsError } from '../../core/wire/errors';
import type { IecReadout } from '../../io/iec/iec-session';
import type { IecSettings } from './meaning';
import type { Fields } from '../lib/on-input';
import { counted, type Said } from '../lib/status-words';
import type { WantedRange } from '../lib/range';

/**
 * The messages of what a decoder said, and what failed. A strict check fails for each problem; otherwise problems stand
 * beside the values, and are a failure where nothing else came.
 */
export function outcomeOf(
  events: readonly DecoderEvent[],
  settings: IecSettings,
): { readonly messages: readonly Fields[]; readonly failure: DlmsError | null } {
  const problems = events.flatMap(event => (event.type === 'problem' ? [event.error] : []));
  const messages = events.flatMap((event): Fields[] => {
    const fields = eventFields(event, settings, problems);
    return fields === null ? [] : [fields];
  });
  const fails = settings.decoder.check === 'strict' || messages.length === 0;
  const failure = problems[0] ?? (messages.length < events.length ? noData() : null);
  return { messages, failure: fails ? failure : null };
}

function noData(): DlmsError {
  return new DlmsError({ code: 'TELEGRAM_INCOMPLETE', have: 0, waitingFor: 'data' });
}

/** The fields of one event; null for a problem and for a telegram without a reading, which are no message. */
function eventFields(event: DecoderEvent, settings: IecSettings, problems: readonly DlmsError[]): Fields | null {
  switch (event.type) {
    case 'telegram': {
      const { telegram, origin, identification } = event;
      if (telegram.readings.length === 0) return null;
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

/** The messages of a readout: the list or the registers, and each profile in its form. */
export function readoutFields(readout: IecReadout, settings: IecSettings, wanted: WantedRange): readonly Fields[] {
  const identification = readout.identification?.raw;
  const notes = [...readout.repeated.map(({ short }) => `asked once more: ${short}`), ...readout.learned];
  const more = {
    ...(identification === undefined ? {} : { identification }),
    durationMs: readout.durationMs,
    ...(notes.length > 0 && { notes }),
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
  const form = settings.profile.output;
  const profiles = readout.profiles.map((read): Fields => {
    const profile = loadProfile(read.profile, read.meter, settings.read === 'profile' ? wanted : null);
    const { meter, profile: about, columns } = profile;
    // The object says it all itself; rows and texts do not.
    const beside = form === 'object' ? {} : { meter, profile: about, columns };
    const { unparsed } = read.profile;
    const { checksum } = read.origin;
    const told = unparsed.length === 0 ? {} : { unparsed };
    const dlms = { source: 'iec', framing: 'iec', service: read.profile.code, checksum, ...told, ...beside, ...more };
    return { payload: FORMS[form](profile), dlms };
  });
  const telegram = settings.read === 'profile' ? undefined : readout.telegrams.at(-1);
  const list = telegram === undefined ? null : eventFields(telegram, settings, []);
  const lists = list === null ? [] : [{ ...list, dlms: { ...(list['dlms'] as Fields), ...more } }];
  if (profiles.length + lists.length === 0) throw readout.problems[0] ?? noData();
  return [...lists, ...profiles];
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
export function statusOf(payload: unknown): Said {
  if (typeof payload === 'object' && payload !== null) {
    if ('readings' in payload && Array.isArray(payload.readings))
      return counted(payload.readings.length, 'single-reading', 'readings');
    if ('rows' in payload && Array.isArray(payload.rows)) return counted(payload.rows.length, 'row');
    if (Array.isArray(payload)) return counted(payload.length, 'row');
  }
  return typeof payload === 'string' && payload.length > 40 ? { word: 'text' } : String(payload);
}

const FORMS: Readonly<Record<IecSettings['profile']['output'], (profile: LoadProfile) => unknown>> = {
  object: profile => profile,
  rows: profile => profile.rows,
  csv: toCsv,
  report: toReport,
};
