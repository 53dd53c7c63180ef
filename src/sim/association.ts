// One client's conversation with the simulated meter: AARQ to RLRQ, proof, protection, and the services in between.
// The rule of the file: whatever comes in, an answer of the standard goes out or nothing does; it never throws.

import {
  decodeApdu,
  encodeApdu,
  isServiceCiphered,
  type Aarq,
  type Apdu,
  type ConformanceBit,
  type GeneralBlockTransfer,
  type InitiateRequest,
} from '../core/apdu';
import { nullData, octets, type Data } from '../core/cosem/data';
import { hlsReply, hlsVerify, isCiphered, Key, openApdu, sealApdu, type HlsContext, type Seal } from '../core/security';
import { GeneralBlockSender } from '../core/transfer';
import type { Obis } from '../core/obis/obis';
import { isDlmsError } from '../core/wire/errors';
import { equalBytes, fromLatin1, hex } from '../core/wire/hex';
import { MECHANISM_OF, type Account } from './accounts';
import type { Behaviour } from './behaviour';
import { exception, LnServices, type ServiceContext } from './ln-services';
import type { SimulatedMeter } from './meter';
import { REPLY_TO_HLS_NAME, SnServices } from './sn-services';

/** What comes of a request. */
export type Reply =
  | { readonly type: 'apdus'; readonly apdus: readonly Uint8Array[] }
  /** A fault struck: no answer, or the connection is closed. */
  | { readonly type: 'silent' | 'reset' };

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'proving'; readonly sent: Uint8Array; readonly received: Uint8Array; readonly terms: Terms }
  | { readonly phase: 'associated'; readonly terms: Terms };

/** What was agreed. */
interface Terms {
  readonly referencing: 'ln' | 'sn';
  readonly clientTitle: Uint8Array | null;
  readonly dedicatedKey: Key | null;
  /** The client's largest APDU; Infinity where it has no limit. */
  readonly clientPduSize: number;
  /** Long answers go in general blocks, whatever the service. */
  readonly generalBlocks: boolean;
}

/** How a request was protected, so that its answer can be protected alike. */
type Protection = { readonly form: Seal['form']; readonly control: number } | null;

export class Association {
  #state: Phase = { phase: 'idle' };
  #ln = new LnServices();
  readonly #sn: SnServices;
  /** Last counter under the dedicated key of this association. */
  #dedicatedCounter = -1;
  /** A long answer on its way in general blocks. */
  #long: GeneralBlockSender | null = null;

  /** @param window general blocks that the link can carry in a row */
  constructor(
    readonly meter: SimulatedMeter,
    readonly account: Account,
    readonly window = 1,
  ) {
    this.#sn = new SnServices(() => meter.named('sn'));
    if (account.preEstablished === true) this.#state = { phase: 'associated', terms: PRE_ESTABLISHED };
  }

  get phase(): Phase['phase'] {
    return this.#state.phase;
  }

  handle(bytes: Uint8Array): Reply {
    const { faults } = this.meter;
    const wrong = faults.take('exception');
    if (wrong !== null) return apdus(exception(wrong.state ?? 1, wrong.service ?? 1));
    const notification = faults.take('notification');
    const reply = this.#answer(bytes);
    if (notification === null || reply.type !== 'apdus') return reply;
    return apdus(notification.apdu ?? this.meter.notification(), ...reply.apdus);
  }

  #answer(bytes: Uint8Array): Reply {
    let apdu: Apdu;
    try {
      ({ apdu } = decodeApdu(bytes));
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return apdus(exception(2, 2));
    }
    switch (apdu.type) {
      case 'aarq':
        return apdus(this.#associate(apdu));
      case 'rlrq':
        return this.#release(apdu.userInformation);
      case 'general-block-transfer':
        return this.#block(apdu);
      default:
        return this.#inBlocks(isCiphered(apdu) ? this.#protected(apdu) : this.#plain(apdu), 1);
    }
  }

  // --- general block transfer ---

  /** The acknowledgement of ours, or a whole request in one block, whose answer goes in blocks too. */
  #block(block: GeneralBlockTransfer): Reply {
    const long = this.#long;
    if (long !== null && block.data.length === 0) {
      long.acknowledge(block);
      return this.#nextBlocks(long, block.window, block.block);
    }
    if (!block.last || block.data[0] === GENERAL_BLOCK) return apdus(exception(2, 2));
    this.#long = null;
    const reply = this.#answer(block.data);
    // It may be in blocks already.
    if (this.#long !== null || reply.type !== 'apdus') return reply;
    return this.#inBlocks(reply, block.window, true);
  }

