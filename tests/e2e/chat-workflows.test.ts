/** Chats that workflows answer, against the real server: SIGKILL between a message and its answer (P1, P9). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { signal, waitUntilGone } from '#local/processes'
import { followThrough, messagesOf, textOf } from '#tests/e2e/support/chats'
import { type Client, createClient } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, httpNode, type NodeSpec } from '#tests/worker/support/graphs'
import { type HttpServer, startHttpServer } from '#tests/worker/support/http-server'

/** The guard alarm rings within 5 s, and a machine that runs other tests is slow. */
const END = { timeout: 40_000, interval: 100 }
const DEADLINE_MS = 5_000

const Made = z.object({ id: z.uuid() })
const Executions = z.object({ items: z.array(z.object({ id: z.uuid(), trigger: z.string(), status: z.string() })) })

const said: NodeSpec = { id: 'said', type: 'trigger.chat' }
const answer: NodeSpec = {
  id: 'answer',
  type: 'transform',
  config: { expression: "'Você disse: ' + $trigger.message.content" },
}

let http: HttpServer
let server: TestServer
let ana: Client

beforeAll(async () => {
  http = await startHttpServer()
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1' } })
  ana = await createClient(server.url)
})

afterAll(async () => {
  await server.remove()
  await http.stop()
})

async function createChat(nodes: readonly NodeSpec[]): Promise<{ readonly chat: string; readonly workflow: string }> {
  const workflow = await ana.createWorkflow(chain([said, ...nodes, answer]))
  await ana.call(`/workflows/${workflow}/publish`, {})
  const { body } = await ana.call('/chat', { workflow_id: workflow })
  return { chat: Made.parse(body).id, workflow }
}

/** Also while the server is away. */
const lastOf = (chat: string) => expect.poll(async () => (await messagesOf(ana, chat).catch(() => [])).at(-1), END)

const executionsOf = async (workflow: string) =>
  Executions.parse((await ana.call(`/executions?workflow_id=${workflow}&size=100`)).body).items

describe('SIGKILL', { timeout: 120_000 }, () => {
  test.each(['workerd', 'everything'])('of %s while the run goes on: one execution, one answer', async (what) => {
    const key = `held-${what}`
    const { chat, workflow } = await createChat([httpNode('call', `${http.url}/hold/${key}`)])
    const followed = followThrough(server.url, ana, chat)
    await ana.call(`/chat/${chat}/messages`, { content: 'Oi' })
    await expect.poll(() => http.requests(key).length, END).toBe(1)
    if (what === 'everything') {
      await server.kill()
      await server.restart()
    } else {
      const { workerd } = server.pids()
      signal(workerd, 'SIGKILL')
      await waitUntilGone([workerd], DEADLINE_MS)
    }
    await expect.poll(() => http.requests(key).length, END).toBe(2)
    http.release(key)
    await lastOf(chat).toMatchObject({ role: 'assistant', status: 'complete', content: 'Você disse: Oi' })
    const frames = await followed
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1))
    expect(textOf(frames)).toBe('Você disse: Oi')
    await expect
      .poll(() => executionsOf(workflow), END)
      .toEqual([expect.objectContaining({ trigger: 'chat', status: 'completed' })])
  })

  test('right after what was said, many times over: each message has one execution and one answer', async () => {
    const { workflow } = await createChat([])
    const chats = await Promise.all(
      Array.from({ length: 12 }, async () => Made.parse((await ana.call('/chat', { workflow_id: workflow })).body).id),
    )
    await Promise.all(chats.map((chat) => ana.call(`/chat/${chat}/messages`, { content: 'Oi' })))
    await server.kill()
    await server.restart()
    for (const chat of chats) {
      await lastOf(chat).toMatchObject({ role: 'assistant', status: 'complete', content: 'Você disse: Oi' })
      expect(await messagesOf(ana, chat)).toHaveLength(2)
    }
    const ended = async () => (await executionsOf(workflow)).filter(({ status }) => status === 'completed').length
    await expect.poll(ended, END).toBe(12)
    expect(await executionsOf(workflow)).toHaveLength(12)
  })
})

test('while PostgreSQL is frozen what an execution says is heard all the same (P10)', { timeout: 90_000 }, async () => {
  const key = 'frozen'
  const { chat } = await createChat([httpNode('call', `${http.url}/hold/${key}`)])
  const followed = followThrough(server.url, ana, chat)
  await ana.call(`/chat/${chat}/messages`, { content: 'Oi' })
  await expect.poll(() => http.requests(key).length, END).toBe(1)
  const { all, node, workerd } = server.pids()
  const stopped = all.filter((pid) => pid !== node && pid !== workerd)
  for (const pid of stopped) signal(pid, 'SIGSTOP')
  try {
    http.release(key)
    expect(textOf(await followed)).toBe('Você disse: Oi')
  } finally {
    for (const pid of stopped) signal(pid, 'SIGCONT')
  }
  await lastOf(chat).toMatchObject({ role: 'assistant', status: 'complete', content: 'Você disse: Oi' })
})
