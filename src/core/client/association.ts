// Opening an association: the AARQ, what the AARE says to it, the proof of high level security, the release.
// The rule of the file: result and diagnostic first; damaged user information never hides them. IEC 62056-5-3, 5.7 and 6.2.

import {
  APPLICATION_CONTEXT,
  associationDiagnostic,
  associationResult,
  confirmedService,
  encodeApdu,
  exceptionService,
  exceptionState,
  serviceError,
  type Aare,
  type Apdu,
  type Conformance,
  type ConformanceBit,
  type InitiateResponse,
} from '../apdu';
import { systemTitleText } from '../security';
import { DlmsError } from '../wire/errors';
import { isHigh, mechanismOf, type Ciphering } from './ciphering';
import { CLIENT_DEFAULTS, type Authentication, type ClientOptions } from './options';
import { doubtOfAcceptance, doubtOfTitle, titleIn } from './peer';
import type { Request } from './phases';
import type { MethodRef } from './request';
import { ASSOCIATION_BASE_NAME } from './sn';

/** What both sides agreed on. */
export interface Association {
  readonly conformance: Conformance;
  /** Largest APDU the meter takes; 0: no limit. */
  readonly maxPduSize: number;
  /** The meter's system title, if it sent one or the settings have one. */
  readonly systemTitle: Uint8Array | null;
  /** Short name of the association (SN referencing). */
  readonly vaaName: number;
  /** Peculiarities worth a line in the trace. */
  readonly notes: readonly string[];
}

export type Verdict =
  | { readonly type: 'accepted'; readonly association: Association }
  /** The meter wants the proof of its challenge. */
  | { readonly type: 'prove'; readonly association: Association; readonly challenge: Uint8Array }
  | { readonly type: 'refused'; readonly error: DlmsError };

/** The AARQ. Throws BAD_SETTING where the options lack what the mechanism needs. */
export function buildAarq(options: ClientOptions, ciphering: Ciphering): Apdu {
  const { authentication, referencing } = options;
  const mechanism = mechanismOf(authentication);
  const high = isHigh(authentication);
  return {
    type: 'aarq',
    protocolVersion: null,
    applicationContext: ciphering.active
      ? APPLICATION_CONTEXT[referencing === 'ln' ? 'lnCiphered' : 'snCiphered']
      : APPLICATION_CONTEXT[referencing],
    callingApTitle:
      ciphering.active || NEED_TITLE.has(authentication) ? needed(options.systemTitle, 'systemTitle') : null,
    callingAeQualifier: null,
    callingAeInvocationId: null,
    mechanism,
    callingAuthenticationValue:
      mechanism === null ? null : high ? needed(options.challenge, 'challenge') : needed(options.secret, 'password'),
    userInformation: ciphering.protectInitiate(initiateRequest(options, ciphering)),
  };
}

/** The RLRQ; ciphered associations repeat the initiate-request in it, or the meter refuses it (docs/quirks.md#t4). */
export function buildRlrq(options: ClientOptions, ciphering: Ciphering): Apdu {
  const userInformation = ciphering.active ? ciphering.protectInitiate(initiateRequest(options, ciphering)) : null;
  return { type: 'rlrq', reason: 0, userInformation };
}

/** What the meter's AARE means. */
export function readAare(aare: Aare, options: ClientOptions, ciphering: Ciphering): Verdict {
  // Before anything is opened with that title; who refuses us may be anybody, and says why below.
  const stranger = aare.result === 0 ? doubtOfTitle(aare, options) : null;
  if (stranger !== null) return { type: 'refused', error: stranger };
  ciphering.meterTitle = titleIn(aare) ?? ciphering.meterTitle;
  const notes: string[] = [];
  let inner: Apdu | null = null;
  if (aare.userInformation !== null) {
    try {
      inner = ciphering.open(aare.userInformation).apdu;
    } catch (e) {
      if (!(e instanceof DlmsError)) throw e;
      // A key that does not fit must be said; anything else in here must not hide the result (L+G sends rubbish when it refuses).
      const inClear = aare.result === 0 && ciphering.active && e.code === 'UNEXPECTED_RESPONSE';
      if (inClear) return { type: 'refused', error: doubtOfAcceptance(null, ciphering) ?? e };
      if (aare.result === 0 && (ciphering.active || KEY_TROUBLE.has(e.code))) return { type: 'refused', error: e };
      notes.push(`user-information of the AARE: ${e.short}`);
    }
  }
  if (aare.result !== 0) return { type: 'refused', error: refusal(aare, inner, options.authentication) };
  if (inner?.type === 'confirmed-service-error') return { type: 'refused', error: serviceRefusal(inner) };
  const unproven = doubtOfAcceptance(inner, ciphering);
  if (unproven !== null) return { type: 'refused', error: unproven };
  const association = associationOf(inner?.type === 'initiate-response' ? inner : null, options, ciphering, notes);
  if (!isHigh(options.authentication)) return { type: 'accepted', association };
  const challenge = aare.respondingAuthenticationValue;
  if (challenge === null) {
    const reason = 'the meter sent no challenge';
    return { type: 'refused', error: new DlmsError({ code: 'HLS_FAILED', mechanism: options.authentication, reason }) };
  }
  return { type: 'prove', association, challenge };
}

/** What a pre-established association is taken to allow. */
export function assumedAssociation(options: ClientOptions, ciphering: Ciphering): Association {
  return associationOf(null, options, ciphering, []);
}

