// The objects of a meter as a tree to choose from, each with its rights and its value on request.

import type { BrowserEntry } from '../nodes/connection/object-browser';
import { messageOf, post, type Failed } from './ask';
import { savedConnection, type ConnectionInForm } from './connection-in-form';
import { typed } from './fields';
import { byMedium, duration, found, keyOf } from './objects';
import { notify, say, sayIfKnown } from './words';

export interface BrowseOptions {
  /** Load profiles and logs only. */
  readonly profiles?: boolean;
  /** Check boxes: any number of objects. */
  readonly several?: boolean;
  /** Codes that are chosen already. */
  readonly chosen: readonly string[];
  onChoose(entries: readonly BrowserEntry[]): void;
}

/** "Browse meter": a button that opens the objects of the connection chosen in the form. */
export function browseButton(button: JQuery, options: () => BrowseOptions): void {
  button.on('click', event => {
    event.preventDefault();
    const connection = savedConnection(typed($('#node-input-connection')));
    if (connection === null) notify(say('browse.noConnection'), 'warning');
    else browse(connection, options());
  });
}

interface Listed {
  readonly objects: readonly BrowserEntry[];
  readonly ageSeconds: number;
  readonly meter?: string | null;
  /** The list is kept from before; this is why there is no new one. */
  readonly error?: { readonly message: string };
}

interface Profile {
  /** Seconds; 0: not by time. */
  readonly capturePeriod: number | null;
  readonly entriesInUse: number | null;
  readonly entries: number | null;
  readonly columns: readonly { readonly obis: string; readonly name: string }[];
}

interface ObjectItem extends TreeItem {
  readonly entry: BrowserEntry;
}

