/** Lint: mistakes with promises and types are errors, and each room of src/ imports only from the floors below it. */
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/** The floors of src/, top to bottom; ARCHITECTURE.md draws them. A room imports from lower floors and its own. */
const FLOORS = [
  ['cli', 'server', 'mcp'],
  ['store', 'observer', 'typed-store', 'roles', 'open', 'index'],
  ['gate', 'documents', 'decisions'],
  ['views', 'contract', 'privacy', 'integrity'],
  ['log', 'kv', 'projections', 'subscriptions', 'blobs'],
  ['backends'],
  ['files', 'binary-search'],
]

const BACKENDS = FLOORS.findIndex((rooms) => rooms.includes('backends'))

/** What a backend may take from the floor above it: pure functions, written once for all backends. */
const SHARED_WITH_BACKENDS = 'log/(?:line|selection|names|utf8-order)\\.js$'

const pattern = (regex, message) => ({ regex, message })

/** Backends are chosen in open.ts, and nobody else knows one by name. */
const NO_BACKEND = pattern(
  '/backends/(?!protocol\\.js$)',
  'Only open.ts, the command line, the conformance suite, tests and benches know a backend; others know protocol.ts.',
)

/** The rooms of higher floors, as import patterns for a room on floor `floor`. */
function above(floor) {
  const rooms = FLOORS.slice(0, floor).flat().join('|')
  const shared = floor === BACKENDS ? `(?!(?:\\.\\./)+${SHARED_WITH_BACKENDS})` : ''
  return rooms === ''
    ? []
    : [
        pattern(
          `^${shared}\\.\\.?/(?:\\.\\./)*(?:${rooms})(?:/|\\.js$)`,
          'A room imports only from the floors below it.',
        ),
      ]
}

/** What touches the world. What a simulated disk must prove goes through the platform instead. */
const WORLD = [
  ...[
    'node:fs',
    'node:fs/promises',
    'fs',
    'fs/promises',
    'node:timers',
    'node:timers/promises',
    'node:os',
    'libsql',
  ].map((name) => ({ name, message: 'Go through the platform (platform.ts).' })),
  {
    name: 'node:crypto',
    importNames: ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'webcrypto', 'default'],
    message: 'Randomness comes from the platform. Import hash functions by name.',
  },
]

/** One config for a room: what it may not import. Later configs replace earlier ones, so each room has exactly one. */
function room(files, floor, { more = [], paths = [], ignores = [] } = {}) {
  const knowsBackends = floor === 0 || files.some((file) => /^src\/(open|index|backends)/.test(file))
  const patterns = [...above(floor), ...(knowsBackends ? [] : [NO_BACKEND]), ...more]
  return { files, ignores, rules: { 'no-restricted-imports': ['error', { paths, patterns }] } }
}

const rooms = [
  room(['src/cli/**', 'src/server/**', 'src/mcp/**'], 0),
  room(['src/open.ts', 'src/index.ts'], 1),
  room(['src/store.ts', 'src/observer.ts', 'src/typed-store.ts', 'src/roles.ts'], 1),
  room(['src/gate/**', 'src/documents/**', 'src/decisions/**'], 2),
  room(['src/views/**', 'src/privacy/**', 'src/integrity/**'], 3),
  room(['src/contract/**'], 3, {
    more: [
      pattern(
        '/(?:views|projections)(?:/|\\.js$)',
        'The judge shares no code with the judged: the contract stands alone.',
      ),
    ],
  }),
  room(['src/log/**', 'src/kv/**', 'src/projections/**', 'src/subscriptions/**'], 4),
  room(['src/blobs/**'], 4, { paths: WORLD }),
  room(['src/backends/**'], BACKENDS),
  room(['src/backends/file/**'], BACKENDS, { paths: WORLD }),
  room(['src/files/**'], BACKENDS + 1, { paths: WORLD, ignores: ['src/files/node-platform.ts'] }),
  room(['src/files/node-platform.ts', 'src/binary-search.ts'], BACKENDS + 1),
  room(['src/{events,errors,json,clock,ids}.ts'], FLOORS.length),
]

/**
 * The file backend and the blobs touch the world through their platform and nothing else, or the simulated disk would
 * prove nothing. Only node-platform.ts, which is that platform, may.
 */
const world = {
  files: ['src/backends/file/**', 'src/files/**', 'src/blobs/**'],
  ignores: ['src/files/node-platform.ts'],
  rules: {
    'no-restricted-globals': [
      'error',
      ...['Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'crypto'].map((name) => ({
        name,
        message: 'Time and randomness come from the platform, or from above the seam.',
      })),
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'Randomness comes from the platform.' },
      { object: 'process', property: 'hrtime', message: 'Time comes from the platform.' },
    ],
  },
}

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.perdure/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  { files: ['**/*.ts'], extends: [tseslint.configs.recommendedTypeChecked] },
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A method that keeps a promise's signature may have nothing to wait for (the memory backend).
      '@typescript-eslint/require-await': 'off',
      // A leading underscore says: here because the signature asks for it.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
    },
  },
  // What prints is the command line and the benches; a library does not.
  { files: ['src/cli/**', 'bench/**', 'examples/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', Buffer: 'readonly', fetch: 'readonly' } },
  },
  // Tests do on purpose what programs must not (numbers no double holds, lists with holes, functions taken from objects),
  // and say why they were skipped.
  {
    files: ['test/**', 'conformance/**', 'testing/**'],
    rules: {
      'no-loss-of-precision': 'off',
      'no-sparse-arrays': 'off',
      '@typescript-eslint/no-array-delete': 'off',
      'no-console': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // `await undefined` lets one turn of the promise queue pass.
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
    },
  },
  ...rooms,
  world,
)
