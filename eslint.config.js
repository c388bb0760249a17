// SPDX-License-Identifier: BSD-3-Clause
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const FEATURES = ['interfaces', 'routing', 'firewall', 'nat', 'balancer', 'vpn', 'system'];
const FOUNDATION = ['net', 'platform', 'diagnostics', 'rulefile', 'tables', 'analysis'];

/** What everybody may import of a folder closed to them: a feature's model, the API's client. */
const OPEN = new Map([
  ...FEATURES.map((name) => [name, '(?!model\\.js$)']),
  ['daemon', '(?!api/)'],
]);

/** Folders of src/ that the files of a folder must not import from. */
const folders = (names) =>
  names.map((name) => ({
    regex: `^(\\.\\./)+${name}/${OPEN.get(name) ?? ''}`,
    message: `imports go one way, from the shell down to net; this folder does not know ${name}`,
  }));

const KOFFI = { regex: '^koffi$', message: 'only src/datapath knows koffi' };
const ABOVE = ['compiler', 'trace', 'daemon', 'cli', 'shell', 'lab', 'datapath', 'import'];

/** The shell's prompt is there at once: it loads nothing large. */
const LIBRARIES = {
  regex: '^(zod|yaml|js-yaml|pino|node-forge)$|datapath/(?!root\\.js$)',
  message: 'the shell imports no large library',
};

/** Import rules of the files matched; `foreign` allows koffi. */
const arrows = (files, forbidden, { foreign = false, also = [] } = {}) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [...folders(forbidden), ...also, ...(foreign ? [] : [KOFFI])] },
    ],
  },
});

export default defineConfig(
  globalIgnores(['build/', 'node_modules/']),
  tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeCheckedOnly],
    languageOptions: {
      parserOptions: { project: ['./test/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
    },
  },
  { rules: { eqeqeq: ['error', 'smart'], 'no-console': 'error', 'prefer-const': 'error' } },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  arrows(['src/**/*.ts'], []),
  arrows(
    FOUNDATION.map((name) => `src/${name}/**/*.ts`),
    [...ABOVE, ...FEATURES],
  ),
  ...FEATURES.map((own) =>
    arrows([`src/${own}/**/*.ts`], [...ABOVE, ...FEATURES.filter((name) => name !== own)]),
  ),
  arrows(
    ['src/compiler/**/*.ts'],
    ['trace', 'daemon', 'cli', 'shell', 'lab', 'datapath', 'import'],
  ),
  arrows(['src/datapath/**/*.ts'], ['daemon', 'cli', 'shell', 'lab', 'compiler', ...FEATURES], {
    foreign: true,
  }),
  arrows(['src/trace/**/*.ts'], ['daemon', 'cli', 'shell', 'lab', 'import']),
  arrows(['src/daemon/**/*.ts'], ['cli', 'shell', 'lab']),
  arrows(
    ['src/daemon/api/**/*.ts'],
    ABOVE.filter((name) => name !== 'daemon'),
  ),
  arrows(['src/cli/**/*.ts'], ['daemon', 'shell', 'lab']),
  arrows(
    ['src/cli/shell/**/*.ts'],
    ['compiler', 'trace', 'daemon', 'lab', 'rulefile', 'analysis', 'import', 'tables', ...FEATURES],
    { also: [LIBRARIES] },
  ),
);
