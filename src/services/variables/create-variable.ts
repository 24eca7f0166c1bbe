import { and, eq } from 'drizzle-orm'
import { createSecretBox } from '#auth/secret-box'
import { AppError } from '#core/errors'
import { MAX_VARIABLES, type Variable, type VariableInput } from '#core/variable/variable'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { toVariable } from './to-variable.ts'

/**
 * Makes a variable; a secret's value is sealed before it is sent to the database.
 *
 * @throws AppError `variable_exists`; `too_many_variables` (creations at the same moment may go a few beyond)
 */
export async function createVariable(ctx: Ctx, input: VariableInput, idempotency?: Idempotency): Promise<Variable> {
  const id = await claimId(ctx, idempotency)
  const { variables } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  const ofWorkspace = eq(variables.workspace_id, workspaceId)
  const { secret, value, ...fields } = input
  const count = await ctx.db.$count(variables, ofWorkspace)
  const now = new Date(ctx.now())
  const sealed = secret
    ? await createSecretBox(ctx.config.ENCRYPTION_KEY).seal(value, { workspaceId, variableId: id })
    : value
  const creation = ctx.db
    .insert(variables)
    .values({
      ...fields,
      id,
      workspace_id: workspaceId,
      is_secret: secret,
      value: sealed,
      created_by: userId,
      created_at: now,
      updated_at: now,
    })
    .onConflictDoNothing()
    .returning()
  if (count < MAX_VARIABLES) {
    const fact = { action: 'variable.created', resourceId: id, details: { key: input.key, secret } } as const
    const [made] = await audited(ctx, creation, fact)
    if (made !== undefined) return toVariable(made)
  }
  // A repeat of a request that came through, or another variable of this key.
  const [known] = await ctx.db
    .select()
    .from(variables)
    .where(and(ofWorkspace, eq(variables.id, id)))
  if (known !== undefined) return toVariable(known)
  if (count >= MAX_VARIABLES) throw new AppError('too_many_variables', { params: { limit: MAX_VARIABLES } })
  throw new AppError('variable_exists')
}
