// The rules that keep the house standing: the import table of ARCHITECTURE.md and a core without clock, socket or dice.
// A folder that is not in TABLE may not be imported from; a row is the whole truth about a folder.

import tseslint from 'typescript-eslint';

/** folder of src → folders of src it may import, and modules from outside. */
const TABLE = {
  'core/wire': { from: [] },
  'core/framing': { from: ['core/wire', 'core/cosem', 'core/meters'] },
  'core/obis': { from: ['core/wire'] },
  'core/cosem': { from: ['core/wire', 'core/obis'] },
  'core/apdu': { from: ['core/wire', 'core/cosem'] },
  'core/meters': { from: [] },
  'core/sml': { from: ['core/wire', 'core/obis', 'core/cosem', 'core/meters'] },
  'core/link': { from: ['core/wire', 'core/framing'] },
  'core/security': { from: ['core/wire', 'core/apdu'], modules: ['node:crypto'] },
  'core/transfer': { from: ['core/wire', 'core/cosem', 'core/apdu'] },
  'core/iec62056-21': {
    from: ['core/wire', 'core/framing', 'core/obis', 'core/cosem', 'core/meters', 'core/security'],
  },
  'core/client': {
    from: ['core/wire', 'core/obis', 'core/cosem', 'core/apdu', 'core/link', 'core/security', 'core/transfer'],
  },
  'core/push': {
    from: [
      ...[
        'core/wire',
        'core/framing',
        'core/obis',
        'core/cosem',
        'core/apdu',
        'core/link',
        'core/meters',
        'core/security',
        'core/sml',
        'core/transfer',
      ],
      'core/iec62056-21',
    ],
  },
  'core/xml': {
    from: [...['core/wire', 'core/framing', 'core/obis', 'core/cosem', 'core/apdu', 'core/link', 'core/security']],
    modules: ['saxes'],
  },
  filter: { from: ['core/wire', 'core/obis', 'core/cosem'] },
  // Runs in the browser: of io the tables of settings, of the rest types only. The bundle breaks on a module of Node.
  editor: {
    from: [
      'core',
      'io/settings',
      'io/diagnosis/connection-advice',
      'nodes/connection/object-browser',
      '../locales/en-US',
    ],
    modules: ['node-red'],
  },
  io: { from: ['core'], modules: ['serialport', 'node:net', 'node:dgram', 'node:crypto'] },
  // What the library promises: names of all layers below the nodes.
  library: { from: ['core', 'io', 'sim'] },
  sim: { from: ['core', 'io'], modules: ['node:net', 'node:dgram', 'node:crypto'] },
  nodes: {
    from: ['core', 'filter', 'io', 'sim'],
    modules: ['node-red', 'node:crypto', 'node:fs', 'node:fs/promises', 'node:path', 'node:zlib'],
  },
};

/** The scripts of the nodes' forms. */
const FORMS = ['src/nodes/*/editor*.ts'];

const NO_CLOCK = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'The time is an input of the core.',
};

/** A path that is put together while it runs is one that no rule sees. */
const UNKNOWN_LOADS = ['ImportExpression > .source', "CallExpression[callee.name='require'] > .arguments"].map(
  part => ({
    selector: `${part}:not(Literal)`,
    message: 'What is loaded stands in the code as a text, so that the table of imports holds for it.',
  }),
);

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'site/', 'node_modules/', 'resources/dlms-editor.js'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'off' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-throw-literal': 'error',
      'no-eval': 'error',
    },
  },
  {
    files: ['src/editor/**/*.ts', ...FORMS],
    languageOptions: { parserOptions: { projectService: false, project: ['tsconfig.editor.json'] } },
  },
  {
    files: ['src/core/**/*.ts', 'src/filter/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'Buffer',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'console',
          'process',
          'performance',
        ]
          .concat(['fetch', 'require', 'global', 'globalThis', 'crypto'])
          .map(name => ({
            name,
            message: 'src/core and src/filter are sans-io: time, chance and the outside world are inputs.',
          })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'The time is an input of the core.' },
        { object: 'Math', property: 'random', message: 'Chance is an input of the core.' },
      ],
      'no-restricted-syntax': ['error', NO_CLOCK],
    },
  },
  // Behind the rules of the core: a row holds those of syntax, too.
  ...Object.entries(TABLE).flatMap(([folder, row]) => importsOf(folder, row)),
  // A form takes what it shares from the editor, and the table and the texts of its own node.
  { files: FORMS, rules: importsOf('nodes', { from: ['editor'] })[1].rules },
  {
    // A phase or an event that nobody thought of would wait behind a default for ever.
    files: ['src/core/client/**/*.ts'],
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'fuzz/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  { files: ['src/nodes/**/*.ts'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    rules: {
      'no-undef': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-throw-literal': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: { console: 'readonly', process: 'readonly' } } },
);

function importsOf(folder, { from, modules = [] }) {
  const depth = folder.split('/').length;
  const allowed = from.map(f => `src/${f}`).join(', ') || 'nothing';
  const message = `src/${folder} may import ${[allowed, ...modules].join(', ')} (ARCHITECTURE.md, import table).`;
  // Files lie in src/<folder> or one folder below it, so an import that leaves it climbs depth levels, or depth + 1.
  const flat = { files: [`src/${folder}/*.ts`], rules: restricted(depth) };
  return [flat, { files: [`src/${folder}/*/*.ts`], rules: restricted(depth + 1) }];

  function restricted(levels) {
    const targets = folder.startsWith('core/') ? [...from, 'core/step'] : from;
    const ways = targets.flatMap(target => wayTo(target, levels));
    // One folder below, "../file" is still at home.
    const home = levels > depth ? ['(?!\\.\\./)'] : [];
    const outside = [...ways.map(way => `${way}(?:/|$)`), ...home].join('|') || '$^';
    const known = modules.map(escaped).join('|') || '$^';
    const patterns = [`^\\.\\./(?!${outside})`, `^(?!\\.{1,2}/|(?:${known})$)`];
    return {
      'no-restricted-imports': ['error', { patterns: patterns.map(regex => ({ regex, message })) }],
      'no-restricted-syntax': [
        'error',
        ...patterns.flatMap(pattern => loads(pattern, message)),
        ...UNKNOWN_LOADS,
        ...(/^(core|filter)/.test(folder) ? [NO_CLOCK] : []),
      ],
    };
  }

  /** What stands after the first "../" of an import of `target` from a file `levels` below src. */
  function wayTo(target, levels) {
    const up = '\\.\\./'.repeat(levels - 1);
    const ways = [up + escaped(target)];
    // From core/x the short way to core/y is ../y, without going through src.
    if (folder.startsWith('core/') && target.startsWith('core/')) {
      ways.push('\\.\\./'.repeat(levels - 2) + escaped(target.slice('core/'.length)));
    }
    return ways;
  }
}

/** What import() and require() must not load, either; a selector cannot hold a slash. */
function loads(pattern, message) {
  const path = `/${pattern.replaceAll('/', '\\u002f')}/`;
  return [
    { selector: `ImportExpression[source.value=${path}]`, message },
    { selector: `CallExpression[callee.name='require'][arguments.0.value=${path}]`, message },
  ];
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
