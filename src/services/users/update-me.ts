import { eq } from 'drizzle-orm'
import type { UpdateMeInput } from '#core/auth/update-me'
import { toUser, type User } from '#core/auth/user'
import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { getMe } from './get-me.ts'
import { refuseTaken } from './refuse-taken.ts'

/**
 * Changes what users may change of themselves.
 *
 * @throws AppError `username_taken`
 */
export async function updateMe(ctx: Ctx, input: UpdateMeInput): Promise<User> {
  const fields = Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  if (fields.length === 0) return getMe(ctx)
  const { users } = ctx.db.tables
  const { userId } = ctx.principal
  // Accounts are of no workspace.
  const change = ctx.unscopedDb
    .update(users)
    .set({ ...input, updated_at: new Date(ctx.now()) })
    .where(eq(users.id, userId))
    .returning()
  const fact = { action: 'account.changed', resourceId: userId, details: { fields } } as const
  const [stored] = await audited(ctx, change, fact, ctx.unscopedDb).catch(refuseTaken)
  if (stored === undefined) throw new AppError('invalid_credentials')
  return toUser(stored)
}