/** Method that takes f(StoC) and returns f(CtoS): pass 3 and 4. */
export function proofMethod(options: ClientOptions, association: Association): MethodRef {
  const obis = options.associationObject ?? CLIENT_DEFAULTS.associationObject;
  return options.referencing === 'ln'
    ? { classId: 15, obis, method: 1 }
    : { classId: 12, obis, method: 8, baseName: association.vaaName };
}

/** exception-response and confirmed-service-error as errors; the counter a meter wants is kept. */
export function serviceRefusal(
  apdu: Apdu & { type: 'exception-response' | 'confirmed-service-error' },
  ciphering: Ciphering | null = null,
): DlmsError {
  if (apdu.type === 'confirmed-service-error') {
    return new DlmsError({
      code: 'SERVICE_ERROR',
      service: confirmedService(apdu.service),
      error: serviceError(apdu.kind, apdu.error),
    });
  }
  if (apdu.service === COUNTER_ERROR) {
    return new DlmsError({ code: 'COUNTER_TOO_LOW', sent: ciphering?.lastCounter ?? 0, needed: apdu.counter });
  }
  // In clear it can be about nothing of ours; then it is an exception as any other.
  const refused = ciphering?.keyInDoubt ?? null;
  if (apdu.service === DECIPHERING_ERROR && refused !== null) {
    const systemTitle = systemTitleText(ciphering?.meterTitle ?? null);
    return new DlmsError({ code: 'WRONG_KEY', systemTitle, refused });
  }
  return new DlmsError({
    code: 'EXCEPTION_RESPONSE',
    state: exceptionState(apdu.state),
    service: exceptionService(apdu.service),
  });
}

function initiateRequest(options: ClientOptions, ciphering: Ciphering): Uint8Array {
  return encodeApdu({
    type: 'initiate-request',
    dedicatedKey: ciphering.dedicatedKeyOctets(),
    responseAllowed: true,
    qualityOfService: null,
    version: 6,
    conformance: proposed(options),
    maxPduSize: options.pduSize ?? CLIENT_DEFAULTS.pduSize,
  });
}

function proposed(options: ClientOptions): readonly ConformanceBit[] {
  if (options.conformance !== undefined) return options.conformance;
  const { referencing } = options;
  const services: ConformanceBit[] = [...AROUND[referencing], ...Object.values(SERVICES[referencing]).flat()];
  if (options.generalProtection === true) services.unshift('general-protection');
  if ((options.gbtWindow ?? 1) > 1) services.unshift('general-block-transfer');
  return services;
}

function associationOf(
  response: InitiateResponse | null,
  options: ClientOptions,
  ciphering: Ciphering,
  notes: string[],
): Association {
  if (response === null) notes.push('no initiate-response: the proposed services count as granted');
  const vaaName = response?.vaaName ?? ASSOCIATION_BASE_NAME;
  return {
    conformance: response?.conformance ?? proposed(options),
    maxPduSize: response?.maxPduSize ?? 0,
    systemTitle: ciphering.meterTitle,
    // 0x0007 is the name of a logical-name association; an SN meter that says it means the usual name.
    vaaName: vaaName === 7 ? ASSOCIATION_BASE_NAME : vaaName,
    notes,
  };
}

function refusal(aare: Aare, inner: Apdu | null, authentication: Authentication): DlmsError {
  const words = associationDiagnostic(aare.diagnostic);
  if (aare.diagnostic.source === 1 && aare.diagnostic.value === AUTHENTICATION_FAILURE && authentication === 'low') {
    return new DlmsError({ code: 'WRONG_PASSWORD', diagnostic: words });
  }
  const why = inner?.type === 'confirmed-service-error' ? ` (${serviceError(inner.kind, inner.error)})` : '';
  const diagnostic = `${associationResult(aare.result)}, ${words}${why}`;
  return new DlmsError({ code: 'ASSOCIATION_REFUSED', result: aare.result, diagnostic });
}

function needed(octets: Uint8Array | undefined, setting: string): Uint8Array {
  if (octets !== undefined) return octets;
  throw new DlmsError({
    code: 'BAD_SETTING',
    setting,
    value: '(empty)',
    expected: 'set, though the authentication needs it',
  });
}

const AUTHENTICATION_FAILURE = 13;
/** service-error of an exception-response. */
const DECIPHERING_ERROR = 5;
const COUNTER_ERROR = 6;
const NEED_TITLE: ReadonlySet<Authentication> = new Set(['high-gmac', 'high-sha256']);
const KEY_TROUBLE: ReadonlySet<string> = new Set(['WRONG_KEY', 'AUTHENTICATION_FAILED', 'NO_SYSTEM_TITLE', 'NO_KEY']);
/** What each request needs to be granted. */
const SERVICES: Readonly<Record<'ln' | 'sn', Readonly<Record<Request, readonly ConformanceBit[]>>>> = {
  ln: { get: ['get'], set: ['set'], act: ['action'] },
  sn: { get: ['read'], set: ['write'], act: ['parameterized-access'] },
};
/** What the requests may make use of, and what we take unasked. */
const AROUND: Readonly<Record<'ln' | 'sn', readonly ConformanceBit[]>> = {
  ln: [
    'priority-mgmt-supported',
    'block-transfer-with-get-or-read',
    'block-transfer-with-action',
    'multiple-references',
    'selective-access',
    'event-notification',
  ],
  sn: ['block-transfer-with-get-or-read', 'multiple-references', 'information-report'],
};
