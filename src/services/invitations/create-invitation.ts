import { and, eq, isNull, notExists, type SQL, sql } from 'drizzle-orm'
import { createOneTimeToken } from '#auth/one-time-token'
import { writeInvitationMail } from '#core/auth/mails'
import { AppError } from '#core/errors'
import type { Invitation, InvitationInput } from '#core/workspace/invitation'
import type { Db } from '#db/connect'
import { withLine } from '#services/audit/audit'
import { requireMailer } from '#services/auth/require-mailer'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { hasRole, MANAGERS } from '#services/members/has-role'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { type Asked, isWithinLimits, lockLimits, refuseFlood } from './invitation-limits.ts'
import { isOpen } from './is-open.ts'
import { toInvitation } from './to-invitation.ts'

/** Open invitations of a workspace. */
const MAX_OPEN = 50

/**
 * Invites whoever reads an address, and mails the link. A second invitation takes the place of the first, whose link is
 * worth nothing then. Whether the address has an account is not looked at: the answer cannot tell.
 *
 * @throws AppError `already_member`, `personal_workspace`, `too_many_invitations`, `too_many_attempts`; `forbidden` for
 *   who may no longer; ConfigError where nothing is set up to send mail
 */
export async function createInvitation(
  ctx: Ctx,
  input: InvitationInput,
  idempotency?: Idempotency,
): Promise<Invitation> {
  const mailer = requireMailer(ctx)
  const id = await claimId(ctx, idempotency)
  // The limits count what was mailed in all workspaces.
  const db = ctx.unscopedDb
  const { workspaceInvitations: invitations, users } = db.tables
  const { workspaceId, userId } = ctx.principal
  const now = ctx.now()
  const asked = { userId, email: input.email, now }
  const { token, hash, expiresAt } = createOneTimeToken('invitation', now)
  const mayInvite = and(isNew(db, id), mayBeInvited(ctx, input.email), isWithinLimits(db, asked))
  const values = sql`select ${id}::uuid, ${workspaceId}::uuid, ${input.email}::text, ${input.role}::text, ${hash}::text, ${userId}::uuid, ${new Date(now)}::timestamptz, ${expiresAt}::timestamptz, null::timestamptz where ${mayInvite}`
  const creation = db.insert(invitations).select(values).returning()
  const fact = { action: 'invitation.created', resourceId: id, details: { ...input } } as const
  const [, , , [row], [inviter]] = await db.batch([
    lockLimits(db, asked),
    lockWorkspace(db, workspaceId),
    db.delete(invitations).where(and(isUnaccepted(db, workspaceId, input.email), mayInvite)),
    withLine(ctx, db, creation, fact),
    db.select({ email: users.email, isVerified: users.is_verified }).from(users).where(eq(users.id, userId)),
  ])
  if (row === undefined) return toInvitation(await findMade(ctx, id, asked))
  const from = inviter?.isVerified === true ? inviter.email : undefined
  const mail = writeInvitationMail(from, token, ctx.config.PUBLIC_URL, ctx.locale)
  ctx.later(() => mailer.send({ to: input.email, ...mail }))
  return toInvitation(row)
}

/** An earlier one for this address, also an expired one: at most one is unaccepted. */
function isUnaccepted({ tables }: Db, workspaceId: string, email: string): SQL | undefined {
  const { workspaceInvitations: invitations } = tables
  const isOfWorkspace = eq(invitations.workspace_id, workspaceId)
  return and(isOfWorkspace, sql`lower(${invitations.email}) = ${email}`, isNull(invitations.accepted_at))
}

/** A condition, true or false before the earlier invitation goes and after it alike. */
function mayBeInvited(ctx: Ctx, email: string): SQL | undefined {
  const db = ctx.unscopedDb
  const { workspaces, workspaceInvitations: invitations } = db.tables
  const { workspaceId, userId } = ctx.principal
  const isPersonal = sql`(select ${workspaces.personal_user_id} is not null from ${workspaces} where ${workspaces.id} = ${workspaceId})`
  const isOther = and(eq(invitations.workspace_id, workspaceId), sql`lower(${invitations.email}) <> ${email}`)
  const others = sql`(select count(*) from ${invitations} where ${and(isOther, isOpen(db, new Date(ctx.now())))})`
  return and(
    hasRole(db, workspaceId, userId, MANAGERS),
    sql`not ${isPersonal}`,
    notExists(memberOf(db, workspaceId, email)),
    sql`${others} < ${MAX_OPEN}::int`,
  )
}

function memberOf(db: Db, workspaceId: string, email: string) {
  const { users, workspaceMembers: members } = db.tables
  return db
    .select({ id: users.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.user_id))
    .where(and(eq(members.workspace_id, workspaceId), sql`lower(${users.email}) = ${email}`))
}

/** Of a repeat with the same `Idempotency-Key` nothing is made and nothing mailed. */
function isNew(db: Db, id: string): SQL {
  const { workspaceInvitations: invitations } = db.tables
  return notExists(
    db
      .select({ one: sql`1` })
      .from(invitations)
      .where(eq(invitations.id, id)),
  )
}

async function findMade(ctx: Ctx, id: string, asked: Asked) {
  const { workspaceInvitations: invitations } = ctx.db.tables
  const isThis = and(eq(invitations.id, id), eq(invitations.workspace_id, ctx.principal.workspaceId))
  const [row] = await ctx.db.select().from(invitations).where(isThis)
  if (row === undefined) throw await whyNot(ctx, asked)
  return row
}

async function whyNot(ctx: Ctx, asked: Asked): Promise<AppError> {
  const { db } = ctx
  const { workspaces } = db.tables
  const { workspaceId, userId } = ctx.principal
  const [workspace] = await db
    .select({ personal: workspaces.personal_user_id, mayInvite: hasRole(db, workspaceId, userId, MANAGERS) })
    .from(workspaces)
    .where(eq(workspaces.id, workspaceId))
  if (workspace === undefined) return new AppError('not_found')
  if (workspace.mayInvite !== true) return new AppError('forbidden')
  if (workspace.personal !== null) return new AppError('personal_workspace')
  if ((await memberOf(db, workspaceId, asked.email)).length > 0) return new AppError('already_member')
  await refuseFlood(ctx.unscopedDb, asked)
  return new AppError('too_many_invitations', { params: { limit: MAX_OPEN } })
}
