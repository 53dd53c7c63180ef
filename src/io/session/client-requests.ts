// What is asked on an open association: attributes by logical or short names, one service, the object list.
// The rule of the file: each reference gets its outcome, and only a failed association or line rejects.

import type { Client, ClientStep } from '../../core/client/client';
import { readObjectList, type MeterMemory, type ObjectEntry } from '../../core/client/meter-memory';
import { CLIENT_DEFAULTS } from '../../core/client/options';
import { describeRef, type AttributeRef, type Outcome } from '../../core/client/request';
import { SN_OBJECT_LIST } from '../../core/client/sn';
import type { Data } from '../../core/cosem/data';
import { DlmsError } from '../../core/wire/errors';
import type { ClientRunner } from './client-runner';
import { closedError } from '../line/line';

/** Takes the parts of a long value while they come. */
export type OnPart = (bytes: Uint8Array) => void;

/** The attributes; with short names those that have one, the others are undefined objects. */
export async function getAttributes(
  runner: ClientRunner,
  memory: MeterMemory,
  refs: readonly AttributeRef[],
  onPart: OnPart | null,
  signal: AbortSignal,
): Promise<Outcome<Data | null>[]> {
  if (runner.client.options.referencing === 'ln') return await collect(runner, refs, onPart, signal);
  // What has no short name cannot be asked for; the rest is.
  const named = refs.map(r => memory.named(r));
  const known = named.filter(r => r.baseName !== undefined);
  const outcomes = known.length === 0 ? [] : await collect(runner, known, onPart, signal);
  return named.map(r => (r.baseName === undefined ? unnamed(r) : outcomes.shift()) ?? unnamed(r));
}

/** One SET or ACTION; resolves with what it returns, rejects with the refusal. */
export async function single(
  runner: ClientRunner,
  input: (client: Client) => ClientStep,
  signal: AbortSignal,
): Promise<Data | null> {
  let value: Data | null = null;
  await runner.run(
    () => input(runner.client),
    e => {
      if (e.type === 'failed') throw e.error;
      if (e.type === 'value' && !e.outcome.ok) throw e.outcome.error;
      if (e.type === 'value' && e.outcome.ok) value = e.outcome.value;
      return e.type === 'answered';
    },
    signal,
  );
  return value;
}

/** The object list of the association. */
export async function readObjects(runner: ClientRunner, signal: AbortSignal): Promise<readonly ObjectEntry[]> {
  const { referencing, associationObject: obis = CLIENT_DEFAULTS.associationObject } = runner.client.options;
  const ref: AttributeRef =
    referencing === 'sn'
      ? { ...SN_OBJECT_LIST, baseName: runner.client.association?.vaaName ?? 0xfa00 }
      : { classId: 15, obis, attribute: 2 };
  const [outcome] = await collect(runner, [ref], null, signal);
  if (outcome === undefined || !outcome.ok) throw outcome?.error ?? closedError('the request');
  return readObjectList(outcome.value ?? { type: 'null-data' });
}

/** The outcome of each reference, in order; a request refused as a whole gives its error to all that had no answer yet. */
export async function collect(
  runner: ClientRunner,
  refs: readonly AttributeRef[],
  onPart: OnPart | null,
  signal: AbortSignal,
): Promise<Outcome<Data | null>[]> {
  const outcomes: Outcome<Data | null>[] = [];
  await runner.run(
    () => runner.client.get(refs, onPart !== null),
    e => {
      if (e.type === 'value') outcomes[e.index] = e.outcome;
      if (e.type === 'part') onPart?.(e.bytes);
      if (e.type === 'failed') {
        if (endsAssociation(e.error.code)) throw e.error;
        for (let i = 0; i < refs.length; i++) outcomes[i] ??= { ok: false, error: e.error };
      }
      return e.type === 'answered' || e.type === 'failed';
    },
    signal,
  );
  return outcomes;
}

/** After this error the association is worth nothing, though the client may call it ready. */
export function endsAssociation(code: string): boolean {
  return ENDING.has(code);
}

function unnamed(ref: AttributeRef): Outcome<never> {
  const result = 'not in the object list of the association';
  return { ok: false, error: new DlmsError({ code: 'OBJECT_UNDEFINED', object: describeRef(ref), result }) };
}

/** Without a number for it nothing can be sent any more; its own state is in the middle of a request. */
const ENDING: ReadonlySet<string> = new Set(['COUNTER_TOO_LOW', 'KEY_USED_UP', 'STATE_NOT_SAVED', 'COUNTER_INVALID']);
