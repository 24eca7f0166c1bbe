import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '#core/chat/message'
import type { Caller } from '#tests/worker/security/people'
import { actorOf as runOf } from '#tests/worker/support/api'
import { graph, type NodeSpec } from '#tests/worker/support/graphs'
import { retire } from '#tests/worker/support/retire'
import { actorOf, type ChatClient, createTalker, range } from './support.ts'
import {
  chatTrigger,
  createWorkflowChat,
  END,
  executionOf,
  executionsOf,
  say,
  turnOf,
  untilElsewhere,
} from './workflow-chats.ts'

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

const approval: NodeSpec = { id: 'ok', type: 'approval', config: { title: 'Pode?' } }
const asking = graph([chatTrigger, approval, say("'aprovado'")], ['said -> ok', 'ok:approved -> say'])
const statusOf = (id: string) => expect.poll(async () => (await executionOf(ana, id)).status, END)

async function lastOf(chat: ChatClient): Promise<ChatMessage | undefined> {
  return (await chat.messages()).at(-1)
}

/** The actor is thrown away as a crash would. */
async function crash(actor: DurableObjectStub): Promise<void> {
  await runInDurableObject(actor, (_instance, state) => {
    state.abort('a crash of the test')
  }).catch(() => undefined)
}

describe('a run that waits', { timeout: 60_000 }, () => {
  const approve = (id: string) =>
    ana.call(`/api/v1/executions/${id}/approvals/ok/1`, { method: 'POST', body: { decision: 'approved' } })

  it('makes the answer take longer, costs the chat nothing, and outlives crashes and evictions', async () => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    const id = await untilElsewhere(chat)
    expect(await lastOf(chat)).toMatchObject({ status: 'streaming', content: '', metadata: { execution_id: id } })
    await expect.poll(async () => (await chat.chat()).last_message?.status, END).toBe('streaming')
    const nextAlarm = async () => {
      await runDurableObjectAlarm(actorOf(chat.id))
      return runInDurableObject(actorOf(chat.id), (_, { storage }) => storage.getAlarm())
    }
    await expect.poll(nextAlarm, END).toBeNull()
    await crash(actorOf(chat.id))
    await crash(runOf(id))
    await statusOf(id).toBe('waiting')
    expect(await lastOf(chat)).toMatchObject({ status: 'streaming' })
    await approve(id)
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'complete', content: 'aprovado' })
    expect((await executionsOf(ana, chat.workflowId)).map((one) => one.id)).toEqual([id])
  })

  it('tells its answer until the chat has heard it, and the first time counts', async () => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    const id = await untilElsewhere(chat)
    await approve(id)
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'complete' })
    await chat.say('Mais')
    const next = await untilElsewhere(chat)
    // As if what the chat said to it had been lost on its way.
    await runInDurableObject(runOf(id), (_, { storage }) => {
      storage.sql.exec("INSERT INTO outbox (kind) VALUES ('chat')")
    })
    await crash(runOf(id))
    await retire(id)
    expect(await untilElsewhere(chat)).toBe(next)
    expect((await chat.messages()).map(({ status }) => status)).toEqual([
      'complete',
      'complete',
      'complete',
      'streaming',
    ])
    await approve(next)
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'complete' })
  })

  it.each(range(0, 5))('begins once, its chat lost %i times on the way there', async (times) => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    for (const n of range(1, times)) {
      await crash(actorOf(chat.id))
      await scheduler.wait(n * 4)
      await chat.messages()
    }
    await runDurableObjectAlarm(actorOf(chat.id))
    const id = await untilElsewhere(chat)
    await approve(id)
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'complete', content: 'aprovado' })
    expect((await executionsOf(ana, chat.workflowId)).map((one) => one.id)).toEqual([id])
  })

  it('ends with `stop`, and the next message has its turn', async () => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    const id = await untilElsewhere(chat)
    await chat.say('E agora?')
    expect((await chat.post('/stop')).body).toEqual({ stopped: true })
    await statusOf(id).toBe('cancelled')
    expect((await chat.messages())[1]).toMatchObject({ status: 'stopped', error: null })
    const next = await untilElsewhere(chat)
    expect(next).not.toBe(id)
    await approve(next)
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'complete', content: 'aprovado' })
  })

  it('that is stopped while it starts is cancelled all the same', async () => {
    const chat = await createWorkflowChat(ana, asking)
    for (const content of ['um', 'dois', 'três']) {
      await chat.say(content)
      await expect.poll(() => turnOf(chat), { ...END, interval: 1 }).toHaveProperty('workflow')
      await chat.post('/stop')
    }
    const statuses = async () => (await executionsOf(ana, chat.workflowId)).map(({ status }) => status)
    await expect.poll(async () => (await statuses()).filter((status) => status !== 'cancelled'), END).toEqual([])
    await expect.poll(() => turnOf(chat)).toBeUndefined()
  })

  it('ends when its message is answered anew, or said differently; each has an execution of its own', async () => {
    const chat = await createWorkflowChat(ana, asking)
    const said = await chat.say('Oi')
    const first = await untilElsewhere(chat)
    expect((await chat.post(`/messages/${said.id}/regenerate`)).status).toBe(201)
    await statusOf(first).toBe('cancelled')
    const second = await untilElsewhere(chat)
    const edited = await ana.call(`/api/v1/chat/${chat.id}/messages/${said.id}`, {
      method: 'PUT',
      body: { content: 'Olá' },
    })
    expect(edited.status).toBe(201)
    await statusOf(second).toBe('cancelled')
    const third = await untilElsewhere(chat)
    expect(await executionOf(ana, third)).toMatchObject({ inputs: { message: { content: 'Olá' }, history: [] } })
  })

  it('is cancelled with its chat', async () => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    const id = await untilElsewhere(chat)
    expect((await ana.call(`/api/v1/chat/${chat.id}`, { method: 'DELETE' })).status).toBe(204)
    await statusOf(id).toBe('cancelled')
  })

  it('and is cancelled by somebody ends the turn', async () => {
    const chat = await createWorkflowChat(ana, asking)
    await chat.say('Oi')
    const id = await untilElsewhere(chat)
    await ana.call(`/api/v1/executions/${id}/cancel`, { method: 'POST', body: {} })
    await expect.poll(() => lastOf(chat), END).toMatchObject({ status: 'stopped', error: null })
  })
})
