import { z } from '@hono/zod-openapi'
import { Chat, ChatFilter, ChatInput, ChatPatch, ChatTitle } from '#core/chat/chat'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createChat } from '#services/chats/create-chat'
import { deleteChat } from '#services/chats/delete-chat'
import { findChat } from '#services/chats/find-chat'
import { listChats } from '#services/chats/list-chats'
import { stopChat } from '#services/chats/stop-chat'
import { updateChat } from '#services/chats/update-chat'
import type { ChatBase } from './chat-base.ts'

const UNREADY = ['chat_workflow_unpublished', 'chat_workflow_inactive', 'chat_workflow_deaf'] as const
const TitleQuery = z.object({ title: z.string().trim().min(1).max(200).optional() })

/** Chats, below the address of today or that of older clients. */
export function chatRoutes(base: ChatBase) {
  const reads = { tag: 'chats', permission: 'chats:read' } as const
  const writes = { tag: 'chats', permission: 'chats:write' } as const
  const one = { params: ById, answers: { 200: Chat } } as const
  const change = {
    path: `${base}/{id}`,
    ...writes,
    ...one,
    summary: { pt: 'Mudar uma conversa', en: 'Change a chat' },
    body: ChatPatch,
    errors: UNREADY,
  } as const
  return createRoutes()
    .openapi(
      route({
        method: 'get',
        path: base,
        ...reads,
        summary: { pt: 'Listar as conversas, a última falada primeiro', en: 'List the chats, last spoken in first' },
        query: Paging.extend(ChatFilter.shape),
        answers: { 200: pageOf(Chat).meta({ id: 'ChatPage' }) },
      }),
      async (c) => c.json(await listChats(c.var.ctx, c.req.valid('query')), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: base,
        ...writes,
        summary: { pt: 'Começar uma conversa', en: 'Begin a chat' },
        headers: IdempotencyHeader,
        body: ChatInput,
        bodyOptional: true,
        answers: { 201: Chat },
        errors: ['not_found', 'idempotency_key_reused', ...UNREADY],
      }),
      async (c) => c.json(await createChat(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
    )
    .openapi(
      route({
        method: 'get',
        path: `${base}/{id}`,
        ...reads,
        ...one,
        summary: { pt: 'Ler uma conversa', en: 'Read a chat' },
      }),
      async (c) => c.json(await findChat(c.var.ctx, c.req.valid('param').id), 200),
    )
    .openapi(route({ method: 'put', ...change }), async (c) =>
      c.json(await updateChat(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(route({ method: 'patch', ...change }), async (c) =>
      c.json(await updateChat(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(
      route({
        method: 'delete',
        path: `${base}/{id}`,
        ...writes,
        summary: { pt: 'Apagar uma conversa', en: 'Delete a chat' },
        params: ById,
        answers: { 204: null },
      }),
      async (c) => {
        await deleteChat(c.var.ctx, c.req.valid('param').id)
        return c.body(null, 204)
      },
    )
    .openapi(
      route({
        method: 'put',
        path: `${base}/{id}/title`,
        ...writes,
        ...one,
        summary: { pt: 'Dar um título', en: 'Give a title' },
        description: { pt: 'No corpo ou em ?title=', en: 'In the body or in ?title=' },
        query: TitleQuery,
        body: ChatTitle,
        bodyOptional: true,
      }),
      async (c) => {
        const title = c.req.valid('query').title ?? c.req.valid('json').title ?? null
        return c.json(await updateChat(c.var.ctx, c.req.valid('param').id, { title }), 200)
      },
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/archive`,
        ...writes,
        ...one,
        summary: { pt: 'Arquivar', en: 'Archive' },
      }),
      async (c) => c.json(await updateChat(c.var.ctx, c.req.valid('param').id, { is_archived: true }), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/unarchive`,
        ...writes,
        ...one,
        summary: { pt: 'Tirar do arquivo', en: 'Take out of the archive' },
      }),
      async (c) => c.json(await updateChat(c.var.ctx, c.req.valid('param').id, { is_archived: false }), 200),
    )
    .openapi(
      route({
        method: 'post',
        path: `${base}/{id}/stop`,
        ...writes,
        summary: { pt: 'Parar a resposta', en: 'Stop the answer' },
        params: ById,
        answers: { 200: z.object({ stopped: z.boolean() }) },
      }),
      async (c) => c.json({ stopped: await stopChat(c.var.ctx, c.req.valid('param').id) }, 200),
    )
}
