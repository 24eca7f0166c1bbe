import { eq, lt, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { type Budget, type BudgetInput, BUDGETS_MAX } from '#core/budgets/budget'
import { AppError } from '#core/errors'
import { DatabaseError } from '#db/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { checkTarget, findMembers, unknownTimeZone } from './check-budget.ts'
import { holdBudget, recount, RECOUNT_AFTER_MS } from './count-spent.ts'
import { findBudget } from './find-budget.ts'

const INVALID_PARAMETER_VALUE = '22023'

/**
 * Makes a budget. What the period that goes on has taken already counts; thresholds that this reaches are told at once.
 *
 * @throws AppError `validation_failed`; `not_found` where the target is not of this workspace; `too_many_budgets`
 */
export async function createBudget(ctx: Ctx, input: BudgetInput, idempotency?: Idempotency): Promise<Budget> {
  const target = await checkTarget(ctx, input)
  const mailTo = await findMembers(ctx, input.mail_to)
  const id = await claimId(ctx, idempotency)
  const { db } = ctx
  const { workspaceId, userId } = ctx.principal
  const { budgets } = db.tables
  const { name, scope, period, timezone, limit, thresholds, hard_stop } = input
  const now = ctx.now()
  const at = new Date(now)
  // In the order of the table's columns. Two that come at once may go one beyond the limit, which hurts nobody.
  const values = sql`${id}::uuid, ${workspaceId}::uuid, ${name}::text, ${scope}::text, ${target}::text, ${period}::text,
    ${timezone}::text, ${limit}::numeric, ${sql.param(thresholds, budgets.thresholds)}::integer[], ${hard_stop}::boolean,
    ${sql.param(mailTo, budgets.mail_to)}::uuid[], ${new Date(now + RECOUNT_AFTER_MS)}::timestamptz, ${userId}::uuid,
    ${at}::timestamptz, ${at}::timestamptz`
  const count = db.$count(budgets, eq(budgets.workspace_id, workspaceId))
  const creation = db
    .insert(budgets)
    .select(sql`select ${values} where ${lt(count, BUDGETS_MAX)}`)
    .onConflictDoNothing()
    .returning()
  const details = { scope, target, period, limit, hard_stop }
  const line = withLine(ctx, db, creation, { action: 'budget.created', resourceId: id, details })
  // A repeat finds it there, and other calls adding to it.
  const hold = holdBudget(db, workspaceId, id)
  await db.batch([line, hold, recount(db, workspaceId, id, now)]).catch((error: unknown) => {
    throw error instanceof DatabaseError && error.sqlState === INVALID_PARAMETER_VALUE ? unknownTimeZone() : error
  })
  ctx.later(() => eventDispatch(ctx.env, workspaceId).poke(workspaceId))
  return findBudget(ctx, id).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error
    throw new AppError('too_many_budgets', { params: { limit: BUDGETS_MAX } })
  })
}
