import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { BudgetInput } from '#core/budgets/budget'
import { BUDGET_PROBLEMS } from '#core/budgets/errors'
import { ANALYTICS_PROBLEMS } from '#core/analytics/problems'
import { AppError, type InputProblem } from '#core/errors'
import { isTimeZone } from '#core/triggers/schedule'
import { isUuid } from '#lib/ids'
import { requireMailer } from '#services/auth/require-mailer'
import type { Ctx } from '#services/context'

const MODEL = /^[^/\s]+\/\S+$/

const timeZone = { pointer: '/timezone', sentence: ANALYTICS_PROBLEMS.time_zone }

/** What is said where PostgreSQL does not know a zone, either. */
export function unknownTimeZone(): AppError {
  return new AppError('validation_failed', { problems: [timeZone] })
}

/**
 * What a budget counts, as it is stored.
 *
 * @throws AppError `validation_failed`; `not_found` where the target is not of this workspace
 */
export async function checkTarget(ctx: Ctx, { scope, target, timezone }: BudgetInput): Promise<string | null> {
  const problems: InputProblem[] = []
  if (!/^[A-Za-z]/.test(timezone) || !isTimeZone(timezone)) problems.push(timeZone)
  if (scope === 'workspace' && target !== null) {
    problems.push({ pointer: '/target', sentence: BUDGET_PROBLEMS.no_target })
  }
  if (scope !== 'workspace' && !(scope === 'model' ? MODEL : isId).test(target ?? '')) {
    problems.push({ pointer: '/target', sentence: BUDGET_PROBLEMS.target_missing })
  }
  if (problems.length > 0) throw new AppError('validation_failed', { problems })
  if (target === null || scope === 'workspace' || scope === 'model') return target
  const id = target.toLowerCase()
  if (!(await isOurs(ctx, scope, id))) throw new AppError('not_found')
  return id
}

const isId = { test: isUuid }

async function isOurs({ db, principal }: Ctx, scope: 'agent' | 'workflow' | 'user', id: string): Promise<boolean> {
  const { agents, workflows, workspaceMembers: members } = db.tables
  const { workspaceId } = principal
  const found = async (table: typeof agents | typeof workflows | typeof members, isIt: SQL) =>
    (await db.$count(table, and(eq(table.workspace_id, workspaceId), isIt))) > 0
  if (scope === 'agent') return found(agents, eq(agents.id, id))
  if (scope === 'workflow') return found(workflows, eq(workflows.id, id))
  return found(members, eq(members.user_id, id))
}

/**
 * The members who are mailed. Nobody else is, and only who has confirmed the address: the mail says what a person wrote,
 * and whoever registers with somebody else's address must not send it there.
 *
 * @throws AppError `validation_failed` with each address that is no member's; ConfigError where nothing sends mail
 */
export async function findMembers(ctx: Ctx, emails: readonly string[]): Promise<string[]> {
  if (emails.length === 0) return []
  requireMailer(ctx)
  const { users, workspaceMembers: members } = ctx.db.tables
  const isMember = and(eq(members.user_id, users.id), eq(members.workspace_id, ctx.principal.workspaceId))
  const rows = await ctx.db
    .select({ id: users.id, email: sql`lower(${users.email})`.mapWith(String) })
    .from(users)
    .innerJoin(members, isMember)
    .where(and(inArray(sql`lower(${users.email})`, [...emails]), isMailable(ctx.db)))
  const known = new Set(rows.map(({ email }) => email))
  const problems = emails.flatMap((email, index): InputProblem[] =>
    known.has(email)
      ? []
      : [{ pointer: `/mail_to/${index}`, sentence: BUDGET_PROBLEMS.not_a_member, params: { email } }],
  )
  if (problems.length > 0) throw new AppError('validation_failed', { problems })
  return rows.map(({ id }) => id)
}

/** A condition on `users`: whom budgets may mail. */
export function isMailable({ tables: { users } }: Ctx['db']): SQL | undefined {
  return and(eq(users.is_active, true), eq(users.is_verified, true))
}
