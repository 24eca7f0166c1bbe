import type { MiddlewareHandler } from 'hono'
import { chooseLocale } from '#core/messages'
import type { AppEnv } from '#http/app-env'
import { answerError } from '#http/errors'
import { editHeaders } from '#http/edit-headers'
import { newId } from '#lib/ids'
import { openTrace, recordRequest, serverTiming } from './observe.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** What tracing systems send (UUIDs, hex, dotted); anything else could forge log lines, and is replaced. */
const SANE_ID = /^[\w.:/+=-]{1,128}$/

/** Around every request: its id and language, the headers of every answer, and one line on the log at the end. */
export const frame: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAt = Date.now()
  const requestId = chooseRequestId(c.req.header('X-Request-Id'))
  c.set('requestId', requestId)
  c.set('trace', openTrace(c))
  c.set('locale', chooseLocale(c.req.header('Accept-Language')))
  try {
    await next()
  } catch (thrown) {
    // hono hands only `Error`s to its error handler; this is for the rest.
    c.res = answerError(thrown, c)
  }
  const timing = serverTiming(c, startedAt)
  editHeaders(c, (headers) => {
    complete(headers, requestId)
    if (timing !== undefined) headers.set('Server-Timing', timing)
  })
  recordRequest(c, startedAt)
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
