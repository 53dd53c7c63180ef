// dlms-get-object: objects of a meter as a telegram, or their values alone.
// The rule of the file: wiring only; what an object is and how it is read stands in lib/object-refs and lib/read-objects.

import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { Telegram } from '../../core/cosem/reading';
import { namedBy } from '../../core/obis/obis-names';
import { parse } from '../../io/settings/parse';
import { nameOf } from '../lib/attributes';
import { connectionOf } from '../lib/connection-api';
import { meterOf, originOf } from '../lib/meter-identity';
import { wantedObjects } from '../lib/object-refs';
import { counted, type Said } from '../lib/status-words';
import { onInput, type Fields } from '../lib/on-input';
import { text } from '../lib/props';
import { originObject, readObjects, type ReadObject } from '../lib/read-objects';
import type { Values } from '../lib/settings-table';
import { GET_OBJECT } from './settings';

type GetObjectDef = NodeDef & Values;

export = (RED: NodeAPI): void => {
  function GetObject(this: Node, config: GetObjectDef): void {
    RED.nodes.createNode(this, config);
    onInput(
      RED,
      this,
      async (msg, task) => {
        const { output, ...row } = parse(GET_OBJECT, config);
        const { obis, objects: list } = msg as { obis?: unknown; objects?: unknown };
        const target = task.meter;
        const wanted = wantedObjects(row.objects, { obis, objects: list });
        return connectionOf(RED, row.connection).withSession(
          async session => {
            const { settings } = session;
            const { read, meter } = await session.together(async turn => {
              const read = await readObjects(turn, wanted, settings.clock);
              const anything = read.objects.some(o => o.outcome.ok);
              const asked = output === 'telegram' && anything;
              return { read, meter: asked ? await turn.identity() : { name: null, title: turn.title } };
            }, task.signal);
            const { objects, time } = read;
            // When not one of them came, the first refusal is the answer.
            const refused = objects.filter(o => !o.outcome.ok);
            if (refused.length === objects.length && refused[0]?.outcome.ok === false) throw refused[0].outcome.error;
            const origin = originOf(settings, meter.title, 'get');
            const dlms = { ...origin, ...(refused.length > 0 && { refused: refused.map(refusal) }) };
            if (output === 'value') {
              return {
                payload: valueOf(objects),
                dlms: { ...dlms, objects: namedBy(settings.standard, objects.map(originObject)) },
              };
            }
            const serialNumber = text(target?.['serialNumber'], null);
            const telegram: Telegram = {
              meter: meterOf(meter, settings, serialNumber),
              time,
              receivedAt: new Date().toISOString(),
              readings: namedBy(
                settings.standard,
                objects.flatMap(o => (o.outcome.ok ? [o.outcome.reading] : [])),
              ),
            };
            return { payload: telegram, dlms };
          },
          {
            signal: task.signal,
            meter: target,
            onState: state => task.progress(state.phase === 'connected' ? 'reading' : state.says),
          },
        );
      },
      { status: sent => statusOf(sent) },
    );
  }
  RED.nodes.registerType('dlms-get-object', GetObject);
};

/**
 * One object: its value; several: a list in the order asked, null where one was refused. An object that was asked for as a
 * whole is an object with its attributes by name, without those that were refused.
 */
function valueOf(objects: readonly ReadObject[]): unknown {
  const values: unknown[] = [];
  const wholes = new Map<number, Record<string, unknown>>();
  for (const { wanted, outcome } of objects) {
    const value = outcome.ok ? flowValue(outcome.plain) : null;
    if (wanted.whole === undefined) {
      values.push(value);
      continue;
    }
    let whole = wholes.get(wanted.whole);
    if (whole === undefined) {
      wholes.set(wanted.whole, (whole = {}));
      values.push(whole);
    }
    if (outcome.ok) whole[nameOf(wanted.classId, wanted.attribute)] = value;
  }
  return values.length === 1 ? values[0] : values;
}

/** Bytes leave as Buffer, the way flows know them. */
function flowValue(plain: unknown): unknown {
  if (plain instanceof Uint8Array) return Buffer.from(plain);
  if (Array.isArray(plain)) return plain.map(flowValue);
  if (typeof plain !== 'object' || plain === null) return plain;
  return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, flowValue(value)]));
}

function refusal({ wanted, outcome }: ReadObject): Fields {
  const error = outcome.ok ? null : outcome.error;
  const { classId, attribute } = wanted;
  return { obis: wanted.obis.toString(), classId, attribute, code: error?.code, message: error?.message };
}

function statusOf(sent: Fields | null): Said {
  const payload = sent?.['payload'];
  if (isTelegram(payload)) {
    const [first] = payload.readings;
    if (payload.readings.length === 1 && first !== undefined)
      return `${String(first.value)} ${first.unit ?? ''}`.trim();
    return counted(payload.readings.length, 'single-reading', 'readings');
  }
  if (Array.isArray(payload)) return counted(payload.length, 'value');
  return typeof payload === 'object' && payload !== null ? 'ok' : String(payload);
}

function isTelegram(payload: unknown): payload is Telegram {
  return typeof payload === 'object' && payload !== null && 'readings' in payload && Array.isArray(payload.readings);
}
