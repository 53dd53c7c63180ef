// The services of short names in XML. The standard form wraps what the simple one has bare, and not everywhere alike.

import type { ReadResult, VariableAccess, WriteResult } from '../apdu';
import { data } from './data';
import {
  byForm,
  counted,
  fields,
  inside,
  many,
  mapped,
  name,
  nothing,
  number,
  octets,
  oneOf,
  optional,
  truth,
  typed,
  rest,
  when,
  word,
  type Choice,
  type Part,
} from './part';
import { DATA_ERROR, dataList, rawData } from './services';
import { DATA_ACCESS } from './words';

const VARIABLE = name('VariableName', 'variable-name');
const ACCESS_ERROR = name('DataAccessError', 'data-access-error', 'data-access-result');
const LAST = name('LastBlock', 'last-block');
const block = number(name('BlockNumber', 'block-number'), 2);
const variableName = number(VARIABLE, 2);

const named = typed<VariableAccess, 'variable-name'>('variable-name', fields({ name: variableName }));
const parameterised = typed<VariableAccess, 'parameterised-access'>(
  'parameterised-access',
  inside(
    name('ParameterisedAccess', 'parameterized-access'),
    fields({
      name: number(VARIABLE, 2, { signedStandard: true }),
      selector: number(name('Selector', 'selector'), 1),
      parameter: inside(name('Parameter', 'parameter'), data),
    }),
  ),
);
const blockAsked = typed<VariableAccess, 'block-number-access'>(
  'block-number-access',
  inside(name('BlockNumberAccess', 'BlockNumberAccess', 'block-number-access'), fields({ block })),
);
const readBlock = typed<VariableAccess, 'read-data-block-access'>(
  'read-data-block-access',
  inside(
    name('ReadDataBlockAccess', 'ReadDataBlockAccess', 'read-data-block-access'),
    fields({ last: truth(LAST, 'standard'), block, raw: rawData }),
  ),
);
const writeBlock = typed<VariableAccess, 'write-data-block-access'>(
  'write-data-block-access',
  inside(
    name('WriteDataBlockAccess', 'write-data-block-access', 'WriteDataBlockAccess'),
    fields({ last: truth(LAST, 'standard'), block }),
  ),
);

const WRAP = name('Variable-Access-Specification', 'Variable-Access-Specification');
const any = oneOf(named, parameterised, blockAsked, readBlock, writeBlock);
const read = name('ReadRequest', 'readRequest');

/** In the standard form a list of reading wraps each name, a list of writing all of them at once. */
const toRead: Part<readonly VariableAccess[]> = byForm(
  counted(read, any),
  inside(read, many(oneOf<VariableAccess>(blockAsked, readBlock, rest(inside(WRAP, any))))),
);
const LIST = name('ListOfVariableAccessSpecification', 'variable-access-specification');
const variables: Part<readonly VariableAccess[]> = byForm(
  counted(LIST, any),
  inside(LIST, {
    write: (to, values) => inside(WRAP, many(any)).write(to, values),
    // Others wrap each of them.
    read: from =>
      many(inside(WRAP, many(any)))
        .read(from)
        .flat(),
    begins: from => from.is(WRAP),
  }),
);
const values = dataList(name('ListOfData', 'list-of-data'));

const CHOICE = name('CHOICE', 'CHOICE');
/** In the standard form each result stands in an element CHOICE. */
function chosen<T>(part: Part<T>): Part<T> {
  return byForm(part, inside(CHOICE, part));
}

const blockNumber: Choice<{ type: 'block-number'; block: number }> = when<
  { type: 'block-number'; block: number },
  number
>(
  block,
  r => (r.type === 'block-number' ? r.block : undefined),
  b => ({ type: 'block-number', block: b }),
);
const blockResult = typed<ReadResult, 'data-block-result'>(
  'data-block-result',
  inside(
    name('DataBlockResult', 'DataBlockResult', 'data-block-result'),
    fields({ last: truth(LAST), block, raw: rawData }),
  ),
);
const readResult: Part<ReadResult> = oneOf<ReadResult>(
  when(
    inside(name('Data', 'data'), data),
    r => (r.type === 'data' ? r.data : undefined),
    value => ({ type: 'data', data: value }),
  ),
  typed<ReadResult, 'data-access-error'>('data-access-error', fields({ result: word(ACCESS_ERROR, DATA_ACCESS) })),
  blockNumber as Choice<ReadResult>,
);
const writeResult: Part<WriteResult> = oneOf<WriteResult>(
  typed<WriteResult, 'success'>(
    'success',
    nothing({ simple: 'Success', standard: 'success', bare: true, also: ['Success'] }),
  ),
  typed<WriteResult, 'data-access-error'>(
    'data-access-error',
    fields({ result: word({ ...DATA_ERROR, also: ['data-access-error'] }, DATA_ACCESS) }),
  ),
  blockNumber as Choice<WriteResult>,
);

const written = fields({ variables, data: values });
const readResponse = name('ReadResponse', 'readResponse');
const answers = oneOf<ReadResult>(blockResult, rest(chosen(readResult)));

/** With their outermost elements. */
export const SHORT_NAMES = {
  'read-request': mapped<{ readonly variables: readonly VariableAccess[] }, readonly VariableAccess[]>(
    toRead,
    v => v.variables,
    list => ({ variables: list }),
  ),
  'read-response': mapped<{ readonly results: readonly ReadResult[] }, readonly ReadResult[]>(
    counted(readResponse, answers),
    v => v.results,
    results => ({ results }),
  ),
  'write-request': inside(name('WriteRequest', 'writeRequest'), written),
  'write-response': mapped<{ readonly results: readonly WriteResult[] }, readonly WriteResult[]>(
    counted(name('WriteResponse', 'writeResponse'), chosen(writeResult)),
    v => v.results,
    results => ({ results }),
  ),
  'unconfirmed-write-request': inside(name('UnconfirmedWriteRequest', 'unconfirmedWriteRequest'), written),
  'information-report-request': inside(
    name('InformationReportRequest', 'informationReportRequest'),
    fields({ currentTime: optional(octets(name('CurrentTime', 'current-time'))), variables, data: values }),
  ),
};
