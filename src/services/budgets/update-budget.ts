import { eventDispatch } from '#actors'
import type { Budget, BudgetPatch } from '#core/budgets/budget'
import { AppError } from '#core/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findMembers } from './check-budget.ts'
import { recount } from './count-spent.ts'
import { findBudget, isBudget } from './find-budget.ts'

/**
 * Changes what is given. A limit that was raised lets thresholds be reached again that are ahead now; one that was lowered
 * tells at once of those that are behind.
 *
 * @throws AppError `not_found`; `validation_failed`
 */
export async function updateBudget(ctx: Ctx, id: string, { mail_to, ...patch }: BudgetPatch): Promise<Budget> {
  await findBudget(ctx, id)
  const { db } = ctx
  const { workspaceId } = ctx.principal
  const mailTo = mail_to === undefined ? {} : { mail_to: await findMembers(ctx, mail_to) }
  const now = ctx.now()
  const change = db
    .update(db.tables.budgets)
    .set({ ...patch, ...mailTo, updated_at: new Date(now) })
    .where(isBudget(ctx, id))
    .returning()
  const { limit, hard_stop } = patch
  const details = {
    fields: [...Object.keys(patch), ...Object.keys(mailTo)],
    ...(limit !== undefined && { limit }),
    ...(hard_stop !== undefined && { hard_stop }),
  }
  const line = withLine(ctx, db, change, { action: 'budget.changed', resourceId: id, details })
  // The change holds the budget's row (count-spent.ts, B4).
  const [[row]] = await db.batch([line, recount(db, workspaceId, id, now)])
  if (row === undefined) throw new AppError('not_found')
  ctx.later(() => eventDispatch(ctx.env, workspaceId).poke(workspaceId))
  return findBudget(ctx, id)
}
