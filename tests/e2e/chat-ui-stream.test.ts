/** The AI SDK's own client, all of `useChat` but React's state, against the real server over HTTP. */
import {
  AbstractChat,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  type UIMessage,
} from 'ai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'

const END = { timeout: 20_000, interval: 50 }
const DONE = { kind: 'text', text: 'pronto' } as const
const Made = z.object({ id: z.uuid() })

const scripts = new Map<string, ScriptedReply[]>()
let model: ScriptedModel
let server: TestServer
let ana: Client

beforeAll(async () => {
  model = await startScriptedModel(({ model: name }) => scripts.get(name)?.shift() ?? DONE)
  const providers = [{ id: 'scripted', base_url: model.baseUrl }]
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1', LLM_PROVIDERS: JSON.stringify(providers) } })
  ana = await createClient(server.url)
})

afterAll(async () => {
  await server.remove()
  await model.stop()
})

class Chat extends AbstractChat<UIMessage> {
  readonly path: string

  constructor(id: string, messages: UIMessage[] = []) {
    const path = `/api/v1/chat/${id}/ui-stream`
    const api = `${server.url}${path}`
    super({
      id,
      transport: new DefaultChatTransport({
        api,
        headers: { Authorization: `Bearer ${ana.token}` },
        prepareReconnectToStreamRequest: () => ({ api, headers: { Authorization: `Bearer ${ana.token}` } }),
      }),
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
      state: {
        status: 'ready',
        error: undefined,
        messages,
        pushMessage(message) {
          this.messages = [...this.messages, message]
        },
        popMessage() {
          this.messages = this.messages.slice(0, -1)
        },
        replaceMessage(index, message) {
          this.messages = this.messages.with(index, message)
        },
        snapshot: (thing) => structuredClone(thing),
      },
    })
    this.path = path
  }

  texts(): string[] {
    return this.messages.map(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''))
  }
}

async function idOf(name: string, script: ScriptedReply[], agent: object = {}): Promise<string> {
  scripts.set(name, script)
  const { id: agent_id } = Made.parse((await ana.call('/agents', { name, model: `scripted/${name}`, ...agent })).body)
  return Made.parse((await ana.call('/chat', { agent_id })).body).id
}

test('speaks, is answered, and has it answered again', async () => {
  const chat = new Chat(await idOf('plain', [{ kind: 'text', text: 'um dois três', reasoning: 'hmm' }]))
  await chat.sendMessage({ text: 'Conte' })
  expect(chat.error).toBeUndefined()
  expect(chat.texts()).toEqual(['Conte', 'um dois três'])
  await chat.sendMessage({ text: 'E depois?' })
  expect(chat.texts()).toEqual(['Conte', 'um dois três', 'E depois?', 'pronto'])
  const former = chat.lastMessage?.id
  await chat.regenerate()
  expect(chat.texts()).toEqual(['Conte', 'um dois três', 'E depois?', 'pronto'])
  expect(chat.lastMessage?.id).not.toBe(former)
  const { body } = await ana.call(`/chat/${chat.id}/messages`)
  expect(z.object({ total: z.int() }).parse(body).total).toBe(4)
})

test('takes up an answer that is under way, from its beginning; and finds none afterwards', async () => {
  const id = await idOf('resumed', [{ kind: 'hold', text: 'um dois três quatro' }])
  await ana.call(`/chat/${id}/messages`, { content: 'Conte' })
  await expect.poll(async () => JSON.stringify((await ana.call(`/chat/${id}/messages`)).body), END).toContain('um')
  const chat = new Chat(id)
  const resumed = chat.resumeStream()
  await expect.poll(() => chat.texts().at(-1), END).toMatch(/^um/)
  model.release()
  await resumed
  expect(chat.texts()).toEqual(['um dois três quatro'])
  const again = await fetch(`${server.url}${chat.path}`, { headers: { Authorization: `Bearer ${ana.token}` } })
  expect(again.status).toBe(204)
})

test('approves a call of a tool, and the answer goes on', async () => {
  const calls = [{ id: 'call_0', name: 'current_time', input: {} }]
  const agent = { tools: [{ type: 'current_time', needs_approval: true }] }
  const chat = new Chat(await idOf('approved', [{ kind: 'tools', calls }, DONE], agent))
  await chat.sendMessage({ text: 'Que horas são?' })
  const part = chat.lastMessage?.parts.find(({ type }) => type === 'dynamic-tool')
  expect(part).toMatchObject({ state: 'approval-requested', toolCallId: 'call_0', toolName: 'current_time' })
  await chat.addToolApprovalResponse({ id: 'call_0', approved: true })
  await expect.poll(() => [chat.status, chat.texts().at(-1)], END).toEqual(['ready', 'pronto'])
  expect(chat.error).toBeUndefined()
  expect(chat.lastMessage?.parts.find(({ type }) => type === 'dynamic-tool')).toMatchObject({
    state: 'output-available',
  })
  expect(chat.messages).toHaveLength(2)
})

test('is told why an answer failed', async () => {
  const chat = new Chat(await idOf('failed', [{ kind: 'error', status: 400, message: 'no such thing' }]))
  await chat.sendMessage({ text: 'Oi' })
  expect(chat.error?.message).toContain('no such thing')
})
