import { and, eq, exists, inArray, ne, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { WorkspaceRole } from '#core/principal'
import type { Db } from '#db/connect'

/** Who may change who is in a workspace: what `members:write` takes, asked again where it must still hold. */
export const MANAGERS = ['admin', 'owner'] as const satisfies readonly WorkspaceRole[]

/** A condition: whether somebody has one of these roles in a workspace when the statement runs. */
export function hasRole(db: Db, workspaceId: string, userId: string | SQL, roles: readonly WorkspaceRole[]): SQL {
  const somebody = alias(db.tables.workspaceMembers, 'somebody')
  const isThem = and(eq(somebody.workspace_id, workspaceId), eq(somebody.user_id, userId))
  return exists(
    db
      .select({ one: sql`1` })
      .from(somebody)
      .where(and(isThem, inArray(somebody.role, [...roles]))),
  )
}

/** A condition: whether the workspace has an owner besides somebody. */
export function hasOtherOwner(db: Db, workspaceId: string, userId: string): SQL {
  const other = alias(db.tables.workspaceMembers, 'other')
  const isOther = and(eq(other.workspace_id, workspaceId), ne(other.user_id, userId))
  return exists(
    db
      .select({ one: sql`1` })
      .from(other)
      .where(and(isOther, eq(other.role, 'owner'))),
  )
}
