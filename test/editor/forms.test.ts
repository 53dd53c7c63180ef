// The forms as the build makes them: what they register is what the tables say, and each template has what its table needs.

import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isCredential, storedDefault, type Setting, type Table } from '../../src/io/settings/table';
import { TABLES } from '../../scripts/settings-tables';
import { htmlOf, registered, type Property } from './registered';

const FORMS = registered(['there']);

for (const [type, table] of Object.entries(TABLES)) {
  describe(`the form of ${type}`, () => {
    const form = FORMS.get(type);
    const html = htmlOf(type);
    const prefix = form?.category === 'config' ? 'node-config-input-' : 'node-input-';
    const inForm = table.filter(setting => setting.byHand !== true);

    it('registers the properties and secrets of its table', () => {
      const properties = inForm.filter(setting => !isCredential(setting));
      assert.deepEqual(
        plain(Object.entries(form?.defaults ?? {}).map(([name, { value }]) => [name, value])),
        plain(properties.map(setting => [setting.name, storedDefault(setting)])),
      );
      assert.deepEqual(Object.keys(form?.credentials ?? {}), names(inForm.filter(isCredential)));
    });

    it('has validators whose reasons the editor shows: those with two parameters', () => {
      for (const [name, { validate }] of Object.entries({ ...form?.defaults, ...form?.credentials }))
        assert.ok(validate === undefined || validate.length === 2, name);
    });

    it('has a field for each that is typed or chosen', () => {
      // Lists and groups are built by the script; Node-RED saves the version by itself.
      const fields = inForm.filter(({ kind, name }) => !['json', 'group'].includes(kind) && name !== 'version');
      const missing = names(fields).filter(name => !html.includes(`id="${prefix}${name}"`));
      assert.deepEqual(missing, []);
    });

    it('offers no choice that the table does not know', () => {
      for (const setting of table) {
        if (setting.kind !== 'choice') continue;
        const select = new RegExp(`<select[^>]*id="${prefix}${setting.name}"[^]*?</select>`).exec(html)?.[0] ?? '';
        const offered = [...select.matchAll(/<option\s+value="([^"]*)"/g)].map(m => m[1] ?? '');
        assert.ok(offered.length > 0, setting.name);
        const known = setting.default === null ? ['', ...setting.choices] : setting.choices;
        assert.deepEqual(
          offered.filter(value => !known.includes(value)),
          [],
          setting.name,
        );
      }
    });

    it('shows its hints by settings that there are', () => {
      for (const [, written = ''] of html.matchAll(/data-when="([^"]+)"/g)) {
        for (const term of written.replaceAll('&amp;', '&').split('&')) {
          const [name = '', wanted] = term.trim().split('=');
          const setting = table.find(row => row.name === name);
          assert.ok(setting !== undefined, name);
          for (const value of wanted?.split('|') ?? [])
            assert.ok(setting.kind === 'choice' && setting.choices.includes(value), `${name}=${value}`);
        }
      }
    });
  });
}

describe('the validators of the forms', () => {
  const says = (type: string, name: string, value: unknown, node: object = {}): true | string => {
    const form = FORMS.get(type);
    const property: Property = form?.defaults[name] ?? form?.credentials?.[name] ?? {};
    const fresh = Object.fromEntries(Object.entries(form?.defaults ?? {}).map(([key, usual]) => [key, usual.value]));
    return property.validate?.call({ id: 'n', _def: form, ...fresh, [name]: value, ...node }, value, {}) ?? true;
  };

  it('refuse of OBIS codes what the core refuses', () => {
    for (const code of ['1-0.1.8.0', '999.8.0', '1-0:300.8.0']) {
      assert.equal(says('dlms-read-load-profile', 'obis', code), 'shared.error.obis');
      assert.equal(says('dlms-connection', 'counterObject', code, { security: 'encryption' }), 'shared.error.obis');
      assert.equal(says('dlms-get-object', 'objects', [{ obis: code }]), 'shared.error.obis');
      assert.equal(says('dlms-push-decoder', 'layouts', [layout(code)]), 'shared.error.obis');
    }
    assert.equal(says('dlms-obis-filter', 'rules', [{ obis: '1-0:300.8.0' }]), 'dlms-obis-filter.error.pattern');
    assert.equal(says('dlms-get-object', 'objects', [{ obis: '1.8.0' }]), true);
    assert.equal(says('dlms-push-decoder', 'layouts', [layout('1.8.0')]), true);
  });

  it('say what a list lacks', () => {
    assert.equal(says('dlms-get-object', 'objects', [{ obis: '' }]), 'shared.error.obis');
    const odd = [{ obis: '1.8.0', attribute: '0' }];
    assert.equal(says('dlms-get-object', 'objects', odd), 'dlms-get-object.error.attribute');
    assert.equal(says('dlms-push-decoder', 'scalers', { '1.8.0': '' }), 'dlms-push-decoder.error.scaler');
    assert.equal(says('dlms-obis-filter', 'rules', [{ obis: 'active_energy_*' }]), true);
  });

  it('know the other fields of a range', () => {
    const range = (value: object): true | string => says('dlms-read-load-profile', 'range', value);
    assert.equal(range({ mode: 'last', last: '31 days' }), true);
    assert.equal(range({ mode: 'last', last: '${SPAN}' }), true);
    assert.equal(range({ mode: 'since-last-read', last: 'for ever' }), 'dlms-read-load-profile.error.last');
    assert.equal(range({ mode: 'all', last: 'for ever' }), true);
    assert.equal(range({ mode: 'between', from: '' }), 'dlms-read-load-profile.error.from');
    assert.equal(range({ mode: 'entries', entries: '1-96' }), true);
    assert.equal(range({ mode: 'entries', entries: 'some' }), 'dlms-read-load-profile.error.entries');
  });

  it('ask for a connection only where one is used', () => {
    const error = 'shared.error.connection';
    assert.equal(says('dlms-push-decoder', 'connection', ''), true);
    assert.equal(says('dlms-push-decoder', 'connection', '', { source: 'connection' }), error);
    assert.equal(says('dlms-push-decoder', 'connection', 'gone', { source: 'connection' }), error);
    assert.equal(says('dlms-push-decoder', 'connection', 'there', { source: 'connection' }), true);
    assert.equal(says('dlms-iec-readout', 'connection', '', { source: 'message' }), true);
    assert.equal(says('dlms-iec-readout', 'connection', ''), error);
  });
});

function names(table: Table | readonly Setting[]): string[] {
  return table.map(({ name }) => name);
}

function layout(obis: string): object {
  return { name: 'own', elements: 1, entries: [{ position: 0, obis }] };
}

/** Values of another realm have other prototypes. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
