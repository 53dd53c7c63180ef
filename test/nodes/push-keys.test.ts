// One push decoder, thousands of encrypted meters on one topic, in a real runtime: the table of keys as a credential, edited,
// and from a file; what is wrong in it; meters without a row; and that no key is anywhere.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { NodeAPI } from 'node-red';
import helper from 'node-red-node-test-helper';
import { encodeApdu } from '../../src/core/apdu';
import { Key, protect } from '../../src/core/security';
import { concat, fromLatin1, hex, unhex } from '../../src/core/wire/hex';
import pushDecoder from '../../src/nodes/push-decoder/dlms-push-decoder';
import { shownRows, withEdits } from '../../src/nodes/push-decoder/key-edits';
import { LIMIT_TOLD, Unlisted } from '../../src/nodes/push-decoder/unlisted';
import { adminRequest, startFlow, stopFlow, userDirectory, type Flow, type FlowNode, type Message } from './flow';

interface Meter {
  readonly title: string;
  readonly keys: readonly [string, string];
}
/** Each with keys of its own, that can be told from everything else. */
const meter = (n: number): Meter => ({
  title: hex(concat(fromLatin1('MMMg'), unhex((0x7000_0000 + n).toString(16)))),
  keys: [keyText(2 * n), keyText(2 * n + 1)],
});
const keyText = (n: number): string => `5ec2e7${n.toString(16).padStart(8, '0')}ab5ec2e7cd12345678`;
const HEADING = 'title;encryptionKey;authenticationKey;name\n';
const rowOf = ({ title, keys }: Meter, name = ''): string => `${title};${keys.join(';')};${name}\n`;
const pushed = ({ title, keys }: Meter, counter: number, watts = 123): Buffer => {
  const [key, authenticationKey] = keys.map(text => Key.parse(text, 'k')) as [Key, Key];
  const list = concat(
    unhex(
      '0f00000001 0c07ea0b1e010a0f0000ffc400 0202 0203 0906 0100010800ff 06 000003e8 0202 0f00 161e 0203 0906 0100010700ff 06',
    ),
    Uint8Array.of(watts >>> 24, watts >>> 16, watts >>> 8, watts),
    unhex('0202 0f00 161b'),
  );
  const systemTitle = unhex(title);
  const ciphered = protect({ systemTitle, key, authenticationKey, control: 0x30, counter }, list);
  return Buffer.from(encodeApdu({ type: 'general-glo-ciphering', systemTitle, ciphered }));
};
const meterIn = (msg: Message): Record<string, unknown> => (msg.payload as { meter: Record<string, unknown> }).meter;
const codeOf = (msg: Message): unknown => (msg.payload as { code: unknown }).code;
const textOf = (msg: Message): string => (msg.payload as { message: string }).message;
/** Since the flow was loaded. */
const logged = (): string[] =>
  helper.log().args.map(([entry]) => {
    const { msg } = entry as { msg: unknown };
    return msg instanceof Error ? msg.message : typeof msg === 'string' ? msg : JSON.stringify(msg);
  });
const [ONE, TWO, THREE] = [meter(1), meter(2), meter(3)];

