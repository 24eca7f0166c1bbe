import { z } from '@hono/zod-openapi'
import { CallDecision, MessageInput } from '#core/chat/chat'
import { FeedbackInput, RatedMessage } from '#core/chat/feedback'
import { ChatMessage } from '#core/chat/message'
import { AnyJson } from '#core/json'
import { LastEventId, wantsEvents } from '#http/event-stream'
import { EVENT_STREAM_TYPE } from '#http/media-types'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { streamChat } from '#http/stream-chat'
import { decideCall } from '#services/chats/decide-call'
import { findRatedMessage } from '#services/chats/find-message'
import { listMessages } from '#services/chats/list-messages'
import { rateMessage } from '#services/chats/rate-message'
import { regenerateMessage } from '#services/chats/regenerate-message'
import { sendMessage } from '#services/chats/send-message'
import { waitReply } from '#services/chats/wait-reply'
import type { ChatBase } from './chat-base.ts'

const MAX_WAIT_SECONDS = 60

const ByMessage = ById.extend({ message_id: z.uuid().toLowerCase() })
const ByCall = ById.extend({ call_id: z.string().max(500) })
const Message = ChatMessage.meta({ id: 'ChatMessage' })
const Rated = RatedMessage.meta({ id: 'RatedChatMessage' })
const Decision = CallDecision.extend({ answer: AnyJson.optional() }).meta({ id: 'ChatCallDecision' })
const Wait = z.object({
  wait: z.coerce
    .number()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .optional()
    .meta({ description: 'Seconds to wait for the reply: 200 with it, else 201 with what was said.' }),
})

