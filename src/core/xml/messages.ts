// The table: each message with its elements, for both directions and both forms. A message that it lacks does not compile.

import type { Apdu, ApduType, ServiceCipheredType } from '../apdu';
import { association } from './association';
import { CIPHERED, GENERAL } from './ciphered';
import {
  fields,
  inside,
  mapped,
  name,
  number,
  octets,
  oneOf,
  optional,
  typed,
  word,
  type Choice,
  type Part,
} from './part';
import { SERVICES } from './services';
import { SHORT_NAMES } from './short-names';
import { EXCEPTION_SERVICES, EXCEPTION_STATES } from './words';
import type { Name } from './writer';

type FieldsOf<K extends ApduType> = Omit<Extract<Apdu, { type: K }>, 'type'>;
type Blocks = FieldsOf<'general-block-transfer'>;

const control = number(name('BlockControl', 'block-control'), 1, { comment: controlText });
const blocks = fields({
  control,
  block: number(name('BlockNumber', 'block-number'), 2),
  acknowledged: number(name('BlockNumberAck', 'block-number-ack'), 2),
  data: octets(name('BlockData', 'block-data')),
});

function controlText(value: number): string {
  const last = (value & LAST) === 0 ? 'more blocks follow' : 'last block';
  return `${last}, ${(value & STREAMING) === 0 ? '' : 'streaming, '}window ${value & WINDOW}`;
}

const LAST = 0x80;
const STREAMING = 0x40;
const WINDOW = 0x3f;

/** Messages of services with several forms stand in an element of their service. */
const FORMS: Readonly<Record<keyof typeof SERVICES, readonly [service: Name, form: Name | null]>> = (() => {
  const getRequest = name('GetRequest', 'get-request');
  const getResponse = name('GetResponse', 'get-response');
  const setRequest = name('SetRequest', 'set-request');
  const setResponse = name('SetResponse', 'set-response');
  const actionRequest = name('ActionRequest', 'action-request');
  const actionResponse = name('ActionResponse', 'action-response');
  return {
    'get-request-normal': [getRequest, name('GetRequestNormal', 'get-request-normal')],
    'get-request-next': [getRequest, name('GetRequestForNextDataBlock', 'get-request-next')],
    'get-request-with-list': [getRequest, name('GetRequestWithList', 'get-request-with-list')],
    'get-response-normal': [getResponse, name('GetResponseNormal', 'get-response-normal')],
    'get-response-with-datablock': [
      getResponse,
      name('GetResponsewithDataBlock', 'get-response-with-data-block', 'GetResponseWithDataBlock'),
    ],
    'get-response-with-list': [getResponse, name('GetResponseWithList', 'get-response-with-list')],
    'set-request-normal': [setRequest, name('SetRequestNormal', 'set-request-normal')],
    'set-request-with-first-datablock': [
      setRequest,
      name('SetRequestFirstDataBlock', 'set-request-first-data-block', 'set-request-with-first-datablock'),
    ],
    'set-request-with-datablock': [setRequest, name('SetRequestWithDataBlock', 'set-request-with-datablock')],
    'set-request-with-list': [setRequest, name('SetRequestWithList', 'set-request-with-list')],
    'set-request-with-list-and-first-datablock': [
      setRequest,
      name('SetRequestWithListAndFirstDataBlock', 'set-request-with-list-and-first-datablock'),
    ],
    'set-response-normal': [setResponse, name('SetResponseNormal', 'set-response-normal')],
    'set-response-datablock': [
      setResponse,
      name('SetResponseDataBlock', 'set-response-datablock', 'set-response-data-block'),
    ],
    'set-response-last-datablock': [
      setResponse,
      name('SetResponseWithLastDataBlock', 'set-response-with-last-data-block', 'set-response-last-datablock'),
    ],
    'set-response-last-datablock-with-list': [
      setResponse,
      name('SetResponseWithLastDataBlockAndList', 'set-response-last-datablock-with-list'),
    ],
    'set-response-with-list': [setResponse, name('SetResponseWithList', 'set-response-with-list')],
    'action-request-normal': [actionRequest, name('ActionRequestNormal', 'action-request-normal')],
    'action-request-next-pblock': [
      actionRequest,
      name('ActionRequestForNextDataBlock', 'action-request-next-pblock', 'ActionRequestForNextDataBlock'),
    ],
    'action-request-with-list': [actionRequest, name('ActionRequestWithList', 'action-request-with-list')],
    'action-request-with-first-pblock': [
      actionRequest,
      name('ActionRequestWithFirstPBlock', 'action-request-with-first-pblock'),
    ],
    'action-request-with-list-and-first-pblock': [
      actionRequest,
      name('ActionRequestWithListAndFirstPBlock', 'action-request-with-list-and-first-pblock'),
    ],
    'action-request-with-pblock': [actionRequest, name('ActionRequestWithPBlock', 'action-request-with-pblock')],
    'action-response-normal': [actionResponse, name('ActionResponseNormal', 'action-response-normal')],
    'action-response-with-pblock': [actionResponse, name('ActionResponseWithPBlock', 'action-response-with-pblock')],
    'action-response-with-list': [actionResponse, name('ActionResponseWithList', 'action-response-with-list')],
    'action-response-next-pblock': [
      actionResponse,
      name('ActionResponseWithBlock', 'action-response-next-pblock', 'ActionResponseNextBlock'),
    ],
    'access-request': [name('AccessRequest', 'access-request'), null],
    'access-response': [name('AccessResponse', 'access-response'), null],
    'event-notification-request': [name('EventNotificationRequest', 'event-notification-request'), null],
    'data-notification': [name('DataNotification', 'data-notification'), null],
  };
})();

