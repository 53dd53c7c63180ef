// Any message and any value, for property tests: one arbitrary an APDU. A message that this table lacks does not compile.

import fc from 'fast-check';

import {
  CIPHERED_SERVICES,
  CONFORMANCE_BITS,
  type AccessSpecification,
  type Apdu,
  type ApduType,
  type GetDataResult,
  type KeyInfo,
  type ReadResult,
  type ServiceCipheredType,
  type VariableAccess,
  type WriteResult,
} from '../../../src/core/apdu';
import { decodeData, type Data } from '../../../src/core/cosem/data';
import { unhex } from '../../../src/core/wire/hex';

const u = (octets: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** (8 * octets) - 1 });
const i = (octets: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (8 * octets - 1)), max: 2 ** (8 * octets - 1) - 1 });
const bytes = (maxLength = 20): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 2 });
const list = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { maxLength: 3 });

/** Each of them decodes; the elements in them are those of their octets. */
const COMPACT = [
  // structures of numbers, of octets and a number; bare numbers; a structure of one
  '13020206120c00000001000a00000002000b',
  '13020209120a02010200030203040004',
  '13120400010002',
  '13020112020007',
  // truth values, of which one is no 01; text with a semicolon; fractions; nothing at all
  '130302ff00',
  '130a0302413b',
  '1317043f800000',
  '130900',
  // arrays of two numbers; a structure in a structure
  '13010002120400010002',
  '1302021102020f120401ff0002',
];

