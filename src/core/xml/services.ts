// The services of logical names in XML: what their messages are made of. What none of the translators writes (lists of
// ACTION, selections of ACCESS) follows the pattern of what they do.

import type {
  AccessResult,
  AccessSpecification,
  ActionOutcome,
  BlockResult,
  GetDataResult,
  SelectiveAccess,
} from '../apdu';
import { classText, invokeText, longInvokeText, nameText, timeText } from './comment';
import { data } from './data';
import {
  byForm,
  counted,
  fields,
  inside,
  mapped,
  name,
  number,
  octets,
  oneOf,
  optional,
  truth,
  typed,
  when,
  word,
  type Choice,
  type Member,
  type Part,
} from './part';
import { DATA_ACCESS } from './words';
import type { Name } from './writer';

const INVOKE = name('InvokeIdAndPriority', 'invoke-id-and-priority');
const ATTRIBUTE = name('AttributeDescriptor', 'cosem-attribute-descriptor');
const SELECTION = name('AccessSelection', 'access-selection');
const RESULT = name('Result', 'result');
const DATA = name('Data', 'data');
const DATA_RESULT = name('DataAccessResult', 'data-access-result');
export const DATA_ERROR = name('DataAccessError', 'data-access-result');

export const invoke = number(INVOKE, 1, { comment: invokeText });
export const block = number(name('BlockNumber', 'block-number'), 4);
const longInvoke = number(name('LongInvokeIdAndPriority', 'long-invoke-id-and-priority'), 4, {
  comment: longInvokeText,
});
const classId = number(name('ClassId', 'class-id'), 2, { comment: classText });
const instance = octets(name('InstanceId', 'instance-id'), nameText);
const attributeId = number(name('AttributeId', 'attribute-id'), 1, { signed: true });
const dateTime = octets(name('DateTime', 'date-time'), timeText);

const attribute = inside(ATTRIBUTE, fields({ classId, instance, attribute: attributeId }));
const method = inside(
  name('MethodDescriptor', 'cosem-method-descriptor'),
  fields({ classId, instance, method: number(name('MethodId', 'method-id'), 1, { signed: true }) }),
);
const selection: Part<SelectiveAccess> = inside(
  SELECTION,
  fields({
    selector: number(name('AccessSelector', 'access-selector'), 1),
    parameters: inside(name('AccessParameters', 'access-parameters'), data),
  }),
);
const access = optional(selection);
const attributes = counted(
  name('AttributeDescriptorList', 'attribute-descriptor-list'),
  inside(
    name('AttributeDescriptorWithSelection', 'Cosem-Attribute-Descriptor-With-Selection'),
    fields({ attribute, access }),
  ),
);

const lastBlock = truth(name('LastBlock', 'last-block'));
export const rawData = octets(name('RawData', 'raw-data'));
const dataBlock = fields({ last: lastBlock, block, raw: rawData });
const datablock = inside(name('DataBlock', 'datablock'), dataBlock);
const pblock = inside(name('PBlock', 'pblock'), dataBlock);

/** Values one after the other; in the standard form each in an element of its own. */
export function dataList(called: Name): Part<Parameters<typeof data.write>[1][]> {
  const list = counted(called, byForm(data, inside(name('Data', 'Data'), data)));
  return mapped(
    list,
    values => values,
    values => [...values],
  );
}

const dataResult: Part<GetDataResult> = oneOf<GetDataResult>(
  when(
    inside(DATA, data),
    r => (r.ok ? r.data : undefined),
    value => ({ ok: true, data: value }),
  ),
  when(
    word(DATA_ERROR, DATA_ACCESS),
    r => (r.ok ? undefined : r.result),
    result => ({ ok: false, result }),
  ),
);

const blockResult: Part<BlockResult> = oneOf<BlockResult>(
  when(
    rawData,
    r => (r.ok ? r.raw : undefined),
    raw => ({ ok: true, raw }),
  ),
  when(
    word(DATA_RESULT, DATA_ACCESS),
    r => (r.ok ? undefined : r.result),
    result => ({ ok: false, result }),
  ),
);

const result = word(RESULT, DATA_ACCESS);
const results = counted(RESULT, word(DATA_RESULT, DATA_ACCESS), true);

const outcome: Part<ActionOutcome> = fields({
  result,
  returned: optional(inside(name('ReturnParameters', 'return-parameters'), dataResult)),
});

const specification: Part<AccessSpecification> = inside(
  name('_AccessRequestSpecification', 'Access-Request-Specification'),
  oneOf<AccessSpecification>(
    asked(
      'access-request-get-with-selection',
      'AccessRequestGetWithSelection',
      fields({ attribute, access: selection }),
    ),
    asked(
      'access-request-set-with-selection',
      'AccessRequestSetWithSelection',
      fields({ attribute, access: selection }),
    ),
    asked('access-request-get', 'AccessRequestGet', fields({ attribute })),
    asked('access-request-set', 'AccessRequestSet', fields({ attribute })),
    // The method stands in the elements of an attribute.
    asked(
      'access-request-action',
      'AccessRequestAction',
      mapped(
        fields({ attribute }),
        ({ method: m }) => ({ attribute: { classId: m.classId, instance: m.instance, attribute: m.method } }),
        ({ attribute: a }) => ({ method: { classId: a.classId, instance: a.instance, method: a.attribute } }),
      ),
    ),
  ),
);

