// What the forms ask while they are open: test a connection, browse its meter, one live value, codes by words.
// The rules of the file: who talks to a meter needs the permission to write; every answer is bounded in time and ends when
// the browser goes; no secret is in any of them; errors are { code, message }.

import type { NodeAPI } from 'node-red';
import type { ProfileStructure } from '../../core/client/meter-memory';
import type { AttributeRef } from '../../core/client/request';
import { usualClass } from '../../core/cosem/usual-class';
import { Obis } from '../../core/obis/obis';
import { obisName, searchObis, type ObisTexts } from '../../core/obis/obis-names';
import type { Reading } from '../../core/cosem/reading';
import type { PushOptions } from '../../core/push';
import { readCaptureObjects } from '../../core/cosem/profile-layout';
import { DlmsError } from '../../core/wire/errors';
import { searchMeter } from '../../io/diagnosis/connection-search';
import { testConnection } from '../../io/diagnosis/connection-test';
import type { Session } from '../../io/session/session';
import type { ConnectionSettings } from '../../io/settings/settings';
import { fieldsOf, formConnection, withFormSession, type FormConnection } from '../lib/form-connection';
import { hearAlong, listenerOn, usersOf } from './listening-test';
import { browserEntries, type BrowserEntry } from './object-browser';
import { ObjectCache, type CachedObjects } from './object-cache';
import { wantedObjects } from '../lib/object-refs';
import { obisTexts } from '../lib/obis-languages';
import { asNodeError } from '../lib/on-input';
import { readObjects } from '../lib/read-objects';
import { Variables } from '../lib/variables';

