import { AppError } from '#core/errors'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { isBudget } from './find-budget.ts'

/**
 * Ends a budget; what it has counted goes with it, the ledger stays.
 *
 * @throws AppError `not_found`
 */
export async function deleteBudget(ctx: Ctx, id: string): Promise<void> {
  const { budgets } = ctx.db.tables
  const deletion = ctx.db.delete(budgets).where(isBudget(ctx, id)).returning({ id: budgets.id, name: budgets.name })
  const [gone] = await audited(ctx, deletion, { action: 'budget.deleted', resourceId: id })
  if (gone === undefined) throw new AppError('not_found')
}
