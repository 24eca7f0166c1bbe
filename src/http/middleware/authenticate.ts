import type { Context } from 'hono'
import { AppError } from '#core/errors'
import type { AuthenticatedEnv } from '#http/app-env'
import { authenticate } from '#services/auth/authenticate'

/**
 * Finds out who is calling and puts it into `c.var.ctx`.
 *
 * @throws AppError `not_authenticated` without a bearer token, `invalid_credentials` with a bad one
 */
export async function authenticateRequest(c: Context<AuthenticatedEnv>): Promise<void> {
  const token = parseBearer(c.req.header('Authorization'))
  if (token === undefined) throw new AppError('not_authenticated')
  const publicCtx = c.get('publicCtx')
  const principal = await authenticate(publicCtx, token, c.req.header('X-Workspace-Id'))
  c.set('ctx', { ...publicCtx, principal })
}

/** The token of an `Authorization: Bearer …` header (RFC 6750, 2.1); the scheme's case does not matter. */
export function parseBearer(header: string | undefined): string | undefined {
  return /^bearer +([\w\-.~+/]+=*) *$/i.exec(header ?? '')?.[1]
}
