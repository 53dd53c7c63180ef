// A telegram pasted into the form of dlms-push-decoder, decoded with what stands in the form, deployed or not.
// The rules of the file: secrets that the form does not have are taken from the deployed node and never go back; what cannot
// be read is told as the node would tell it.

import type { NodeAPI } from 'node-red';
import { Obis } from '../../core/obis/obis';
import { obisName, type ObisTexts } from '../../core/obis/obis-names';
import type { Origin, Reading } from '../../core/cosem/reading';
import { PushDecoder, type Layout, type PushEvent, type PushOptions } from '../../core/push';
import { DlmsError } from '../../core/wire/errors';
import { readText } from '../lib/text-forms';
import { recordBatches } from '../lib/containers';
import { fieldsOf } from '../lib/form-connection';
import type { Fields } from '../lib/on-input';
import { Variables } from '../lib/variables';
import { isCredential, UNTOUCHED } from '../lib/settings-table';
import { pushSettings, type PushSettings } from './meaning';
import { PUSH_DECODER } from './settings';

export interface Trial {
  readonly telegrams: readonly TrialTelegram[];
  readonly problems: readonly { readonly code: string; readonly message: string; readonly layout?: Layout }[];
}

export interface TrialTelegram {
  readonly meter: string | null;
  readonly time: string | null;
  readonly origin: Origin;
  readonly readings: readonly Pick<Reading, 'obis' | 'id' | 'name' | 'value' | 'unit'>[];
}

/** What a form sent: `{ id, properties, credentials, text }`. Throws BAD_SETTING. */
export function decodePasted(RED: NodeAPI, body: unknown, texts: ObisTexts): Trial {
  const variables = new Variables(RED, null);
  try {
    return variables.hideDeep(trialOf(RED, body, texts, variables));
  } catch (error) {
    throw variables.hideIn(error);
  }
}

/** What a form sent of a push decoder: `{ id, properties, credentials }`. Throws BAD_SETTING. */
export function formSettings(RED: NodeAPI, body: unknown, variables: Variables): PushSettings {
  const { id, properties, credentials } = fieldsOf(body);
  const deployed = fieldsOf(typeof id === 'string' && id !== '' ? RED.nodes.getNode(id) : null);
  const saved = deployed['type'] === 'dlms-push-decoder' ? fieldsOf(deployed['credentials']) : {};
  const given = fieldsOf(credentials);
  const keys = PUSH_DECODER.filter(isCredential).map(({ name }) => {
    const value = given[name];
    if (value === undefined || value === UNTOUCHED) return [name, saved[name]];
    // Cell by cell.
    return [name, TABLES.has(name) ? value : variables.resolve(value, name)];
  });
  const known = Object.entries(fieldsOf(properties)).map(([name, value]) => [name, variables.resolve(value, name)]);
  const resolve = (cell: string, where: string): string => String(variables.resolve(cell, where));
  return pushSettings(Object.fromEntries(known) as Fields, Object.fromEntries(keys) as Fields, resolve);
}

function trialOf(RED: NodeAPI, body: unknown, texts: ObisTexts, variables: Variables): Trial {
  const { text } = fieldsOf(body);
  if (typeof text !== 'string' || text.length > MAX_TEXT) {
    const expected = `text of at most ${MAX_TEXT} characters`;
    throw new DlmsError({ code: 'BAD_SETTING', setting: 'text', value: typeof text, expected });
  }
  const { options } = formSettings(RED, body, variables);
  const decoder = new PushDecoder({ ...options, hex: false });
  const batches = recordBatches();
  const events = [...batches.receive(readText(text).bytes, true), ...batches.flush()].flatMap(
    (each): readonly PushEvent[] =>
      'error' in each ? [{ type: 'problem', ...each, origin: {} }] : decoder.receive(each.bytes, each.record).events,
  );
  events.push(...decoder.timeout().events);
  return {
    telegrams: events.flatMap(event => (event.type === 'telegram' ? [told(event, texts, options.standard)] : [])),
    problems: events.flatMap(event => {
      if (event.type === 'telegram') return [];
      const { error, proposal } = event;
      const layout = proposal === undefined ? {} : { layout: proposal };
      return [{ code: error.code, message: error.message, ...layout }];
    }),
  };
}

function told(
  { telegram, origin }: PushEvent & { type: 'telegram' },
  texts: ObisTexts,
  standard: PushOptions['standard'],
): TrialTelegram {
  const { meter, time, readings } = telegram;
  return {
    meter: meter.id,
    time,
    origin,
    readings: readings.map(({ obis, id, name, value, unit }) => ({
      obis,
      ...(id === undefined ? {} : { id }),
      name: obis === null ? name : obisName(Obis.parse(obis), texts, standard),
      value,
      unit,
    })),
  };
}

const MAX_TEXT = 300_000;
const TABLES: ReadonlySet<string> = new Set(['keyTable', 'keyEdits']);
