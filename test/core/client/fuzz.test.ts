import assert from 'node:assert/strict';

import { Client, type ClientStep } from '../../../src/core/client/client';
import { MeterMemory, readObjectList } from '../../../src/core/client/meter-memory';
import type { ClientOptions } from '../../../src/core/client/options';
import { ProfileRead, type ProfileAsk } from '../../../src/core/client/profile-read';
import { decodeData } from '../../../src/core/cosem/data';
import { Obis } from '../../../src/core/cosem/obis';
import { HdlcLink } from '../../../src/core/link/hdlc';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { Key } from '../../../src/core/security';
import { isDlmsError } from '../../../src/core/wire/errors';
import { DEFAULT_KEYS, SimulatedMeter } from '../../../src/sim/meter';
import { MeterPort } from '../../../src/sim/port';

// The invariant: whatever the meter's octets become, a conversation ends in values, in events or in a DlmsError, never in
// another exception, and within a bounded number of steps.

const RUNS = 150;
const STEPS = 3000;
const NAME = { classId: 1, obis: Obis.parse('0-0:42.0.0*255'), attribute: 2 };
const NOW = Date.UTC(2026, 0, 10);

describe('client under damaged answers', function () {
  this.timeout(60_000);
  for (const framing of ['hdlc', 'wrapper'] as const) {
    for (const referencing of ['ln', 'sn'] as const) {
      for (const ciphered of [false, true]) {
        it(`never throws and always ends (${framing}, ${referencing}${ciphered ? ', ciphered' : ''})`, () => {
          let values = 0;
          for (let seed = 1; seed <= RUNS; seed++) values += converse(framing, referencing, ciphered, seed);
          assert.ok(values > RUNS / 4, `only ${values} values came through: the damage hits too much to test anything`);
        });
      }
    }
  }

  it('reads an object list out of any value', () => {
    const next = random(7);
    for (let run = 0; run < 20_000; run++) {
      const bytes = Uint8Array.from(
        { length: 1 + (next() % 60) },
        () => SHAPES[next() % SHAPES.length] ?? next() & 0xff,
      );
      try {
        assert.ok(Array.isArray(readObjectList(decodeData(bytes))));
      } catch (e) {
        assert.ok(isDlmsError(e), String(e));
      }
    }
  });
});

/** One conversation in which every few answers are damaged; the number of values that arrived. */
function converse(framing: 'hdlc' | 'wrapper', referencing: 'ln' | 'sn', ciphered: boolean, seed: number): number {
  const next = random(seed);
  const meter = new SimulatedMeter({
    now: () => NOW,
    random: n => Uint8Array.from({ length: n }, () => next() & 0xff),
    behaviour: { pduSize: 256, hdlcInformation: 128 },
    loadProfile: { days: 1, columns: 3 },
  });
  const port = new MeterPort([meter], { framing });
  const address = ciphered ? 1 : 16;
  const link =
    framing === 'hdlc'
      ? new HdlcLink({ client: address, server: { logical: 1, physical: 17 } })
      : new WrapperLink({ client: address, server: 1 });
  let counter = 5000;
  const protection: Partial<ClientOptions> = {
    authentication: 'high-gmac',
    security: 'authentication-encryption',
    systemTitle: Uint8Array.from([0x4d, 0x46, 0x4c, 0, 0, 0, 0, 9]),
    challenge: new Uint8Array(16).fill(9),
    counter: { next: () => counter++ },
    encryptionKey: Key.parse(DEFAULT_KEYS.encryption, 'k'),
    authenticationKey: Key.parse(DEFAULT_KEYS.authentication, 'k'),
  };
  const base: ClientOptions = { referencing, authentication: 'none', security: 'none', valueLimit: 1 << 16 };
  const client = new Client(link, ciphered ? { ...base, ...protection } : base);
  let steps = 0;
  let values = 0;

  const run = (first: ClientStep, onPart: (bytes: Uint8Array) => void = () => undefined): ClientStep['events'] => {
    const events = [];
    let step = first;
    for (;;) {
      assert.ok(++steps < STEPS, 'a conversation without end');
      events.push(...step.events);
      for (const e of step.events) {
        if (e.type === 'part') onPart(e.bytes);
        if (e.type === 'value') values++;
      }
      const replies = step.write.flatMap(w => [...port.receive(w).write]).map(r => damage(r, next));
      if (replies.length > 0) {
        step = merge(replies.map(r => client.receive(r)));
      } else if (step.waitMs !== null) step = client.timeout();
      else return events;
    }
  };

  run(client.connect());
  if (client.phase === 'ready') {
    const ref = referencing === 'sn' ? { ...NAME, baseName: 0x2000 } : NAME;
    run(client.get([ref]));
  }
  if (client.phase === 'ready' && referencing === 'ln') {
    const read = new ProfileRead(
      {
        obis: Obis.parse('1-0:99.1.0*255'),
        range: { kind: 'all' },
        policy: { mode: 'standard' },
        rangeClock: 'auto',
        nowMs: NOW,
      },
      new MeterMemory(),
    );
    try {
      let ask: ProfileAsk | null = read.start().ask;
      while (ask !== null && client.phase === 'ready') {
        const events = run(client.get(ask.refs, ask.stream), bytes => void read.part(bytes));
        const outcomes = events.flatMap(e => (e.type === 'value' ? [e.outcome] : []));
        if (outcomes.length !== ask.refs.length) break;
        ask = read.answer(outcomes).ask;
      }
    } catch (e) {
      // Rows that make no sense are a DlmsError for the session to reject with.
      assert.ok(isDlmsError(e), String(e));
    }
  }
  if (client.phase !== 'disconnected' && client.phase !== 'connecting') {
    if (client.phase !== 'broken' && client.phase !== 'no-association' && client.phase !== 'ready') client.abort();
    run(client.disconnect());
  }
  return values;
}

function damage(bytes: Uint8Array, next: () => number): Uint8Array {
  if (next() % 12 !== 0) return bytes;
  const at = next() % bytes.length;
  switch (next() % 4) {
    case 0:
      return bytes.map((b, i) => (i === at ? b ^ (1 << (next() % 8)) : b));
    case 1:
      return bytes.slice(0, at);
    case 2:
      return Uint8Array.from([...bytes.subarray(0, at), next() & 0xff, ...bytes.subarray(at)]);
    default:
      return Uint8Array.from([...bytes, ...bytes]);
  }
}

function merge(steps: readonly ClientStep[]): ClientStep {
  return {
    write: steps.flatMap(s => [...s.write]),
    events: steps.flatMap(s => [...s.events]),
    waitMs: steps[steps.length - 1]?.waitMs ?? null,
  };
}

/** xorshift32: the same numbers for a seed on every machine. */
function random(seed: number): () => number {
  let x = seed * 0x9e3779b1 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Octets that make values likely: tags, short counts, lengths. */
const SHAPES = [1, 2, 3, 4, 9, 6, 0x0f, 0x10, 0x11, 0x12, 0x16, 0, 1, 2];
