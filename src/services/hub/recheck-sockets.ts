import { eq } from 'drizzle-orm'
import { workspaceHub } from '#actors'
import type { Db } from '#db/connect'
import type { PublicCtx } from '#services/context'

/** Hubs asked at the same time. */
const HUBS_AT_ONCE = 20
/** Whoever is in more workspaces than this: each hub looks for itself once a minute. */
const MAX_HUBS = 1_000

/** Over a `Ctx` its `unscopedDb` counts: a session is of no workspace. */
type RecheckCtx = Pick<PublicCtx, 'env' | 'later' | 'db'> & { readonly unscopedDb?: Db }

/**
 * Ends the sockets that PostgreSQL no longer allows a user, in every workspace: call it after the commit of a logout,
 * a changed password and the like. Crashes between the commit and this are caught by the hubs themselves.
 */
export function recheckUser(ctx: RecheckCtx, userId: string): void {
  ctx.later(async () => recheckHubs(ctx, await listWorkspaceIds(ctx, userId), userId))
}

/**
 * The same in these workspaces alone, of one user or of all: after the commit of a removed or changed member, a changed
 * or revoked API key (with its user), a deleted workspace; for a deleted account list its workspaces before.
 */
export function recheckWorkspaces(
  ctx: Pick<RecheckCtx, 'env' | 'later'>,
  workspaceIds: readonly string[],
  userId?: string,
): void {
  ctx.later(() => recheckHubs(ctx, workspaceIds, userId))
}

/** The workspaces that a user is in. */
export async function listWorkspaceIds(ctx: RecheckCtx, userId: string): Promise<string[]> {
  const db = ctx.unscopedDb ?? ctx.db
  const { workspaceMembers } = db.tables
  const rows = await db
    .select({ id: workspaceMembers.workspace_id })
    .from(workspaceMembers)
    .where(eq(workspaceMembers.user_id, userId))
    .limit(MAX_HUBS)
  return rows.map(({ id }) => id)
}

async function recheckHubs(
  { env }: Pick<RecheckCtx, 'env'>,
  workspaceIds: readonly string[],
  userId?: string,
): Promise<void> {
  const errors: unknown[] = []
  for (let start = 0; start < workspaceIds.length; start += HUBS_AT_ONCE) {
    const group = workspaceIds.slice(start, start + HUBS_AT_ONCE)
    const answers = await Promise.allSettled(group.map((id) => workspaceHub(env, id).recheck(userId)))
    errors.push(...answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : [])))
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} hubs could not be asked`)
}