  /** An answer that is too long for one APDU, or one that has to be in blocks. */
  #inBlocks(reply: Reply, window: number, always = false): Reply {
    const limit = this.#generalLimit();
    const apdu = reply.type === 'apdus' ? reply.apdus[0] : undefined;
    if (limit === null || apdu === undefined || (apdu.length <= limit && !always)) return reply;
    this.#long = new GeneralBlockSender(apdu, limit - BLOCK_OCTETS, 1);
    return this.#nextBlocks(this.#long, window, 0);
  }

  #nextBlocks(long: GeneralBlockSender, window: number, acknowledged: number): Reply {
    const blocks = long.nextWindow(Math.min(window, this.window), acknowledged);
    return blocks.length === 0 ? { type: 'silent' } : apdus(...blocks.map(encodeApdu));
  }

  /** Octets of an APDU; null where general blocks were not agreed on. */
  #generalLimit(): number | null {
    const state = this.#state;
    if (state.phase !== 'associated' || !state.terms.generalBlocks) return null;
    return Math.max(32, Math.min(this.meter.behaviour.pduSize, state.terms.clientPduSize));
  }

  #plain(apdu: Apdu): Reply {
    const proving = this.#state.phase === 'proving';
    if (this.account.security !== 'none' && !proving) return apdus(exception(1, 1));
    const answer = this.#serve(apdu, 0);
    return answer instanceof Uint8Array ? apdus(answer) : { type: answer };
  }

  #protected(apdu: Parameters<typeof openApdu>[0]): Reply {
    if (this.#state.phase === 'idle') return apdus(exception(1, 1));
    const opened = this.#open(apdu, this.#state.terms);
    if (opened instanceof Uint8Array) return apdus(opened);
    let inner: Apdu;
    try {
      ({ apdu: inner } = decodeApdu(opened.plaintext));
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return apdus(exception(2, 2));
    }
    const answer = this.#serve(inner, PROTECTION_OCTETS);
    if (!(answer instanceof Uint8Array)) return { type: answer };
    return apdus(this.#seal(answer, opened.protection, this.#state.terms));
  }

  #serve(apdu: Apdu, overhead: number): Uint8Array | 'silent' | 'reset' {
    const state = this.#state;
    if (state.phase === 'idle') return exception(1, 1);
    if (state.phase === 'proving') return this.#prove(apdu, state);
    const ctx: ServiceContext = {
      ask: access => this.meter.ask(this.account, access),
      find: (classId, obis) => this.meter.find(classId, obis),
      faults: this.meter.faults,
      limit: state.terms.generalBlocks
        ? Infinity
        : Math.max(32, Math.min(this.meter.behaviour.pduSize, state.terms.clientPduSize) - overhead),
    };
    const answer = state.terms.referencing === 'ln' ? this.#ln.handle(apdu, ctx) : this.#sn.handle(apdu, ctx);
    return answer ?? exception(2, 2);
  }

  // --- AARQ ---

  #associate(aarq: Aarq): Uint8Array {
    this.#state = { phase: 'idle' };
    this.#ln = new LnServices();
    this.#dedicatedCounter = -1;
    const { account, meter } = this;
    const context = aarq.applicationContext ?? 0;
    const referencing = context === 1 || context === 3 ? 'ln' : context === 2 || context === 4 ? 'sn' : null;
    if (referencing === null || (meter.referencing !== 'both' && meter.referencing !== referencing)) {
      return refused(aarq, DIAGNOSTIC.contextNotSupported);
    }
    const mechanism = aarq.mechanism ?? 0;
    if (mechanism !== MECHANISM_OF[account.authentication]) {
      return refused(aarq, mechanism === 0 ? DIAGNOSTIC.mechanismRequired : DIAGNOSTIC.mechanismNotRecognised);
    }
    const proof = aarq.callingAuthenticationValue ?? EMPTY;
    if (account.authentication === 'low' && !equalBytes(proof, account.secret)) {
      return refused(aarq, DIAGNOSTIC.authenticationFailure);
    }
    const needsTitle = account.authentication === 'high-gmac' || account.authentication === 'high-sha256';
    if ((needsTitle && aarq.callingApTitle?.length !== 8) || (mechanism > 1 && proof.length < 8)) {
      return refused(aarq, DIAGNOSTIC.noReason);
    }
    const initiate = this.#initiate(aarq);
    if (initiate instanceof Uint8Array) return initiate;
    const { request, protection } = initiate;
    if (account.security !== 'none' && protection === null) return refused(aarq, DIAGNOSTIC.noReason);
    if (request.version < 6) return refused(aarq, DIAGNOSTIC.noReason, 1);
    const supported = meter.behaviour.grantsLittle ? (['get', 'set'] as const) : SERVICES[referencing];
    const conformance = supported.filter(
      bit => request.conformance.includes(bit) && (bit !== 'general-block-transfer' || meter.behaviour.generalBlocks),
    );
    if (conformance.length === 0) return refused(aarq, DIAGNOSTIC.noReason, 2);
    let dedicatedKey: Key | null = null;
    if (request.dedicatedKey !== null && request.dedicatedKey.length > 0) {
      if (meter.behaviour.refusesDedicatedKey || request.dedicatedKey.length !== 16) return exception(1, 2);
      dedicatedKey = Key.from(request.dedicatedKey);
    }
    const terms: Terms = {
      referencing,
      clientTitle: aarq.callingApTitle,
      dedicatedKey,
      clientPduSize: request.maxPduSize === 0 ? Infinity : request.maxPduSize,
      generalBlocks: conformance.includes('general-block-transfer'),
    };
    meter.clientTitle = aarq.callingApTitle ?? meter.clientTitle;
    const high = mechanism > 1;
    const sent = high
      ? account.authentication === 'high-lgz'
        ? fromLatin1(hex(meter.random(8)).toUpperCase())
        : meter.random(16)
      : EMPTY;
    this.#state = high ? { phase: 'proving', sent, received: proof.slice(), terms } : { phase: 'associated', terms };
    const titled = high || protection !== null;
    const response = encodeApdu({
      type: 'initiate-response',
      qualityOfService: null,
      version: 6,
      conformance,
      maxPduSize: meter.behaviour.pduSize,
      vaaName: referencing === 'ln' ? 0x0007 : 0xfa00,
    });
    return encodeApdu({
      type: 'aare',
      protocolVersion: null,
      applicationContext: context,
      result: 0,
      diagnostic: { source: 1, value: high ? DIAGNOSTIC.authenticationRequired : 0 },
      respondingApTitle: titled ? meter.systemTitle : null,
      respondingAeQualifier: null,
      mechanism: high ? mechanism : null,
      respondingAuthenticationValue: high ? sent : null,
      userInformation: this.#seal(
        response,
        protection === null ? null : { ...protection, form: globalForm(protection.form) },
        terms,
      ),
    });
  }

  /** The initiate-request, opened if it is ciphered; or the answer that refuses it. */
  #initiate(aarq: Aarq): { readonly request: InitiateRequest; readonly protection: Protection } | Uint8Array {
    try {
      const { apdu } = decodeApdu(aarq.userInformation ?? EMPTY);
      if (apdu.type === 'initiate-request') return { request: apdu, protection: null };
      if (!isCiphered(apdu)) return refused(aarq, DIAGNOSTIC.noReason);
      const opened = this.#open(apdu, { ...PRE_ESTABLISHED, clientTitle: aarq.callingApTitle });
      if (opened instanceof Uint8Array) return opened;
      const inner = decodeApdu(opened.plaintext).apdu;
      if (inner.type !== 'initiate-request') return refused(aarq, DIAGNOSTIC.noReason);
      return { request: inner, protection: opened.protection };
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return refused(aarq, DIAGNOSTIC.noReason);
    }
  }

  // --- proof ---

  #prove(apdu: Apdu, state: Extract<Phase, { phase: 'proving' }>): Uint8Array {
    const ln = state.terms.referencing === 'ln';
    const { meter, account } = this;
    const argument = replyToHls(apdu, meter.associationObject);
    if (argument === undefined) return exception(1, 1);
    if (!ln && !takesForm(apdu, meter.behaviour.snProof)) return exception(2, 2);
    const ctx: HlsContext = {
      mechanism: MECHANISM_OF[account.authentication],
      secret: account.secret,
      coded: account.authentication === 'high-lgz',
      ownTitle: meter.systemTitle,
      peerTitle: state.terms.clientTitle,
      encryptionKey: meter.keys.encryption,
      authenticationKey: meter.keys.authentication,
    };
    /** Null: Landis+Gyr gives none. */
    let proof: Data | null = null;
    let result = READ_WRITE_DENIED;
    try {
      hlsVerify(ctx, state, argument?.type === 'octet-string' ? argument.value : EMPTY);
      const counter = account.authentication === 'high-gmac' ? meter.nextServerCounter() : 0;
      if (ctx.coded !== true) proof = octets(hlsReply(ctx, state, counter));
      result = 0;
      this.#state = { phase: 'associated', terms: state.terms };
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      this.#state = { phase: 'idle' };
    }
    if (!ln && apdu.type === 'write-request' && proof === null && result === 0) {
      return encodeApdu({ type: 'write-response', results: [{ type: 'success' }] });
    }
    // Also to a Write, as the Gurux servers do: a write-response could not bring the proof.
    if (!ln) {
      return encodeApdu({
        type: 'read-response',
        results: [result === 0 ? { type: 'data', data: proof ?? nullData } : { type: 'data-access-error', result }],
      });
    }
    return encodeApdu({
      type: 'action-response-normal',
      invoke: apdu.type === 'action-request-normal' ? apdu.invoke : 0,
      result,
      returned: proof === null ? null : { ok: true, data: proof },
    });
  }

  // --- RLRQ ---

  #release(userInformation: Uint8Array | null): Reply {
    const { behaviour } = this.meter;
    const state = this.#state;
    if (behaviour.release === 'silent') return { type: 'silent' };
    if (behaviour.release === 'refused') return apdus(exception(1, 2));
    let answer: Uint8Array | null = null;
    if (userInformation !== null && state.phase !== 'idle') {
      const opened = this.#openInformation(userInformation, state.terms);
      if (opened !== null) {
        const response = encodeApdu({
          type: 'initiate-response',
          qualityOfService: null,
          version: 6,
          conformance: SERVICES[state.terms.referencing],
          maxPduSize: behaviour.pduSize,
          vaaName: 0x0007,
        });
        const plain = behaviour.release === 'malformed' ? response.subarray(0, response.length - 2) : response;
        answer = this.#seal(plain, opened, state.terms);
      }
    }
    const ciphered = this.account.security !== 'none' || this.account.authentication === 'high-gmac';
    if (behaviour.release === 'malformed' && ciphered && answer === null) return apdus(exception(1, 2));
    if (this.account.preEstablished !== true) this.#state = { phase: 'idle' };
    return apdus(encodeApdu({ type: 'rlre', reason: 0, userInformation: answer }));
  }

  #openInformation(userInformation: Uint8Array, terms: Terms): Protection {
    try {
      const { apdu } = decodeApdu(userInformation);
      if (!isCiphered(apdu)) return null;
      const opened = this.#open(apdu, terms);
      return opened instanceof Uint8Array ? null : opened.protection;
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return null;
    }
  }

  // --- protection ---

  /** What is inside, or the exception-response that says why not. */
  #open(
    apdu: Parameters<typeof openApdu>[0],
    terms: Terms,
  ): { readonly plaintext: Uint8Array; readonly protection: NonNullable<Protection> } | Uint8Array {
    const { meter, account } = this;
    const form = formOf(apdu);
    if (form === null) return exception(1, 2);
    const dedicated = form === 'ded' || form === 'general-ded';
    try {
      const { plaintext, control, counter, systemTitle } = openApdu(apdu, {
        encryptionKey: meter.keys.encryption,
        authenticationKey: meter.keys.authentication,
        dedicatedKey: terms.dedicatedKey,
        systemTitle: terms.clientTitle,
      });
      if (terms.clientTitle !== null && systemTitle !== null && !equalBytes(terms.clientTitle, systemTitle)) {
        return exception(1, DECIPHERING_ERROR);
      }
      const needed = (dedicated ? this.#dedicatedCounter : meter.clientCounter) + 1;
      if (counter < needed) return exception(1, COUNTER_ERROR, needed);
      if (dedicated) this.#dedicatedCounter = counter;
      else meter.clientCounter = counter;
      const wanted = POLICY[account.security];
      if ((control & wanted) !== wanted) return exception(1, 1);
      return { plaintext, protection: { form, control: control & 0x3f } };
    } catch (e) {
      if (!isDlmsError(e)) throw e;
      return exception(1, DECIPHERING_ERROR);
    }
  }

  #seal(plaintext: Uint8Array, protection: Protection, terms: Terms): Uint8Array {
    if (protection === null) return plaintext;
    const { meter } = this;
    const { form, control } = protection;
    const dedicated = (form === 'ded' || form === 'general-ded') && terms.dedicatedKey !== null;
    return sealApdu(plaintext, {
      form,
      systemTitle: meter.systemTitle,
      key: dedicated ? (terms.dedicatedKey as Key) : meter.keys.encryption,
      authenticationKey: meter.keys.authentication,
      control,
      counter: meter.nextServerCounter(),
    });
  }
}

