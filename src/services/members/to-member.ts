import { and, eq } from 'drizzle-orm'
import { joinName } from '#core/auth/names'
import type { WorkspaceRole } from '#core/principal'
import type { Member } from '#core/workspace/member'
import type { Db } from '#db/connect'

interface MemberRow {
  readonly user_id: string
  readonly first_name: string
  readonly last_name: string
  readonly email: string
  readonly role: WorkspaceRole
  readonly created_at: Date
}

/** What a member is read from: `select(memberColumns(db)).from(members).innerJoin(users, …)`. */
export function memberColumns({ tables: { users, workspaceMembers: members } }: Pick<Db, 'tables'>) {
  const { first_name, last_name, email } = users
  return { user_id: members.user_id, first_name, last_name, email, role: members.role, created_at: members.created_at }
}

/** The statement that reads one member. */
export function selectMember(db: Db, workspaceId: string, userId: string) {
  const { users, workspaceMembers: members } = db.tables
  return db
    .select(memberColumns(db))
    .from(members)
    .innerJoin(users, eq(users.id, members.user_id))
    .where(and(eq(members.workspace_id, workspaceId), eq(members.user_id, userId)))
}

/** A row as clients see it. */
export function toMember(row: MemberRow): Member {
  const { user_id, email, role } = row
  return { user_id, name: joinName(row), email, role, joined_at: row.created_at.toISOString() }
}
