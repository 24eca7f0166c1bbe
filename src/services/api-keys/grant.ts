/** What a caller may give to a key: no more than it could do itself, and no longer. */
import { EXPIRES_IN_THE_PAST } from '#core/api-keys/api-key'
import { AppError } from '#core/errors'
import { can, type Scope, SCOPES } from '#core/permissions'
import type { Principal } from '#core/principal'
import type { Ctx } from '#services/context'

/** The scopes that the caller has, by its role and, for a key, by its own scopes. */
export function grantableScopes(principal: Principal): Scope[] {
  return SCOPES.filter((scope) => can(principal, scope))
}

/**
 * @param held what the key has already: it may stay
 * @throws AppError `scope_not_grantable`
 */
export function demandGrantable(principal: Principal, scopes: readonly Scope[], held: readonly string[]): void {
  const missing = scopes.find((scope) => !held.includes(scope) && !can(principal, scope))
  if (missing !== undefined) throw new AppError('scope_not_grantable', { params: { scope: missing } })
}

/**
 * The end of a key that the caller makes or changes. One that a key deals with ends with that key at the latest:
 * whoever steals a key for a week has it for a week.
 *
 * @throws AppError `validation_failed` for a moment that has passed
 */
export function boundExpiry({ principal, now }: Ctx, wanted: Date | null): Date | null {
  if (wanted !== null && wanted.getTime() <= now())
    throw new AppError('validation_failed', { problems: [{ pointer: '/expires_at', sentence: EXPIRES_IN_THE_PAST }] })
  if (principal.kind === 'user' || !Number.isFinite(principal.expiresAt)) return wanted
  return new Date(Math.min(wanted?.getTime() ?? Infinity, principal.expiresAt))
}
