import type { MiddlewareHandler } from 'hono'
import type { Config } from '#config'
import type { AppEnv } from '#http/app-env'
import { editHeaders } from '#http/edit-headers'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const REQUESTED = 'Access-Control-Request-Headers'
const EXPOSED = 'X-Request-Id, Retry-After, ETag, Content-Disposition, Content-Range'
/** The longest that Chromium keeps a preflight's answer. */
const MAX_AGE_SECONDS = 7200

/**
 * Lets pages of the configured origins call us (https://fetch.spec.whatwg.org/#http-cors-protocol). A page of any other
 * origin gets no header, so its browser keeps the answer from it; no request is refused, for no cookie is ever read.
 */
export const cors: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('Origin')
  const allowed = origin !== undefined && isAllowedOrigin(origin, c.get('publicCtx').config)
  if (c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined) {
    c.res = new Response(null, { status: 204, headers: allowed ? preflightHeaders(c.req.header(REQUESTED)) : {} })
  } else await next()
  if (!allowed) return
  editHeaders(c, (headers) => {
    headers.set('Access-Control-Allow-Origin', origin)
    headers.set('Access-Control-Allow-Credentials', 'true')
    headers.set('Access-Control-Expose-Headers', EXPOSED)
  })
}

/** Exactly one of `CORS_ORIGINS`, or our own; `*` is no origin. */
export function isAllowedOrigin(origin: string, config: Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>): boolean {
  if (origin === 'null') return false
  const known = [config.PUBLIC_URL, ...config.CORS_ORIGINS]
  // `https://app.example/` in the settings means the origin without the slash.
  return known.some((entry) => URL.canParse(entry) && new URL(entry).origin === origin)
}

function preflightHeaders(requested: string | undefined): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': METHODS,
    // What an allowed origin may read it may also send, whatever headers that takes.
    ...(requested === undefined ? {} : { 'Access-Control-Allow-Headers': requested }),
    'Access-Control-Max-Age': String(MAX_AGE_SECONDS),
  }
}
