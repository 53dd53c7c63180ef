// Whatever a meter answers, a request ends: in values, in one refusal or in one fault, after a bounded number of inputs.
// The answers are those of the simulated meter, damaged, mostly under check sequences and lengths that fit again.

import assert from 'node:assert/strict';

import { Client, type ClientEvent, type ClientStep } from '../../../src/core/client/client';
import type { ClientOptions } from '../../../src/core/client/options';
import type { AttributeRef } from '../../../src/core/client/request';
import { SN_OBJECT_LIST } from '../../../src/core/client/sn';
import { Obis } from '../../../src/core/obis/obis';
import { HdlcLink } from '../../../src/core/link/hdlc';
import { encodeHdlcAddress } from '../../../src/core/framing/hdlc-address';
import { decodeHdlcFrame, encodeHdlcFrame } from '../../../src/core/framing/hdlc-frame';
import { encodeWrapper } from '../../../src/core/framing/wrapper';
import { WrapperLink } from '../../../src/core/link/wrapper';
import { Key } from '../../../src/core/security';
import { isDlmsError } from '../../../src/core/wire/errors';
import { DEFAULT_KEYS } from '../../../src/sim/meter';
import { MeterPort, type Framing } from '../../../src/sim/port';
import { seeded } from '../../feed';
import { meterAt, NOW } from '../../sim/wire';

const ANSWERS_EACH = 5000;
const INPUTS_EACH = 600;

const ref = (classId: number, obis: string, attribute: number): AttributeRef => ({
  classId,
  obis: Obis.parse(obis),
  attribute,
});
const NAME = ref(1, '0-0:42.0.0*255', 2);
const IMPORT = ref(3, '1-0:1.8.0*255', 2);
const OBJECTS = ref(15, '0-0:40.0.0*255', 2);

interface Setting {
  readonly name: string;
  readonly framing: Framing;
  readonly client: number;
  readonly options: Partial<ClientOptions>;
  readonly refs: readonly (readonly AttributeRef[])[];
}

const SETTINGS: readonly Setting[] = [
  { name: 'hdlc', framing: 'hdlc', client: 16, options: {}, refs: [[NAME, IMPORT], [OBJECTS]] },
  { name: 'wrapper', framing: 'wrapper', client: 16, options: {}, refs: [[NAME, IMPORT], [OBJECTS]] },
  {
    name: 'wrapper, short names',
    framing: 'wrapper',
    client: 16,
    options: { referencing: 'sn' },
    refs: [[SN_OBJECT_LIST], [SN_OBJECT_LIST]],
  },
  {
    name: 'wrapper, ciphered',
    framing: 'wrapper',
    client: 1,
    options: {
      authentication: 'high-gmac',
      security: 'authentication-encryption',
      systemTitle: Uint8Array.from([0x4d, 0x46, 0x4c, 0, 0, 0, 0, 1]),
      encryptionKey: Key.parse(DEFAULT_KEYS.encryption, 'key'),
      authenticationKey: Key.parse(DEFAULT_KEYS.authentication, 'key'),
      challenge: new Uint8Array(16).fill(5),
    },
    refs: [[NAME, IMPORT], [OBJECTS]],
  },
];

