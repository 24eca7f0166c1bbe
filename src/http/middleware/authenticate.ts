import type { Context } from 'hono'
import { AppError } from '#core/errors'
import { type AnyOf, can, type Permission, permissionsOf } from '#core/permissions'
import { connectWithin } from '#db/connect'
import type { AuthenticatedEnv } from '#http/app-env'
import { authenticate } from '#services/auth/authenticate'
import { demand } from '#services/auth/demand'

/**
 * Finds out who is calling and puts it into `c.var.ctx`.
 *
 * @param workspaceId the one that the request is about; without it the caller's personal one, or the key's
 * @throws AppError `not_authenticated` without a bearer token or API key, `invalid_credentials` with a bad one,
 *   `not_found` for a workspace that is not theirs, `forbidden` and its kind when the caller does not have the permission,
 *   `too_many_at_once`
 */
export async function authenticateRequest(
  c: Context<AuthenticatedEnv>,
  permission: Permission | AnyOf,
  workspaceId: string | undefined,
): Promise<void> {
  // A bearer token wins over a key beside it: an Authorization of another scheme belongs to a proxy in front of us.
  const token = parseBearer(c.req.header('Authorization')) ?? c.req.header('X-API-Key')
  if (token === undefined || token === '') throw new AppError('not_authenticated')
  const publicCtx = c.get('publicCtx')
  const principal = await authenticate(publicCtx, token, workspaceId)
  const needed = permissionsOf(permission)
  if (!needed.some((one) => can(principal, one))) demand(principal, needed[0])
  await publicCtx.turn.take(principal.workspaceId)
  c.set('workspaceId', principal.workspaceId)
  c.set('ctx', {
    ...publicCtx,
    principal,
    db: connectWithin(c.env, principal.workspaceId, c.get('patience')),
    unscopedDb: publicCtx.db,
  })
}

/** The token of an `Authorization: Bearer …` header (RFC 6750, 2.1); the scheme's case does not matter. */
export function parseBearer(header: string | undefined): string | undefined {
  return /^bearer +([\w\-.~+/]+=*) *$/i.exec(header ?? '')?.[1]
}
