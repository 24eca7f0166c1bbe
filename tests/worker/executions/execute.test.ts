import { listDurableObjectIds, evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { newId } from '#lib/ids'
import { actorOf, createAccount, HTTP_URL, release, requestsOf } from '#tests/worker/support/api'
import { chain, httpNode, setNode, trigger } from '#tests/worker/support/graphs'
import { isLast, openSocket } from '#tests/worker/support/socket'

test('smoke', async () => {
  const ana = await createAccount()
  const key = newId()
  const id = await ana.start(chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', { held: '{{ $input.body.held }}' })]))
  const socket = await openSocket(`/api/v1/ws/execution/${id}?token=${ana.token}`)
  console.log(socket.frames, await requestsOf(key))
  await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  const t = performance.now()
  await evictDurableObject(actorOf(id)).catch((e: unknown) => console.log(String(e)))
  console.log('evict', performance.now() - t)
  console.log(await ana.execution(id), await ana.visits(id))
  await release(key)
  await socket.until(isLast)
  console.log(socket.frames, await requestsOf(key))
  console.log(await listDurableObjectIds(env.WORKFLOW_RUN))
  console.log(await ana.execution(id))
})
