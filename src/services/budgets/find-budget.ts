import { and, eq, type SQL } from 'drizzle-orm'
import type { Budget } from '#core/budgets/budget'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { selectBudgets } from './select-budgets.ts'

/** A condition on `budgets`: this one of the caller's workspace. */
export function isBudget({ db, principal }: Ctx, id: string): SQL | undefined {
  const { budgets } = db.tables
  return and(eq(budgets.id, id), eq(budgets.workspace_id, principal.workspaceId))
}

/** @throws AppError `not_found` */
export async function findBudget(ctx: Ctx, id: string): Promise<Budget> {
  const [budget] = await selectBudgets(ctx, isBudget(ctx, id), { limit: 1 })
  if (budget === undefined) throw new AppError('not_found')
  return budget
}
