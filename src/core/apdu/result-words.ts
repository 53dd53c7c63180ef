// The numbers of refusal in the standard's words. Tables only; an unknown number stays a number.
// IEC 62056-5-3: Data-Access-Result, Action-Result, Associate-source-diagnostic, ExceptionResponse, ServiceError.

/** data-access-result, and data-access-error of short-name referencing: `read-write-denied` for 3. */
export function dataAccessResult(result: number): string {
  return DATA_ACCESS[result] ?? `data-access-result ${result}`;
}

export function actionResult(result: number): string {
  return ACTION[result] ?? `action-result ${result}`;
}

/** association-result: `rejected-permanent` for 1. */
export function associationResult(result: number): string {
  return ASSOCIATION[result] ?? `association-result ${result}`;
}

/** result-source-diagnostic of an AARE. */
export function associationDiagnostic(diagnostic: { readonly source: number; readonly value: number }): string {
  const words = diagnostic.source === 2 ? PROVIDER : USER;
  return words[diagnostic.value] ?? `diagnostic ${diagnostic.source}/${diagnostic.value}`;
}

export function exceptionState(state: number): string {
  return STATE[state] ?? `state-error ${state}`;
}

export function exceptionService(service: number): string {
  return SERVICE[service] ?? `service-error ${service}`;
}

/** The service that a confirmed-service-error is about: `initiate` for 1. */
export function confirmedService(service: number): string {
  return CONFIRMED[service] ?? `service ${service}`;
}

/** kind and error of a confirmed-service-error: `initiate: dlms-version-too-low` for 6, 1. */
export function serviceError(kind: number, error: number): string {
  const list = SERVICE_ERRORS[kind];
  if (list === undefined) return `service-error ${kind}/${error}`;
  return `${list.name}: ${list.errors[error] ?? error}`;
}

type Words = Readonly<Record<number, string>>;

const DATA_ACCESS: Words = {
  0: 'success',
  1: 'hardware-fault',
  2: 'temporary-failure',
  3: 'read-write-denied',
  4: 'object-undefined',
  9: 'object-class-inconsistent',
  11: 'object-unavailable',
  12: 'type-unmatched',
  13: 'scope-of-access-violated',
  14: 'data-block-unavailable',
  15: 'long-get-aborted',
  16: 'no-long-get-in-progress',
  17: 'long-set-aborted',
  18: 'no-long-set-in-progress',
  19: 'data-block-number-invalid',
  250: 'other-reason',
};
const ACTION: Words = {
  0: 'success',
  1: 'hardware-fault',
  2: 'temporary-failure',
  3: 'read-write-denied',
  4: 'object-undefined',
  9: 'object-class-inconsistent',
  11: 'object-unavailable',
  12: 'type-unmatched',
  13: 'scope-of-access-violated',
  14: 'data-block-unavailable',
  15: 'long-action-aborted',
  16: 'no-long-action-in-progress',
  250: 'other-reason',
};
const ASSOCIATION: Words = { 0: 'accepted', 1: 'rejected-permanent', 2: 'rejected-transient' };
const USER: Words = {
  0: 'null',
  1: 'no-reason-given',
  2: 'application-context-name-not-supported',
  3: 'calling-AP-title-not-recognized',
  4: 'calling-AP-invocation-identifier-not-recognized',
  5: 'calling-AE-qualifier-not-recognized',
  6: 'calling-AE-invocation-identifier-not-recognized',
  7: 'called-AP-title-not-recognized',
  8: 'called-AP-invocation-identifier-not-recognized',
  9: 'called-AE-qualifier-not-recognized',
  10: 'called-AE-invocation-identifier-not-recognized',
  11: 'authentication-mechanism-name-not-recognised',
  12: 'authentication-mechanism-name-required',
  13: 'authentication-failure',
  14: 'authentication-required',
};
const PROVIDER: Words = { 0: 'null', 1: 'no-reason-given', 2: 'no-common-acse-version' };
const STATE: Words = { 1: 'service-not-allowed', 2: 'service-unknown' };
const SERVICE: Words = {
  1: 'operation-not-possible',
  2: 'service-not-supported',
  3: 'other-reason',
  4: 'pdu-too-long',
  5: 'deciphering-error',
  6: 'invocation-counter-error',
};
const CONFIRMED: Words = {
  1: 'initiate',
  2: 'get-status',
  3: 'get-name-list',
  4: 'get-variable-attribute',
  5: 'read',
  6: 'write',
  7: 'get-data-set-attribute',
  8: 'get-ti-attribute',
  9: 'change-scope',
  10: 'start',
  11: 'stop',
  12: 'resume',
  13: 'make-usable',
  14: 'initiate-load',
  15: 'load-segment',
  16: 'terminate-load',
  17: 'initiate-up-load',
  18: 'up-load-segment',
  19: 'terminate-up-load',
};
const SERVICE_ERRORS: readonly { readonly name: string; readonly errors: readonly string[] }[] = [
  {
    name: 'application-reference',
    errors: [
      'other',
      'time-elapsed',
      'application-unreachable',
      'application-reference-invalid',
      'application-context-unsupported',
      'provider-communication-error',
      'deciphering-error',
    ],
  },
  {
    name: 'hardware-resource',
    errors: [
      'other',
      'memory-unavailable',
      'processor-resource-unavailable',
      'mass-storage-unavailable',
      'other-resource-unavailable',
    ],
  },
  {
    name: 'vde-state-error',
    errors: ['other', 'no-dlms-context', 'loading-data-set', 'status-nochange', 'status-inoperable'],
  },
  { name: 'service', errors: ['other', 'pdu-size', 'service-unsupported'] },
  {
    name: 'definition',
    errors: ['other', 'object-undefined', 'object-class-inconsistent', 'object-attribute-inconsistent'],
  },
  {
    name: 'access',
    errors: ['other', 'scope-of-access-violated', 'object-access-violated', 'hardware-fault', 'object-unavailable'],
  },
  {
    name: 'initiate',
    errors: [
      'other',
      'dlms-version-too-low',
      'incompatible-conformance',
      'pdu-size-too-short',
      'refused-by-the-VDE-handler',
    ],
  },
  {
    name: 'load-data-set',
    errors: [
      'other',
      'primitive-out-of-sequence',
      'not-loadable',
      'dataset-size-too-large',
      'not-awaited-segment',
      'interpretation-failure',
      'storage-failure',
      'data-set-not-ready',
    ],
  },
  { name: 'change-scope', errors: ['other'] },
  { name: 'task', errors: ['other', 'no-remote-control', 'ti-stopped', 'ti-running', 'ti-unusable'] },
  { name: 'other', errors: ['other'] },
];
