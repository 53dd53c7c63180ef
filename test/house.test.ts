// The rules of the house that no compiler keeps: what belongs to a node, what the texts promise, what must not be there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { errorTable, tableIn } from '../scripts/error-table';
import { codesOf, helpOf, LIBRARY_ONLY, remedies } from '../scripts/help-errors';
import { forNodeRed } from '../scripts/help-markdown';
import { FRAMINGS } from '../src/core/push';
import { ERRORS } from '../src/core/wire/errors';
import { htmlOf, registered } from './editor/registered';
import { PACKAGE, PROJECT } from './node-red-process';

type Catalog = { readonly [key: string]: string | Catalog };

const read = (...path: string[]): string => readFileSync(join(PROJECT, ...path), 'utf8');
const json = (...path: string[]): unknown => JSON.parse(read(...path));
const types = Object.keys((json('package.json') as { 'node-red': { nodes: object } })['node-red'].nodes);
const languages = readdirSync(join(PROJECT, 'locales'));
const tracked = spawnSync('git', ['ls-files'], { cwd: PROJECT, encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
const forms = registered();
const examples = readdirSync(join(PROJECT, 'examples'), { recursive: true })
  .map(String)
  .filter(name => name.endsWith('.json'));

for (const type of types) {
  describe(`the node ${type}`, () => {
    const folder = `src/nodes/${type.replace(/^dlms-/, '')}`;
    const html = read(folder, 'form.html');
    const definition = forms.get(type);
    const isConfig = definition?.category === 'config';

    it('has code, a test, and an entry in the palette', () => {
      assert.ok(existsSync(join(PROJECT, folder, `${type}.ts`)));
      assert.ok(existsSync(join(PROJECT, 'test', 'nodes', `${type}.test.ts`)));
      assert.ok(html.includes(`data-template-name="${type}"`));
      assert.ok(definition !== undefined);
      assert.ok(htmlOf(type).includes(`<script src="resources/${PACKAGE}/dlms-editor.js">`));
    });

    if (!isConfig) {
      it('has its icon and an example', () => {
        const icon = definition?.icon ?? '';
        assert.ok(existsSync(join(PROJECT, 'icons', icon)), icon);
        assert.match(read('icons', icon), /#fff/);
        const used = examples.filter(file => read('examples', file).includes(`"${type}"`));
        assert.ok(used.length > 0, 'no example uses it');
      });
    }

    it('has a text for every key that the form asks for', () => {
      const catalog = {
        ...(json('locales', 'en-US', `${type}.json`) as Catalog),
        shared: json('locales', 'en-US', '_shared.json'),
      };
      // What the scripts ask for is compared by the compiler (src/editor/texts.ts).
      const asked = [...html.matchAll(/data-i18n="([^"]+)"/g)]
        .flatMap(m => (m[1] as string).split(';'))
        .map(k => k.replace(/^\[\w+\]/, ''));
      for (const key of asked) assert.equal(typeof textAt(catalog as Catalog, key), 'string', `no text for ${key}`);
    });

    it('gives no list or button the id of a property, whose value the editor would take from it', () => {
      const prefix = isConfig ? 'node-config-input-' : 'node-input-';
      for (const [, tag = '', id = ''] of html.matchAll(/<(\w+)[^>]*\bid="([\w-]+)"/g)) {
        const property = id.startsWith(prefix) ? definition?.defaults[id.slice(prefix.length)] : undefined;
        if (property === undefined) continue;
        assert.match(tag, /^(input|select|textarea)$/, id);
        assert.notEqual(typeof property.value, 'object', `${id} would write its text over the list`);
      }
    });

    it('uses no colours of its own, so that dark themes stay readable', () => {
      const scripts = tracked.filter(f => f.startsWith('src/editor/') || (f.startsWith(folder) && /editor/.test(f)));
      const code = scripts.filter(f => existsSync(join(PROJECT, f))).map(f => read(f));
      const form = [html, ...code].join('\n').replace(/^\s*color: '#[0-9A-Fa-f]{6}',$/m, '');
      assert.doesNotMatch(
        form,
        /#[0-9a-f]{3,8}\b(?=[;'"\s])|rgba?\(|\b(background|color): (white|black|gr[ae]y|red)\b/i,
      );
    });

    for (const language of languages) {
      it(`has help in ${language} in the shape of the style guide`, () => {
        const help = read('locales', language, `${type}.html`);
        assert.ok(help.startsWith(`<script type="text/markdown" data-help-name="${type}">`));
        assert.doesNotMatch(help, /^[ \t]+(#|:)/m);
        if (language === 'en-US') {
          for (const part of isConfig ? ['### Details'] : ['### Inputs', '### Outputs', '### Details']) {
            assert.ok(help.includes(`\n${part}\n`), `no ${part}`);
          }
        }
      });

      it(`has help in ${language} of which Node-RED shows every word`, () => {
        const help = helpOf(join(PROJECT, 'locales'), language, type);
        const served = forNodeRed(help);
        // The rule of the editor's markdown: a further colon, and it shows only what stands behind it.
        for (const line of served.split('\n').filter(l => l.startsWith(':'))) {
          assert.match(line, /^:[^:]+\([^:]+\) :[^:]*$/);
        }
        assert.deepEqual(words(served), words(help));
      });
    }
  });
}

describe('the texts', () => {
  const english = readdirSync(join(PROJECT, 'locales', 'en-US')).filter(f => f.endsWith('.json'));
  for (const language of languages.filter(l => l !== 'en-US')) {
    for (const file of english) {
      it(`have in ${language}/${file} the keys and placeholders of en-US`, () => {
        const want = flat(json('locales', 'en-US', file) as Catalog);
        const have = flat(json('locales', language, file) as Catalog);
        assert.deepEqual([...have.keys()].sort(), [...want.keys()].sort());
        for (const [key, text] of want) assert.deepEqual(holes(have.get(key) as string), holes(text), key);
      });
    }
  }

  it('have one top-level key for each node: its type', () => {
    for (const type of types) assert.deepEqual(Object.keys(json('locales', 'en-US', `${type}.json`) as object), [type]);
  });

  for (const language of languages.filter(l => l !== 'en-US')) {
    it(`have in ${language} a remedy of its own for every error`, () => {
      const english = remedies(join(PROJECT, 'locales'), 'en-US');
      const have = Object.entries(remedies(join(PROJECT, 'locales'), language));
      assert.deepEqual(have.map(([code]) => code).sort(), Object.keys(ERRORS).sort());
      for (const [code, text] of have) {
        assert.notEqual(text.trim(), '', code);
        assert.notEqual(text, english[code as keyof typeof ERRORS], `${code} is not translated`);
      }
    });
  }

  it('of the help name every error with at least one node that can give it, but for those of the library', () => {
    const told = new Set([...types.flatMap(codesOf), ...LIBRARY_ONLY]);
    assert.deepEqual(
      Object.keys(ERRORS).filter(code => !told.has(code as keyof typeof ERRORS)),
      [],
      'add them to scripts/help-errors.ts',
    );
  });

  it('of the errors stand in docs/errors.md as in the code', () => {
    // Compared as a whole: a difference of two long tables helps nobody.
    assert.ok(
      tableIn(read('docs', 'errors.md')) === errorTable(),
      'out of date; run: node dist/scripts/error-table.js',
    );
  });
});

describe('the framings', () => {
  it('can all be chosen in the form of the push decoder', () => {
    const select =
      /<select id="node-input-framing"[^]*?<\/select>/.exec(read('src/nodes/push-decoder/form.html'))?.[0] ?? '';
    const offered = [...select.matchAll(/value="(\w+)"/g)].map(m => m[1]);
    assert.deepEqual(offered, ['auto', ...FRAMINGS]);
  });
});

describe('the examples', () => {
  const core = new Set(
    (
      'tab group comment inject debug function change switch split join catch status complete template csv json ' +
      'file delay batch sort rbe trigger range mqtt-broker exec global-config'
    ).split(' '),
  );
  for (const type of ['link in', 'link out', 'link call', 'mqtt in', 'mqtt out', 'tcp in', 'udp in', 'file in'])
    core.add(type);
  for (const type of ['http in', 'http response', 'http request']) core.add(type);

  for (const file of examples) {
    it(`${file} has a tab of its own, a comment, and only nodes that everyone has`, () => {
      const flow = json('examples', file) as { id: string; type: string; z?: string; connection?: string }[];
      const tabs = flow.filter(n => n.type === 'tab').map(n => n.id);
      assert.ok(tabs.length >= 1);
      assert.ok(flow.some(n => n.type === 'comment'));
      const ids = new Set(flow.map(n => n.id));
      for (const node of flow) {
        // Examples that need another package stand in integrations/ and name it in the file name.
        if (!file.startsWith('integrations')) assert.ok(core.has(node.type) || types.includes(node.type), node.type);
        if (node.z !== undefined && node.z !== '')
          assert.ok(ids.has(node.z), `${node.id} lies on a tab that is not there`);
        if (node.connection) assert.ok(ids.has(node.connection), `${node.id} uses a connection that is not there`);
      }
    });
  }
});

describe('the house', () => {
  const sources = tracked.filter(f => /\.(ts|mjs|html|json|md|sh)$|^\.ci\//.test(f) && f !== 'package-lock.json');
  const present = sources.filter(f => existsSync(join(PROJECT, f)));

  it('names no directory of the machine it was built on', () => {
    // Assembled, or this file would find itself.
    const places = new RegExp(
      `(^|[\\s"'\`(=:])/(${['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me/\\w+', 'tm' + 'p'].join('|')})/`,
      'm',
    );
    for (const file of present) assert.doesNotMatch(read(file), places, file);
  });

  it('has no unfinished marks and no folders for leftovers', () => {
    const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME'].join('|')})\\b`);
    for (const file of present.filter(f => f.endsWith('.ts'))) assert.doesNotMatch(read(file), marks, file);
    const folders = tracked.filter(f => /(^|\/)(utils?|helpers?|common|types|interfaces|misc)\//.test(f));
    assert.deepEqual(folders, []);
  });

  it('says in the first line of each source file what it owns', () => {
    const silent = present.filter(
      f => /^src\/.*\.ts$/.test(f) && !read(f).startsWith('//') && !read(f).startsWith('/**'),
    );
    assert.deepEqual(silent, []);
  });

  it('depends on nothing outside the registry and names its package as the texts do', () => {
    const lock = json('package-lock.json') as { name: string; packages: Record<string, { resolved?: string }> };
    assert.equal(lock.name, PACKAGE);
    for (const [name, { resolved }] of Object.entries(lock.packages)) {
      if (resolved !== undefined) assert.match(resolved, /^https:\/\/registry\.npmjs\.org\//, name);
    }
  });
});

function textAt(catalog: Catalog, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((at, part) => (typeof at === 'object' ? (at as Catalog)[part] : undefined), catalog);
}

function flat(catalog: Catalog, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(catalog).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  );
}

/** The words of a text, whatever markup and signs stand around them. */
function words(markdown: string): string[] {
  const text = markdown
    .replace(/<\/?code>/g, '')
    .replace(/&#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)));
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function holes(text: string): string[] {
  return [...text.matchAll(/__\w+__/g)].map(m => m[0]).sort();
}