describe('a push decoder with a table of keys', function () {
  this.timeout(30_000);
  afterEach(stopFlow);
  let nodes = 0;
  let runtime: NodeAPI | null = null;
  let id = '';
  const node = (more: Record<string, unknown> = {}): FlowNode => ({
    id,
    type: 'dlms-push-decoder',
    wires: [['out'], ['wrong']],
    ...more,
  });
  const start = (more: Record<string, unknown>, credentials: Record<string, string>): Promise<Flow> => {
    id = `keys${nodes++}`;
    return startFlow([pushDecoder, RED => void (runtime = RED)], [node(more)], { [id]: credentials });
  };
  const csv = (...rows: readonly string[]): string => HEADING + rows.join('');

  it('reads 3,000 meters that come in turn on one topic, and tells no key', async () => {
    const meters = Array.from({ length: 3000 }, (_, n) => meter(n));
    const flow = await start({}, { keyTable: csv(...meters.map((each, n) => rowOf(each, `flat ${n}`))) });
    const seen: string[] = [];
    for (const counter of [1, 2]) {
      for (const [n, each] of meters.entries()) {
        if (counter === 2 && n % 10 !== 0) continue;
        flow.send(id, { payload: pushed(each, counter, counter), topic: 'meters' });
        const msg = await flow.message('out');
        const { title } = each;
        assert.deepEqual(meterIn(msg), {
          id: null,
          manufacturer: 'MMM',
          model: null,
          systemTitle: title,
          name: `flat ${n}`,
        });
        assert.equal((msg['dlms'] as { authenticated: boolean }).authenticated, true);
        seen.push(JSON.stringify(msg));
      }
    }
    await flow.silence('wrong', 20);
    const everything = [...seen, ...logged(), ...flow.statuses(id)].join('\n').toLowerCase();
    assert.ok(!everything.includes('5ec2e7'), 'a key');
  });

  it('tells a meter without a row once, and what to do; the others go on', async () => {
    const flow = await start({}, { keyTable: csv(rowOf(ONE)) });
    for (let counter = 1; counter <= 5; counter++) {
      for (const each of [THREE, ONE, TWO]) flow.send(id, { payload: pushed(each, counter), topic: 'meters' });
      await flow.message('out');
    }
    const told = [await flow.message('wrong'), await flow.message('wrong')];
    await flow.silence('wrong', 50);
    assert.deepEqual(told.map(codeOf), ['NO_KEY', 'NO_KEY']);
    assert.match(
      textOf(told[0] as Message),
      new RegExp(`${THREE.title}.*no row of the table of keys.*a row of its table of keys`),
    );
    assert.match(textOf(told[1] as Message), new RegExp(TWO.title));
    // They are counted, and do not hide that the others come.
    await flow.status(id, /^green .*10 problems|^red .*10 problems/);
    await flow.deploy([node({ hex: true })], 'nodes', { [id]: { keyTable: csv(rowOf(ONE)) } });
    flow.send(id, { payload: pushed(TWO, 9), topic: 'meters' });
    assert.equal(codeOf(await flow.message('wrong')), 'NO_KEY');
  });

  it('opens what is in no row with the single keys, unless only the table counts', async () => {
    const [encryptionKey, authenticationKey] = THREE.keys;
    const credentials = { encryptionKey, authenticationKey, keyTable: csv(rowOf(ONE, 'one')) };
    const flow = await start({}, credentials);
    flow.send(id, { payload: pushed(ONE, 1) });
    flow.send(id, { payload: pushed(THREE, 1) });
    assert.equal(meterIn(await flow.message('out'))['name'], 'one');
    assert.equal(meterIn(await flow.message('out'))['name'], undefined);
    await stopFlow();
    const strict = await start({ onlyListed: true }, credentials);
    strict.send(id, { payload: pushed(THREE, 1) });
    strict.send(id, { payload: pushed(ONE, 1) });
    assert.equal(codeOf(await strict.message('wrong')), 'NO_KEY');
    assert.equal(meterIn(await strict.message('out'))['name'], 'one');
  });

  it('says which rows are wrong, by line and column, and reads the other meters', async () => {
    const table = csv(rowOf(ONE), `${TWO.title};${TWO.keys[0].slice(1)};;\n`, `${THREE.keys[0]};${THREE.title};;\n`);
    const flow = await start({}, { keyTable: table });
    await flow.status(id, /^red a setting is wrong: keyTable line 3, column/);
    const told = logged().filter(text => text.includes('keyTable'));
    assert.equal(told.length, 2);
    assert.match(told[0] ?? '', /keyTable line 3, column encryptionKey "\(31 digits\)"/);
    assert.match(told[1] ?? '', /keyTable line 4, column title "\(32 characters\)"/);
    flow.send(id, { payload: pushed(TWO, 1) });
    const wrong = await flow.message('wrong');
    assert.equal(codeOf(wrong), 'BAD_SETTING');
    assert.match(textOf(wrong), /^keyTable line 3, column encryptionKey "\(31 digits\)"/);
    flow.send(id, { payload: pushed(ONE, 1) });
    await flow.message('out');
    assert.ok(![JSON.stringify(wrong), ...told, ...flow.statuses(id)].join().includes('5ec2e7'));
  });

  for (const [what, keyTable] of [
    ['a heading that is missing', rowOf(ONE)],
    ['a column that nobody knows', `title;encryptionKey;authKey\n${ONE.title};${ONE.keys.join(';')}\n`],
  ] as const) {
    it(`refuses ${what}, without telling a key`, async () => {
      const flow = await start({}, { keyTable });
      const status = await flow.status(id, /^red/);
      assert.match(status, /setting is wrong: keyTable line 1/);
      flow.send(id, { payload: pushed(ONE, 1) });
      const { error } = await flow.error();
      assert.equal(error.code, 'BAD_SETTING');
      assert.ok(!`${status} ${error.message}`.includes('5ec2e7'));
    });
  }

  it('has cells that name variables, and presets and layouts by row', async () => {
    process.env['KEYS_TEST_EK'] = ONE.keys[0];
    const table = `title;key;gak;preset;name\n${ONE.title};\${KEYS_TEST_EK};${ONE.keys[1]};at-burgenland;\${KEYS_TEST_NONE}\n${TWO.title};${TWO.keys.join(';')};no-such;\n${THREE.title};\${KEYS_TEST_EK};;;\n`;
    const flow = await start({}, { keyTable: table.replace('${KEYS_TEST_NONE}', 'one') });
    flow.send(id, { payload: pushed(ONE, 1) });
    const msg = await flow.message('out');
    assert.equal(meterIn(msg)['name'], 'one');
    flow.send(id, { payload: pushed(TWO, 1) });
    assert.match(
      textOf(await flow.message('wrong')),
      /^keyTable line 3, column preset "no-such" is not the id of a preset/,
    );
    flow.send(id, { payload: pushed(THREE, 1) });
    assert.equal(codeOf(await flow.message('wrong')), 'WRONG_KEY');
    await stopFlow();
    const unset = await start({}, { keyTable: table });
    await unset.status(id, /^red a setting is wrong: keyTable line 2, column name/);
    delete process.env['KEYS_TEST_EK'];
  });

  it('reads a file that the environment names, at each deploy', async () => {
    await start({}, {}).then(stopFlow);
    const path = join(userDirectory(), 'keys.csv');
    writeFileSync(path, csv(rowOf(ONE, 'file'), rowOf(TWO, 'file')));
    process.env['KEYS_TEST_FILE'] = path;
    const flow = await start({ keyFile: 'KEYS_TEST_FILE' }, { keyTable: csv(rowOf(ONE, 'form')) });
    for (const each of [ONE, TWO]) flow.send(id, { payload: pushed(each, 1) });
    assert.equal(meterIn(await flow.message('out'))['name'], 'form');
    assert.equal(meterIn(await flow.message('out'))['name'], 'file');
    writeFileSync(path, csv(rowOf(THREE, 'new')));
    await flow.deploy([node({ keyFile: 'KEYS_TEST_FILE', hex: true })], 'nodes', {});
    flow.send(id, { payload: pushed(THREE, 1) });
    assert.equal(meterIn(await flow.message('out'))['name'], 'new');
    await stopFlow();
    for (const [value, expected] of [
      [undefined, /keyFile "KEYS_TEST_FILE" is not set in the environment/],
      [join(userDirectory(), 'none.csv'), /keyFile "KEYS_TEST_FILE" .*ENOENT/],
      [userDirectory(), /keyFile "KEYS_TEST_FILE" .*of a file, and of nothing else/],
    ] as const) {
      if (value === undefined) delete process.env['KEYS_TEST_FILE'];
      else process.env['KEYS_TEST_FILE'] = value;
      const wrong = await start({ keyFile: 'KEYS_TEST_FILE' }, {});
      await wrong.status(id, /^red a setting is wrong: keyFile/);
      wrong.send(id, { payload: pushed(ONE, 1) });
      assert.match((await wrong.error()).error.message, expected);
      await stopFlow();
    }
    const path2 = await start({ keyFile: '/etc/passwd' }, {});
    await path2.status(id, /^red a setting is wrong: keyFile/);
  });

  it('gives the form whose rows there are, never a key, and takes a table with holes', async () => {
    const table = csv(rowOf(ONE, 'one'), rowOf(TWO, 'two'), `${ONE.keys[0]};${ONE.title};;shifted\n`);
    const flow = await start({}, { keyTable: table });
    const shown = async (): Promise<{ rows: Record<string, string>[]; wrong: string[] }> =>
      JSON.parse((await adminRequest().get(`/dlms-push-decoder/${id}/keys`).expect(200)).text) as never;
    const before = await shown();
    assert.ok(!JSON.stringify(before).includes('5ec2e7'));
    assert.deepEqual(before.rows[1], {
      title: TWO.title,
      name: 'two',
      encryptionKey: '__PWRD__',
      authenticationKey: '__PWRD__',
      was: TWO.title,
    });
    assert.equal(before.wrong.length, 1);
    // One row is removed, one renamed and given another title, one is new.
    const edits = [
      'title;encryptionKey;authenticationKey;name;was',
      `${THREE.title};${THREE.keys.join(';')};three;`,
      `${TWO.title};__PWRD__;__PWRD__;second;${TWO.title}`,
    ].join('\n');
    // Twice: what the node made of it is what is stored with the next deploy.
    let credentials: Record<string, string> = { keyTable: table, keyEdits: edits };
    for (const hex of [false, true]) {
      await flow.deploy([node({ hex })], 'nodes', { [id]: credentials });
      for (const each of [TWO, THREE]) flow.send(id, { payload: pushed(each, 5) });
      assert.equal(meterIn(await flow.message('out'))['name'], 'second');
      assert.equal(meterIn(await flow.message('out'))['name'], 'three');
      flow.send(id, { payload: pushed(ONE, 5) });
      assert.equal(codeOf(await flow.message('wrong')), 'NO_KEY');
      const after = await shown();
      assert.deepEqual(
        after.rows.map(({ name }) => name),
        ['three', 'second'],
      );
      assert.ok(!JSON.stringify(after).includes('5ec2e7'));
      credentials = { ...(runtime?.nodes.getCredentials(id) as Record<string, string>) };
      assert.deepEqual(Object.keys(credentials), ['keyTable']);
    }
    await adminRequest().get('/dlms-push-decoder/nobody/keys').expect(404);
  });
});

