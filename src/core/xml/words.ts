// Numbers that are words in XML. In the standard form the words of the standard, in the simple form those that translators
// write, which are not always the same ones.

import type { Words } from './part';

/** Data-Access-Result, and Action-Result, which has two words of its own in the standard. */
export const DATA_ACCESS: Words = [
  [0, 'Success', 'success'],
  [1, 'HardwareFault', 'hardware-fault'],
  [2, 'TemporaryFailure', 'temporary-failure'],
  [3, 'ReadWriteDenied', 'read-write-denied'],
  [4, 'UndefinedObject', 'object-undefined'],
  [9, 'InconsistentClass', 'object-class-inconsistent'],
  [11, 'UnavailableObject', 'object-unavailable'],
  [12, 'UnmatchedType', 'type-unmatched'],
  [13, 'AccessViolated', 'scope-of-access-violated'],
  [14, 'DataBlockUnavailable', 'data-block-unavailable'],
  [15, 'LongGetOrReadAborted', 'long-get-aborted', 'long-action-aborted'],
  [16, 'NoLongGetOrReadInProgress', 'no-long-get-in-progress', 'no-long-action-in-progress'],
  [17, 'LongSetOrWriteAborted', 'long-set-aborted'],
  [18, 'NoLongSetOrWriteInProgress', 'no-long-set-in-progress'],
  [19, 'DataBlockNumberInvalid', 'data-block-number-invalid'],
  [250, 'OtherReason', 'other-reason'],
];

export const CONTEXTS: Words = [
  [1, 'LN', '1'],
  [2, 'SN', '2'],
  [3, 'LN_WITH_CIPHERING', '3'],
  [4, 'SN_WITH_CIPHERING', '4'],
];

export const MECHANISMS: Words = [
  [0, 'None', '0'],
  [1, 'Low', '1'],
  [2, 'High', '2'],
  [3, 'HighMd5', '3'],
  [4, 'HighSha1', '4'],
  [5, 'HighGMac', '5'],
  [6, 'HighSha256', '6'],
  [7, 'HighECDSA', '7'],
];

export const REQUEST_REASONS: Words = [
  [0, 'Normal', 'normal'],
  [1, 'Urgent', 'urgent', 'not-finished'],
  [30, 'UserDefined', 'user-defined'],
];

export const RESPONSE_REASONS: Words = [
  [0, 'Normal', 'normal'],
  [1, 'NotFinished', 'not-finished', 'Urgent'],
  [30, 'UserDefined', 'user-defined'],
];

export const EXCEPTION_STATES: Words = [
  [1, 'ServiceNotAllowed', 'service-not-allowed'],
  [2, 'ServiceUnknown', 'service-unknown'],
];

export const EXCEPTION_SERVICES: Words = [
  [1, 'OperationNotPossible', 'operation-not-possible'],
  [2, 'ServiceNotSupported', 'service-not-supported'],
  [3, 'OtherReason', 'other-reason'],
  [4, 'PduTooLong', 'pdu-too-long'],
  [5, 'DecipheringError', 'deciphering-error'],
  [6, 'InvocationCounterError', 'invocation-counter-error'],
];

/** The lists of a ServiceError, by their numbers from 0 on: the element that an error of the list is, and its words. */
export const SERVICE_ERRORS: readonly (readonly [simple: string, standard: string, errors: Words])[] = [
  [
    'ApplicationReference',
    'application-reference',
    spelled(
      'other',
      'time-elapsed',
      'application-unreachable',
      'application-reference-invalid',
      'application-context-unsupported',
      'provider-communication-error',
      'deciphering-error',
    ),
  ],
  [
    'HardwareResource',
    'hardware-resource',
    spelled(
      'other',
      'memory-unavailable',
      'processor-resource-unavailable',
      'mass-storage-unavailable',
      'other-resource-unavailable',
    ),
  ],
  [
    'VdeStateError',
    'vde-state-error',
    spelled('other', 'no-dlms-context', 'loading-data-set', 'status-nochange', 'status-inoperable'),
  ],
  ['Service', 'service', spelled('other', 'pdu-size', 'service-unsupported')],
  [
    'Definition',
    'definition',
    spelled('other', 'object-undefined', 'object-class-inconsistent', 'object-attribute-inconsistent'),
  ],
  [
    'Access',
    'access',
    [
      [0, 'Other', 'other'],
      [1, 'ScopeOfAccessViolated', 'scope-of-access-violated'],
      [2, 'ObjectAccessInvalid', 'object-access-violated'],
      [3, 'HardwareFault', 'hardware-fault'],
      [4, 'ObjectUnavailable', 'object-unavailable'],
    ],
  ],
  [
    'Initiate',
    'initiate',
    [
      [0, 'Other', 'other'],
      [1, 'DlmsVersionTooLow', 'dlms-version-too-low'],
      [2, 'IncompatibleConformance', 'incompatible-conformance'],
      [3, 'PduSizeTooShort', 'pdu-size-too-short'],
      [4, 'RefusedByTheVDEHandler', 'refused-by-the-VDE-Handler'],
    ],
  ],
  [
    'LoadDataSet',
    'load-data-set',
    spelled(
      'other',
      'primitive-out-of-sequence',
      'not-loadable',
      'dataset-size-too-large',
      'not-awaited-segment',
      'interpretation-failure',
      'storage-failure',
      'data-set-not-ready',
    ),
  ],
  ['ChangeScope', 'change-scope', spelled('other')],
  [
    'Task',
    'task',
    [
      [0, 'Other', 'other'],
      [1, 'NoRemoteControl', 'no-remote-control'],
      [2, 'tiStopped', 'ti-stopped'],
      [3, 'tiRunning', 'ti-running'],
      [4, 'tiUnusable', 'ti-unusable'],
    ],
  ],
  ['Other', 'other', spelled('other')],
];

/** The services of a confirmed-service-error, from 1 on: the alternatives of its CHOICE, which are elements in the standard form. */
export const ERROR_SERVICES = [
  'initiateError',
  'getStatus',
  'getNameList',
  'getVariableAttribute',
  'read',
  'write',
  'getDataSetAttribute',
  'getTIAttribute',
  'changeScope',
  'start',
  'stop',
  'resume',
  'makeUsable',
  'initiateLoad',
  'loadSegment',
  'terminateLoad',
  'initiateUpLoad',
  'upLoadSegment',
  'terminateUpLoad',
] as const;

/** Words whose simple form is the standard one in capitals. */
function spelled(...words: string[]): Words {
  return words.map((word, value) => [value, camel(word), word]);
}

/** `time-elapsed` as `TimeElapsed`. */
export function camel(word: string): string {
  return word.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
