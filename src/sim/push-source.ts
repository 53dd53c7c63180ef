// A simulated meter that pushes: the same invented values in every known format, plain or encrypted, in that format's framing.
// The rule of the file: what a format is stands in the table of formats; here is only how it is sent.

import { encodeApdu } from '../core/apdu';
import { encodeData, type Data } from '../core/cosem/data';
import { writeDateTime, type DateTimeFields } from '../core/cosem/date-time';
import { pushFrames } from '../core/framing/hdlc-segments';
import { mbusFrames } from '../core/framing/mbus-segments';
import { smlFile } from '../core/framing/sml';
import { encodeWrapper } from '../core/framing/wrapper';
import { Key, protect } from '../core/security';
import { GeneralBlockSender } from '../core/transfer';
import { crc16Arc } from '../core/wire/crc16';
import { concat, fromLatin1, unhex } from '../core/wire/hex';
import { Writer } from '../core/wire/writer';
import type { Carriage, PushFormat } from './push-formats';
import { valuesAt, type MeterValues } from './push-values';

export { PUSH_FORMATS, pushFormat, type Carriage, type PushFormat } from './push-formats';

export interface PushMoment {
  /** The meter's clock. */
  readonly clock?: DateTimeFields;
  /** Invocation counter and long invoke id. */
  readonly counter?: number;
  readonly values?: MeterValues;
}

/** The frames of one telegram in the order of sending. */
export function pushTelegram(format: PushFormat, moment: PushMoment = {}): Uint8Array[] {
  const counter = moment.counter ?? 1;
  const context = {
    clock: moment.clock ?? EXAMPLE_CLOCK,
    clockOctets: writeDateTime(moment.clock ?? EXAMPLE_CLOCK),
    invoke: counter,
    values: moment.values ?? valuesAt(0),
  };
  const plain = format.body.encode(context);
  if (format.envelope === 'p1' || format.envelope === 'p1-untagged') return [p1Envelope(format, plain, counter)];
  if (format.body.text === true) return [plain];
  const { carriage } = format;
  const size = 'blocks' in carriage ? carriage.blocks : undefined;
  if (size === undefined) return carry([sealed(format, plain, counter)], carriage);
  if (format.protect === 'each-block') {
    const blocks = new GeneralBlockSender(plain, size).stream().map(block => encodeApdu(block));
    return carry(
      blocks.map((block, i) => sealed(format, block, counter + i)),
      carriage,
    );
  }
  return carry(new GeneralBlockSender(sealed(format, plain, counter), size).stream().map(encodeApdu), carriage);
}

/** The whole telegram as the bytes that a serial port would see. */
export function pushBytes(format: PushFormat, moment: PushMoment = {}): Uint8Array {
  return concat(...pushTelegram(format, moment));
}

/** The parts of one source that change with time: counters count, energies grow. */
export class PushSource {
  #counter: number;

  constructor(
    readonly format: PushFormat,
    firstCounter = 1,
  ) {
    this.#counter = firstCounter;
  }

