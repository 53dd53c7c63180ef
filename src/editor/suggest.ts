// Suggestions below a field: codes and their names, time zones, the serial ports of the machine that Node-RED runs on.

import { ask } from './ask';
import { isZone, trimmed } from './check';
import { textIn } from './fields';
import { isCode, ranked, zonesLike, type Suggestion } from './suggestions';
import { language, say } from './words';

/** Codes while typing, by code or by words; `isWhole` tells what is written out from words. */
export function suggestCodes(field: JQuery, isWhole: (text: string) => boolean = isCode): void {
  suggest(
    field,
    (text, done) => {
      ask('dlms-connection/obis', { q: text, lang: language(), standard: standardOfForm() })
        .done((found: readonly { obis: string; name: string }[]) => {
          done(found.map(({ obis, name }) => ({ value: obis, about: name })));
        })
        .fail(() => done([]));
    },
    isWhole,
  );
}

/** Of the meter behind the form's connection: its standard may have names of its own. */
function standardOfForm(): string {
  const connection = $('#node-input-connection').val();
  const node = typeof connection === 'string' ? RED.nodes.node(connection) : null;
  return trimmed((node as { standard?: unknown } | null)?.standard);
}

export function suggestZones(field: JQuery): void {
  // Browsers of before 2022 know the zones and no list of them.
  const zones = Intl.supportedValuesOf?.('timeZone') ?? [];
  suggest(field, (text, done) => done(zonesLike(text, zones)), isZone);
}

/** With a click into the field or while typing. */
export function suggestPorts(field: JQuery): void {
  suggest(
    field,
    (_text, done) => {
      ask('dlms-connection/ports')
        .done((ports: readonly { path: string; about: string }[]) => {
          const found = ports.map(({ path, about }) => ({ value: path, about }));
          done(found.length > 0 ? found : [{ value: textIn(field), about: say('ports.none') }]);
        })
        .fail(() => done([]));
    },
    () => true,
  );
  field.on('click', () => {
    field.trigger('keyup');
  });
}

function suggest(
  field: JQuery,
  find: (text: string, done: (found: readonly Suggestion[]) => void) => void,
  isWhole: (text: string) => boolean,
): void {
  field.autoComplete({
    minLength: 0,
    search: (typed, done) => {
      const text = typed.trim();
      find(text, found => done(ranked(text, found, isWhole, say('browse.asTyped')).map(rowOf)));
    },
  });
}

function rowOf({ value, about }: Suggestion): SuggestionRow {
  const label = $('<div>').css({ display: 'flex', gap: '10px' }).attr('title', about);
  $('<span>').css({ fontFamily: 'monospace', whiteSpace: 'nowrap' }).text(value).appendTo(label);
  $('<span>').css({ color: 'var(--red-ui-secondary-text-color)' }).text(about).appendTo(label);
  return { value, label };
}