describe('a client whose meter answers damaged', () => {
  for (const setting of SETTINGS) {
    it(`gets ${ANSWERS_EACH} damaged answers over ${setting.name}: each request ends, by events alone`, () => {
      const random = seeded(20_261_121);
      const meter = meterAt(NOW, { behaviour: { pduSize: 256, hdlcInformation: 128 } });
      const ended = { answered: 0, failed: 0, refused: 0, fault: 0 };
      let counter = 0;
      let damaged = 0;
      for (let talk = 0; damaged < ANSWERS_EACH; talk++) {
        assert.ok(talk < 4 * ANSWERS_EACH, 'hardly anything was damaged');
        const port = new MeterPort([meter], { framing: setting.framing });
        const link =
          setting.framing === 'hdlc'
            ? new HdlcLink({ client: setting.client, server: { logical: 1, physical: 17 } })
            : new WrapperLink({ client: setting.client, server: 1 });
        const client = new Client(link, {
          referencing: 'ln',
          authentication: 'none',
          security: 'none',
          invokeIdIncrease: true,
          pduSize: 256,
          counter: { next: () => ++counter },
          ...setting.options,
        });
        let inputs = 0;
        // Some conversations are undisturbed until the association stands, so that all of it is reached.
        const from = random(2) === 0 ? 0 : 4;
        const drive = (first: () => ClientStep, over: (e: ClientEvent) => boolean): boolean => {
          let step = first();
          let heard = 0;
          for (;;) {
            for (const e of step.events) if ('error' in e) assert.ok(isDlmsError(e.error), String(e.error));
            const end = step.events.find(over);
            if (end !== undefined) {
              if (end.type in ended) ended[end.type as keyof typeof ended]++;
              return end.type === 'associated' || end.type === 'answered' || end.type === 'failed';
            }
            assert.ok(++inputs < INPUTS_EACH, `no end after ${inputs} inputs`);
            const back = step.write.flatMap(bytes => port.receive(bytes).write);
            if (back.length === 0) {
              assert.notEqual(step.waitMs, null, `${client.phase}: nothing comes, and nobody waits`);
              step = client.timeout();
              continue;
            }
            const chunks = back.map(bytes => {
              if (heard++ < from || random(3) === 0) return bytes;
              damaged++;
              return damage(bytes, setting.framing, random);
            });
            const steps = chunks.map(chunk => client.receive(chunk));
            const last = steps[steps.length - 1] as ClientStep;
            step = {
              write: steps.flatMap(s => s.write),
              events: steps.flatMap(s => s.events),
              waitMs: last.waitMs,
            };
          }
        };
        const open = drive(
          () => client.connect(),
          e => e.type === 'associated' || e.type === 'refused' || e.type === 'fault',
        );
        if (!open) continue;
        for (const refs of setting.refs) {
          const going = drive(
            () => client.get(refs),
            e => e.type === 'answered' || e.type === 'failed' || e.type === 'fault',
          );
          if (!going) break;
        }
      }
      for (const [how, times] of Object.entries(ended)) {
        // What was damaged under a cipher says nothing any more, not even a refusal.
        if (how !== 'failed' || setting.options.security === undefined) assert.ok(times > 0, `none ended as ${how}`);
      }
    }).timeout(60_000);
  }
});

/** Some octets changed, cut, doubled or put in; three times in four inside a frame that is whole again. */
function damage(bytes: Uint8Array, framing: Framing, random: (n: number) => number): Uint8Array {
  if (random(4) === 0) return mutated(bytes, random);
  if (framing === 'wrapper') return encodeWrapper(1, bytes[5] as number, mutated(bytes.subarray(8), random));
  const frame = decodeHdlcFrame(bytes.subarray(1, bytes.length - 1));
  if (frame.information.length === 0) return mutated(bytes, random);
  return encodeHdlcFrame({
    destination: encodeHdlcAddress(frame.destination, 1),
    source: encodeHdlcAddress(frame.source),
    control: frame.control,
    segmented: random(20) === 0 ? !frame.segmented : frame.segmented,
    information: mutated(frame.information, random),
  });
}

function mutated(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  let out = bytes.slice();
  for (let n = 1 + random(3); n > 0; n--) {
    const at = random(Math.max(1, out.length));
    switch (random(5)) {
      case 0:
        out[at] = random(256);
        break;
      case 1:
        if (out.length > 0) out[at] = (out[at] as number) ^ (1 << random(8));
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), random(256), ...out.subarray(at)]);
        break;
      default:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at, at + random(40)), ...out.subarray(at)]);
    }
  }
  return out.length === 0 ? Uint8Array.of(0) : out;
}
