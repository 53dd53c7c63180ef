// The form of dlms-read-load-profile: which profile, and which part of it.

import {
  browseButton,
  fillRange,
  isKnown,
  rangeIn,
  register,
  suggestCodes,
  textIn,
  typed,
  wordsOf,
  type FormNode,
} from '../../editor';
import { ENTRIES, SPAN } from '../lib/range-text';
import { RANGE, READ_LOAD_PROFILE } from './settings';

type Range = Readonly<Record<(typeof FIELDS)[number], string>>;

interface ReadLoadProfile extends FormNode {
  range?: Partial<Range>;
}

const say = wordsOf('dlms-read-load-profile');
const PREFIX = 'dlms-range-';
const FIELDS = RANGE.map(({ name }) => name);

register<ReadLoadProfile>('dlms-read-load-profile', READ_LOAD_PROFILE, {
  color: '#C7E9C0',
  inputs: 1,
  outputs: 1,
  groups: { range: PREFIX },
  checks: {
    range: ({ mode, last, from, entries }: Partial<Range> = {}) => {
      if ((mode === 'last' || mode === 'since-last-read') && !isSpan(last)) return say('error.last');
      if (mode === 'between' && !from) return say('error.from');
      if (mode === 'entries' && !isEntries(entries)) return say('error.entries');
      return true;
    },
  },
  label: () => 'read load profile',
  prepare: ({ range }) => {
    const obis = $('#node-input-obis');
    suggestCodes(obis);
    browseButton($('#dlms-read-load-profile-browse'), () => ({
      profiles: true,
      chosen: [textIn(obis)],
      onChoose: ([profile]) => {
        if (profile !== undefined) obis.val(profile.obis).trigger('change');
      },
    }));
    fillRange(PREFIX, FIELDS, { mode: 'last', confirm: 'sent', ...range });
    mark($(`#${PREFIX}last`), isSpan);
    mark($(`#${PREFIX}entries`), isEntries);
  },
  save: node => {
    const values = rangeIn(PREFIX, FIELDS) as Range;
    node.range = { ...values, last: values.last.trim(), entries: values.entries.trim() };
  },
});

/** The editor marks only fields that are properties of their own. */
function mark(field: JQuery, fits: (text: string) => boolean): void {
  field.on('change keyup', () => {
    field.toggleClass('input-error', !fits(typed(field)));
  });
}

function isSpan(text: string | undefined = ''): boolean {
  return !isKnown(text) || SPAN.test(text);
}

function isEntries(text: string | undefined = ''): boolean {
  return !isKnown(text) || ENTRIES.test(text);
}
