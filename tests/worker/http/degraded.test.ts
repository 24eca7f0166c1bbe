import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { send } from './client.ts'

test('/health is a 503 that names the part which does not answer', async () => {
  const head = vi.spyOn(env.FILES, 'head').mockRejectedValue(new Error('away'))
  const components = {
    database: { status: 'healthy' },
    storage: { status: 'unhealthy' },
    actors: { status: 'healthy' },
  }
  // What another file had found out holds for a second.
  await vi.waitFor(async () => {
    const answer = await send('/health')
    expect(await answer.json()).toMatchObject({ status: 'degraded', components })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('Retry-After')).toBe('1')
  }, 10_000)
  head.mockRestore()
})
