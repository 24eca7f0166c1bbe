/** A fresh clone, wherever it lies and whoever starts it. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cloneProject, NOBODY, whyNotAs } from '#tests/support/clone'
import { startServer } from '#tests/support/server'

const TIMEOUT_MS = 120_000

test('a home that only its owner may enter; the secrets are made once', { timeout: TIMEOUT_MS }, async () => {
  const { root, remove } = cloneProject()
  onTestFinished(remove)
  const file = join(root, '.dev.vars')
  const server = await startServer({
    root,
    dataDir: join(root, '.data'),
    env: { SECRET_KEY: '', JWT_SECRET_KEY: '', ENCRYPTION_KEY: '' },
  })
  onTestFinished(() => server.remove())
  expect(server.output()).toContain('random secrets were written to .dev.vars')
  const made = readFileSync(file, 'utf8')
  expect(made).toMatch(/^SECRET_KEY=\S{43}\nJWT_SECRET_KEY=\S{43}\nENCRYPTION_KEY=v1:\S{43}=\n/m)
  // No internal address but the shop of `npm run demo`.
  expect(made).toMatch(/^OUTBOUND_ALLOW=127\.0\.0\.1:48710$/m)
  expect(statSync(file).mode & 0o777).toBe(0o600)

  await server.stop()
  await server.restart()
  expect(server.output()).not.toContain('.dev.vars')
  expect(readFileSync(file, 'utf8')).toBe(made)
})

const reason = whyNotAs(NOBODY)

test.skipIf(reason !== undefined)(
  `another user than root${reason === undefined ? '' : ` (${reason})`}`,
  { timeout: TIMEOUT_MS },
  async () => {
    const { root, remove } = cloneProject(NOBODY)
    onTestFinished(remove)
    const server = await startServer({ root, dataDir: join(root, '.data'), user: NOBODY })
    onTestFinished(() => server.remove())
    expect(statSync(join(server.dataDir, 'postgres/cluster')).uid).toBe(NOBODY.uid)
    const response = await fetch(`${server.url}/health`)
    expect(response.status).toBe(200)
    await response.body?.cancel()
    expect(await server.stop()).toEqual({ code: 0 })
  },
)
