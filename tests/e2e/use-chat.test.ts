/** `useChat` of `@ai-sdk/react` itself, in React, against the real server over HTTP. */
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, type UIMessage } from 'ai'
import { act, createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type Client, createClient } from '#tests/e2e/support/client'
import { type ScriptedModel, type ScriptedReply, startScriptedModel } from '#tests/support/scripted-model'
import { startServer, type TestServer } from '#tests/support/server'
import { chain } from '#tests/worker/support/graphs'

// React looks for the page as it is loaded. Of it only this is there: `fetch` stays Node's own.
const dom = await vi.hoisted(async () => {
  const { Window } = await import('happy-dom')
  const window = new Window()
  vi.stubGlobal('window', window)
  vi.stubGlobal('document', window.document)
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  return window.document
})
/** The project's types know the Element of workers, not that of pages. */
const Container = z.custom<Parameters<typeof createRoot>[0]>()

const END = { timeout: 20_000, interval: 50 }
const DONE = { kind: 'text', text: 'pronto' } as const
const Made = z.object({ id: z.uuid() })
const Messages = z.object({ items: z.array(z.object({ status: z.string(), content: z.string() })) })

const scripts = new Map<string, ScriptedReply[]>()
const open: (() => Promise<void>)[] = []
let model: ScriptedModel
let server: TestServer
let ana: Client

beforeAll(async () => {
  model = await startScriptedModel(({ model: name }) => scripts.get(name)?.shift() ?? DONE)
  const providers = [{ id: 'scripted', base_url: model.baseUrl }]
  server = await startServer({ env: { OUTBOUND_ALLOW: '127.0.0.1', LLM_PROVIDERS: JSON.stringify(providers) } })
  ana = await createClient(server.url)
})

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

afterAll(async () => {
  vi.unstubAllGlobals()
  await server.remove()
  await model.stop()
})

type Chat = ReturnType<typeof useChat<UIMessage>>