/** What is said in a chat, below the address of today or that of older clients. */
export function chatMessageRoutes(base: ChatBase) {
  const reads = { tag: 'chats', permission: 'chats:read' } as const
  const writes = { tag: 'chats', permission: 'chats:write' } as const
  const asks = {
    ...writes,
    headers: IdempotencyHeader,
    query: Wait,
    answers: { 200: Message, 201: Message },
    media: { [EVENT_STREAM_TYPE]: z.string() },
    errors: ['not_found', 'chat_queue_full', 'chat_message_empty', 'idempotency_key_reused'],
  } as const
  return createRoutes()
    .openapi(
      route({
        method: 'get',
        path: `${base}/{id}/messages`,
        ...reads,
        summary: { pt: 'Ler as mensagens', en: 'Read the messages' },
        description: {
          pt: 'Em ordem de leitura; a página 1 tem as últimas.',
          en: 'In reading order; page 1 has the latest.',
        },
        params: ById,
        query: Paging,
        answers: { 200: pageOf(Rated).meta({ id: 'ChatMessagePage' }) },
      }),
      async (c) => c.json(await listMessages(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/messages`,
        ...asks,
        summary: { pt: 'Dizer algo', en: 'Say something' },
        params: ById,
        body: MessageInput,
      }),
      async (c) => {
        const { ctx } = c.var
        const { id } = c.req.valid('param')
        const idempotency = await readIdempotency(c)
        const { message, after } = await sendMessage(ctx, id, c.req.valid('json'), { idempotency })
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- hono types one media type for each status
        if (wantsEvents(c)) return (await streamChat(ctx, id, after, { turnId: message.turn_id })) as never
        const reply = await waitReply(ctx, message, c.req.valid('query').wait)
        return reply === undefined ? c.json(message, 201) : c.json(reply, 200)
      },
    )
    .openapi(
      route({
        method: 'get',
        path: `${base}/{id}/messages/{message_id}`,
        ...reads,
        summary: { pt: 'Ler uma mensagem', en: 'Read a message' },
        params: ByMessage,
        answers: { 200: Rated },
      }),
      async (c) => {
        const { id, message_id } = c.req.valid('param')
        return c.json(await findRatedMessage(c.var.ctx, id, message_id), 200)
      },
    )
    .openapi(
      route({
        method: 'put',
        path: `${base}/{id}/messages/{message_id}`,
        ...asks,
        summary: { pt: 'Dizer outra coisa no lugar', en: 'Say something else instead' },
        description: {
          pt: 'A mensagem e tudo depois dela deixa de valer, e a nova é respondida.',
          en: 'The message and all behind it is superseded, and the new one is answered.',
        },
        params: ByMessage,
        body: MessageInput,
      }),
      async (c) => {
        const { id, message_id: instead } = c.req.valid('param')
        const idempotency = await readIdempotency(c)
        const { message } = await sendMessage(c.var.ctx, id, c.req.valid('json'), { idempotency, instead })
        const reply = await waitReply(c.var.ctx, message, c.req.valid('query').wait)
        return reply === undefined ? c.json(message, 201) : c.json(reply, 200)
      },
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/messages/{message_id}/regenerate`,
        ...writes,
        summary: { pt: 'Responder de novo', en: 'Answer again' },
        params: ByMessage,
        query: Wait,
        answers: { 200: Message, 201: Message },
        errors: ['chat_queue_full'],
      }),
      async (c) => {
        const { id, message_id } = c.req.valid('param')
        const { message } = await regenerateMessage(c.var.ctx, id, message_id)
        const reply = await waitReply(c.var.ctx, message, c.req.valid('query').wait)
        return reply === undefined ? c.json(message, 201) : c.json(reply, 200)
      },
    )
    .openapi(
      route({
        method: 'put',
        path: `${base}/{id}/messages/{message_id}/feedback`,
        ...writes,
        summary: { pt: 'Avaliar uma mensagem', en: 'Rate a message' },
        params: ByMessage,
        body: FeedbackInput,
        answers: { 200: FeedbackInput },
      }),
      async (c) => {
        const { id, message_id } = c.req.valid('param')
        return c.json(await rateMessage(c.var.ctx, id, message_id, c.req.valid('json')), 200)
      },
    )
    .openapi(
      route({
        method: 'delete',
        path: `${base}/{id}/messages/{message_id}/feedback`,
        ...writes,
        summary: { pt: 'Retirar a própria avaliação', en: "Withdraw one's own rating" },
        params: ByMessage,
        answers: { 204: null },
      }),
      async (c) => {
        const { id, message_id } = c.req.valid('param')
        await rateMessage(c.var.ctx, id, message_id, { rating: null, comment: null })
        return c.body(null, 204)
      },
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/calls/{call_id}`,
        ...writes,
        summary: { pt: 'Aprovar, recusar ou responder a uma ferramenta', en: "Approve, deny or answer a tool's call" },
        params: ByCall,
        body: Decision,
        answers: { 200: z.object({ applied: z.literal(true) }) },
        errors: ['chat_call_unknown', 'chat_call_decided'],
      }),
      async (c) => {
        const { id, call_id: callId } = c.req.valid('param')
        await decideCall(c.var.ctx, id, { callId, ...c.req.valid('json') })
        return c.json({ applied: true as const }, 200)
      },
    )
    .openapi(
      route({
        method: 'get',
        path: `${base}/{id}/stream`,
        ...reads,
        summary: { pt: 'Seguir a conversa', en: 'Follow the chat' },
        description: {
          pt: 'Eventos do servidor (SSE) depois de "after" ou Last-Event-ID; sem eles, o histórico e o que vier.',
          en: 'Server-sent events behind "after" or Last-Event-ID; without them, the history and what comes.',
        },
        params: ById,
        headers: LastEventId,
        query: z.object({
          after: z.coerce.number().int().min(0).optional(),
          limit: z.coerce.number().int().min(1).optional().meta({ description: 'Events after which it ends' }),
        }),
        answers: { 200: null },
        media: { [EVENT_STREAM_TYPE]: z.string() },
      }),
      async (c) => {
        const { after, limit } = c.req.valid('query')
        const last = c.req.valid('header')['last-event-id'] ?? after
        return streamChat(c.var.ctx, c.req.valid('param').id, last, { limit })
      },
    )
}