/** The argument of reply_to_HLS_authentication, null for an empty one; undefined where the request is another. */
function replyToHls(apdu: Apdu, association: Obis): Data | null | undefined {
  switch (apdu.type) {
    case 'action-request-normal': {
      const { classId, instance, method } = apdu.method;
      const meant = classId === 15 && method === 1 && equalBytes(instance, association.bytes);
      return meant ? apdu.argument : undefined;
    }
    case 'read-request': {
      const [v] = apdu.variables;
      return v?.type === 'parameterised-access' && v.name === REPLY_TO_HLS_NAME ? v.parameter : undefined;
    }
    case 'write-request': {
      const [v] = apdu.variables;
      return v?.type === 'variable-name' && v.name === REPLY_TO_HLS_NAME ? (apdu.data[0] ?? null) : undefined;
    }
    default:
      return undefined;
  }
}

/** Of reply_to_HLS_authentication by short name. */
function takesForm(apdu: Apdu, form: Behaviour['snProof']): boolean {
  if (form === 'any') return true;
  if (apdu.type === 'write-request') return form === 'write';
  const [v] = apdu.type === 'read-request' ? apdu.variables : [];
  return v?.type === 'parameterised-access' && form === (v.selector === 0 ? 'read' : 'read-selector-1');
}

function formOf(apdu: { readonly type: string }): Seal['form'] | null {
  if (isServiceCiphered(apdu)) return apdu.type.startsWith('glo-') ? 'glo' : 'ded';
  if (apdu.type === 'general-glo-ciphering') return 'general-glo';
  return apdu.type === 'general-ded-ciphering' ? 'general-ded' : null;
}

