import { and, eq, inArray } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Plan } from '#core/workflow/plan'
import { variableNamesIn } from '#core/workflow/variable-names'
import type { Ctx } from '#services/context'

/** Every run keeps its own copy in its actor. */
const MAX_BYTES = 1_048_576

type LookupCtx = Pick<Ctx, 'db'> & { readonly principal: Pick<Ctx['principal'], 'workspaceId'> }

/**
 * The active plain variables that a graph names, as they are now; a graph that names none costs no query.
 *
 * @throws AppError `variables_too_large`
 */
export function snapshotVariables(ctx: LookupCtx, plan: Plan): Promise<Record<string, string>> {
  return variablesIn(ctx, JSON.stringify(Object.values(plan.nodes).map(({ config }) => config)))
}

/**
 * The same for any text with expressions.
 *
 * @throws AppError `variables_too_large`
 */
export async function variablesIn({ db, principal }: LookupCtx, text: string): Promise<Record<string, string>> {
  const names = variableNamesIn(text)
  if (names.length === 0) return {}
  const { variables } = db.tables
  const rows = await db
    .select({ key: variables.key, value: variables.value })
    .from(variables)
    .where(
      and(
        eq(variables.workspace_id, principal.workspaceId),
        eq(variables.is_secret, false),
        eq(variables.is_active, true),
        names === 'all' ? undefined : inArray(variables.key, [...names]),
      ),
    )
  const bytes = rows.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (bytes > MAX_BYTES) throw new AppError('variables_too_large', { params: { limit: MAX_BYTES } })
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}
