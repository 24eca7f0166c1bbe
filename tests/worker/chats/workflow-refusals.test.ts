import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { Chat } from '#core/chat/chat'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { chain } from '#tests/worker/support/graphs'
import { chatOf, createAgentChat, createChat, createTalker } from './support.ts'
import {
  chatTrigger,
  createChatWorkflow,
  createWorkflowChat,
  echo,
  END,
  executionIn,
  executionOf,
  executionsOf,
  read,
  say,
} from './workflow-chats.ts'

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

const statusOf = (id: string) => expect.poll(async () => (await executionOf(ana, id)).status, END)

describe('what goes wrong', () => {
  it('ends the turn, names the execution and the node, and says what to do', async () => {
    const code = { id: 'conta', type: 'code', config: { code: 'throw new Error("sem estoque")' } }
    const chat = await createWorkflowChat(ana, chain([chatTrigger, code]))
    const reply = await chat.ask('Oi')
    const id = executionIn(reply)
    expect(reply).toMatchObject({
      status: 'failed',
      content: '',
      error: { code: 'turn_workflow_failed', node_id: 'conta', body: { execution_id: id } },
    })
    expect(reply.error?.message).toMatch(new RegExp(`^A execução ${id} falhou no nó conta: .*sem estoque.*corrija`))
    expect(reply.error?.message_en).toMatch(new RegExp(`^The execution ${id} failed at the node conta: .*sem estoque`))
    expect(reply.error?.message).not.toMatch(/\bat \w+ \(|\.ts:/)
  })

  it.each<[string, string, (id: string) => Promise<unknown>]>([
    ['deleted', 'chat_workflow_gone', (id) => ana.call(`/api/v1/workflows/${id}`, { method: 'DELETE' })],
    [
      'unpublished',
      'chat_workflow_unpublished',
      (id) => ana.call(`/api/v1/workflows/${id}/unpublish`, { method: 'POST', body: {} }),
    ],
    [
      'switched off',
      'chat_workflow_inactive',
      (id) => ana.call(`/api/v1/workflows/${id}`, { method: 'PATCH', body: { is_active: false } }),
    ],
  ])('a workflow that was %s since answers no more, and says so', async (_, code, change) => {
    const chat = await createWorkflowChat(ana, echo)
    await change(chat.workflowId)
    const reply = await chat.ask('Oi')
    expect(reply).toMatchObject({ status: 'failed', error: { code } })
    expect(reply.error?.message).not.toBe(reply.error?.message_en)
    expect(await executionsOf(ana, chat.workflowId)).toEqual([])
  })

  it('the published version that has no `trigger.chat` any more, too', async () => {
    const chat = await createWorkflowChat(ana, echo)
    const definition = chain([{ id: 'start', type: 'trigger.manual' }])
    await ana.call(`/api/v1/workflows/${chat.workflowId}`, { method: 'PUT', body: { definition } })
    // What is only drafted changes nothing.
    expect(await chat.ask('Oi')).toMatchObject({ status: 'complete' })
    await ana.call(`/api/v1/workflows/${chat.workflowId}/publish`, { method: 'POST', body: {} })
    expect(await chat.ask('Oi')).toMatchObject({ status: 'failed', error: { code: 'chat_workflow_deaf' } })
  })

  it('ids in it that are gone: the execution fails, visibly', async () => {
    const other = await createChatWorkflow(ana, echo, 'Outro')
    const call = { id: 'call', type: 'workflow', config: { workflow_id: other } }
    const chat = await createWorkflowChat(ana, chain([chatTrigger, call]))
    await ana.call(`/api/v1/workflows/${other}`, { method: 'DELETE' })
    const reply = await chat.ask('Oi')
    expect(reply).toMatchObject({ status: 'failed', error: { node_id: 'call' } })
    await statusOf(executionIn(reply)).toBe('failed')
  })
})

describe('a chat', () => {
  const create = (body: JsonObject, caller = ana) => caller.call('/api/v1/chat', { method: 'POST', body })
  const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

  it('is created only with a workflow of the workspace that can answer', async () => {
    const bia = await createPerson()
    const theirs = await createChatWorkflow(bia, echo)
    expect(codeOf(await create({ workflow_id: theirs }))).toEqual([404, 'not_found'])
    expect(codeOf(await create({ workflow_id: newId() }))).toEqual([404, 'not_found'])
    expect((await create({ workflow_id: 'x' })).status).toBe(422)
    const draft = await ana.call('/api/v1/workflows', { method: 'POST', body: { name: 'Rascunho', definition: echo } })
    const { id } = JSON.parse(draft.text) as { id: string }
    const unpublished = await create({ workflow_id: id })
    expect(codeOf(unpublished)).toEqual([409, 'chat_workflow_unpublished'])
    expect(JSON.parse(unpublished.text).detail).toBe(
      'O workflow Rascunho não está publicado: publique-o, e ele responde.',
    )
    const deaf = await createChatWorkflow(ana, chain([{ id: 'start', type: 'trigger.manual' }]))
    expect(codeOf(await create({ workflow_id: deaf }))).toEqual([409, 'chat_workflow_deaf'])
    const off = await createChatWorkflow(ana, echo)
    await ana.call(`/api/v1/workflows/${off}`, { method: 'PATCH', body: { is_active: false } })
    expect(codeOf(await create({ workflow_id: off }))).toEqual([409, 'chat_workflow_inactive'])
    const both = await create({ workflow_id: off, agent_id: newId() })
    expect([both.status, JSON.parse(both.text).errors]).toMatchObject([422, [{ pointer: '/workflow_id' }]])
  })

  it('passes from an agent to a workflow and back, and is found by it', async () => {
    const workflow_id = await createChatWorkflow(ana, echo)
    const chat = await createAgentChat(ana, { model: 'demo/echo' })
    const { agent_id } = await chat.chat()
    const patch = async (body: JsonObject) => {
      const { status, text } = await ana.call(`/api/v1/chat/${chat.id}`, { method: 'PATCH', body })
      return status === 200 ? Chat.parse(JSON.parse(text)) : status
    }
    await chat.ask('um')
    expect(await patch({ workflow_id })).toMatchObject({ workflow_id, agent_id: null })
    expect((await chat.ask('dois')).content).toBe('Você disse: dois')
    expect(await patch({ title: 'Outra' })).toMatchObject({ workflow_id })
    expect(await read(ana, `/chat?workflow_id=${workflow_id}`)).toMatchObject({ total: 1, items: [{ id: chat.id }] })
    expect(await read(ana, `/chat?agent_id=${agent_id}`)).toMatchObject({ total: 0 })
    expect(await patch({ agent_id, workflow_id })).toBe(422)
    expect(await patch({ workflow_id: newId() })).toBe(404)
    expect(await patch({ agent_id })).toMatchObject({ workflow_id: null, agent_id })
    expect((await chat.ask('três')).model).toBe('demo/echo')
    expect(await patch({ workflow_id: null, agent_id: null })).toMatchObject({ workflow_id: null, agent_id: null })
  })

  it('has one answerer, whatever the code says', async () => {
    const { chats } = connect(env).tables
    const { id } = await createChat(ana)
    const change = connect(env).update(chats).set({ agent_id: newId(), workflow_id: newId() }).where(eq(chats.id, id))
    await expect(change).rejects.toMatchObject({ sqlState: '23514' })
  })

  it('that others see is answered for whoever speaks, and keeps others out', async () => {
    const chat = await createWorkflowChat(ana, chain([chatTrigger, say('$trigger.user')]))
    expect((await chat.ask('Oi')).content).toContain(ana.userId)
    const bia = await createPerson()
    expect((await chatOf(bia, chat.id).post('/messages', { content: 'Oi' })).status).toBe(404)
  })
})