  /** The next telegram; `seconds` since the simulated meter was built decide how much energy has been counted. */
  next(clock: DateTimeFields, seconds: number): Uint8Array[] {
    const frames = pushTelegram(this.format, { clock, counter: this.#counter, values: valuesAt(seconds) });
    this.#counter += this.format.protect === 'each-block' ? frames.length : 1;
    return frames;
  }
}

function carry(apdus: readonly Uint8Array[], carriage: Carriage): Uint8Array[] {
  switch (carriage.link) {
    case 'hdlc': {
      const [destination, source] = carriage.addresses.split('/').map(text => unhex(text)) as [Uint8Array, Uint8Array];
      const maxInformation = carriage.segment ?? 2030;
      return apdus.flatMap((apdu, i) =>
        // Only the first block of a transfer carries the LLC header (Landis+Gyr E450).
        pushFrames(apdu, { destination, source, maxInformation, ...(i === 0 ? {} : { llc: new Uint8Array(0) }) }),
      );
    }
    case 'mbus':
      return apdus.flatMap(apdu => mbusFrames(apdu, carriage.maxData));
    case 'wrapper': {
      const [source, destination] = carriage.ports ?? [1, 1];
      return apdus.map(apdu => encodeWrapper(source, destination, apdu));
    }
    case 'raw':
      return carriage.llc === true ? apdus.map(apdu => concat(Uint8Array.of(0xe6, 0xe7, 0x00), apdu)) : [...apdus];
    case 'sml':
      return apdus.map(messages => smlFile(messages, carriage.check));
  }
}

function sealed(format: PushFormat, plaintext: Uint8Array, counter: number): Uint8Array {
  if (format.control === undefined) return plaintext;
  const keys = format.control % 16 === 2 ? EXAMPLE_KEYS_256 : EXAMPLE_KEYS;
  const seal = { systemTitle: EXAMPLE_TITLE, key: keys.encryptionKey, authenticationKey: keys.authenticationKey };
  if (format.envelope === 'general-ciphering') {
    const header = {
      transactionId: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, counter & 0xff),
      originatorSystemTitle: EXAMPLE_TITLE,
      recipientSystemTitle: unhex('53494d0000000002'),
      dateTime: new Uint8Array(0),
      otherInformation: new Uint8Array(0),
    };
    const ciphered = protect({ ...seal, control: format.control, counter, header }, plaintext);
    return encodeApdu({
      type: 'general-ciphering',
      ...header,
      keyInfo: { type: 'identified-key', keyId: 0 },
      ciphered,
    });
  }
  const ciphered = protect({ ...seal, control: format.control, counter }, plaintext);
  const type = format.envelope === 'general-ded' ? 'general-ded-ciphering' : 'general-glo-ciphering';
  return encodeApdu({ type, systemTitle: EXAMPLE_TITLE, ciphered });
}

/** Text under a key: Luxembourg and Styria send the APDU alone, Elgama an identification, no tag and no system title. */
function p1Envelope(format: PushFormat, text: Uint8Array, counter: number): Uint8Array {
  const untagged = format.envelope === 'p1-untagged';
  const ciphered = protect(
    {
      systemTitle: EXAMPLE_TITLE,
      key: EXAMPLE_KEYS.encryptionKey,
      authenticationKey: EXAMPLE_KEYS.authenticationKey,
      control: format.control ?? 0x30,
      counter: untagged ? 0 : counter,
    },
    text,
  );
  const length = new Writer().u8(0x82).u16(ciphered.length).toBytes();
  if (!untagged) return concat(Uint8Array.of(0xdb, 8), EXAMPLE_TITLE, length, ciphered);
  const head = concat(fromLatin1('/SIM5P1\r\n\r\n'), Uint8Array.of(0), length, ciphered);
  const crc = crc16Arc(concat(head, fromLatin1('!')))
    .toString(16)
    .toUpperCase()
    .padStart(4, '0');
  return concat(head, fromLatin1(`!${crc}\r\n`));
}

/** Sunday 2026-11-22 10:15:00, UTC+1. */
const EXAMPLE_CLOCK: DateTimeFields = {
  year: 2026,
  month: 11,
  dayOfMonth: 22,
  dayOfWeek: 7,
  hour: 10,
  minute: 15,
  second: 0,
  hundredths: 0,
  deviationMinutes: -60,
  status: 0,
};

/** Of the simulated meter: nobody else's. SIM is no registered maker. */
export const EXAMPLE_TITLE = unhex('53494d0000000001');
export const EXAMPLE_KEY_TEXT = {
  encryptionKey: '5a4d6e2f19c0b3a7e8d1f40526379c8b',
  authenticationKey: 'c3a59e7810d24fb6618e3d7a90b5f2c4',
  encryptionKey256: '0b1d2f4163758799abcddeff01122334455667788990a1b2c3d4e5f60718293a',
  authenticationKey256: 'f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98765432100123456789abcdef',
} as const;
export const EXAMPLE_KEYS = {
  encryptionKey: Key.parse(EXAMPLE_KEY_TEXT.encryptionKey, 'example key'),
  authenticationKey: Key.parse(EXAMPLE_KEY_TEXT.authenticationKey, 'example key'),
};
export const EXAMPLE_KEYS_256 = {
  encryptionKey: Key.parse(EXAMPLE_KEY_TEXT.encryptionKey256, 'example key'),
  authenticationKey: Key.parse(EXAMPLE_KEY_TEXT.authenticationKey256, 'example key'),
};

/** A body for tests and the simulator: any Data as the content of a data-notification. */
export function notificationOf(body: Data, clock: Uint8Array | null = null, invoke = 1): Uint8Array {
  const w = new Writer().u8(0x0f).u32(invoke);
  if (clock === null) w.u8(0);
  else w.octets(clock);
  return w.bytes(encodeData(body)).toBytes();
}