/** Made once: routes cannot be taken back. `directory`: where lists are kept over a restart, null for nowhere. */
export function connectionRoutes(RED: NodeAPI, directory: () => string | null): void {
  const mayRead = RED.auth.needsPermission('dlms-connection.read');
  const mayTalk = RED.auth.needsPermission('dlms-connection.write');
  let cache: ObjectCache | null = null;
  const objectCache = (): ObjectCache => (cache ??= new ObjectCache(directory()));

  RED.httpAdmin.post('/dlms-connection/test', mayTalk, (request, response) => {
    answer(RED, response, TEST_MS, async (signal, variables) => {
      const form = formConnection(RED, request.body, variables);
      const { settings, installation } = form;
      const { search, id, decoder, lang } = fieldsOf(request.body);
      const users = usersOf(RED, id, decoder, variables);
      const listensWith = {
        options: users.listensWith ?? ownKeys(settings),
        nameOf: namesIn(textsFor(lang), users.listensWith?.standard),
      };
      const environment = { ...installation, listensWith, onlyListens: users.onlyListens };
      const listener = search === true ? null : listenerOn(RED, settings);
      const stages =
        search === true
          ? searchMeter(settings, environment, signal)
          : listener === null
            ? testConnection(settings, environment, signal)
            : hearAlong(listener, settings, signal, listensWith);
      response.set({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      for await (const stage of stages) {
        if (response.destroyed) return;
        response.write(`${JSON.stringify(variables.hideDeep(stage))}\n`);
      }
      response.end();
    });
  });

  RED.httpAdmin.post('/dlms-connection/browse', mayTalk, (request, response) => {
    answer(RED, response, BROWSE_MS, async (signal, variables) => {
      const { lang, fresh } = fieldsOf(request.body);
      const form = formConnection(RED, request.body, variables);
      const browsed = await browse(form, objectCache(), textsFor(lang), fresh === true, signal);
      response.json(variables.hideDeep(browsed));
    });
  });

  RED.httpAdmin.post('/dlms-connection/value', mayTalk, (request, response) => {
    answer(RED, response, VALUE_MS, async (signal, variables) => {
      const body = fieldsOf(request.body);
      const form = formConnection(RED, body, variables);
      const texts = textsFor(body['lang']);
      const [wanted] = wantedObjects(undefined, {
        objects: [{ obis: body['obis'], classId: body['classId'], attribute: body['attribute'] }],
      });
      if (wanted === undefined) return;
      const isProfile = wanted.classId === PROFILE && body['attribute'] === undefined;
      response.json(
        await withFormSession(form, signal, session =>
          isProfile
            ? describeProfile(session, wanted.obis, texts, signal)
            : liveValue(session, wanted, form.settings.clock, signal),
        ),
      );
    });
  });

  RED.httpAdmin.get('/dlms-connection/obis', mayRead, (request, response) => {
    const { q, lang, standard } = request.query;
    const named = typeof standard === 'string' ? standard : '';
    const texts = textsFor(lang);
    const words = (typeof q === 'string' ? q : '').slice(0, WORDS_LIMIT);
    const found = searchObis(words, texts, SUGGESTIONS, named).map(match => withClass(match.obis, match.name));
    const typed = Obis.tryParse(words.trim());
    // A whole code that the dictionary does not list has a name all the same.
    if (typed !== null && !found.some(f => f.obis === typed.toString())) {
      found.unshift(withClass(typed.toString(), obisName(typed, texts, named)));
    }
    response.json(found);
  });
}

interface Browsed {
  /** Whose list it is; null: the meter does not tell its name. */
  readonly meter: string | null;
  readonly objects: readonly BrowserEntry[];
  /** ISO 8601: when the meter told the list. */
  readonly readAt: string;
  readonly ageSeconds: number;
  /** Why the list is an older one. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** The list that is known, else the meter's; the known one too when the meter cannot be asked now. */
async function browse(
  form: FormConnection,
  cache: ObjectCache,
  texts: ObisTexts,
  fresh: boolean,
  signal: AbortSignal,
): Promise<Browsed> {
  const known = cache.get(form.settings);
  const browsed = ({ objects, readAtMs, meter }: CachedObjects, error?: Browsed['error']): Browsed => ({
    meter,
    objects: browserEntries(objects, texts, form.settings.standard),
    readAt: new Date(readAtMs).toISOString(),
    ageSeconds: Math.max(0, Math.round((Date.now() - readAtMs) / 1000)),
    ...(error !== undefined && { error }),
  });
  if (known !== null && !fresh) return browsed(known);
  try {
    const read = await withFormSession(form, signal, session =>
      session.together(
        async turn => ({ objects: await turn.objects(true), meter: (await turn.identity()).name }),
        signal,
      ),
    );
    const now = { readAtMs: Date.now(), ...read };
    cache.put(form.settings, now);
    return browsed(now);
  } catch (thrown) {
    if (known === null) throw thrown;
    const { code, message } = asNodeError(thrown);
    return browsed(known, { code, message });
  }
}

async function liveValue(
  session: Session,
  wanted: ReturnType<typeof wantedObjects>[number],
  clock: FormConnection['settings']['clock'],
  signal: AbortSignal,
): Promise<object> {
  const { objects } = await session.together(turn => readObjects(turn, [wanted], clock), signal);
  const [read] = objects;
  if (read === undefined) throw new DlmsError({ code: 'INTERNAL', reason: 'a read without an answer' });
  if (!read.outcome.ok) throw read.outcome.error;
  const { reading } = read.outcome;
  const shown = reading.value ?? plainText(read.outcome.plain);
  return { obis: reading.obis, value: shown, unit: reading.unit, classId: read.wanted.classId };
}

/** Columns, period and depth of a profile; what the meter does not tell is left out. */
async function describeProfile(
  session: Session,
  obis: Obis,
  texts: ObisTexts,
  signal: AbortSignal,
): Promise<{ profile: object }> {
  const ref = (attribute: number): AttributeRef => ({ classId: PROFILE, obis, attribute });
  const [columns, period, inUse, entries] = await session.getAll([3, 4, 7, 8].map(ref), signal);
  if (columns?.ok !== true) throw columns?.error ?? new DlmsError({ code: 'INTERNAL', reason: 'no answer' });
  const objects: ProfileStructure['objects'] = readCaptureObjects(columns.value);
  const number = (outcome: typeof period): number | null =>
    outcome?.ok === true && 'value' in outcome.value && typeof outcome.value.value === 'number'
      ? outcome.value.value
      : null;
  return {
    profile: {
      columns: objects.map(o => ({
        obis: o.obis.toString(),
        classId: o.classId,
        attribute: o.attribute,
        name: obisName(o.obis, texts, session.settings.standard),
      })),
      capturePeriod: number(period),
      entriesInUse: number(inUse),
      entries: number(entries),
    },
  };
}

function withClass(obis: string, name: string): { obis: string; name: string; classId: number } {
  return { obis, name, classId: usualClass(Obis.parse(obis)) };
}

function plainText(plain: unknown): unknown {
  if (plain instanceof Uint8Array) return Buffer.from(plain).toString('hex');
  if (typeof plain !== 'object' || plain === null) return plain;
  return JSON.stringify(plain, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  ).slice(0, TEXT_LIMIT);
}

/** What these routes need of an Express response. */
interface Response {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  status(code: number): Response;
  json(body: unknown): unknown;
  end(): unknown;
  on(event: 'close', listener: () => void): unknown;
}

/** Runs `work` until it is done, the time is up or the browser has gone; what it throws becomes { code, message }. */
export function answer(
  RED: NodeAPI,
  response: Response,
  limitMs: number,
  work: (signal: AbortSignal, variables: Variables) => Promise<void>,
): void {
  // The browser went before its turn came: many asked at once.
  if (response.destroyed) return;
  const variables = new Variables(RED, null);
  const stop = new AbortController();
  const what = `the request of the editor after ${limitMs / 1000} s`;
  const timer = setTimeout(() => stop.abort(new DlmsError({ code: 'ABORTED', what })), limitMs);
  response.on('close', () => stop.abort());
  // In a promise from the first line on, so that a wrong setting is an answer too.
  Promise.resolve()
    .then(() => work(stop.signal, variables))
    .catch((thrown: unknown) => {
      if (response.destroyed) return;
      if (response.headersSent) return void response.end();
      const { code, message } = asNodeError(variables.hideIn(thrown));
      response.status(CALLERS.has(code) ? 400 : 502).json({ code, message });
    })
    .finally(() => clearTimeout(timer));
}

/** Where no decoder uses the line yet. */
function ownKeys({ keys }: ConnectionSettings): PushOptions {
  return { encryptionKey: keys.encryption, authenticationKey: keys.authentication };
}

function namesIn(texts: ObisTexts, standard?: string): (reading: Reading) => string {
  return ({ obis, name }) => (obis === null ? name : obisName(Obis.parse(obis), texts, standard));
}

function textsFor(lang: unknown): ObisTexts {
  return obisTexts(typeof lang === 'string' ? lang : 'en');
}

const CALLERS: ReadonlySet<string> = new Set(['BAD_SETTING', 'NOT_SUPPORTED', 'HOST_NOT_ALLOWED']);
const PROFILE = 7;
/** Listening and the search are the longest: 60 s, and what stands before and after them. */
const TEST_MS = 90_000;
const BROWSE_MS = 120_000;
const VALUE_MS = 45_000;
const SUGGESTIONS = 30;
const WORDS_LIMIT = 100;
const TEXT_LIMIT = 300;
