import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { send } from './client.ts'

test('/health is a 503 that names the part which does not answer', async () => {
  const head = vi.spyOn(env.FILES, 'head').mockRejectedValue(new Error('away'))
  // What another file had found out holds for a second.
  const response = await vi.waitFor(async () => {
    const answer = await send('/health')
    expect(answer.status).toBe(503)
    return answer
  }, 3_000)
  expect(response.headers.get('Retry-After')).toBe('1')
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    components: { database: { status: 'healthy' }, storage: { status: 'unhealthy' }, actors: { status: 'healthy' } },
  })
  head.mockRestore()
})
