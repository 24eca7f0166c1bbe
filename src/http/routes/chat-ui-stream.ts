import { z } from '@hono/zod-openapi'
import { UiInput } from '#core/chat/ui-stream'
import { ById } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { demand } from '#services/auth/demand'
import { streamUiTurn } from '#http/stream-ui-turn'
import { resumeUi, streamUi } from '#services/chats/stream-ui'

const EVENT_STREAM = 'text/event-stream'
/** A conversation as `useChat` keeps it is sent whole with every message, its files as data URLs. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024

const streaming = { tag: 'chats', params: ById, media: { [EVENT_STREAM]: z.string() } } as const

const postUiStream = route({
  ...streaming,
  method: 'post',
  path: '/chat/{id}/ui-stream',
  summary: { pt: 'Falar com useChat, do AI SDK', en: "Speak by the AI SDK's useChat" },
  description: {
    pt: 'Das mensagens só a última conta; a resposta vem como UI message stream. Pede também `chats:read`.',
    en: 'Of the messages only the last counts; the answer comes as a UI message stream. Takes `chats:read` too.',
  },
  permission: 'chats:write',
  body: UiInput,
  bodyLimitBytes: BODY_LIMIT_BYTES,
  answers: { 200: null },
  errors: ['not_found', 'chat_queue_full', 'chat_message_empty', 'chat_file_unreadable', 'chat_call_unknown'],
})

const getUiStream = route({
  ...streaming,
  method: 'get',
  path: '/chat/{id}/ui-stream',
  summary: { pt: 'Retomar a resposta em curso', en: 'Resume the answer that is under way' },
  description: { pt: '204 quando não há nenhuma.', en: '204 when there is none.' },
  permission: 'chats:read',
  answers: { 200: null, 204: null },
})

/** Chats for the AI SDK. */
export const chatUiStreamRoutes = createRoutes()
  .openapi(postUiStream, async (c) => {
    const { id } = c.req.valid('param')
    // Before anything is said: a key that may only write would not get its answer.
    demand(c.var.ctx.principal, 'chats:read')
    return streamUiTurn(c.var.ctx, id, await streamUi(c.var.ctx, id, c.req.valid('json')))
  })
  .openapi(getUiStream, async (c) => {
    const { id } = c.req.valid('param')
    const turn = await resumeUi(c.var.ctx, id)
    return turn === undefined ? c.body(null, 204) : streamUiTurn(c.var.ctx, id, turn)
  })
