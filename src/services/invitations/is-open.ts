import { and, eq, exists, gt, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Db } from '#db/connect'
import { MANAGERS } from '#services/members/has-role'

/**
 * A condition on `workspace_invitations`: whether one can still be accepted. It falls with its inviter: whoever lost the
 * right to invite cannot come back, or bring in others, by what was invited before.
 */
export function isOpen(db: Db, at: Date): SQL | undefined {
  const { workspaceInvitations: invitations, workspaceMembers: members, users } = db.tables
  const isInviter = and(eq(members.workspace_id, invitations.workspace_id), eq(members.user_id, invitations.invited_by))
  const person = alias(users, 'person')
  const inviter = db
    .select({ one: sql`1` })
    .from(members)
    .innerJoin(person, and(eq(person.id, members.user_id), person.is_active))
    .where(and(isInviter, inArray(members.role, [...MANAGERS])))
  return and(isNull(invitations.accepted_at), gt(invitations.expires_at, at), exists(inviter))
}
