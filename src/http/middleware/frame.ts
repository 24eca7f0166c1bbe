import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { chooseLocale } from '#core/messages'
import type { AppContext, AppEnv } from '#http/app-env'
import { answerError } from '#http/errors'
import { logLine } from '#lib/log'
import { editHeaders } from '#http/edit-headers'
import { newId } from '#lib/ids'
import { SECURITY_HEADERS } from './security-headers.ts'

/** What tracing systems send (UUIDs, hex, dotted); anything else could forge log lines, and is replaced. */
const SANE_ID = /^[\w.:/+=-]{1,128}$/

/** Around every request: its id and language, the headers of every answer, and one line on the log at the end. */
export const frame: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAt = Date.now()
  const requestId = chooseRequestId(c.req.header('X-Request-Id'))
  c.set('requestId', requestId)
  c.set('locale', chooseLocale(c.req.header('Accept-Language')))
  try {
    await next()
  } catch (thrown) {
    // hono hands only `Error`s to its error handler; this is for the rest.
    c.res = answerError(thrown, c)
  }
  editHeaders(c, (headers) => complete(headers, requestId))
  logRequest(c, Date.now() - startedAt)
}

/** The caller's own id where it is harmless, so that logs of both sides can be joined; else a new one. */
export function chooseRequestId(incoming: string | undefined): string {
  return incoming !== undefined && SANE_ID.test(incoming) ? incoming : newId()
}

function complete(headers: Headers, requestId: string): void {
  headers.set('X-Request-Id', requestId)
  // The origin decides on the headers that cors.ts adds, also when this caller named none.
  headers.append('Vary', 'Origin')
  for (const [name, value] of SECURITY_HEADERS) if (!headers.has(name)) headers.set(name, value)
}

function logRequest(c: AppContext, milliseconds: number): void {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL')
  logLine('info', {
    request_id: c.get('requestId'),
    method: c.req.method,
    // The pattern, not the path: paths of webhooks and links carry secrets.
    route: route?.path ?? null,
    status: c.res.status,
    code: c.get('errorCode'),
    ms: milliseconds,
  })
}