/** A page with one chat on it; gone when it is closed. */
async function openPage(id: string, resume = false) {
  let latest: Chat | undefined
  const headers = { Authorization: `Bearer ${ana.token}` }
  const api = `${server.url}/api/v1/chat/${id}/ui-stream`
  const transport = new DefaultChatTransport({
    api,
    headers,
    prepareReconnectToStreamRequest: () => ({ api, headers }),
  })
  function Page(): null {
    const sendAutomaticallyWhen = lastAssistantMessageIsCompleteWithApprovalResponses
    latest = useChat({ id, resume, transport, sendAutomaticallyWhen })
    return null
  }
  const root = createRoot(Container.parse(dom.createElement('div')))
  await act(async () => root.render(createElement(Page)))
  const close = async (): Promise<void> => act(async () => root.unmount())
  open.push(close)
  const chat = (): Chat => {
    if (latest === undefined) throw new Error('nothing is rendered')
    return latest
  }
  return {
    chat,
    close,
    do: (what: (chat: Chat) => unknown) => act(async () => void what(chat())),
    texts: () =>
      chat().messages.map(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')),
    tool: () =>
      chat()
        .messages.at(-1)
        ?.parts.find(({ type }) => type === 'dynamic-tool'),
    until: (look: () => unknown) =>
      expect.poll(async () => {
        await act(() => new Promise((done) => setTimeout(done, 20)))
        return look()
      }, END),
  }
}

async function chatWith(name: string, script: ScriptedReply[], agent: object = {}): Promise<string> {
  scripts.set(name, script)
  const { id: agent_id } = Made.parse((await ana.call('/agents', { name, model: `scripted/${name}`, ...agent })).body)
  return Made.parse((await ana.call('/chat', { agent_id })).body).id
}

const kept = async (id: string) => Messages.parse((await ana.call(`/chat/${id}/messages`)).body).items

test('speaks, is answered as it comes, and has it answered again', async () => {
  const id = await chatWith('plain', [{ kind: 'text', text: 'um dois três', reasoning: 'hmm' }])
  const page = await openPage(id)
  await page.do(({ sendMessage }) => sendMessage({ text: 'Conte' }))
  await page.until(() => [page.chat().status, page.texts()]).toEqual(['ready', ['Conte', 'um dois três']])
  await page.do(({ regenerate }) => regenerate())
  await page.until(() => [page.chat().status, page.texts()]).toEqual(['ready', ['Conte', 'pronto']])
  expect((await kept(id)).map(({ content }) => content)).toEqual(['Conte', 'pronto'])
})

test('speaks with a workflow, which says which execution it is', async () => {
  const config = { expression: "'Você disse: ' + $trigger.message.content" }
  const nodes = [
    { id: 'said', type: 'trigger.chat' },
    { id: 'answer', type: 'transform', config },
  ]
  const workflow_id = await ana.createWorkflow(chain(nodes))
  await ana.call(`/workflows/${workflow_id}/publish`, {})
  const { id } = Made.parse((await ana.call('/chat', { workflow_id })).body)
  const page = await openPage(id)
  await page.do(({ sendMessage }) => sendMessage({ text: 'Oi' }))
  await page.until(() => [page.chat().status, page.texts()]).toEqual(['ready', ['Oi', 'Você disse: Oi']])
  const { metadata } = page.chat().messages.at(-1) ?? {}
  const { execution_id } = z.object({ execution_id: z.uuid() }).parse(metadata)
  expect(await ana.execution(execution_id)).toMatchObject({ trigger: 'chat', status: 'completed' })
  await page.do(({ regenerate }) => regenerate())
  await page.until(() => page.chat().messages.at(-1)?.metadata).not.toEqual(metadata)
  await page.until(() => [page.chat().status, page.texts()]).toEqual(['ready', ['Oi', 'Você disse: Oi']])
})

test('its stop hangs up and nothing else; with /stop beside it the answer ends', async () => {
  const id = await chatWith('stopped', [{ kind: 'hold', text: 'um dois três quatro' }])
  const page = await openPage(id)
  await page.do(({ sendMessage }) => sendMessage({ text: 'Conte' }))
  await page.until(() => page.texts().at(-1)).toMatch(/^um/)
  await page.do(({ stop }) => stop())
  await page.until(() => page.chat().status).toBe('ready')
  expect((await kept(id)).at(-1)?.status).toBe('streaming')
  expect((await ana.call(`/chat/${id}/stop`, {})).body).toEqual({ stopped: true })
  const last = (await kept(id)).at(-1)
  expect(last).toMatchObject({ status: 'stopped', content: page.texts().at(-1)?.trim() })
})

test('takes up after a reload what is under way, and the chat goes on', async () => {
  const id = await chatWith('resumed', [{ kind: 'hold', text: 'um dois três quatro' }])
  const former = await openPage(id)
  await former.do(({ sendMessage }) => sendMessage({ text: 'Conte' }))
  await former.until(() => former.texts().at(-1)).toMatch(/^um/)
  await former.close()
  const page = await openPage(id, true)
  await page.until(() => page.texts().at(-1)).toMatch(/^um/)
  model.release()
  await page.until(() => [page.chat().status, page.texts()]).toEqual(['ready', ['um dois três quatro']])
  await page.do(({ sendMessage }) => sendMessage({ text: 'E depois?' }))
  await page.until(() => page.texts().slice(1)).toEqual(['E depois?', 'pronto'])
  expect((await kept(id)).map(({ content }) => content)).toEqual([
    'Conte',
    'um dois três quatro',
    'E depois?',
    'pronto',
  ])
})

test.each([
  [true, 'output-available'],
  [false, 'output-denied'],
])('decides about a tool (%s), and the answer goes on', async (approved, state) => {
  const calls = [{ id: 'call_0', name: 'current_time', input: {} }]
  const agent = { tools: [{ type: 'current_time', needs_approval: true }] }
  const page = await openPage(await chatWith(`tool-${approved}`, [{ kind: 'tools', calls }, DONE], agent))
  await page.do(({ sendMessage }) => sendMessage({ text: 'Que horas são?' }))
  await page.until(page.tool).toMatchObject({ state: 'approval-requested', toolName: 'current_time' })
  await page.do(({ addToolApprovalResponse }) => addToolApprovalResponse({ id: 'call_0', approved }))
  await page.until(() => [page.chat().status, page.texts().at(-1)]).toEqual(['ready', 'pronto'])
  expect(page.tool()).toMatchObject({ state })
  expect(page.chat().messages).toHaveLength(2)
})

test('is told why an answer failed, and speaks on', async () => {
  const id = await chatWith('failed', [{ kind: 'error', status: 400, message: 'no such thing' }])
  const page = await openPage(id)
  await page.do(({ sendMessage }) => sendMessage({ text: 'Oi' }))
  await page.until(() => page.chat().error?.message).toContain('no such thing')
  await page.do(({ sendMessage }) => sendMessage({ text: 'E agora?' }))
  await page.until(() => [page.chat().status, page.texts().at(-1)]).toEqual(['ready', 'pronto'])
  expect((await kept(id)).map(({ status }) => status)).toEqual(['complete', 'failed', 'complete', 'complete'])
})
