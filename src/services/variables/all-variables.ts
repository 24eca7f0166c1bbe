import { asc, eq } from 'drizzle-orm'
import type { Variable } from '#core/variable/variable'
import type { Ctx } from '#services/context'
import { toVariable } from './to-variable.ts'

/** Every variable of the workspace, by key: at most a thousand. */
export async function allVariables(ctx: Ctx): Promise<Variable[]> {
  const { variables } = ctx.db.tables
  const rows = await ctx.db
    .select()
    .from(variables)
    .where(eq(variables.workspace_id, ctx.principal.workspaceId))
    .orderBy(asc(variables.key))
  return rows.map(toVariable)
}
