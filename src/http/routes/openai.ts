import { z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import type { AgentEvent } from '#core/agent/event'
import { textOf } from '#core/chat/message'
import { CompletionInput } from '#core/openai/input'
import {
  type CompletionHead,
  toCallDelta,
  toChunk,
  toCompletion,
  toFinishReason,
  toUsageChunk,
} from '#core/openai/output'
import { toAppError } from '#http/errors'
import { toOpenAiError } from '#http/openai-errors'
import { createRoutes, route } from '#http/route'
import type { JsonObject } from '#lib/json'
import { type Completed, type Completion, openCompletion } from '#services/openai/complete'
import { listAgentModels } from '#services/openai/list-agent-models'

/** The whole conversation comes with every request, its files as data URLs. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024
const EVENT_STREAM = 'text/event-stream'
/** A comment: that nobody reads any more is noticed when something is written. */
const HEARTBEAT = ': \n\n'
const HEARTBEAT_MS = 5_000

const Model = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
})

const getModels = route({
  method: 'get',
  path: '/models',
  tag: 'openai',
  summary: { pt: 'Listar os agentes como modelos', en: 'List the agents as models' },
  permission: 'chats:read',
  answers: { 200: z.object({ object: z.literal('list'), data: z.array(Model) }).meta({ id: 'ModelList' }) },
})

const postCompletion = route({
  method: 'post',
  path: '/chat/completions',
  tag: 'openai',
  summary: { pt: 'Conversar com um agente pelo formato da OpenAI', en: 'Talk to an agent by the format of OpenAI' },
  description: {
    pt: 'model é o id ou o slug de um agente, ou provedor/modelo. As ferramentas do agente rodam aqui; as do cliente voltam como tool_calls.',
    en: "model is an agent's id or slug, or provider/model. The agent's tools run here; the client's come back as tool_calls.",
  },
  permission: 'chats:write',
  body: CompletionInput,
  bodyLimitBytes: BODY_LIMIT_BYTES,
  answers: { 200: null },
  media: { 'application/json': z.looseObject({ id: z.string() }), [EVENT_STREAM]: z.string() },
  errors: [
    'completion_model_unknown',
    'completion_call_unknown',
    'completion_tool_taken',
    'chat_file_unreadable',
    'agent_inactive',
    'agent_budget_reached',
    'model_bad_answer',
  ],
})

/** The wire format of OpenAI's chat completions: its own client works with agents. */
export const openAiRoutes = createRoutes()
  .openapi(getModels, async (c) => c.json({ object: 'list' as const, data: await listAgentModels(c.var.ctx) }, 200))
  .openapi(postCompletion, async (c) => {
    const input = c.req.valid('json')
    const { ctx } = c.var
    const head = { id: `chatcmpl-${ctx.requestId}`, created: Math.floor(ctx.now() / 1_000), model: input.model }
    if (input.stream !== true) {
      const { run } = await openCompletion(ctx, input, c.req.raw.signal)
      const { progress, end } = await toTheEnd(run())
      return c.json(toCompletion(head, progress, end), 200)
    }
    const leaving = new AbortController()
    const chunks = toChunks(head, await openCompletion(ctx, input, leaving.signal), input)
    // What goes wrong before the first word is an error's answer, and not a stream.
    const first = await chunks.next()
    const response = streamSSE(c, async (stream) => {
      stream.onAbort(() => leaving.abort(new Error('the client has gone')))
      const send = (chunk: JsonObject) => stream.writeSSE({ data: JSON.stringify(chunk) })
      const beat = setInterval(() => void stream.write(HEARTBEAT), HEARTBEAT_MS)
      try {
        if (first.done !== true) await send(first.value)
        for await (const chunk of chunks) await send(chunk)
      } catch (error) {
        await send(toOpenAiError(toAppError(error), c.var.locale).body)
      } finally {
        clearInterval(beat)
      }
      await stream.writeSSE({ data: '[DONE]' })
    })
    response.headers.set('Cache-Control', 'no-store')
    return response
  })

async function toTheEnd(run: AsyncGenerator<AgentEvent, Completed>): Promise<Completed> {
  let next = await run.next()
  while (next.done !== true) next = await run.next()
  return next.value
}

async function* toChunks(
  head: CompletionHead,
  { run, isChecked, clientTools }: Completion,
  { stream_options: options }: CompletionInput,
): AsyncGenerator<JsonObject> {
  const events = run()
  let count = 0
  let role: { role?: 'assistant' } = { role: 'assistant' }
  let next = await events.next()
  while (next.done !== true) {
    const event = next.value
    if (event.type === 'text' && !isChecked) {
      yield toChunk(head, { ...role, content: event.text })
      role = {}
    } else if (event.type === 'tool_called' && event.asks === 'answer' && clientTools.has(event.tool)) {
      yield toChunk(head, { ...role, ...toCallDelta(event, count) })
      role = {}
      count += 1
    }
    next = await events.next()
  }
  const { progress, end } = next.value
  const content = isChecked ? textOf(progress.parts) : ''
  if (content !== '' || role.role !== undefined) yield toChunk(head, { ...role, content })
  yield toChunk(head, {}, toFinishReason(end))
  if (options?.include_usage === true) yield toUsageChunk(head, progress.usage)
}
