import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ChatMessage } from '#core/chat/message'
import type { Json, JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import { requestsOf, HTTP_URL } from '#tests/worker/support/api'
import { scriptModel } from '#tests/worker/support/models'
import type { Caller } from '#tests/worker/security/people'
import type { TestSocket } from '#tests/worker/support/socket'
import {
  actorOf,
  type ChatClient,
  crash,
  createAgentChat,
  createChat,
  createTalker,
  isAnswer,
  range,
  seqs,
  textBy,
} from './support.ts'

const LONG = range(1, 400)
  .map((n) => `palavra${n}`)
  .join(' ')

let ana: Caller

beforeAll(async () => {
  ana = await createTalker()
})

const chatWith = (agent: JsonObject): Promise<ChatClient> => createAgentChat(ana, agent)

const calls = (...inputs: readonly [name: string, input: Json][]) => ({
  kind: 'tools' as const,
  calls: inputs.map(([name, input], index) => ({ id: `call_${index}`, name, input })),
})
const DONE = { kind: 'text', text: 'pronto' } as const
const APPROVED_TOOL = { type: 'current_time', needs_approval: true }

const messageOf = (frame: TestSocket['frames'][number]): ChatMessage => frame['data'] as ChatMessage
const isState = (status: string) => (frame: TestSocket['frames'][number]) =>
  isAnswer(frame) && messageOf(frame).status === status

describe('an answer on a socket', () => {
  it('comes in pieces that make the message, densely numbered', async () => {
    const { reference: model } = await scriptModel({ kind: 'text', text: LONG })
    const chat = await chatWith({ model })
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    socket.send({ type: 'chat_message', data: { message: 'Conte' } })
    const last = await socket.until(isAnswer)
    expect(messageOf(last)).toMatchObject({ status: 'complete', content: LONG, model })
    expect(textBy(socket.frames)).toBe(LONG)
    expect(seqs(socket.frames)).toEqual(range(1, seqs(socket.frames).length))
    expect(messageOf(last).cost).toBeGreaterThan(0)
    const said = socket.frames.filter((frame) => frame.type === 'chat_message')
    expect(said.map((frame) => messageOf(frame).role)).toEqual(['user', 'assistant'])
  })

  it('is stopped at the provider, too, and keeps what had come', async () => {
    const script = await scriptModel({ kind: 'hold', text: 'um dois três quatro cinco seis' })
    const chat = await chatWith({ model: script.reference })
    const socket = await chat.follow()
    socket.send({ type: 'chat_message', data: { message: 'Conte' } })
    await socket.until(({ type }) => type === 'message_delta')
    const gone = script.clientGone()
    socket.send({ type: 'stop' })
    const stopped = messageOf(await socket.until(isState('stopped')))
    expect(stopped.content).toBe(textBy(socket.frames))
    expect(stopped.content).not.toBe('')
    await gone
    expect(await chat.post('/stop')).toMatchObject({ body: { stopped: false } })
    const [, answer] = await chat.messages()
    expect(answer).toEqual(stopped)
  })

  it('is interrupted by what says so, which is answered next', async () => {
    const script = await scriptModel({ kind: 'hold', text: 'um dois três quatro' }, DONE)
    const chat = await chatWith({ model: script.reference })
    await chat.say('Conte')
    await expect.poll(async () => (await script.requests()).length).toBe(1)
    const reply = await chat.ask('Deixe', { interrupt: true })
    expect(reply).toMatchObject({ status: 'complete', content: 'pronto' })
    expect((await chat.messages()).map(({ status }) => status)).toEqual(['complete', 'stopped', 'complete', 'complete'])
  })

  it('fails with the reason of the provider, and the next one is asked for as before', async () => {
    const script = await scriptModel({ kind: 'error', status: 400, message: 'no such thing' }, DONE)
    const chat = await chatWith({ model: script.reference })
    expect(await chat.ask('Oi')).toMatchObject({ status: 'failed', error: { code: 'model_refused' } })
    expect(await chat.ask('Oi')).toMatchObject({ status: 'complete', content: 'pronto' })
  })

  it('that breaks off keeps what had come', async () => {
    const script = await scriptModel({ kind: 'cut', after: 'half', text: 'um dois três quatro cinco seis' })
    const chat = await chatWith({ model: script.reference })
    const reply = await chat.ask('Conte')
    expect(reply.status).toBe('failed')
    expect(reply.content).toMatch(/^um/)
  })
})

describe('a frame', () => {
  it.each(['', 'x', '[]', '{}', '{"type":"say"}', '{"type":"chat_message","data":{}}', '['.repeat(9_999)])(
    'that is none gets an error, and the socket stays open (%#)',
    async (bad) => {
      const chat = await createChat(ana)
      const socket = await chat.follow()
      socket.send(bad)
      expect(await socket.until(({ type }) => type === 'error')).toMatchObject({
        data: { message: expect.any(String) },
      })
      for (const frame of ['{"type":"ping"}', { type: 'ping' }, { type: 'heartbeat' }]) socket.send(frame)
      await expect.poll(() => socket.frames.filter(({ type }) => type === 'pong').length).toBe(2)
      await socket.until(({ type }) => type === 'heartbeat_response')
    },
  )

  it('of typing reaches the others', async () => {
    const chat = await createChat(ana)
    const [one, other] = [await chat.follow(), await chat.follow()]
    await other.until(({ type }) => type === 'history')
    one.send({ type: 'typing', data: { isTyping: true } })
    expect(await other.until(({ type }) => type === 'typing')).toMatchObject({
      data: { user_id: ana.userId, isTyping: true },
    })
    expect(one.frames.some(({ type }) => type === 'typing')).toBe(false)
  })

  it('that repeats a message says it once', async () => {
    const chat = await createChat(ana)
    const socket = await chat.follow()
    const frame = { type: 'chat_message', data: { id: newId(), message: 'Oi' } }
    socket.send(frame)
    socket.send(frame)
    await socket.until(isState('complete'))
    socket.send(frame)
    socket.send({ type: 'ping' })
    await socket.until(({ type }) => type === 'pong')
    expect(await chat.messages()).toHaveLength(2)
  })
})

describe('no gap and no repetition (P9)', { timeout: 60_000 }, () => {
  it.each([1, 2, 5])('when the client cuts after every %i frames', async (k) => {
    const { reference: model } = await scriptModel({ kind: 'text', text: LONG })
    const chat = await chatWith({ model })
    await chat.say('Conte')
    const seen: TestSocket['frames'][number][] = []
    while (!seen.some(isAnswer)) {
      const after = seqs(seen).at(-1) ?? 0
      const socket = await chat.follow(`&after=${after}`)
      await socket.until((frame) => (frame.seq ?? 0) >= after + k || isAnswer(frame))
      seen.push(...socket.frames.filter(({ seq }) => seq !== undefined).slice(0, k))
      socket.close()
    }
    expect(seqs(seen)).toEqual(range(1, seen.length))
    expect(textBy(seen)).toBe(LONG)
  })

  it('when a client begins in the middle: the history and what follows make the message', async () => {
    const script = await scriptModel({ kind: 'hold', text: 'um dois três quatro cinco seis' })
    const chat = await chatWith({ model: script.reference })
    const early = await chat.follow()
    await chat.say('Conte')
    await early.until(({ type }) => type === 'message_delta')
    const late = await chat.follow()
    const history = await late.until(({ type }) => type === 'history')
    const { seq, messages } = history['data'] as { seq: number; messages: ChatMessage[] }
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', status: 'streaming' })
    await script.release()
    const last = await late.until(isAnswer)
    expect(seqs(late.frames)).toEqual(range(seq + 1, last.seq ?? 0))
    const whole = [messages.at(-1)?.content, textBy(late.frames)].join(' ').replaceAll(/\s+/g, ' ').trim()
    expect(whole).toBe(messageOf(last).content)
  })

  it('when the actor is evicted in the middle: what had come is kept, and marked', async () => {
    const script = await scriptModel({ kind: 'hold', text: 'um dois três quatro cinco seis' }, DONE)
    const chat = await chatWith({ model: script.reference })
    const socket = await chat.follow()
    await chat.say('Conte')
    await socket.until(({ type }) => type === 'message_delta')
    await chat.say('E depois?')
    await crash(chat)
    await runDurableObjectAlarm(actorOf(chat.id))
    await expect.poll(async () => (await chat.messages()).at(-1)?.status).toBe('complete')
    const messages = await chat.messages()
    expect(messages.map(({ role, status }) => `${role} ${status}`).toSorted()).toEqual([
      'assistant complete',
      'assistant interrupted',
      'user complete',
      'user complete',
    ])
    const half = messages.find(({ status }) => status === 'interrupted')
    expect(half).toMatchObject({ error: { code: 'turn_interrupted' } })
    expect(half?.content).toBe(textBy(socket.frames))
    const again = await chat.follow('&after=0')
    await again.until(isState('complete'))
    expect(seqs(again.frames)).toEqual(range(1, seqs(again.frames).length))
  })
})

describe('a call that asks a person', () => {
  it('waits over evictions without an alarm, and goes on when it is approved', async () => {
    const script = await scriptModel(calls(['current_time', {}]), DONE)
    const chat = await chatWith({ model: script.reference, tools: [APPROVED_TOOL] })
    const waiting = await chat.ask('Que horas são?')
    expect(waiting).toMatchObject({ status: 'waiting' })
    const call = waiting.parts.find(({ type }) => type === 'tool')
    expect(call).toMatchObject({ state: 'waiting', asks: 'approval', call_id: 'call_0' })
    await expect.poll(async () => (await chat.chat()).last_message?.status).toBe('waiting')
    await evictDurableObject(actorOf(chat.id))
    await expect
      .poll(() => runInDurableObject(actorOf(chat.id), (_instance, state) => state.storage.getAlarm()))
      .toBeNull()
    const socket = await chat.follow()
    await socket.until(({ type }) => type === 'history')
    socket.send({ type: 'approve', data: { call_id: 'call_0', approved: true } })
    const reply = messageOf(await socket.until(isState('complete')))
    expect(reply.content).toBe('pronto')
    expect(reply.parts.find(({ type }) => type === 'tool')).toMatchObject({ state: 'completed' })
    const steps = await script.requests()
    expect(steps).toHaveLength(2)
    expect(await chat.post('/calls/call_0', { approved: false })).toMatchObject({ status: 404 })
  })

  it('is denied over REST, and the model hears why; the first decision stands', async () => {
    const script = await scriptModel(calls(['current_time', {}], ['current_time', {}]), DONE)
    const chat = await chatWith({ model: script.reference, tools: [APPROVED_TOOL] })
    await chat.ask('Que horas são?')
    expect((await chat.post('/calls/call_0', { approved: false, comment: 'Agora não' })).status).toBe(200)
    expect((await chat.post('/calls/call_0', { approved: true })).status).toBe(409)
    expect((await chat.post('/calls/nothing', { approved: true })).status).toBe(404)
    expect((await chat.messages()).at(-1)?.status).toBe('waiting')
    await chat.post('/calls/call_1', { approved: false })
    await expect
      .poll(async () => (await chat.messages()).at(-1))
      .toMatchObject({ status: 'complete', content: 'pronto' })
    expect(JSON.stringify((await script.requests()).at(-1)?.body)).toContain('Agora não')
  })

  it('is answered by the person', async () => {
    const script = await scriptModel(calls(['ask_person', { question: 'Qual cor?' }]), DONE)
    const chat = await chatWith({ model: script.reference, tools: [{ type: 'ask_person' }] })
    expect(await chat.ask('Pinte')).toMatchObject({ status: 'waiting' })
    expect((await chat.post('/calls/call_0', { answer: 'Azul' })).status).toBe(200)
    await expect.poll(async () => (await chat.messages()).at(-1)?.status).toBe('complete')
    expect(JSON.stringify((await script.requests()).at(-1)?.body)).toContain('Azul')
  })

  it('is stopped while it waits', async () => {
    const script = await scriptModel(calls(['current_time', {}]), DONE)
    const chat = await chatWith({ model: script.reference, tools: [APPROVED_TOOL] })
    await chat.ask('Que horas são?')
    expect(await chat.post('/stop')).toMatchObject({ body: { stopped: true } })
    expect((await chat.messages()).at(-1)?.status).toBe('stopped')
    expect(await chat.ask('Oi')).toMatchObject({ content: 'pronto' })
  })
})

it('a tool that a crash interrupted is performed again, with the same key, and the turn goes on', async () => {
  const key = newId()
  const url = `${HTTP_URL}/hold/${key}`
  const tool = { type: 'http_request', name: 'fetch', config: { url, methods: ['POST'] } }
  const script = await scriptModel(calls(['fetch', {}]), DONE)
  const chat = await chatWith({ model: script.reference, tools: [tool] })
  await chat.say('Busque')
  await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
  await crash(chat)
  await runDurableObjectAlarm(actorOf(chat.id))
  await expect.poll(async () => (await requestsOf(key)).length).toBe(2)
  await fetch(`${HTTP_URL}/control/release/${key}`)
  await expect.poll(async () => (await chat.messages()).at(-1)).toMatchObject({ status: 'complete', content: 'pronto' })
  const keys = (await requestsOf(key)).map(({ headers }) => headers['idempotency-key'])
  expect(keys[0]).toBe(keys[1])
})
