// The form of dlms-iec-readout: what is read and how, or how what comes by messages is understood.

import { fillRange, rangeIn, register, setValue, valueOf, wordsOf, type FormNode } from '../../editor';
import { IEC_PROFILE, IEC_READOUT } from './settings';

interface IecReadout extends FormNode {
  profile?: Readonly<Record<string, string>>;
}

const say = wordsOf('dlms-iec-readout');
const PREFIX = 'dlms-iec-profile-';
const FIELDS = IEC_PROFILE.filter(setting => !('byHand' in setting)).map(({ name }) => name);

register<IecReadout>('dlms-iec-readout', IEC_READOUT, {
  color: '#C7E9C0',
  inputs: 1,
  outputs: 1,
  labels: {
    wakeUpGuard: () => say('label.wakeUp'),
    ackV: () => say('label.acknowledgement'),
    ackZ: () => say('label.acknowledgement'),
    ackY: () => say('label.acknowledgement'),
    passwordCommand: () => say('label.password'),
  },
  groups: { profile: PREFIX },
  label: () => 'IEC readout',
  prepare: node => {
    fillRange(PREFIX, FIELDS, { code: 'P.01', command: 'auto', mode: 'last', output: 'object', ...node.profile });
    const more = $('#dlms-iec-more');
    // What is set stays in sight.
    setValue(more, differs(node));
    const show = (): void => {
      $('#dlms-iec-details').toggle(valueOf(more) === true);
    };
    more.on('change', show);
    show();
  },
  save: node => {
    node.profile = rangeIn(PREFIX, FIELDS);
  },
});

/** Is something among the further settings not as in a fresh node? */
function differs(node: IecReadout): boolean {
  const saved = node as IecReadout & Readonly<Record<string, unknown>>;
  return $('#dlms-iec-details [id^=node-input-]')
    .get()
    .map(field => field.id.replace('node-input-', ''))
    .some(name => saved[name] !== undefined && saved[name] !== node._def.defaults[name]?.value);
}