function browse(connection: ConnectionInForm, options: BrowseOptions): void {
  let tree: JQuery | null = null;
  let entries: readonly BrowserEntry[] = [];
  const chosen = new Map<string, BrowserEntry>();
  let asking: JQuery.jqXHR | null = null;
  let value: JQuery.jqXHR | null = null;

  const box = $('<div class="dlms-browse">').css({ display: 'flex', flexDirection: 'column', height: '100%' });
  const bar = $('<div>').css({ display: 'flex', gap: '8px', alignItems: 'center', padding: '8px 12px' }).appendTo(box);
  const holder = $('<div>')
    .css({ flex: '1 1 auto', border: '1px solid var(--red-ui-form-input-border-color)', borderRadius: '4px' })
    .appendTo(bar);
  const search = $('<input type="text" class="dlms-browse-search">').appendTo(holder);
  const again = $('<button type="button" class="red-ui-button red-ui-button-small dlms-browse-refresh">').appendTo(bar);
  $('<i class="fa fa-refresh">').appendTo(again);
  again.append(document.createTextNode(` ${say('browse.refresh')}`));
  const note = $('<div class="dlms-browse-note">')
    .css({ padding: '0 12px 6px', color: 'var(--red-ui-secondary-text-color)' })
    .appendTo(box);
  const treeBox = $('<div>').css({ flex: '1 1 auto', minHeight: '120px', margin: '0 12px' }).appendTo(box);
  const details = $('<div class="dlms-browse-details">')
    .css({
      flex: '0 0 auto',
      maxHeight: '40%',
      minHeight: '96px',
      overflow: 'auto',
      padding: '10px 12px',
      borderTop: '1px solid var(--red-ui-secondary-border-color)',
    })
    .appendTo(box);

  search.searchBox({ delay: 250, change: fillTree });
  again.on('click', event => {
    event.preventDefault();
    load(true);
  });

  function load(fresh: boolean): void {
    asking?.abort();
    again.prop('disabled', true).find('i').addClass('fa-spin');
    note.css('color', '').text(say('browse.reading'));
    const request = post('dlms-connection/browse', { fresh, ...connection });
    asking = request;
    request
      .done(({ objects, ageSeconds, meter, error }: Listed) => {
        entries = objects.filter(entry => !options.profiles || entry.kind === 'profile');
        const facts = { count: entries.length, age: duration(ageSeconds) };
        const parts = [say(options.profiles ? 'browse.profiles' : 'browse.objects', facts)];
        if (meter) parts.push(meter);
        if (error) parts.push(say('browse.away', { reason: error.message }));
        note.text(parts.join(' · '));
        fillTree();
      })
      .fail((failed: Failed, why: string) => {
        if (why !== 'abort') note.text(messageOf(failed)).css('color', 'var(--red-ui-text-color-error)');
      })
      .always(() => {
        if (asking !== request) return;
        asking = null;
        again.prop('disabled', false).find('i').removeClass('fa-spin');
      });
  }

  function fillTree(): void {
    const shown = found(entries, typed(search));
    const data = byMedium(shown).map(({ medium, kinds }): TreeItem => {
      const children = kinds.map(({ kind, entries: own }) => ({
        label: `${say(`browse.kind.${kind}`)} (${own.length})`,
        expanded: shown.length < 40 || kind === 'energy' || kind === 'profile' || kind === 'instantaneous',
        children: own.map(leaf),
      }));
      const label = sayIfKnown(`browse.medium.${medium}`) ?? say('browse.medium.other', { medium });
      // With one kind only, a level less to click through.
      return { label, expanded: true, children: options.profiles ? (children[0]?.children ?? []) : children };
    });
    if (tree !== null) return tree.treeList('data', data);
    tree = $('<div>').css({ width: '100%', height: '100%' }).appendTo(treeBox).treeList({ data });
    tree.on('treelistselect', (_event, item?: TreeItem) => {
      if (!isObject(item)) return;
      if (!options.several) chosen.clear();
      if (options.several && !item.selected) chosen.delete(keyOf(item.entry));
      else chosen.set(keyOf(item.entry), item.entry);
      const count = options.several && chosen.size > 0 ? ` (${chosen.size})` : '';
      $('#dlms-browse-ok').text(say('browse.choose') + count);
      describe(item.entry);
    });
    tree.on('treelistconfirm', (_event, item?: TreeItem) => {
      if (isObject(item)) finish();
    });
  }

  function leaf(entry: BrowserEntry): ObjectItem {
    const element = $('<div class="dlms-browse-object">').css({
      display: 'flex',
      gap: '10px',
      alignItems: 'baseline',
      paddingLeft: '4px',
    });
    $('<span>')
      .css({ flex: '1 1 auto', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' })
      .text(entry.known ? entry.name : entry.className)
      .appendTo(element);
    $('<span>')
      .css({ flex: '0 0 130px', fontFamily: 'monospace', color: 'var(--red-ui-secondary-text-color)' })
      .text(entry.obis)
      .appendTo(element);
    $('<span>')
      .css({ flex: '0 0 26px', color: 'var(--red-ui-tertiary-text-color)' })
      .attr('title', entry.access === null ? '' : say(`browse.access.${entry.access || 'none'}`))
      .text(entry.access === null ? '' : entry.access || '–')
      .appendTo(element);
    const selected = chosen.has(keyOf(entry)) || options.chosen.includes(entry.obis);
    if (options.several) return { element, entry, checkbox: true, selected };
    return selected ? { element, entry, selected } : { element, entry };
  }

  function describe(entry: BrowserEntry): void {
    value?.abort();
    value = null;
    details.empty();
    const head = $('<div>').css({ display: 'flex', gap: '10px', alignItems: 'baseline' }).appendTo(details);
    $('<b>').css({ flex: '1 1 auto' }).text(entry.name).appendTo(head);
    const button = $('<button type="button" class="red-ui-button red-ui-button-small dlms-browse-value">')
      .text(say(entry.kind === 'profile' ? 'browse.columns' : 'browse.value'))
      .appendTo(head);
    const { obis, className, classId, version } = entry;
    $('<div>')
      .css({ color: 'var(--red-ui-secondary-text-color)' })
      .text([obis, `${className} (${classId})`, say('browse.version', { version })].join(' · '))
      .appendTo(details);
    const rights = entry.attributes.map(({ attribute, name, access }) => {
      const right = access === null ? '' : `: ${say(`browse.access.${access || 'none'}`)}`;
      return `${attribute} ${name}${right}`;
    });
    if (rights.length > 0) {
      $('<div>')
        .css({ color: 'var(--red-ui-tertiary-text-color)', fontSize: '90%' })
        .text(rights.join(' · '))
        .appendTo(details);
    }
    const shown = $('<div class="dlms-browse-shown">').css({ marginTop: '6px' }).appendTo(details);
    button.on('click', event => {
      event.preventDefault();
      button.prop('disabled', true);
      shown.empty().append($('<i class="fa fa-spinner fa-spin">'));
      value = post('dlms-connection/value', { obis, classId, ...connection });
      value
        .done((answer: { profile?: Profile; value?: unknown; unit?: string | null }) => {
          shown.empty();
          if (answer.profile) showProfile(shown, answer.profile);
          else shown.append($('<b>').text(String(answer.value) + (answer.unit ? ` ${answer.unit}` : '')));
        })
        .fail((failed: Failed, why: string) => {
          if (why !== 'abort') shown.empty().css('color', 'var(--red-ui-text-color-error)').text(messageOf(failed));
        })
        .always(() => {
          button.prop('disabled', false);
        });
    });
  }

  function finish(): void {
    RED.tray.close();
    options.onChoose([...chosen.values()]);
  }

  RED.tray.show({
    title: say('browse.title'),
    width: 620,
    buttons: [
      { id: 'dlms-browse-cancel', text: RED._('common.label.cancel'), click: () => RED.tray.close() },
      { id: 'dlms-browse-ok', class: 'primary', text: say('browse.choose'), click: finish },
    ],
    open: (tray: JQuery) => {
      tray.find('.red-ui-tray-body').css({ padding: 0 }).append(box);
      $('<div>').css('color', 'var(--red-ui-tertiary-text-color)').text(say('browse.hint')).appendTo(details);
      load(false);
    },
    close: () => {
      asking?.abort();
      value?.abort();
    },
  });
}

function showProfile(box: JQuery, { capturePeriod, entriesInUse, entries, columns }: Profile): void {
  const parts: string[] = [];
  if (capturePeriod === 0) parts.push(say('browse.irregular'));
  else if (capturePeriod !== null) parts.push(say('browse.period', { period: duration(capturePeriod) }));
  if (entriesInUse !== null) parts.push(say('browse.rows', { used: entriesInUse, most: entries }));
  $('<div>').text(parts.join(' · ')).appendTo(box);
  const list = $('<ol>').css({ margin: '4px 0 0 20px' }).appendTo(box);
  for (const { name, obis } of columns) {
    const row = $('<li>').appendTo(list);
    $('<span>').text(`${name}  `).appendTo(row);
    $('<span>').css({ fontFamily: 'monospace', color: 'var(--red-ui-secondary-text-color)' }).text(obis).appendTo(row);
  }
}

/** Not a medium or a kind. */
function isObject(item: TreeItem | undefined): item is ObjectItem {
  return item !== undefined && 'entry' in item;
}
