// Every APDU: from its first octets to its codec and back. One row a message in APDUS, nowhere else.
// The rule of the file: octets after a complete APDU are counted, not fatal; real servers send them.

import { Reader } from '../wire/reader';
import { Writer } from '../wire/writer';
import * as access from './access';
import * as acse from './acse';
import * as action from './action';
import * as ciphered from './ciphered';
import { dataNotification } from './data-notification';
import { eventNotificationRequest } from './event-notification';
import { exceptionResponse } from './exception-response';
import { generalBlockTransfer } from './general-block-transfer';
import * as get from './get';
import * as initiate from './initiate';
import * as sn from './read-write';
import * as set from './set';
import type { Alternative } from './codec';

export const APDUS = [
  initiate.initiateRequest,
  sn.readRequest,
  sn.writeRequest,
  initiate.initiateResponse,
  sn.readResponse,
  sn.writeResponse,
  initiate.confirmedServiceError,
  dataNotification,
  sn.unconfirmedWriteRequest,
  sn.informationReportRequest,
  acse.aarq,
  acse.aare,
  acse.rlrq,
  acse.rlre,
  get.getRequestNormal,
  get.getRequestNext,
  get.getRequestWithList,
  set.setRequestNormal,
  set.setRequestWithFirstDatablock,
  set.setRequestWithDatablock,
  set.setRequestWithList,
  set.setRequestWithListAndFirstDatablock,
  eventNotificationRequest,
  action.actionRequestNormal,
  action.actionRequestNextPblock,
  action.actionRequestWithList,
  action.actionRequestWithFirstPblock,
  action.actionRequestWithListAndFirstPblock,
  action.actionRequestWithPblock,
  get.getResponseNormal,
  get.getResponseWithDatablock,
  get.getResponseWithList,
  set.setResponseNormal,
  set.setResponseDatablock,
  set.setResponseLastDatablock,
  set.setResponseLastDatablockWithList,
  set.setResponseWithList,
  action.actionResponseNormal,
  action.actionResponseWithPblock,
  action.actionResponseWithList,
  action.actionResponseNextPblock,
  exceptionResponse,
  access.accessRequest,
  access.accessResponse,
  ...ciphered.SERVICE_CIPHERED,
  ciphered.generalGloCiphering,
  ciphered.generalDedCiphering,
  ciphered.generalCiphering,
  ciphered.generalSigning,
  generalBlockTransfer,
] as const;

type ApduOf<A> = A extends Alternative<infer T> ? T : never;
/** Any APDU; `switch (apdu.type)` is exhaustive. */
export type Apdu = ApduOf<(typeof APDUS)[number]>;
export type ApduType = Apdu['type'];

export interface Decoded {
  readonly apdu: Apdu;
  /** Octets after the complete APDU. */
  readonly surplus: number;
}

/** One APDU. Views of `bytes`, not copies, wherever a field is octets. Throws WIRE_TRUNCATED, WIRE_INVALID, LIMIT_EXCEEDED. */
export function decodeApdu(bytes: Uint8Array): Decoded {
  const r = new Reader(bytes);
  const tag = r.u8('apdu tag');
  const forms = BY_TAG.get(tag);
  if (forms === undefined) return r.invalid('apdu tag', `0x${tag.toString(16).padStart(2, '0')}`, 'a known APDU');
  let form = forms[0] as AnyAlternative;
  if (form.prefix.length === 2) {
    const choice = r.u8('apdu choice');
    const found = forms.find(f => f.prefix[1] === choice);
    if (found === undefined) return r.invalid('apdu choice', choice, `a form of ${apduName(tag)}`);
    form = found;
  }
  return { apdu: form.read(r), surplus: r.remaining };
}

/** The octets of an APDU; the mirror of {@link decodeApdu}. */
export function encodeApdu(apdu: Apdu): Uint8Array {
  const form = BY_TYPE.get(apdu.type) as AnyAlternative;
  const w = new Writer().bytes(form.prefix);
  form.write(w, apdu);
  return w.toBytes();
}

/** What a tag announces, without looking further: `get-response` for C4; `apdu 0x…` where nothing is known. */
export function apduName(tag: number): string {
  return NAMES.get(tag) ?? `apdu 0x${tag.toString(16).padStart(2, '0')}`;
}

export * from './access';
export * from './acse';
export * from './action';
export * from './ciphered';
export * from './codec';
export * from './conformance';
export * from './data-notification';
export * from './event-notification';
export * from './exception-response';
export * from './general-block-transfer';
export * from './get';
export * from './initiate';
export * from './read-write';
export * from './result-words';
export * from './set';

// The pairing of type and codec is what the table keeps; TypeScript can follow it neither by tag nor by name.
type AnyAlternative = Alternative<Apdu>;
const ALL = APDUS as unknown as readonly AnyAlternative[];

const BY_TAG: ReadonlyMap<number, readonly AnyAlternative[]> = (() => {
  const map = new Map<number, AnyAlternative[]>();
  for (const form of ALL) {
    const tag = form.prefix[0] as number;
    const forms = map.get(tag);
    if (forms === undefined) map.set(tag, [form]);
    else forms.push(form);
  }
  return map;
})();
const BY_TYPE: ReadonlyMap<string, AnyAlternative> = new Map(ALL.map(form => [form.type, form]));
const NAMES: ReadonlyMap<number, string> = new Map(
  [...BY_TAG].map(([tag, forms]) => {
    const type = (forms[0] as AnyAlternative).type;
    return [tag, forms.length === 1 ? type : type.replace(/-normal$/, '')];
  }),
);
