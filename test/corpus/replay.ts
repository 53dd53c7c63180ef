// Plays the server of a recorded conversation: request n is answered with reply n, and every request of ours is compared.
// What to ask is taken from the recording itself, so that the same code runs all of them.

import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

import { decodeApdu, type Apdu, type ConformanceBit } from '../../src/core/apdu';
import { Client, type ClientEvent, type ClientStep } from '../../src/core/client/client';
import type { Authentication, ClientOptions } from '../../src/core/client/options';
import type { AttributeRef, MethodRef, Outcome } from '../../src/core/client/request';
import type { Data } from '../../src/core/cosem/data';
import { Obis } from '../../src/core/obis/obis';
import { HdlcLink } from '../../src/core/link/hdlc';
import { hdlcStream } from '../../src/core/framing/hdlc';
import type { Link } from '../../src/core/link/link';
import { wrapperStream } from '../../src/core/framing/wrapper';
import { WrapperLink } from '../../src/core/link/wrapper';
import { isCiphered, Key, openApdu } from '../../src/core/security';
import { fromLatin1, hex, unhex } from '../../src/core/wire/hex';
import { corpusFile } from '../corpus-files';

export interface Transcript {
  readonly name: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly exchanges: readonly { readonly dir: string; readonly hex: string }[];
}

/** One thing the recorded client asked for, in our words. */
export type Asked =
  | { readonly type: 'get'; readonly refs: readonly AttributeRef[] }
  | { readonly type: 'set'; readonly ref: AttributeRef; readonly value: Data }
  | { readonly type: 'release' };

export interface Replay {
  readonly events: readonly ClientEvent[];
  /** Outcomes of each `get` and `set`, in order. */
  readonly answers: readonly (readonly Outcome<Data | null>[])[];
  /** Requests of ours that differ from the recorded ones, as "ours != theirs". */
  readonly differences: readonly string[];
  readonly repliesLeft: number;
  readonly lastWrite: string;
}

/** Null where the corpus is absent. */
export const TRANSCRIPTS = corpusFile('transcripts');

export function transcript(name: string): Transcript {
  return JSON.parse(readFileSync(join(TRANSCRIPTS ?? '', `${name}.json`), 'utf8')) as Transcript;
}

