// Opening and closing an association in XML. In the simple form the user information is the message in it, where it is one
// that comes back as the same octets; in the standard form it is its octets.

import { CONFORMANCE_BITS, decodeApdu, encodeApdu, type Apdu, type Conformance, type ConformanceBit } from '../apdu';
import { DlmsError, isDlmsError } from '../wire/errors';
import { equalBytes } from '../wire/hex';
import { xmlInvalid } from './parse';
import {
  byForm,
  fields,
  inside,
  leaf,
  mapped,
  name,
  number,
  octets,
  oneOf,
  optional,
  rest,
  truth,
  when,
  word,
  type Part,
} from './part';
import {
  camel,
  CONTEXTS,
  ERROR_SERVICES,
  MECHANISMS,
  REQUEST_REASONS,
  RESPONSE_REASONS,
  SERVICE_ERRORS,
} from './words';
import type { Name } from './writer';

type InitiateRequest = Extract<Apdu, { type: 'initiate-request' }>;
type Diagnostic = Extract<Apdu, { type: 'aare' }>['diagnostic'];
interface ServiceError {
  readonly kind: number;
  readonly error: number;
}

const SYSTEM_TITLE = (simple: string): Part<Uint8Array | null> => optional(octets(name(simple, simple)));
const context = optional(word(name('ApplicationContextName', 'application-context-name'), CONTEXTS));
const protocolVersion = optional(octets(name('ProtocolVersion', 'protocol-version')));

/** The mechanism, in front of which stands that one is asked for. */
function mechanism(requirement: Name): Part<number | null> {
  const said = number(requirement, 1, { plain: true });
  const which = optional(word(name('MechanismName', 'mechanism-name'), MECHANISMS));
  return {
    write(to, value) {
      if (value !== null) said.write(to, 1);
      which.write(to, value);
    },
    read(from) {
      if (said.begins(from)) said.read(from);
      return which.read(from);
    },
    begins: from => said.begins(from) || which.begins(from),
  };
}

function authentication(called: Name): Part<Uint8Array | null> {
  return optional(byForm(octets(called), inside(called, octets(name('charstring', 'charstring')))));
}

/** `apdu`: any message, by the table that this is a part of. */
function userInformation(apdu: () => Part<Apdu>): Part<Uint8Array | null> {
  const raw = octets(name('UserInformation', 'user-information'));
  const simple: Part<Uint8Array> = oneOf<Uint8Array>(
    when<Uint8Array, Apdu>(
      { write: (to, v) => apdu().write(to, v), read: from => apdu().read(from), begins: from => apdu().begins(from) },
      messageIn,
      encodeApdu,
    ),
    rest(raw),
  );
  return optional(byForm(simple, raw));
}