function asked<K extends AccessSpecification['type']>(
  type: K,
  simple: string,
  part: Part<Omit<Member<AccessSpecification, K>, 'type'>>,
): Choice<AccessSpecification> {
  return typed<AccessSpecification, K>(type, inside(name(simple, type), part));
}

const answered = (type: AccessResult['type'], simple: string): Choice<AccessResult> =>
  when<AccessResult, number>(
    inside(name(simple, type), result),
    r => (r.type === type ? r.result : undefined),
    value => ({ type, result: value }),
  );
const accessResult: Part<AccessResult> = inside(
  name('_AccessResponseSpecification', 'Access-Response-Specification'),
  oneOf(
    answered('access-response-get', 'AccessResponseGet'),
    answered('access-response-set', 'AccessResponseSet'),
    answered('access-response-action', 'AccessResponseAction'),
  ),
);
const specifications = counted(name('AccessRequestSpecification', 'access-request-specification'), specification);

/** An object of two parts, of which the second stands in an element of its own. */
function joined<A, B>(first: Part<A>, second: Part<B>): Part<A & B> {
  return {
    write(to, value) {
      first.write(to, value);
      second.write(to, value);
    },
    read: from => ({ ...first.read(from), ...second.read(from) }),
    begins: first.begins,
  };
}

/** No time is an empty one. */
const notificationTime: Part<Uint8Array | null> = mapped(
  dateTime,
  time => time ?? new Uint8Array(0),
  time => (time.length === 0 ? null : time),
);

export const SERVICES = {
  'get-request-normal': fields({ invoke, attribute, access }),
  'get-request-next': fields({ invoke, block }),
  'get-request-with-list': fields({ invoke, attributes }),
  'get-response-normal': fields({ invoke, result: inside(RESULT, dataResult) }),
  'get-response-with-datablock': joined(
    fields({ invoke }),
    inside(RESULT, fields({ last: lastBlock, block, result: inside(RESULT, blockResult) })),
  ),
  'get-response-with-list': fields({ invoke, results: counted(RESULT, dataResult) }),
  'set-request-normal': fields({ invoke, attribute, access, value: inside(name('Value', 'value'), data) }),
  'set-request-with-first-datablock': fields({ invoke, attribute, access, datablock }),
  'set-request-with-datablock': fields({ invoke, datablock }),
  'set-request-with-list': fields({ invoke, attributes, values: dataList(name('ValueList', 'value-list')) }),
  'set-request-with-list-and-first-datablock': fields({ invoke, attributes, datablock }),
  'set-response-normal': fields({ invoke, result }),
  'set-response-datablock': fields({ invoke, block }),
  'set-response-last-datablock': fields({ invoke, result, block }),
  'set-response-last-datablock-with-list': fields({ invoke, results, block }),
  'set-response-with-list': fields({ invoke, results }),
  'action-request-normal': fields({
    invoke,
    method,
    argument: optional(inside(name('MethodInvocationParameters', 'method-invocation-parameters'), data)),
  }),
  'action-request-next-pblock': fields({ invoke, block }),
  'action-request-with-list': fields({
    invoke,
    methods: counted(name('MethodDescriptorList', 'cosem-method-descriptor-list'), method),
    arguments: dataList(name('MethodInvocationParametersList', 'method-invocation-parameter-list')),
  }),
  'action-request-with-first-pblock': fields({ invoke, method, pblock }),
  'action-request-with-list-and-first-pblock': fields({
    invoke,
    methods: counted(name('MethodDescriptorList', 'cosem-method-descriptor-list'), method),
    pblock,
  }),
  'action-request-with-pblock': fields({ invoke, pblock }),
  'action-response-normal': joined(
    fields({ invoke }),
    byForm(outcome, inside(name('SingleResponse', 'single-response'), outcome)),
  ),
  'action-response-with-pblock': fields({ invoke, pblock }),
  'action-response-with-list': fields({
    invoke,
    results: counted(
      name('ListOfResponses', 'list-of-responses'),
      inside(name('ActionResponseWithOptionalData', 'Action-Response-With-Optional-Data'), outcome),
    ),
  }),
  'action-response-next-pblock': fields({ invoke, block }),
  'access-request': joined(
    fields({ longInvoke, dateTime }),
    inside(
      name('AccessRequestBody', 'access-request-body'),
      fields({ specifications, data: dataList(name('AccessRequestListOfData', 'access-request-list-of-data')) }),
    ),
  ),
  'access-response': joined(
    fields({ longInvoke, dateTime }),
    inside(
      name('AccessResponseBody', 'access-response-body'),
      fields({
        specifications: optional(specifications),
        data: dataList(name('AccessResponseListOfData', 'access-response-list-of-data')),
        results: counted(name('AccessResponseSpecification', 'access-response-specification'), accessResult),
      }),
    ),
  ),
  'event-notification-request': fields({
    time: optional(octets(name('Time', 'time'), timeText)),
    attribute,
    value: inside(name('AttributeValue', 'attribute-value'), data),
  }),
  'data-notification': fields({
    longInvoke,
    dateTime: notificationTime,
    body: inside(name('NotificationBody', 'notification-body'), inside(name('DataValue', 'data-value'), data)),
  }),
};
