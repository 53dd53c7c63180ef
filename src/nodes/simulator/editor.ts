// The form of dlms-simulator: which meter is simulated, and how it can be reached.

import { ask, register, type FormNode } from '../../editor';
import { SIMULATOR } from './settings';

interface Simulator extends FormNode {
  readonly kind?: string;
  readonly format?: string;
}

register<Simulator>('dlms-simulator', SIMULATOR, {
  color: '#DEB887',
  inputs: 1,
  outputs: 1,
  label: ({ kind }) => (kind === 'push' ? 'pushing meter' : kind === 'iec' ? 'optical head' : 'simulated meter'),
  prepare: ({ format }) => {
    const list = $('#node-input-format');
    void ask('dlms-simulator/formats').done((formats: readonly { name: string; title: string }[]) => {
      for (const { name, title } of formats) $('<option>').val(name).text(title).appendTo(list);
      list.val(format || (formats[0]?.name ?? ''));
    });
  },
});
