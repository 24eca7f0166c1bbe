import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { createSandboxService } from './local/sandbox.ts'
import { createSchema } from './tests/support/test-schema.ts'
import { createMailbox } from './tests/worker/support/mailbox.ts'

function scriptedProviders(url: string) {
  const scripted = { base_url: `${url}/v1`, api_key: 'sk-scripted-installation' }
  return [
    { ...scripted, id: 'scripted' },
    { ...scripted, id: 'scripted-anthropic', wire: 'anthropic' },
    { ...scripted, id: 'scripted-google', wire: 'google' },
  ]
}

const SCRIPTED_MODELS = ['scripted', 'scripted-anthropic', 'scripted-google'].map((id) => ({
  id: `${id}/priced`,
  context_tokens: 100_000,
  prices: { input: 2, output: 8 },
  abilities: ['tools', 'images', 'pdf', 'structured_output'],
}))

/** What a test waits for comes later on a machine that is busy with others' tests. */
const expectInTime = { poll: { timeout: 10_000 } }

export default defineConfig({
  test: {
    silent: 'passed-only',
    // Most of them wait for a server or a timer: one worker more than two cores have.
    maxWorkers: 3,
    // Here and not in the projects: the worker project would load it with the modules that are made for workerd.
    globalSetup: [
      'tests/support/global-database.ts',
      'tests/worker/support/global-http.ts',
      'tests/worker/support/global-model.ts',
      'tests/worker/support/global-mcp.ts',
    ],
    projects: [
      // Plain node: pure code, and tests that start what they need themselves.
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 20_000, expect: expectInTime } },
      // Inside workerd, with the bindings of wrangler.toml.
      {
        plugins: [
          cloudflareTest(async ({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                DATABASE_URL: inject('databaseUrl'),
                DATABASE_SCHEMA: await createSchema(inject('databaseUrl'), inject('schemaPrefix')),
                SECRET_KEY: 'only-for-tests-only-for-tests-only',
                JWT_SECRET_KEY: 'also-only-for-tests-only-for-tests',
                ENCRYPTION_KEY: `v1:${'A'.repeat(43)}=`,
                // Where the nodes' own server listens: tests/worker/support/global-http.ts.
                OUTBOUND_ALLOW: '127.0.0.1',
                METRICS_TOKEN: 'metrics-only-for-tests',
                // Models that tests script: tests/worker/support/models.ts.
                LLM_PROVIDERS: JSON.stringify(scriptedProviders(inject('modelUrl'))),
                LLM_MODELS: JSON.stringify(SCRIPTED_MODELS),
                LLM_STALL_SECONDS: '3',
              },
              serviceBindings: {
                OUTBOUND_PUBLIC: { network: { allow: ['public'] } },
                OUTBOUND_INTERNAL: { network: { allow: ['public', 'private', 'local'] } },
                MAIL_OUTBOX: createMailbox(),
                SANDBOX: createSandboxService().fetch,
              },
            },
          })),
        ],
        test: {
          name: 'worker',
          // One workerd for many files: to load the worker into each would take longer than most of them run.
          isolate: false,
          // Its actors live on in the isolate: a timer of theirs that a test runs by hand runs as the test, and fails.
          fakeTimers: { toFake: ['Date'] },
          setupFiles: ['tests/worker/support/warm.ts'],
          include: ['tests/worker/**/*.test.ts'],
          // The first request in the test runtime takes seconds.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: expectInTime,
        },
      },
      // Plain node against the whole server: each file starts one of its own.
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: expectInTime,
        },
      },
    ],
  },
})
