import { exports } from 'cloudflare:workers'
import { hc } from 'hono/client'
import { expect, test } from 'vitest'
import type { Api } from '#http/app'
import { ORIGIN, registerUser } from './client.ts'

test('hc<Api> knows paths, inputs and answers', async () => {
  const headers = { Authorization: `Bearer ${await registerUser()}` }
  const client = hc<Api>(ORIGIN, {
    headers,
    fetch: (input: string | URL | Request, init?: RequestInit) => exports.default.fetch(new Request(input, init)),
  })
  const me = await (await client.api.v1.auth.me.$get()).json()
  expect(me.email satisfies string).toContain('@')
  const changed = await client.api.v1.auth.me.$patch({ json: { name: 'Bia' } })
  expect((await changed.json()).name satisfies string).toBe('Bia')
  // @ts-expect-error -- the compiler refuses what the schema refuses
  expect((await client.api.v1.auth.me.$patch({ json: { role: 'admin' } })).status).toBe(422)
})
