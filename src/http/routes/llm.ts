import { z } from '@hono/zod-openapi'
import { streamSSE } from 'hono/streaming'
import { LlmAnswer, LlmChatInput, LlmStreamEvent } from '#core/llm/chat-input'
import { MODEL_ABILITIES } from '#core/llm/model-entry'
import { ModelView, ProviderView } from '#core/llm/provider-view'
import { toAppError, toProblem } from '#http/errors'
import { pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { askModelOnce, streamModelOnce } from '#services/llm/chat'
import { listModels } from '#services/llm/list-models'
import { listProviderViews } from '#services/llm/list-providers'

const BODY_LIMIT_BYTES = 4 * 1024 * 1024

const getProviders = route({
  method: 'get',
  path: '/llm/providers',
  tag: 'llm',
  summary: { pt: 'Listar os provedores de modelos', en: 'List the providers of models' },
  permission: 'llm:read',
  answers: { 200: z.object({ items: z.array(ProviderView.meta({ id: 'LlmProvider' })) }) },
})

const getModels = route({
  method: 'get',
  path: '/llm/models',
  tag: 'llm',
  summary: {
    pt: 'Listar os modelos conhecidos: contexto, preços, o que cada um sabe fazer, e se este workspace pode usá-lo',
    en: 'List the known models: context, prices, what each can do, and whether this workspace can use it',
  },
  permission: 'llm:read',
  query: Paging.extend({
    provider: z.string().max(100).optional(),
    search: z.string().min(1).max(100).optional(),
    ability: z.enum(MODEL_ABILITIES).optional(),
    usable: z.stringbool().optional(),
  }),
  answers: { 200: pageOf(ModelView.meta({ id: 'LlmModel' })).meta({ id: 'LlmModelPage' }) },
})

const postChat = route({
  method: 'post',
  path: '/llm/chat',
  tag: 'llm',
  summary: { pt: 'Perguntar a um modelo uma vez, sem guardar', en: 'Ask a model once, without keeping it' },
  description: {
    pt: 'Com "stream": true a resposta vem como eventos (text/event-stream): text, reasoning e por fim finish ou error.',
    en: 'With "stream": true the answer comes as events (text/event-stream): text, reasoning and finally finish or error.',
  },
  permission: 'llm:use',
  body: LlmChatInput,
  bodyLimitBytes: BODY_LIMIT_BYTES,
  answers: { 200: null },
  media: {
    'application/json': LlmAnswer.meta({ id: 'LlmAnswer' }),
    'text/event-stream': LlmStreamEvent.meta({ id: 'LlmStreamEvent' }),
  },
  errors: [
    'model_unknown_provider',
    'model_not_configured',
    'model_refused',
    'model_unavailable',
    'model_timeout',
    'model_bad_answer',
  ],
})

/** Models: which there are, and one question to one of them. */
export const llmRoutes = createRoutes()
  .openapi(getProviders, async (c) => c.json({ items: [...(await listProviderViews(c.var.ctx))] }, 200))
  .openapi(getModels, async (c) => c.json(await listModels(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postChat, async (c) => {
    const input = c.req.valid('json')
    if (!input.stream) return c.json(await askModelOnce(c.var.ctx, input, c.req.raw.signal), 200)
    const leaving = new AbortController()
    const events = await streamModelOnce(c.var.ctx, input, leaving.signal)
    const response = streamSSE(c, async (stream) => {
      stream.onAbort(() => leaving.abort(new Error('the client has gone')))
      const send = (event: LlmStreamEvent) => stream.writeSSE({ data: JSON.stringify(event) })
      try {
        for await (const event of events) await send(event)
      } catch (error) {
        const { code, message } = toProblem(toAppError(error), c.var.locale, c.var.requestId)
        await send({ type: 'error', code, message })
      }
    })
    response.headers.set('Cache-Control', 'no-store')
    return response
  })
