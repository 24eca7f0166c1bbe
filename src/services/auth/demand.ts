import { AppError } from '#core/errors'
import { can, hasScope, type Permission, roleHas } from '#core/permissions'
import type { Principal, UserPrincipal } from '#core/principal'

/**
 * May the caller do this here?
 *
 * @throws AppError `forbidden` for a role that may not; `insufficient_scope` or `session_required` for an API key
 */
export function demand(principal: Principal, permission: Permission): void {
  if (can(principal, permission)) return
  if (principal.kind === 'api_key' && permission === 'account:write') throw new AppError('session_required')
  if (principal.kind === 'api_key' && roleHas(principal.workspaceRole, permission) && !hasScope(principal, permission))
    throw new AppError('insufficient_scope', { params: { scope: permission } })
  throw new AppError('forbidden')
}

/**
 * The caller, who has logged in.
 *
 * @throws AppError `session_required` for an API key
 */
export function demandSession(principal: Principal): UserPrincipal {
  if (principal.kind !== 'user') throw new AppError('session_required')
  return principal
}
