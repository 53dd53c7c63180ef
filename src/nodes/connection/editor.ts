// The form of dlms-connection: the line, the meter, the keys, and what can be tried before anything is deployed.

import {
  connectionInForm,
  current,
  fieldOf,
  hideLater,
  isShown,
  labelsOf,
  listeningDecoder,
  notify,
  others,
  post,
  presetField,
  presetOfOpen,
  register,
  runTest,
  saidBy,
  setValue,
  shared,
  stopTurning,
  suggestPorts,
  textIn,
  typed,
  usual,
  wordsOf,
  type Failed,
  type FormNode,
  type Preset,
} from '../../editor';
import { CONNECTION } from './settings';

interface Connection extends FormNode {
  readonly transport?: string;
  readonly path?: string;
  readonly host?: string;
  readonly port?: string;
  readonly clientAddress?: string;
  readonly serialNumber?: string;
  readonly serverAddress?: string;
}

const PAGES = ['line', 'meter', 'security', 'tuning'] as const;

const say = wordsOf('dlms-connection');
/** Ends the test that runs; the form may close in the middle of it. */
let stopTest: (() => void) | null = null;

register<Connection>('dlms-connection', CONNECTION, {
  category: 'config',
  label: ({ transport, path, host, port, clientAddress, serialNumber, serverAddress }) => {
    const line = transport === 'serial' ? path : `${host || '*'}:${port || 4059}`;
    return `${line} ${clientAddress || 16}/${serialNumber || serverAddress || 1}`;
  },
  prepare: node => {
    makeTabs();
    suggestPorts(fieldOf(node, 'path'));
    preparePreset(node);
    // What does not work yet is no choice, but a saved flow keeps it and shows it.
    hideLater(node, CONNECTION);
    prepareTest(node);
    prepareCounter(node);
    prepareCommandLine(node);
  },
  close: () => {
    stopTest?.();
    stopTest = null;
  },
});

function makeTabs(): void {
  const tabs = RED.tabs.create({
    id: 'dlms-connection-tabs',
    onchange: ({ id }) => {
      $('#dlms-connection-pages').children().hide();
      $(`#${id}`).show();
    },
  });
  for (const page of PAGES) tabs.addTab({ id: `dlms-connection-page-${page}`, label: say(`tab.${page}`) });
  setTimeout(() => tabs.resize(), 0);
}

/** A preset fills in the fields it knows; what it says nothing about stays. */
function preparePreset(node: Connection): void {
  const tip = $('#dlms-connection-preset-tip');
  let own: Preset | null = null;
  const tell = (): void => {
    const given = Object.entries(own?.connection ?? {});
    const changed = others(
      given,
      name => current(node, name),
      name => usual(node, name),
    );
    tip.text(shared('preset.differs', { names: labelsOf('dlms-connection', changed) })).toggle(changed.length > 0);
  };
  presetField(node, $('#dlms-connection-preset'), {
    says: preset => preset.connection !== undefined,
    // One that is made from the form of a push decoder is for the meter that was chosen there.
    first: () => (RED.nodes.node(node.id) ? '' : presetOfOpen('dlms-push-decoder')),
    take: preset => fill(node, preset.connection ?? {}),
    show: preset => {
      own = preset;
      tell();
    },
  });
  $('#dlms-connection-pages').on('change input', tell);
}

function fill(node: Connection, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(node, name);
    setValue(field, value);
    field.trigger('change');
  }
}

/** Two buttons, of which one turns into "Stop" while what it began goes on. */
function prepareTest(node: Connection): void {
  const list = $('#dlms-connection-stages');
  const buttons = $('#dlms-connection-test, #dlms-connection-search');
  const rest = (): void => {
    stopTest = null;
    buttons.prop('disabled', false);
    $('#dlms-connection-test span').text(say('test.start'));
    $('#dlms-connection-search span').text(say('test.search'));
  };
  stopTest = null;
  buttons.on('click', event => {
    event.preventDefault();
    if (stopTest !== null) {
      stopTest();
      stopTurning(list, 'fa-ban');
      return rest();
    }
    const pressed = $(event.currentTarget);
    buttons.not(pressed).prop('disabled', true);
    pressed.find('span').text(say('test.stop'));
    const decoder = listeningDecoder(node.id);
    const tried = { ...connectionInForm(node), ...(decoder !== null && { decoder }) };
    stopTest = runTest(list, tried, {
      search: pressed.is('#dlms-connection-search'),
      onUse: properties => {
        fill(node, properties);
        notify(say('test.used'), 'success');
      },
      onEnd: rest,
    });
  });
}

/** What the installation keeps about the keys of this form; it is no property, and Cancel takes nothing back. */
function prepareCounter(node: Connection): void {
  const now = $('#dlms-connection-counter-now');
  const field = $('#dlms-connection-counter');
  const counter = (wish: object, done?: 'set' | 'forgotten'): void => {
    post('dlms-connection/counter', { ...connectionInForm(node), ...wish })
      .done((kept: { counter: number | null }) => {
        const facts = { counter: kept.counter };
        now.text(say(kept.counter === null ? 'counter.none' : 'counter.now', facts));
        if (done === undefined) return;
        field.val('');
        notify(say(`counter.${done}`, facts), 'success');
      })
      .fail((failed: Failed) => {
        now.text('');
        // Of a form that is not filled in yet nothing is known.
        if (done !== undefined) notify(saidBy(failed) ?? say('error.counter'), 'error');
      });
  };
  $('#dlms-connection-counter-set').on('click', event => {
    event.preventDefault();
    counter({ set: typed(field) }, 'set');
  });
  $('#dlms-connection-counter-forget').on('click', event => {
    event.preventDefault();
    counter({ forget: true }, 'forgotten');
  });
  if (isShown(node, CONNECTION, 'encryptionKey') && current(node, 'encryptionKey') !== '') counter({});
}

/** Fills the form from the command line of another reader. */
function prepareCommandLine(node: Connection): void {
  const field = $('#dlms-connection-command-line');
  $('#dlms-connection-apply').on('click', event => {
    event.preventDefault();
    post('dlms-connection/command-line', { line: textIn(field) })
      .done(({ properties, credentials, ignored }: CommandLine) => {
        const values = { ...properties, ...credentials };
        fill(node, values);
        field.val('');
        const parts = [say('applied', { count: Object.keys(values).length })];
        if (ignored.length > 0) parts.push(say('ignored', { list: ignored.join(' ') }));
        notify(parts.join(' '), ignored.length > 0 ? 'warning' : 'success');
      })
      .fail((failed: Failed) => notify(saidBy(failed) ?? say('error.commandLine'), 'error'));
  });
}

interface CommandLine {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, unknown>>;
  /** What no property stands for. */
  readonly ignored: readonly string[];
}
