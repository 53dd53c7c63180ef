// What the forms take from the tables: defaults, credentials, and validators that know the other fields.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentialsOf, defaultsOf, type Fault, type FaultKey, type Page } from '../../src/editor/properties';
import { storedDefault, type Table, type Values } from '../../src/io/settings/table';
import { TABLES } from '../../scripts/settings-tables';

const PAGE: Page = {
  current: (node, name) => node[name],
  knows: id => id === 'there',
  tell: ({ name, key, facts }: Fault) => `${name} ${key} ${JSON.stringify(facts)}`,
};

describe('properties of the forms', () => {
  for (const [type, table] of Object.entries(TABLES)) {
    it(`of ${type}: a new node with a connection is valid, whatever it says only when the flow runs`, () => {
      const node: Record<string, unknown> = newNode(table);
      node['connection'] = 'there';
      node['host'] = 'meter.lan';
      const defaults = defaultsOf(table, PAGE);
      for (const [name, { validate }] of Object.entries(defaults)) {
        assert.equal(validate?.call(node, node[name]) ?? true, true, name);
      }
      for (const row of table) {
        const validate = defaults[row.name]?.validate ?? credentialsOf(table, PAGE)[row.name]?.validate;
        if (row.kind !== 'group' && row.kind !== 'json' && row.kind !== 'node')
          assert.equal(validate?.call(node, '${NAME}') ?? true, true, row.name);
      }
    });
  }

  it('give each node a copy of its default', () => {
    const layouts = (): unknown => defaultsOf(TABLES['dlms-push-decoder']!, PAGE)['layouts']?.value;
    (layouts() as unknown[]).push('mine');
    assert.deepEqual(layouts(), []);
  });

  it('name the type of a configuration node, and ask for it where it is always needed', () => {
    const { connection } = defaultsOf(TABLES['dlms-get-object']!, PAGE);
    assert.deepEqual(connection, { value: '', type: 'dlms-connection', required: true });
    assert.equal(defaultsOf(TABLES['dlms-push-decoder']!, PAGE)['connection']?.type, 'dlms-connection');
  });

  it('have all credentials as passwords', () => {
    const credentials = credentialsOf(TABLES['dlms-connection']!, PAGE);
    assert.deepEqual(
      Object.entries(credentials).map(([name, { type }]) => [name, type]),
      ['password', 'encryptionKey', 'authenticationKey', 'dedicatedKey'].map(name => [name, 'password']),
    );
  });

  it('have a text for each fault, in the catalog that all forms share', () => {
    const shared = JSON.parse(readFileSync(join(__dirname, '../../../locales/en-US/_shared.json'), 'utf8')) as {
      error: Record<string, string>;
    };
    const keys: Record<FaultKey, true> = {
      needed: true,
      connection: true,
      zoneNeeded: true,
      whole: true,
      number: true,
      choice: true,
      later: true,
      text: true,
      key: true,
      systemTitle: true,
      obis: true,
      zone: true,
      hosts: true,
    };
    assert.deepEqual(Object.keys(keys).sort(), Object.keys(shared.error).sort());
  });

  const table = (type: string): Table => TABLES[`dlms-${type}`]!;
  const rows: readonly [string, string, Values, string, unknown, string | true][] = [
    ['of a number outside', 'connection', {}, 'port', '70000', 'port whole {"min":1,"max":65535}'],
    ['of a number of a hidden field', 'connection', { transport: 'serial', path: '/dev/a' }, 'port', '70000', true],
    [
      'of a client with HDLC',
      'connection',
      { interface: 'hdlc' },
      'clientAddress',
      '128',
      'clientAddress whole {"min":0,"max":127}',
    ],
    ['of a client with the wrapper', 'connection', { interface: 'wrapper' }, 'clientAddress', '128', true],
    ['of a host that is missing', 'connection', {}, 'host', '', 'host needed {}'],
    ['of a host to listen on', 'connection', { transport: 'tcp-server' }, 'host', '', true],
    ['of what a variable decides', 'connection', { transport: '${LINE}' }, 'host', '', true],
    ['of what is needed where a variable says so', 'connection', { transport: '${LINE}' }, 'path', '', true],
    ['of a path that is missing', 'connection', { transport: 'serial' }, 'path', '', 'path needed {}'],
    ['of a choice to come', 'connection', {}, 'interface', 'plc', 'interface later {"value":"plc"}'],
    [
      'of a key that is needed',
      'connection',
      { security: 'encryption' },
      'encryptionKey',
      '',
      'encryptionKey needed {}',
    ],
    ['of a key that is saved', 'connection', { security: 'encryption' }, 'encryptionKey', '__PWRD__', true],
    ['of a key that nothing needs', 'connection', {}, 'encryptionKey', '', true],
    ['of a key in a hidden field', 'connection', {}, 'encryptionKey', 'abc', 'encryptionKey key {}'],
    ['of a key that is none', 'push-decoder', {}, 'encryptionKey', 'abc', 'encryptionKey key {}'],
    ['of a password that is needed', 'connection', { authentication: 'low' }, 'password', '', 'password needed {}'],
    ['of a title in characters', 'push-decoder', {}, 'systemTitle', 'MMM00001', true],
    [
      'of a title that is none',
      'iec-readout',
      { source: 'message' },
      'systemTitle',
      'MMM',
      'systemTitle systemTitle {}',
    ],
    ['of a zone', 'simulator', {}, 'timezone', 'Wien', 'timezone zone {"value":"Wien"}'],
    ['of a clock that needs a zone', 'push-decoder', { clockPolicy: 'zone' }, 'timezone', '', 'timezone zoneNeeded {}'],
    ['of a code', 'read-load-profile', {}, 'obis', '1-0.99.1.0', 'obis obis {"value":"1-0.99.1.0"}'],
    ['of the word for no counter object', 'connection', { security: 'encryption' }, 'counterObject', '-', true],
    [
      'of a connection that is gone',
      'push-decoder',
      { source: 'connection' },
      'connection',
      'x',
      'connection connection {}',
    ],
    ['of a connection that nothing needs', 'push-decoder', {}, 'connection', '', true],
    ['of half a second', 'push-decoder', {}, 'silence', '0.5', true],
    [
      'of a number with decimals',
      'obis-filter',
      {},
      'minInterval',
      '-1',
      'minInterval number {"min":0,"max":9007199254740991}',
    ],
    ['of percent', 'obis-filter', {}, 'deadband', '2 %', true],
    ['of what is no number', 'obis-filter', {}, 'deadband', 'two', 'deadband text {"value":"two"}'],
    ['of a network', 'connection', {}, 'allowHosts', '10.0.0.0/99', 'allowHosts hosts {"value":"10.0.0.0/99"}'],
    [
      'of a field inside a group',
      'iec-readout',
      { read: 'profile' },
      'profile',
      { code: '1.8.0' },
      'code text {"value":"1.8.0"}',
    ],
  ];
  for (const [title, type, others, name, value, said] of rows) {
    it(`say ${said === true ? 'nothing' : 'what is wrong'} ${title}`, () => {
      const all = { ...defaultsOf(table(type), PAGE), ...credentialsOf(table(type), PAGE) };
      assert.equal(all[name]?.validate?.call({ ...newNode(table(type)), ...others, [name]: value }, value), said);
    });
  }

  it('ask the form for what its own table does not know', () => {
    const checks = { layouts: (value: unknown) => (Array.isArray(value) ? (true as const) : 'layouts are a list') };
    const { layouts } = defaultsOf(table('push-decoder'), { ...PAGE, checks });
    assert.equal(layouts?.validate?.call({}, 'x'), 'layouts are a list');
    assert.equal(layouts?.validate?.call({}, []), true);
  });
});

function newNode(table: Table): Record<string, unknown> {
  return Object.fromEntries(table.map(row => [row.name, storedDefault(row)]));
}