function globalForm(form: Seal['form']): Seal['form'] {
  return form === 'ded' ? 'glo' : form === 'general-ded' ? 'general-glo' : form;
}

/** AARE that refuses; `initiateError` of confirmed-service-error: 1 dlms-version-too-low, 2 incompatible-conformance. */
function refused(aarq: Aarq, diagnostic: number, initiateError?: number): Uint8Array {
  return encodeApdu({
    type: 'aare',
    protocolVersion: null,
    applicationContext: aarq.applicationContext ?? 1,
    result: 1,
    diagnostic: { source: 1, value: diagnostic },
    respondingApTitle: null,
    respondingAeQualifier: null,
    mechanism: null,
    respondingAuthenticationValue: null,
    userInformation:
      initiateError === undefined
        ? null
        : encodeApdu({ type: 'confirmed-service-error', service: 1, kind: 6, error: initiateError }),
  });
}

function apdus(...all: readonly Uint8Array[]): Reply {
  return { type: 'apdus', apdus: all };
}

/** associate-source-diagnostic of the service user. IEC 62056-5-3. */
const DIAGNOSTIC = {
  noReason: 1,
  contextNotSupported: 2,
  mechanismNotRecognised: 11,
  mechanismRequired: 12,
  authenticationFailure: 13,
  authenticationRequired: 14,
} as const;

