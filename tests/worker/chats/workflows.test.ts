import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ChatMessage } from '#core/chat/message'
import type { Json } from '#lib/json'
import { newId } from '#lib/ids'
import { upload } from '#tests/worker/files/support'
import type { Caller } from '#tests/worker/security/people'
import { HTTP_URL } from '#tests/worker/support/api'
import { chain, graph, httpNode, type NodeSpec, setNode } from '#tests/worker/support/graphs'
import { createTalker, isAnswer, range, seqs, textBy } from './support.ts'
import {
  chatTrigger,
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

const respond = (body: Json): NodeSpec => ({ id: 'respond', type: 'respond', config: { body } })
const statusOf = (id: string) => expect.poll(async () => (await executionOf(ana, id)).status, END)

describe('a message', () => {
  it('starts one execution of what is published, and its output is the answer', async () => {
    const chat = await createWorkflowChat(ana, echo)
    expect(await chat.chat()).toMatchObject({ workflow_id: chat.workflowId, agent_id: null })
    const reply = await chat.ask('Oi')
    expect(reply).toMatchObject({ role: 'assistant', status: 'complete', content: 'Você disse: Oi', error: null })
    expect(reply).toMatchObject({ agent_id: null, model: null, metadata: { workflow_id: chat.workflowId } })
    const [said] = await chat.messages()
    const id = executionIn(reply)
    await statusOf(id).toBe('completed')
    const { inputs, ...execution } = await executionOf(ana, id)
    expect(execution).toMatchObject({ workflow_id: chat.workflowId, trigger: 'chat', version: 1 })
    expect(inputs).toEqual({
      type: 'chat',
      chat: { id: chat.id },
      message: { id: said?.id, content: 'Oi', attachments: [], metadata: null },
      history: [],
      user: { id: ana.userId, name: expect.any(String) },
    })
    await expect.poll(async () => (await executionsOf(ana, chat.workflowId)).map((one) => one.id), END).toEqual([id])
    const { items } = z
      .object({ items: z.array(z.looseObject({})) })
      .parse(await read(ana, `/workflows/${chat.workflowId}/triggers`))
    expect(items).toMatchObject([{ kind: 'chat', status: 'live', last_execution_id: id }])
  })

  it('brings its files, and what was said before, as much as the node wants', async () => {
    const given = { id: 'said', type: 'trigger.chat', config: { history: 2 } }
    const chat = await createWorkflowChat(ana, chain([given, say('$trigger')]))
    const { id: file_id } = await upload(ana, 'olá', { name: 'a.txt' })
    await chat.ask('um')
    await chat.ask('dois')
    const { content } = await chat.ask('três', { attachments: [file_id], metadata: { from: 'test' } })
    const got = JSON.parse(content.replaceAll(/^```json\n|\n```$/g, ''))
    expect(got.message).toMatchObject({
      content: 'três',
      attachments: [{ file_id, filename: 'a.txt', content_type: 'text/plain', size: 4 }],
      metadata: { from: 'test' },
    })
    expect(got.history).toMatchObject([{ role: 'user', content: 'dois' }, { role: 'assistant' }])
  })

  it('may be as long as messages are, in any script', { timeout: 60_000 }, async () => {
    const chat = await createWorkflowChat(ana, chain([chatTrigger, say('$trigger.message.content')]))
    const content = '語'.repeat(200_000)
    for (let n = 1; n <= 2; n += 1) expect((await chat.ask(content)).content).toBe(content)
  })

  it('goes to a model with its history in one expression', async () => {
    const messages = '{{ [...$trigger.history, { role: "user", content: $trigger.message.content }] }}'
    const model = { id: 'llm', type: 'llm', config: { model: 'demo/echo', messages } }
    const chat = await createWorkflowChat(ana, chain([chatTrigger, model]))
    await chat.ask('um')
    expect((await chat.ask('dois')).content).toContain('dois')
  })

  it.each<[string, Json, string]>([
    ['a text', "'oi'", 'oi'],
    ['a number', '7', '7'],
    ['nothing', 'null', ''],
    ['what a model says', "({ text: 'oi', usage: 1 })", 'oi'],
    ['an answer', "({ answer: 'oi' })", 'oi'],
    ['an output', "({ output: 'oi' })", 'oi'],
    ['any other object', '({ n: 1 })', '```json\n{\n  "n": 1\n}\n```'],
    ['a list', '[1]', '```json\n[\n  1\n]\n```'],
  ])('is answered with %s', async (_, expression, content) => {
    const chat = await createWorkflowChat(ana, chain([chatTrigger, say(expression)]))
    expect(await chat.ask('Oi')).toMatchObject({ status: 'complete', content })
  })

  it('is answered in the middle of a run by `respond`, once; the run goes on', async () => {
    const key = newId()
    const nodes = [chatTrigger, respond({ text: 'já' }), httpNode('call', `${HTTP_URL}/hold/${key}`), respond('tarde')]
    const definition = chain(nodes.map((node, index) => ({ ...node, id: `n${index}` })))
    const chat = await createWorkflowChat(ana, definition)
    const reply = await chat.ask('Oi')
    expect(reply).toMatchObject({ status: 'complete', content: 'já' })
    expect((await executionOf(ana, executionIn(reply))).status).toBe('running')
    await fetch(`${HTTP_URL}/control/release/${key}`)
    await statusOf(executionIn(reply)).toBe('completed')
    expect((await chat.messages()).map(({ content }) => content)).toEqual(['Oi', 'já'])
  })

  it('is answered with a value that lies in storage', async () => {
    const big = httpNode('call', `${HTTP_URL}/fill/${newId()}?byte=97&count=600000`)
    const chat = await createWorkflowChat(ana, chain([chatTrigger, big, say('$input.body')]))
    expect((await chat.ask('Oi')).content).toBe('a'.repeat(600_000))
  })

  it('comes over a socket as an agent’s answer does, and names its execution', async () => {
    const chat = await createWorkflowChat(ana, echo)
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    socket.send({ type: 'chat_message', data: { message: 'Oi' } })
    const answer = (await socket.until(isAnswer))['data'] as ChatMessage
    expect(textBy(socket.frames)).toBe('Você disse: Oi')
    expect(seqs(socket.frames)).toEqual(range(1, seqs(socket.frames).length))
    const begun = socket.frames.find(({ type, data }) => type === 'session_update' && 'turn_id' in (data as object))
    expect(begun?.['data']).toMatchObject({ status: 'streaming', execution_id: executionIn(answer) })
  })

  it('of `useChat` is answered as its stream wants it', async () => {
    const chat = await createWorkflowChat(ana, echo)
    const body = { messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Oi' }] }] }
    const { text } = await ana.call(`/api/v1/chat/${chat.id}/ui-stream`, { method: 'POST', body })
    const chunks = Array.from(text.matchAll(/^data: (\{.*)$/gm), ([, data = '']) => JSON.parse(data))
    expect(chunks.map(({ type }) => type)).toEqual([
      'start',
      'start-step',
      'text-start',
      'text-delta',
      'text-end',
      'finish',
    ])
    expect(chunks[0]).toMatchObject({ messageMetadata: { execution_id: expect.any(String) } })
    expect(chunks[3]).toMatchObject({ delta: 'Você disse: Oi' })
  })

  it('that is sent twice starts one execution', async () => {
    const chat = await createWorkflowChat(ana, echo)
    const send = () =>
      ana.call(`/api/v1/chat/${chat.id}/messages?wait=20`, {
        method: 'POST',
        body: { content: 'Oi' },
        headers: { 'Idempotency-Key': `k${chat.id}` },
      })
    const [one, two] = await Promise.all([send(), send()])
    expect(JSON.parse(one.text).id).toBe(JSON.parse(two.text).id)
    await expect.poll(async () => (await executionsOf(ana, chat.workflowId)).length, END).toBe(1)
  })

  it('begins at every `trigger.chat`, and at no other trigger', async () => {
    const manual = { id: 'manual', type: 'trigger.manual' }
    const nodes = [chatTrigger, { ...chatTrigger, id: 'too' }, manual, setNode('a', {}), setNode('b', {})]
    const definition = graph(nodes, ['said -> a', 'too -> b', 'manual -> b'])
    const chat = await createWorkflowChat(ana, definition)
    const { content } = await chat.ask('Oi')
    expect(content).toContain('"a"')
    expect(content).toContain('"b"')
  })
})
