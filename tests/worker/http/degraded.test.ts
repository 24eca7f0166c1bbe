import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { send } from './client.ts'

test('/health is a 503 that names the part which does not answer', async () => {
  const head = vi.spyOn(env.FILES, 'head').mockRejectedValue(new Error('away'))
  const response = await send('/health')
  expect(response.status).toBe(503)
  expect(response.headers.get('Retry-After')).toBe('1')
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    components: { database: { status: 'healthy' }, storage: { status: 'unhealthy' }, actors: { status: 'healthy' } },
  })
  head.mockRestore()
})
