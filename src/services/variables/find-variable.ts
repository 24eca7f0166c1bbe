import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Variable } from '#core/variable/variable'
import type { Ctx } from '#services/context'
import { toVariable, type VariableRow } from './to-variable.ts'

/** @throws AppError `not_found`, also for another workspace's */
export async function findVariable(ctx: Ctx, id: string): Promise<Variable> {
  return toVariable(await findVariableRow(ctx, id))
}

/** @throws AppError `not_found`, also for another workspace's */
export async function findVariableRow(ctx: Ctx, id: string): Promise<VariableRow> {
  const { variables } = ctx.db.tables
  const [row] = await ctx.db
    .select()
    .from(variables)
    .where(and(eq(variables.id, id), eq(variables.workspace_id, ctx.principal.workspaceId)))
  if (row === undefined) throw new AppError('not_found')
  return row
}