const OTHERS = {
  'exception-response': inside(
    name('ExceptionResponse', 'exception-response'),
    fields({
      state: word(name('StateError', 'state-error'), EXCEPTION_STATES),
      service: word(name('ServiceError', 'service-error'), EXCEPTION_SERVICES),
      counter: optional(number(name('InvocationCounter', 'invocation-counter'), 4)),
    }),
  ),
  'general-block-transfer': inside(
    name('GeneralBlockTransfer', 'general-block-transfer'),
    mapped<Blocks, { readonly control: number } & Omit<Blocks, 'last' | 'streaming' | 'window'>>(
      blocks,
      v => ({ ...v, control: (v.last ? LAST : 0) | (v.streaming ? STREAMING : 0) | (v.window & WINDOW) }),
      ({ control: octet, ...v }) => ({
        ...v,
        last: (octet & LAST) !== 0,
        streaming: (octet & STREAMING) !== 0,
        window: octet & WINDOW,
      }),
    ),
  ),
};

/** What is between the outermost tags, or with them where they differ by form; the compiler asks for each message. */
const ROWS: { readonly [K in Exclude<ApduType, ServiceCipheredType>]: Part<FieldsOf<K>> } = {
  ...SERVICES,
  ...SHORT_NAMES,
  ...association(() => message),
  ...GENERAL,
  ...OTHERS,
};

const MESSAGES: readonly Choice<Apdu>[] = [
  ...services(),
  ...Object.entries(ROWS)
    .filter(([type]) => !(type in FORMS))
    .map(([type, part]) => typed<Apdu, never>(type as never, part as Part<never>)),
  ...CIPHERED.map(([type, part]) => typed<Apdu, never>(type as never, part as Part<never>)),
];

/** One choice a service: its element, and in it that of the form. */
function services(): Choice<Apdu>[] {
  const found = new Map<Name, Choice<Apdu>[]>();
  for (const [type, [service, form]] of Object.entries(FORMS)) {
    const part = ROWS[type as keyof typeof FORMS] as Part<never>;
    const choice = typed<Apdu, never>(type as never, form === null ? part : inside(form, part));
    found.set(service, [...(found.get(service) ?? []), choice]);
  }
  return [...found].map(([service, forms]) => {
    const part = inside(service, forms.length === 1 ? (forms[0] as Choice<Apdu>) : oneOf(...forms));
    return { ...part, fits: (apdu: Apdu) => forms.some(f => f.fits(apdu)) };
  });
}

/** Any message with its outermost element. */
export const message: Part<Apdu> = oneOf(...MESSAGES);