describe('a table that is shown and edited', () => {
  it('has no key in it, in whatever column it got', () => {
    const [key, other] = [ONE.keys[0], TWO.keys[0]];
    const heading = 'title;id;pattern;encryptionKey;name\n';
    const { rows, wrong } = shownRows(
      `${heading}${ONE.title};;${key};;\n${TWO.title};${other};;${other};\n${THREE.title};;;${key};${other}\n`,
    );
    assert.deepEqual(rows, []);
    assert.equal(wrong.length, 3);
    assert.ok(!wrong.join().includes(key) && !wrong.join().includes(other));
  });

  it('keeps the keys of the row that counts, where a meter is there twice', () => {
    const [key, other] = [ONE.keys[0], TWO.keys[0]];
    const edited = withEdits(
      `title;key\n${ONE.title};${key}\n${ONE.title};${other}\n`,
      `title;key;name;was\n${ONE.title};__PWRD__;one;${ONE.title}\n`,
    );
    assert.ok(edited.includes(key) && !edited.includes(other));
  });
});

describe('meters without a row', () => {
  it('are told once a day, counted in between, and bounded', () => {
    const unlisted = new Unlisted();
    assert.equal(unlisted.heard('a', 0), 'tell');
    assert.equal(unlisted.heard('a', 86_399_999), 'count');
    assert.equal(unlisted.heard('a', 86_400_000), 'tell');
    for (let n = 1; n < LIMIT_TOLD; n++) assert.equal(unlisted.heard(`m${n}`, 86_400_000), 'tell');
    assert.equal(unlisted.heard('one more', 86_400_000), 'full');
    assert.equal(unlisted.heard('and more', 86_400_000), 'count');
    assert.equal(unlisted.heard('a', 200_000_000), 'tell');
  });
});
