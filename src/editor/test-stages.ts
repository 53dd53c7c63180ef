// A connection test or a search for a meter, shown stage by stage while it runs.

import { messageOf, postForLines } from './ask';
import type { ConnectionInForm } from './connection-in-form';
import { elapsed, ICONS, sentenceOf, type Stage, type Words } from './stages';
import { say, sayIfKnown } from './words';

export interface TestOptions {
  /** Look for meters at other addresses instead of testing this one. */
  readonly search: boolean;
  /** A find is to be filled in. */
  onUse(properties: Readonly<Record<string, unknown>>): void;
  onEnd(): void;
}

/** Shows it in `list`; returns the way to stop it. */
export function runTest(list: JQuery, connection: ConnectionInForm, { search, onUse, onEnd }: TestOptions): () => void {
  const rows = new Map<string, JQuery>();
  let trying: JQuery | null = null;
  list.empty().show();

  /** One row a stage, which changes as the stage goes on. */
  function showTest(stage: Stage): void {
    const name = stage.stage ?? 'line';
    const row = rows.get(name) ?? addRow(list);
    rows.set(name, row);
    fillRow(row, stage, say(`test.stage.${name}`));
  }
  /** One row for what is being tried, one for each find. */
  function showSearch(event: Stage): void {
    if (event.state === 'trying') {
      trying ??= addRow(list);
      return fillRow(trying, event, '');
    }
    if (trying !== null && event.state !== 'found') {
      trying.remove();
      trying = null;
    }
    const row = addRow(list);
    if (trying !== null) row.insertBefore(trying);
    fillRow(row, event, '');
    const { properties } = event;
    if (properties === undefined) return;
    $('<button type="button" class="red-ui-button red-ui-button-small dlms-use">')
      .text(say('test.use'))
      .appendTo(row.find('.dlms-stage-head'))
      .on('click', click => {
        click.preventDefault();
        onUse(properties);
      });
  }

  return postForLines(
    'dlms-connection/test',
    { search, ...connection },
    // The lines are written by connection/routes, a stage or an event each.
    line => (search ? showSearch(line as Stage) : showTest(line as Stage)),
    failed => {
      if (failed !== null) fillRow(addRow(list), { state: 'failed', error: { message: messageOf(failed) } }, '');
      // A connection that broke in the middle leaves nothing turning.
      stopTurning(list, 'fa-question');
      onEnd();
    },
  );
}

/** What still turns is not going on any more. */
export function stopTurning(list: JQuery, icon: 'fa-question' | 'fa-ban'): void {
  list.find('.fa-spin').attr('class', `fa fa-fw ${icon}`);
}

function addRow(list: JQuery): JQuery {
  return $('<li class="dlms-stage">').css({ listStyle: 'none', padding: '3px 0' }).appendTo(list);
}

function fillRow(row: JQuery, stage: Stage, title: string): void {
  // A state that this page does not know yet is told like one that goes on.
  const { icon, colour } = ICONS[stage.state] ?? ICONS.running;
  row
    .empty()
    .attr('data-stage', stage.stage ?? '')
    .attr('data-state', stage.state);
  const head = $('<div class="dlms-stage-head">').css({ display: 'flex', gap: '8px', alignItems: 'baseline' });
  head.appendTo(row);
  $('<i>')
    .addClass(`fa fa-fw ${icon}`)
    .css({ flex: '0 0 auto', color: `var(${colour})` })
    .appendTo(head);
  if (title !== '') $('<b>').css({ flex: '0 0 92px' }).text(title).appendTo(head);
  const say = ({ key, facts }: Words): string => sayIfKnown(`test.says.${key}`, facts) ?? key;
  const sentence = sentenceOf(stage, say, ({ code, facts }) => sayIfKnown(`fault.${code}`, facts));
  $('<span>').css({ flex: '1 1 auto', overflowWrap: 'anywhere' }).text(sentence).appendTo(head);
  const time = elapsed(stage);
  if (time !== '') {
    $('<span>')
      .css({ color: 'var(--red-ui-tertiary-text-color)', whiteSpace: 'nowrap', fontSize: '90%' })
      .text(time)
      .appendTo(head);
  }
  const advice = stage.advice && sayIfKnown(`test.advice.${stage.advice.key}`, stage.advice.facts);
  if (advice) {
    $('<div class="dlms-advice">')
      .css({
        margin: '4px 0 4px 26px',
        padding: '6px 10px',
        borderLeft: `3px solid var(${colour})`,
        color: 'var(--red-ui-primary-text-color)',
        background: 'var(--red-ui-tertiary-background)',
      })
      .text(advice)
      .appendTo(row);
  }
  row[0]?.scrollIntoView({ block: 'nearest' });
}
