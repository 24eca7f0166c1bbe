/** Where the caller is logged in. */
import { Session } from '#core/auth/session'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { listSessions } from '#services/auth/list-sessions'
import { revokeSession } from '#services/auth/revoke-session'

const getSessions = route({
  method: 'get',
  path: '/auth/sessions',
  tag: 'auth',
  summary: { pt: 'Listar as próprias sessões', en: 'List your own sessions' },
  permission: 'account:write',
  query: Paging,
  answers: { 200: pageOf(Session).meta({ id: 'SessionPage' }) },
})

const removeSession = route({
  method: 'delete',
  path: '/auth/sessions/{id}',
  tag: 'auth',
  summary: { pt: 'Encerrar uma das próprias sessões', en: 'End one of your own sessions' },
  permission: 'account:write',
  params: ById,
  answers: { 204: null },
})

export const sessionRoutes = createRoutes()
  .openapi(getSessions, async (c) => c.json(await listSessions(c.var.ctx, c.req.valid('query')), 200))
  .openapi(removeSession, async (c) => {
    await revokeSession(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
