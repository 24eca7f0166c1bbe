import { and, eq, ilike } from 'drizzle-orm'
import type { Budget, BudgetFilter } from '#core/budgets/budget'
import { type Page, type Paging, toPage } from '#core/page'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { selectBudgets } from './select-budgets.ts'

/** The workspace's budgets, newest first. */
export async function listBudgets(ctx: Ctx, filter: BudgetFilter & Paging): Promise<Page<Budget>> {
  const { budgets } = ctx.db.tables
  const { scope, target, search, page, size } = filter
  const wanted = and(
    scope === undefined ? undefined : eq(budgets.scope, scope),
    target === undefined ? undefined : eq(budgets.target, target),
    search === undefined ? undefined : ilike(budgets.name, containing(search)),
  )
  const items = await selectBudgets(ctx, wanted, { limit: size, offset: (page - 1) * size })
  const isOurs = eq(budgets.workspace_id, ctx.principal.workspaceId)
  return toPage(items, await ctx.db.$count(budgets, and(isOurs, wanted)), filter)
}
