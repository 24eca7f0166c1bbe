/** The lint rules, and the floors of the house: who may import whom. */
import { defineConfig, type OxlintOverride } from 'oxlint'

const OURS = [
  'actors',
  'config',
  'core',
  'nodes',
  'tools',
  'db',
  'files',
  'llm',
  'mail',
  'mcp',
  'auth',
  'outbound',
  'sandbox',
  'telemetry',
  'services',
  'http',
  'durable-objects',
]
const ADAPTERS = ['db', 'files', 'llm', 'mail', 'mcp', 'auth', 'outbound', 'sandbox', 'telemetry']

interface Ban {
  readonly group: string[]
  readonly message: string
}

const EVERYWHERE: Ban[] = [
  { group: ['../*', '../**'], message: 'between folders import through #…, inside a folder ./x' },
  { group: ['#local/*', '#local/**', '#tests/*', '#tests/**'], message: 'local/ and tests/ are imported by nothing' },
]
const PLATFORM: Ban = {
  group: [
    'node:*',
    'cloudflare:*',
    'hono',
    'hono/*',
    '@hono/*',
    'drizzle-orm',
    'drizzle-orm/*',
    'postgres',
    'ai',
    '@ai-sdk/*',
    'jose',
  ],
  message: 'core is pure: pass it in',
}

/** The files of one floor may import these folders of ours and no others. */
function floor(files: string[], may: readonly string[], message: string, bans: readonly Ban[] = []): OxlintOverride {
  const group = OURS.flatMap((name) => (may.includes(name) ? [] : [`#${name}`, `#${name}/**`]))
  return {
    files,
    rules: { 'no-restricted-imports': ['error', { patterns: [...EVERYWHERE, ...bans, { group, message }] }] },
  }
}

const allBut = (...names: string[]): string[] => OURS.filter((name) => !names.includes(name))

const FLOORS = [
  floor(['src/lib/**'], [], 'floor 0: lib knows no word of ours', [PLATFORM]),
  floor(['src/core/**'], ['core'], 'floor 1: core imports lib, zod and acorn alone; pass the rest in', [PLATFORM]),
  floor(
    ['src/nodes/**'],
    ['core'],
    'floor 2: a node imports core, lib and zod; what it may touch comes through its ports',
    [PLATFORM],
  ),
  floor(
    ['src/tools/**'],
    ['core'],
    'floor 2: a tool imports core, lib and zod; what it may touch comes through its ports',
    [PLATFORM],
  ),
  ...ADAPTERS.map((name) =>
    floor(
      [`src/${name}/**`],
      ['core', 'config', name],
      'floor 3: an adapter imports core, lib, the settings and its own vendor',
    ),
  ),
  floor(
    ['src/services/**', 'src/actors.ts'],
    allBut('http', 'durable-objects'),
    'floor 4: services know neither HTTP nor the inside of actors',
  ),
  floor(['src/http/**'], allBut('durable-objects'), 'floor 5: routes reach actors through #actors'),
  floor(['durable-objects/**'], allBut('http'), 'floor 5: actors and routes do not import each other'),
]

const pure = (names: readonly string[]) => names.map((name) => ({ name, message: 'core is pure: pass it in' }))

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['worker-configuration.d.ts', 'dist', '.data', 'migrations', 'node_modules'],
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'max-lines': ['error', { max: 300 }],
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-var': 'error',
    'prefer-const': 'error',
    // One after the other is often what is meant, and a closure often reads better than a far-away function.
    'no-await-in-loop': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'oxc/no-map-spread': 'off',
  },
  overrides: [
    ...FLOORS,
    {
      files: ['src/core/**'],
      rules: {
        'no-restricted-globals': ['error', ...pure(['fetch', 'crypto', 'setTimeout'])],
        'no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: 'core is pure: time is an argument' },
          { object: 'Math', property: 'random', message: 'core is pure: chance is an argument' },
        ],
      },
    },
    {
      files: ['*.config.ts', 'src/index.ts', 'src/sandbox/worker.ts', 'bench/floor/worker.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
    {
      files: ['tests/**'],
      rules: {
        'vitest/no-standalone-expect': 'off',
        'vitest/valid-expect': 'off',
        'typescript/no-unsafe-type-assertion': 'off',
        'import/no-default-export': 'off',
      },
    },
  ],
})