const scalars: fc.Arbitrary<Data>[] = [
  fc.constant<Data>({ type: 'null-data' }),
  fc.constant<Data>({ type: 'dont-care' }),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('bit-string' as const), value: fc.stringMatching(/^[01]{0,20}$/) }),
  ...(['bcd', 'unsigned', 'enum', 'delta-unsigned'] as const).map(type =>
    fc.record({ type: fc.constant(type), value: u(1) }),
  ),
  ...(['integer', 'delta-integer'] as const).map(type => fc.record({ type: fc.constant(type), value: i(1) })),
  ...(['long', 'delta-long'] as const).map(type => fc.record({ type: fc.constant(type), value: i(2) })),
  ...(['long-unsigned', 'delta-long-unsigned'] as const).map(type =>
    fc.record({ type: fc.constant(type), value: u(2) }),
  ),
  ...(['double-long', 'delta-double-long'] as const).map(type => fc.record({ type: fc.constant(type), value: i(4) })),
  ...(['double-long-unsigned', 'delta-double-long-unsigned'] as const).map(type =>
    fc.record({ type: fc.constant(type), value: u(4) }),
  ),
  ...(['long64', 'delta-long64'] as const).map(type =>
    fc.record({ type: fc.constant(type), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  ),
  fc.record({ type: fc.constant('long64-unsigned' as const), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({ type: fc.constant('float32' as const), value: fc.float() }),
  fc.record({ type: fc.constant('float64' as const), value: fc.double() }),
  fc.record({ type: fc.constant('octet-string' as const), value: bytes() }),
  fc.record({ type: fc.constant('visible-string' as const), value: bytes() }),
  fc.record({
    type: fc.constant('utf8-string' as const),
    value: fc.oneof(
      bytes(),
      fc.string({ unit: 'binary', maxLength: 12 }).map(text => new TextEncoder().encode(text)),
    ),
  }),
  fc.record({ type: fc.constant('date-time' as const), value: exactly(12) }),
  fc.record({ type: fc.constant('date' as const), value: exactly(5) }),
  fc.record({ type: fc.constant('time' as const), value: exactly(4) }),
  fc.constantFrom(...COMPACT).map(octets => decodeData(unhex(octets))),
];

export const anyData: fc.Arbitrary<Data> = fc.letrec<{ data: Data }>(tie => ({
  data: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...scalars,
    fc.record({
      type: fc.constantFrom('array' as const, 'structure' as const),
      value: fc.array(tie('data'), { maxLength: 4 }),
    }),
  ),
})).data;

const attribute = fc.record({ classId: u(2), instance: exactly(6), attribute: i(1) });
const method = fc.record({ classId: u(2), instance: exactly(6), method: i(1) });
const selection = fc.record({ selector: u(1), parameters: anyData });
const access = maybe(selection);
const attributes = list(fc.record({ attribute, access }));
const block = fc.record({ last: fc.boolean(), block: u(4), raw: bytes() });
const result = u(1);
const dataResult: fc.Arbitrary<GetDataResult> = fc.oneof(
  fc.record({ ok: fc.constant(true as const), data: anyData }),
  fc.record({ ok: fc.constant(false as const), result }),
);
const time = maybe(exactly(12));
const invoke = u(1);
const specification: fc.Arbitrary<AccessSpecification> = fc.oneof(
  fc.record({ type: fc.constantFrom('access-request-get' as const, 'access-request-set' as const), attribute }),
  fc.record({ type: fc.constant('access-request-action' as const), method }),
  fc.record({
    type: fc.constantFrom('access-request-get-with-selection' as const, 'access-request-set-with-selection' as const),
    attribute,
    access: selection,
  }),
);
const variable: fc.Arbitrary<VariableAccess> = fc.oneof(
  fc.record({ type: fc.constant('variable-name' as const), name: u(2) }),
  fc.record({ type: fc.constant('parameterised-access' as const), name: u(2), selector: u(1), parameter: anyData }),
  fc.record({ type: fc.constant('block-number-access' as const), block: u(2) }),
  fc.record({ type: fc.constant('read-data-block-access' as const), last: fc.boolean(), block: u(2), raw: bytes() }),
  fc.record({ type: fc.constant('write-data-block-access' as const), last: fc.boolean(), block: u(2) }),
);
const readResult: fc.Arbitrary<ReadResult> = fc.oneof(
  fc.record({ type: fc.constant('data' as const), data: anyData }),
  fc.record({ type: fc.constant('data-access-error' as const), result }),
  fc.record({ type: fc.constant('data-block-result' as const), last: fc.boolean(), block: u(2), raw: bytes() }),
  fc.record({ type: fc.constant('block-number' as const), block: u(2) }),
);
const writeResult: fc.Arbitrary<WriteResult> = fc.oneof(
  fc.constant<WriteResult>({ type: 'success' }),
  fc.record({ type: fc.constant('data-access-error' as const), result }),
  fc.record({ type: fc.constant('block-number' as const), block: u(2) }),
);
const outcome = { result, returned: maybe(dataResult) };
const conformance = fc.subarray([...CONFORMANCE_BITS]);
const quality = maybe(i(1));
const initiate = unhex('01000000065f1f0400007e1f04b0');
const information = maybe(fc.oneof(bytes(), fc.constantFrom(initiate, unhex('0e010601'), unhex('2105300000000102'))));
const header = {
  transactionId: bytes(),
  originatorSystemTitle: bytes(8),
  recipientSystemTitle: bytes(8),
  dateTime: bytes(12),
  otherInformation: bytes(),
};
const keyInfo: fc.Arbitrary<KeyInfo> = fc.oneof(
  fc.record({ type: fc.constant('identified-key' as const), keyId: u(1) }),
  fc.record({ type: fc.constant('wrapped-key' as const), kekId: u(1), keyCiphered: bytes() }),
  fc.record({ type: fc.constant('agreed-key' as const), keyParameters: bytes(), keyCiphered: bytes() }),
);
const written = { variables: list(variable), data: list(anyData) };
const protocolVersion = maybe(bytes(4));
const context = maybe(u(1));
const release = { reason: maybe(u(1)), userInformation: information };

type Fields<K extends ApduType> = {
  readonly [F in Exclude<keyof Extract<Apdu, { type: K }>, 'type'>]: fc.Arbitrary<Extract<Apdu, { type: K }>[F]>;
};
const TABLE: { readonly [K in Exclude<ApduType, ServiceCipheredType>]: Fields<K> } = {
  'initiate-request': {
    dedicatedKey: maybe(bytes(16)),
    responseAllowed: fc.boolean(),
    qualityOfService: quality,
    version: u(1),
    conformance,
    maxPduSize: u(2),
  },
  'initiate-response': { qualityOfService: quality, version: u(1), conformance, maxPduSize: u(2), vaaName: u(2) },
  'confirmed-service-error': { service: u(1), kind: u(1), error: u(1) },
  aarq: {
    protocolVersion,
    applicationContext: context,
    callingApTitle: maybe(bytes(8)),
    callingAeQualifier: maybe(bytes()),
    callingAeInvocationId: maybe(u(4)),
    mechanism: maybe(u(1)),
    callingAuthenticationValue: maybe(bytes()),
    userInformation: information,
  },
  aare: {
    protocolVersion,
    applicationContext: context,
    result: u(4),
    diagnostic: fc.record({ source: fc.constantFrom(1, 2), value: u(4) }),
    respondingApTitle: maybe(bytes(8)),
    respondingAeQualifier: maybe(bytes()),
    mechanism: maybe(u(1)),
    respondingAuthenticationValue: maybe(bytes()),
    userInformation: information,
  },
  rlrq: release,
  rlre: release,
  'read-request': { variables: list(variable) },
  'write-request': written,
  'read-response': { results: list(readResult) },
  'write-response': { results: list(writeResult) },
  'unconfirmed-write-request': written,
  'information-report-request': { currentTime: maybe(bytes()), ...written },
  'data-notification': { longInvoke: u(4), dateTime: time, body: anyData },
  'event-notification-request': { time, attribute, value: anyData },
  'get-request-normal': { invoke, attribute, access },
  'get-request-next': { invoke, block: u(4) },
  'get-request-with-list': { invoke, attributes },
  'get-response-normal': { invoke, result: dataResult },
  'get-response-with-datablock': {
    invoke,
    last: fc.boolean(),
    block: u(4),
    result: fc.oneof(
      fc.record({ ok: fc.constant(true as const), raw: bytes() }),
      fc.record({ ok: fc.constant(false as const), result }),
    ),
  },
  'get-response-with-list': { invoke, results: list(dataResult) },
  'set-request-normal': { invoke, attribute, access, value: anyData },
  'set-request-with-first-datablock': { invoke, attribute, access, datablock: block },
  'set-request-with-datablock': { invoke, datablock: block },
  'set-request-with-list': { invoke, attributes, values: list(anyData) },
  'set-request-with-list-and-first-datablock': { invoke, attributes, datablock: block },
  'set-response-normal': { invoke, result },
  'set-response-datablock': { invoke, block: u(4) },
  'set-response-last-datablock': { invoke, result, block: u(4) },
  'set-response-last-datablock-with-list': { invoke, results: list(result), block: u(4) },
  'set-response-with-list': { invoke, results: list(result) },
  'action-request-normal': { invoke, method, argument: maybe(anyData) },
  'action-request-next-pblock': { invoke, block: u(4) },
  'action-request-with-list': { invoke, methods: list(method), arguments: list(anyData) },
  'action-request-with-first-pblock': { invoke, method, pblock: block },
  'action-request-with-list-and-first-pblock': { invoke, methods: list(method), pblock: block },
  'action-request-with-pblock': { invoke, pblock: block },
  'action-response-normal': { invoke, ...outcome },
  'action-response-with-pblock': { invoke, pblock: block },
  'action-response-with-list': { invoke, results: list(fc.record(outcome)) },
  'action-response-next-pblock': { invoke, block: u(4) },
  'exception-response': { state: u(1), service: u(1), counter: maybe(u(4)) },
  'access-request': {
    longInvoke: u(4),
    dateTime: bytes(12),
    specifications: list(specification),
    data: list(anyData),
  },
  'access-response': {
    longInvoke: u(4),
    dateTime: bytes(12),
    specifications: maybe(list(specification)),
    data: list(anyData),
    results: list(
      fc.record({
        type: fc.constantFrom(
          'access-response-get' as const,
          'access-response-set' as const,
          'access-response-action' as const,
        ),
        result,
      }),
    ),
  },
  'general-glo-ciphering': { systemTitle: bytes(8), ciphered: bytes() },
  'general-ded-ciphering': { systemTitle: bytes(8), ciphered: bytes() },
  'general-ciphering': { ...header, keyInfo: maybe(keyInfo), ciphered: bytes() },
  'general-signing': { ...header, content: bytes(), signature: bytes() },
  'general-block-transfer': {
    last: fc.boolean(),
    streaming: fc.boolean(),
    window: fc.integer({ min: 0, max: 63 }),
    block: u(2),
    acknowledged: u(2),
    data: bytes(),
  },
};

export const apdusByType: ReadonlyMap<string, fc.Arbitrary<Apdu>> = new Map([
  ...Object.entries(TABLE).map(
    ([type, of]) =>
      [type, fc.record({ type: fc.constant(type), ...of } as Record<string, fc.Arbitrary<unknown>>)] as [
        string,
        fc.Arbitrary<Apdu>,
      ],
  ),
  ...(['glo', 'ded'] as const).flatMap(key =>
    CIPHERED_SERVICES.map(
      ({ name }) =>
        [`${key}-${name}`, fc.record({ type: fc.constant(`${key}-${name}` as const), ciphered: bytes() })] as [
          string,
          fc.Arbitrary<Apdu>,
        ],
    ),
  ),
]);

export const anyApdu: fc.Arbitrary<Apdu> = fc.oneof(...apdusByType.values());
