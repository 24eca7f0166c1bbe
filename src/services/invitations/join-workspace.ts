import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '#db/connect'
import { type AuditCtx, auditLine } from '#services/audit/audit'
import type { FoundInvitation } from './find-invitation.ts'
import { isOpen } from './is-open.ts'

/**
 * The statement, for a batch after `lockWorkspace`, that spends an invitation and makes its user a member; it gives a
 * row when the invitation was still open. Who is a member already keeps the role: no invitation ever changes one.
 *
 * @param db across workspaces: who joins is not in this one yet
 */
export function joinWorkspace(ctx: AuditCtx, db: Db, invitation: FoundInvitation, userId: string) {
  const { workspaceInvitations: invitations, workspaceMembers: members, auditLog, users } = db.tables
  const at = new Date(ctx.now())
  const spent = db.$with('spent').as(
    db
      .update(invitations)
      .set({ accepted_at: at })
      .from(users)
      .where(
        and(
          eq(invitations.id, invitation.id),
          isOpen(db, at),
          and(eq(users.id, userId), sql`lower(${users.email}) = lower(${invitations.email})`, users.is_active),
        ),
      )
      .returning({ workspace_id: invitations.workspace_id, role: invitations.role }),
  )
  const member = {
    workspace_id: spent.workspace_id,
    user_id: sql`${userId}::uuid`.as('user_id'),
    role: spent.role,
    created_at: sql`${at}::timestamptz`.as('created_at'),
  }
  const joining = db
    .insert(members)
    .select((query) => query.select(member).from(spent))
    .onConflictDoNothing()
  const changed = db.$with('changed').as(joining.returning({ id: members.user_id }))
  const { workspaceId } = invitation
  const fact = { action: 'member.joined', resourceId: userId, userId, workspaceId } as const
  const noted = db.$with('noted').as(auditLine(ctx, db, fact, changed).returning({ id: auditLog.id }))
  return db.with(spent, changed, noted).select({ workspaceId: spent.workspace_id }).from(spent)
}
