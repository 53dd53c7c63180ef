// A client of few words for the tests of the simulated meter: one APDU out, what came back in.

import { decodeApdu, encodeApdu, type Apdu, type InitiateRequest } from '../../src/core/apdu';
import { decodeData, i8, octets, structure, u16, u32, array, type Data } from '../../src/core/cosem/data';
import { concat } from '../../src/core/wire/hex';
import { Obis } from '../../src/core/obis/obis';
import { encodeWrapper, wrapperStream } from '../../src/core/framing/wrapper';
import { SimulatedMeter, type MeterOptions } from '../../src/sim/meter';
import { MeterPort, type PortStep } from '../../src/sim/port';

/** Thursday, 15 January 2026, 13:07:30 in Vienna. */
export const NOW = Date.UTC(2026, 0, 15, 12, 7, 30);

/** A generator that gives the same octets each time (mulberry32). */
export function seeded(seed: number): (n: number) => Uint8Array {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 24) & 0xff;
  };
  return n => Uint8Array.from({ length: n }, next);
}

/** A meter whose time stands still and whose dice are known. */
export function meterAt(now: number | (() => number) = NOW, options: Partial<MeterOptions> = {}): SimulatedMeter {
  return new SimulatedMeter({ now: typeof now === 'number' ? () => now : now, random: seeded(7), ...options });
}

export const INITIATE: InitiateRequest = {
  type: 'initiate-request',
  dedicatedKey: null,
  responseAllowed: true,
  qualityOfService: null,
  version: 6,
  conformance: [
    'get',
    'set',
    'action',
    'selective-access',
    'block-transfer-with-get-or-read',
    'multiple-references',
    'read',
    'write',
    'parameterized-access',
  ],
  maxPduSize: 0xffff,
};

/** The plainest association request: public client, logical names. */
export const AARQ: Uint8Array = encodeApdu({
  type: 'aarq',
  protocolVersion: null,
  applicationContext: 1,
  callingApTitle: null,
  callingAeQualifier: null,
  callingAeInvocationId: null,
  mechanism: null,
  callingAuthenticationValue: null,
  userInformation: encodeApdu(INITIATE),
});

export class Wire {
  readonly port: MeterPort;
  readonly #deframer = wrapperStream();
  last: PortStep | null = null;

  constructor(
    readonly meter: SimulatedMeter,
    readonly client = 16,
    readonly server = 1,
  ) {
    this.port = new MeterPort([meter], { framing: 'wrapper' });
  }

  /** Octets of the APDUs that come back. */
  raw(apdu: Uint8Array): Uint8Array[] {
    this.last = this.port.receive(encodeWrapper(this.client, this.server, apdu));
    return this.last.write
      .flatMap(bytes => this.#deframer.receive(bytes))
      .flatMap(m => (m.type === 'wrapper' ? [m.apdu] : []));
  }

  /** The one APDU that comes back, or null where nothing does. */
  ask(apdu: Apdu): Apdu | null {
    const all = this.raw(encodeApdu(apdu));
    const first = all[0];
    return first === undefined ? null : decodeApdu(first).apdu;
  }

  associate(
    change: {
      mechanism?: number;
      proof?: Uint8Array;
      title?: Uint8Array;
      context?: number;
      initiate?: Uint8Array;
    } = {},
  ): Apdu | null {
    return this.ask({
      type: 'aarq',
      protocolVersion: null,
      applicationContext: change.context ?? 1,
      callingApTitle: change.title ?? null,
      callingAeQualifier: null,
      callingAeInvocationId: null,
      mechanism: change.mechanism ?? null,
      callingAuthenticationValue: change.proof ?? null,
      userInformation: change.initiate ?? encodeApdu(INITIATE),
    });
  }

  /** An attribute, blocks joined by hand; a number is the data-access-result. */
  get(
    classId: number,
    obis: string,
    attribute: number,
    access: { selector: number; parameters: Data } | null = null,
  ): Data | number {
    let answer = this.ask(getRequest(classId, obis, attribute, access));
    if (answer?.type === 'get-response-normal') return answer.result.ok ? answer.result.data : answer.result.result;
    const parts: Uint8Array[] = [];
    while (answer?.type === 'get-response-with-datablock') {
      if (!answer.result.ok) return answer.result.result;
      parts.push(answer.result.raw);
      if (answer.last) return decodeData(concat(...parts));
      answer = this.ask({ type: 'get-request-next', invoke: 0xc1, block: answer.block });
    }
    throw new Error(`${answer?.type} to a get-request`);
  }
}

export function getRequest(
  classId: number,
  obis: string,
  attribute: number,
  access: { selector: number; parameters: Data } | null = null,
): Extract<Apdu, { type: 'get-request-normal' }> {
  return {
    type: 'get-request-normal',
    invoke: 0xc1,
    attribute: { classId, instance: Obis.parse(obis).bytes, attribute },
    access,
  };
}

/** Selector 1 with clock octets as they are. */
export function range(
  from: Uint8Array,
  to: Uint8Array,
  columns: readonly Data[] = [],
): { selector: number; parameters: Data } {
  return {
    selector: 1,
    parameters: structure(capture(8, '0.0.1.0.0.255', 2), octets(from), octets(to), array(...columns)),
  };
}

export function entries(
  from: number,
  to: number,
  fromColumn = 1,
  toColumn = 0,
): { selector: number; parameters: Data } {
  return { selector: 2, parameters: structure(u32(from), u32(to), u16(fromColumn), u16(toColumn)) };
}

export function capture(classId: number, obis: string, attribute: number): Data {
  return structure(u16(classId), octets(Obis.parse(obis).bytes), i8(attribute), u16(0));
}

/** Elements of an array or structure. */
export function elements(data: Data | number): readonly Data[] {
  if (typeof data === 'number' || (data.type !== 'array' && data.type !== 'structure'))
    throw new Error(`no elements in ${JSON.stringify(data)}`);
  return data.value;
}