export function logOf(name: string): string[] {
  const path = join(TRANSCRIPTS ?? '', `${name}.log`);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

/** Pairs of request and reply, from the first DLMS byte on. */
export function pairs(t: Transcript): { request: Uint8Array; reply: Uint8Array }[] {
  const out: { request: Uint8Array; reply: Uint8Array }[] = [];
  for (const e of t.exchanges) {
    if (e.dir === 'client->server') out.push({ request: unhex(e.hex), reply: new Uint8Array(0) });
    else if (e.dir === 'server->client' && out.length > 0) {
      const last = out[out.length - 1] as { request: Uint8Array; reply: Uint8Array };
      last.reply = Uint8Array.from([...last.reply, ...unhex(e.hex)]);
    }
  }
  // An IEC 62056-21 sign-on may stand in front.
  const from = out.findIndex(p => p.request[0] === 0x7e || p.request[0] === 0x00);
  // Over HDLC ours leaves by DISC alone, so a recorded release is left out.
  const release = /e6e60062/;
  return out.slice(from).filter(p => !(p.request[0] === 0x7e && release.test(hex(p.request))));
}

/** Our client with the recording's settings; the AARQ is filled from the recorded one. */
export function clientOf(t: Transcript): { client: Client; asked: Asked[] } {
  const s = t.settings;
  const apdus = requestApdus(t);
  const aarq = apdus.find(a => a.type === 'aarq');
  if (aarq === undefined || aarq.type !== 'aarq' || aarq.userInformation === null) throw new Error('no aarq recorded');
  const clientTitle = typeof s['clientSystemTitle'] === 'string' ? unhex(s['clientSystemTitle']) : aarq.callingApTitle;
  const initiate = opened(t, decodeApdu(aarq.userInformation).apdu, clientTitle);
  if (initiate.type !== 'initiate-request') throw new Error('no initiate-request recorded');
  const ciphered = aarq.applicationContext === 3;
  let counter = Number(s['clientInvocationCounterStart'] ?? 0);
  const referencing = s['ref'] === 'SN' ? 'sn' : 'ln';
  const options: ClientOptions = {
    referencing,
    authentication: authenticationOf(String(s['auth'])),
    secret: fromLatin1(String(s['password'] ?? '')),
    security: ciphered ? 'authentication-encryption' : 'none',
    systemTitle: clientTitle ?? undefined,
    encryptionKey: key(s['blockCipherKey']),
    authenticationKey: key(s['authenticationKey']),
    counter: { next: () => counter++ },
    challenge: aarq.callingAuthenticationValue ?? undefined,
    generalProtection: t.exchanges.some(e => e.dir === 'client->server' && /^.{16}db08|e6e600db08/.test(e.hex)),
    conformance: initiate.conformance as ConformanceBit[],
    pduSize: initiate.maxPduSize,
    invokeIdIncrease: false,
    listSize: 10,
  };
  const asked = requests(t, apdus, clientTitle);
  return { client: new Client(linkOf(t), options), asked };
}

/** Runs the whole conversation; `cut` decides how each reply is cut before it is fed. */
export function replay(name: string, cut: (reply: Uint8Array) => Uint8Array[] = r => [r]): Replay {
  const t = transcript(name);
  const recorded = pairs(t);
  const { client, asked } = clientOf(t);
  const events: ClientEvent[] = [];
  const answers: Outcome<Data | null>[][] = [];
  const differences: string[] = [];
  let lastWrite = '';
  let at = 0;

  const drive = (first: ClientStep): void => {
    let step = first;
    for (let guard = 0; guard < 100_000; guard++) {
      events.push(...step.events);
      const write = step.write.map(hex).join('');
      if (write === '') return;
      lastWrite = write;
      const pair = recorded[at++];
      if (pair === undefined) return;
      if (hex(pair.request) !== write) differences.push(`${write} != ${hex(pair.request)}`);
      // Every piece but the one that completes the answer gives an empty step; what follows belongs to the next turn.
      let next: ClientStep = { write: [], events: [], waitMs: null };
      for (const piece of cut(pair.reply)) {
        const got = client.receive(piece);
        next = { write: [...next.write, ...got.write], events: [...next.events, ...got.events], waitMs: got.waitMs };
      }
      step = next;
    }
    throw new Error('the conversation does not end');
  };

  drive(client.connect());
  for (const a of asked) {
    if (client.phase !== 'ready') break;
    if (a.type === 'release') {
      drive(client.release());
      continue;
    }
    const from = events.length;
    drive(a.type === 'get' ? client.get(a.refs) : client.set(a.ref, a.value));
    answers.push(events.slice(from).flatMap(e => (e.type === 'value' ? [e.outcome] : [])));
  }
  if (client.phase === 'ready' || client.phase === 'no-association') drive(client.disconnect());
  return { events, answers, differences, repliesLeft: recorded.length - at, lastWrite };
}

function requests(t: Transcript, apdus: readonly Apdu[], clientTitle: Uint8Array | null): Asked[] {
  const asked: Asked[] = [];
  for (const outer of apdus) {
    const apdu = opened(t, outer, clientTitle);
    const ref = (
      d: { classId: number; instance: Uint8Array; attribute: number },
      access: AttributeRef['select'] | null,
    ) => ({
      classId: d.classId,
      obis: Obis.from(d.instance),
      attribute: d.attribute,
      ...(access === null || access === undefined ? {} : { select: access }),
    });
    if (apdu.type === 'get-request-normal') asked.push({ type: 'get', refs: [ref(apdu.attribute, apdu.access)] });
    if (apdu.type === 'get-request-with-list') {
      asked.push({ type: 'get', refs: apdu.attributes.map(a => ref(a.attribute, a.access)) });
    }
    if (apdu.type === 'set-request-normal') {
      asked.push({ type: 'set', ref: ref(apdu.attribute, apdu.access), value: apdu.value });
    }
    if (apdu.type === 'rlrq') asked.push({ type: 'release' });
    if (apdu.type === 'read-request') {
      asked.push({
        type: 'get',
        refs: apdu.variables.flatMap(v =>
          v.type === 'variable-name'
            ? [{ classId: 0, obis: Obis.parse('0-0:0.0.0*0'), attribute: 1, baseName: v.name }]
            : [],
        ),
      });
    }
  }
  return asked;
}

function requestApdus(t: Transcript): Apdu[] {
  const wrapper = wrapperStream();
  const hdlc = hdlcStream();
  const out: Apdu[] = [];
  for (const { request } of pairs(t)) {
    const found =
      t.settings['framing'] === 'wrapper'
        ? wrapper.receive(request).flatMap(m => (m.type === 'wrapper' ? [m.apdu] : []))
        : hdlc
            .receive(request)
            .flatMap(f => (f.type === 'hdlc' && f.frame.information.length > 3 ? [f.frame.information] : []))
            .filter(i => i[0] === 0xe6)
            .map(i => i.subarray(3));
    for (const apdu of found) out.push(decodeApdu(apdu).apdu);
  }
  return out;
}

function opened(t: Transcript, apdu: Apdu, systemTitle: Uint8Array | null): Apdu {
  if (!isCiphered(apdu)) return apdu;
  const ring = {
    encryptionKey: key(t.settings['blockCipherKey']) ?? null,
    authenticationKey: key(t.settings['authenticationKey']) ?? null,
    systemTitle,
  };
  return decodeApdu(openApdu(apdu, ring).plaintext).apdu;
}

function linkOf(t: Transcript): Link {
  const client = Number(t.settings['clientAddress']);
  const server = Number(t.settings['serverAddress']);
  if (t.settings['framing'] === 'wrapper') return new WrapperLink({ client, server });
  const info = Number(t.settings['maxInfo'] ?? 128);
  const window = Number(t.settings['window'] ?? 1);
  return new HdlcLink({
    client,
    server: { logical: server, physical: null },
    parameters: {
      maxInformationTransmit: info,
      maxInformationReceive: info,
      windowTransmit: window,
      windowReceive: window,
    },
  });
}

function authenticationOf(auth: string): Authentication {
  if (/gmac/i.test(auth)) return 'high-gmac';
  if (/mechanism 2/.test(auth)) return 'high';
  return auth === 'low' ? 'low' : 'none';
}

function key(text: string | number | undefined): Key | undefined {
  return text === undefined ? undefined : Key.parse(String(text), 'key');
}

export type { MethodRef };
