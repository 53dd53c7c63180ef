// The simulated meter: its objects, accounts, keys, counters and faults. What it says on a line is made by MeterPort.
// The rule of the file: time and randomness are given to it; two meters with the same inputs give the same bytes.

import { encodeApdu, type SelectiveAccess } from '../core/apdu';
import { octets, structure, u32 } from '../core/cosem/data';
import { Obis } from '../core/obis/obis';
import { Key } from '../core/security';
import { unhex } from '../core/wire/hex';
import { defaultAccounts, type Account } from './accounts';
import { DEFAULT_BEHAVIOUR, type Behaviour } from './behaviour';
import { RESULT, type Ask, type CosemObject } from './cosem-object';
import { Faults, type Fault } from './faults';
import { MeterClock, type DeviationStyle } from './meter-clock';
import {
  associationLn,
  associationSn,
  invocationCounterObject,
  sapAssignment,
  securitySetup,
  type Named,
} from './objects/association-list';
import { gasObjects } from './objects/gas';
import { householdObjects, type HouseholdOptions } from './objects/household';
import { baseNames } from './sn-services';

export interface MeterOptions extends HouseholdOptions {
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  /** n octets nobody can guess. */
  readonly random: (n: number) => Uint8Array;
  /** IANA name of the meter's zone. Default Europe/Vienna. */
  readonly zone?: string;
  readonly deviation?: DeviationStyle;
  readonly accounts?: readonly Account[];
  readonly encryptionKey?: Key;
  readonly authenticationKey?: Key;
  /** Eight octets. */
  readonly systemTitle?: Uint8Array;
  /** What a client may associate with. Default both. */
  readonly referencing?: 'ln' | 'sn' | 'both';
  /** Logical device: the upper HDLC address, and the wPort. Default 1. */
  readonly logicalDevice?: number;
  /** Lower HDLC address, for several meters on one line. Default 17; requests without one are taken too. */
  readonly physicalAddress?: number;
  /** Counter of the last protected APDU the meter saw. Default 1000. */
  readonly clientCounter?: number;
  /** The counter of what the meter sends; each call gives the next. Default: from 1 on. */
  readonly serverCounter?: () => number;
  /** Where that counter can be read. Default 0.0.43.1.0.255. */
  readonly counterObject?: string;
  /** The name of the association (LN). Default 0.0.40.0.0.255. */
  readonly associationObject?: string;
  /** A gas meter on M-Bus channel 1. Default yes. */
  readonly gas?: boolean;
  readonly extraObjects?: readonly CosemObject[];
  readonly behaviour?: Partial<Behaviour>;
}

export class SimulatedMeter {
  readonly clock: MeterClock;
  readonly accounts: readonly Account[];
  readonly keys: { readonly encryption: Key; readonly authentication: Key };
  readonly systemTitle: Uint8Array;
  readonly referencing: 'ln' | 'sn' | 'both';
  readonly logicalDevice: number;
  readonly physicalAddress: number;
  readonly associationObject: Obis;
  readonly faults = new Faults();
  behaviour: Behaviour;
  /** Counter of the last protected APDU under the global key; the next must be above it. */
  clientCounter: number;
  clientTitle: Uint8Array = new Uint8Array(8);
  /** Requests with an APDU that were answered. */
  served = 0;

  readonly #now: () => number;
  readonly random: (n: number) => Uint8Array;
  #sent = 0;
  readonly #serverCounter: () => number;
  /** A counter that was used once, where each is used twice. */
  #useAgain: number | null = null;
  readonly #ln: readonly Named[];
  readonly #sn: readonly Named[];
  readonly #byName = new Map<string, CosemObject[]>();

  /** Throws BAD_SETTING for an unknown zone. */
  constructor(options: MeterOptions) {
    this.#now = options.now;
    this.random = options.random;
    this.clock = new MeterClock(options.zone ?? 'Europe/Vienna', options.deviation);
    this.accounts = options.accounts ?? defaultAccounts();
    this.keys = {
      encryption: options.encryptionKey ?? Key.parse(DEFAULT_KEYS.encryption, 'encryption key'),
      authentication: options.authenticationKey ?? Key.parse(DEFAULT_KEYS.authentication, 'authentication key'),
    };
    this.systemTitle = options.systemTitle ?? unhex(DEFAULT_KEYS.systemTitle);
    this.referencing = options.referencing ?? 'both';
    this.logicalDevice = options.logicalDevice ?? 1;
    this.physicalAddress = options.physicalAddress ?? 17;
    this.clientCounter = options.clientCounter ?? 1000;
    this.#serverCounter = options.serverCounter ?? (() => ++this.#sent);
    this.behaviour = { ...DEFAULT_BEHAVIOUR, ...options.behaviour };
    const objects = [
      ...householdObjects(options),
      ...(options.gas === false ? [] : gasObjects()),
      sapAssignment(() => [{ sap: this.logicalDevice, name: options.logicalDeviceName ?? 'MFW0000050021374' }]),
      securitySetup(this.#policy(), () => this.clientTitle, this.systemTitle),
      invocationCounterObject(options.counterObject ?? '0.0.43.1.0.255', () => this.clientCounter),
      ...(options.extraObjects ?? []),
    ];
    this.associationObject = Obis.parse(options.associationObject ?? '0.0.40.0.0.255');
    const ln = associationLn(() => this.#ln, this.logicalDevice, this.associationObject.toString());
    const sn = associationSn(() => this.#sn);
    this.#ln = baseNames(ln, objects);
    this.#sn = baseNames(sn, objects);
    for (const { object } of this.#ln) {
      const name = object.obis.toString();
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), object]);
    }
  }

  /** The meter's own time, which a SET can move. */
  get nowMs(): number {
    return this.#now() + this.clock.shiftMs;
  }

  /** What happens next, and how often; see {@link Fault}. */
  fault(fault: Fault): void {
    this.faults.add(fault);
  }

  /** The account of a client address, if the meter has one. */
  account(client: number): Account | undefined {
    return this.accounts.find(a => a.client === client);
  }

  named(referencing: 'ln' | 'sn'): readonly Named[] {
    return referencing === 'ln' ? this.#ln : this.#sn;
  }

  /** The object, or the data-access-result that says why there is none. */
  find(classId: number, obis: Obis): CosemObject | number {
    const candidates = this.#byName.get(obis.toString());
    if (candidates === undefined) return RESULT.objectUndefined;
    return candidates.find(o => o.classId === classId) ?? RESULT.classInconsistent;
  }

  ask(account: Account, access: SelectiveAccess | null): Ask {
    return { nowMs: this.nowMs, clock: this.clock, account, behaviour: this.behaviour, access };
  }

  nextServerCounter(): number {
    const again = this.behaviour.repeatsCounter ? this.#useAgain : null;
    this.#useAgain = again === null ? this.#serverCounter() : null;
    return again ?? (this.#useAgain as number);
  }

  /** A data-notification as a meter sends it unasked. */
  notification(): Uint8Array {
    return encodeApdu({
      type: 'data-notification',
      longInvoke: 1,
      dateTime: this.clock.octets(this.nowMs),
      body: structure(octets(this.systemTitle), u32(this.served)),
    });
  }

  #policy(): number {
    const order = ['none', 'authentication', 'encryption', 'authentication-encryption'];
    return Math.max(...this.accounts.map(a => order.indexOf(a.security)));
  }
}

/** Of the meter as it leaves the shop; everybody knows them. */
export const DEFAULT_KEYS = {
  encryption: '4d4657454b0102030405060708090a0b',
  authentication: '4d4657414b1112131415161718191a1b',
  systemTitle: '4d46571000000001',
} as const;
