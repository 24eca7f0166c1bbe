import type { Context, Hono } from 'hono'
import { AppError } from '#core/errors'
import type { AppEnv } from './app-env.ts'
import { answerError } from './errors.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * What answers when no route did: a plain `OPTIONS` is told the methods, a wrong method is a 405, the rest a 404.
 * It throws nothing, for hono would leave out the middleware that still has headers to set.
 */
export function answerUnmatched(app: Pick<Hono<AppEnv>, 'router'>, c: Context<AppEnv>): Response {
  const methods = METHODS.filter((method) => hasRoute(app, method, c.req.path))
  if (methods.length === 0) return answerError(new AppError('not_found'), c)
  c.header(
    'Allow',
    [...methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)), 'OPTIONS'].join(', '),
  )
  if (c.req.method === 'OPTIONS') return c.body(null, 204)
  return answerError(new AppError('method_not_allowed', { params: { method: c.req.method } }), c)
}

function hasRoute(app: Pick<Hono<AppEnv>, 'router'>, method: string, path: string): boolean {
  // Middleware is registered for ALL methods and matches everything; a route has its own.
  return app.router.match(method, path)[0].some(([[, matched]]) => matched.method === method)
}
