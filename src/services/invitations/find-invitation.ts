import { and, eq } from 'drizzle-orm'
import { hashOneTimeToken } from '#auth/one-time-token'
import { AppError } from '#core/errors'
import type { PublicCtx } from '#services/context'
import { isOpen } from './is-open.ts'

/** An invitation as whoever holds its link has it. */
export interface FoundInvitation {
  readonly id: string
  readonly workspaceId: string
  readonly email: string
}

/**
 * The open invitation of a mailed token.
 *
 * @param db across workspaces: who is invited is in none yet
 * @param email whose it must be, as stored with an account: whoever else has the link cannot use it
 * @throws AppError `invalid_token`, whatever is wrong with it
 */
export async function findInvitation(
  { unscopedDb: db, now }: { readonly unscopedDb: PublicCtx['db'] } & Pick<PublicCtx, 'now'>,
  token: string,
  email: string,
): Promise<FoundInvitation> {
  const { workspaceInvitations: invitations } = db.tables
  const [found] = await db
    .select({ id: invitations.id, workspaceId: invitations.workspace_id, email: invitations.email })
    .from(invitations)
    .where(and(eq(invitations.token_hash, hashOneTimeToken(token)), isOpen(db, new Date(now()))))
  if (found === undefined || found.email.toLowerCase() !== email.toLowerCase()) throw new AppError('invalid_token')
  return found
}