const POLICY: Readonly<Record<Account['security'], number>> = {
  none: 0,
  authentication: 0x10,
  encryption: 0x20,
  'authentication-encryption': 0x30,
};
/** service-error of exception-response: 5 deciphering-error, 6 invocation-counter-error. */
const DECIPHERING_ERROR = 5;
const COUNTER_ERROR = 6;
/** data-access-result and action-result. */
const READ_WRITE_DENIED = 3;
/** Tag, title with length, length, SC, IC and tag of the longest protected form. */
const PROTECTION_OCTETS = 1 + 9 + 5 + 5 + 12;
const EMPTY = new Uint8Array(0);
const PRE_ESTABLISHED: Terms = {
  referencing: 'ln',
  clientTitle: null,
  dedicatedKey: null,
  clientPduSize: Infinity,
  generalBlocks: false,
};
const GENERAL_BLOCK = 0xe0;
/** Tag, control, both numbers and the length of the data. */
const BLOCK_OCTETS = 9;

const SERVICES: Readonly<Record<'ln' | 'sn', readonly ConformanceBit[]>> = {
  ln: [
    'general-protection',
    'general-block-transfer',
    'priority-mgmt-supported',
    'block-transfer-with-get-or-read',
    'multiple-references',
    'get',
    'set',
    'selective-access',
    'action',
  ],
  sn: [
    'general-protection',
    'general-block-transfer',
    'read',
    'write',
    'block-transfer-with-get-or-read',
    'multiple-references',
    'parameterized-access',
  ],
};