function messageIn(information: Uint8Array): Apdu | undefined {
  try {
    const { apdu, surplus } = decodeApdu(information);
    return surplus === 0 && USUAL.test(apdu.type) && equalBytes(encodeApdu(apdu), information) ? apdu : undefined;
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
/** What user information is made of; an AARQ in an AARQ would be nested as deep as somebody likes. */
const USUAL = /^((glo|ded)-)?(initiate-(request|response)|confirmed-service-error)$/;

const diagnostic: Part<Diagnostic> = inside(
  name('ResultSourceDiagnostic', 'result-source-diagnostic'),
  oneOf<Diagnostic>(
    from(1, name('ACSEServiceUser', 'acse-service-user')),
    from(2, name('ACSEServiceProvider', 'acse-service-provider')),
    rest<Diagnostic>({
      write(_, { source }) {
        throw new DlmsError({ code: 'NOT_SUPPORTED', what: `XML for a diagnostic of source ${source}` });
      },
      read: cursor => {
        throw xmlInvalid(cursor.next ?? cursor.parent, 'a diagnostic is of the ACSE service user or provider');
      },
      begins: () => true,
    }),
  ),
);
function from(source: number, called: Name): ReturnType<typeof when<Diagnostic, number>> {
  return when<Diagnostic, number>(
    number(called, 1, { most: 4 }),
    d => (d.source === source ? d.value : undefined),
    value => ({ source, value }),
  );
}

/** Bits by name: elements in the simple form, words in the standard one. They are told in the order of the block. */
function conformance(called: Name): Part<Conformance> {
  const bit: Part<ConformanceBit> = {
    write: (to, value) => to.line(`<ConformanceBit Name="${bitName(value)}" />`),
    read(from) {
      const element = from.take(BIT);
      const said = (element.attributes['Name'] ?? '').toLowerCase();
      const found = CONFORMANCE_BITS.find(b => bitName(b).toLowerCase() === said);
      if (found === undefined) throw xmlInvalid(element, 'this is no bit of the conformance block');
      return found;
    },
    begins: from => from.is(BIT),
  };
  const simple: Part<Conformance> = {
    write(to, bits) {
      to.open(called);
      for (const value of bits) bit.write(to, value);
      to.close(called);
    },
    read(from) {
      const within = from.enter(from.take(called));
      const bits: ConformanceBit[] = [];
      while (within.next !== undefined) bits.push(bit.read(within));
      return inOrder(bits);
    },
    begins: from => from.is(called),
  };
  const standard = leaf<Conformance>(
    called,
    (_, bits) => bits.join(' '),
    (from, element) =>
      inOrder(
        from
          .value(element)
          .split(/\s+/)
          .filter(word => word !== '')
          .map(word => {
            const found = CONFORMANCE_BITS.find(b => b.toLowerCase() === word.toLowerCase());
            if (found === undefined) throw xmlInvalid(element, 'these are no bits of the conformance block');
            return found;
          }),
      ),
  );
  return byForm(simple, standard);
}
const BIT = name('ConformanceBit', 'ConformanceBit');
function bitName(bit: ConformanceBit): string {
  return camel(bit);
}
function inOrder(bits: readonly ConformanceBit[]): Conformance {
  return CONFORMANCE_BITS.filter(bit => bits.includes(bit));
}

/** TRUE where nothing is said. The standard form says it either way, the simple one where it is not. */
const responseAllowed: Part<boolean> = mapped<boolean, boolean | null>(
  byForm<boolean | null>(
    {
      ...optional(truth(name('ResponseAllowed', 'response-allowed'), 'spelled')),
      write(to, value) {
        if (value === false) truth(name('ResponseAllowed', 'response-allowed'), 'spelled').write(to, false);
      },
    },
    optional(truth(name('ResponseAllowed', 'response-allowed'), 'spelled')),
  ),
  value => value,
  value => value ?? true,
);

const initiateRequest: Part<Omit<InitiateRequest, 'type'>> = fields({
  dedicatedKey: optional(octets(name('DedicatedKey', 'dedicated-key'))),
  responseAllowed,
  qualityOfService: optional(
    number(name('ProposedQualityOfService', 'proposed-quality-of-service'), 1, { signed: true, mute: true }),
  ),
  version: number(name('ProposedDlmsVersionNumber', 'proposed-dlms-version-number'), 1),
  conformance: conformance(name('ProposedConformance', 'proposed-conformance')),
  maxPduSize: number(name('ProposedMaxPduSize', 'client-max-receive-pdu-size'), 2),
});

const initiateResponse = fields({
  qualityOfService: optional(
    number(name('NegotiatedQualityOfService', 'negotiated-quality-of-service'), 1, { signed: true, mute: true }),
  ),
  version: number(name('NegotiatedDlmsVersionNumber', 'negotiated-dlms-version-number'), 1),
  conformance: conformance(name('NegotiatedConformance', 'negotiated-conformance')),
  maxPduSize: number(name('NegotiatedMaxPduSize', 'server-max-receive-pdu-size'), 2),
  vaaName: number(name('VaaName', 'vaa-name'), 2),
});

const listed = SERVICE_ERRORS.map(([simple, standard, words], kind) =>
  when<ServiceError, number>(
    word(name(simple, standard), words),
    e => (e.kind === kind ? e.error : undefined),
    error => ({ kind, error }),
  ),
);
const OTHER_LIST = number(name('Kind', 'kind'), 1);
const serviceErrors = oneOf<ServiceError>(
  ...listed,
  rest(fields({ kind: OTHER_LIST, error: number(name('Error', 'error'), 1) })),
);
type ConfirmedServiceError = ServiceError & { readonly service: number };
const confirmed: Part<ConfirmedServiceError> = byForm<ConfirmedServiceError>(
  mapped<ConfirmedServiceError, { readonly service: number; readonly error: ServiceError }>(
    fields({
      service: number(name('Service', 'service'), 1),
      error: inside(name('ServiceError', 'service-error'), serviceErrors),
    }),
    v => ({ service: v.service, error: { kind: v.kind, error: v.error } }),
    v => ({ service: v.service, ...v.error }),
  ),
  oneOf<ConfirmedServiceError>(
    ...ERROR_SERVICES.map((called, i) =>
      when<ConfirmedServiceError, ServiceError>(
        inside(name(called, called), serviceErrors),
        v => (v.service === i + 1 ? v : undefined),
        v => ({ service: i + 1, ...v }),
      ),
    ),
    rest(
      mapped<ConfirmedServiceError, { readonly service: number; readonly error: ServiceError }>(
        fields({
          service: number(name('Service', 'service'), 1),
          error: inside(name('ServiceError', 'service-error'), serviceErrors),
        }),
        v => ({ service: v.service, error: v }),
        v => ({ service: v.service, ...v.error }),
      ),
    ),
  ),
);

/** With their outermost elements. */
export function association(apdu: () => Part<Apdu>) {
  const information = userInformation(apdu);
  const release = (reasons: typeof REQUEST_REASONS) =>
    fields({ reason: optional(word(name('Reason', 'reason'), reasons)), userInformation: information });
  return {
    'initiate-request': inside(name('InitiateRequest', 'initiateRequest'), initiateRequest),
    'initiate-response': inside(name('InitiateResponse', 'initiateResponse'), initiateResponse),
    'confirmed-service-error': inside(name('ConfirmedServiceError', 'confirmedServiceError'), confirmed),
    aarq: inside(
      name('AssociationRequest', 'aarq'),
      fields({
        protocolVersion,
        applicationContext: context,
        callingApTitle: SYSTEM_TITLE('CallingAPTitle'),
        callingAeQualifier: optional(octets(name('CallingAEQualifier', 'calling-Ae-qualifier'))),
        callingAeInvocationId: optional(
          number(name('CallingAEInvocationId', 'calling-AE-invocation-id'), 1, { most: 4 }),
        ),
        mechanism: mechanism(name('SenderACSERequirements', 'sender-acse-requirements')),
        callingAuthenticationValue: authentication(name('CallingAuthentication', 'calling-authentication-value')),
        userInformation: information,
      }),
    ),
    aare: inside(
      name('AssociationResponse', 'aare'),
      fields({
        protocolVersion,
        applicationContext: context,
        result: number(name('AssociationResult', 'result'), 1, { most: 4 }),
        diagnostic,
        respondingApTitle: SYSTEM_TITLE('RespondingAPTitle'),
        respondingAeQualifier: optional(octets(name('RespondingAEQualifier', 'responding-AE-qualifier'))),
        mechanism: mechanism(name('ResponderACSERequirement', 'responder-acse-requirements')),
        respondingAuthenticationValue: authentication(
          name('RespondingAuthentication', 'responding-authentication-value'),
        ),
        userInformation: information,
      }),
    ),
    rlrq: inside(name('ReleaseRequest', 'rlrq'), release(REQUEST_REASONS)),
    rlre: inside(name('ReleaseResponse', 'rlre'), release(RESPONSE_REASONS)),
  };
}
