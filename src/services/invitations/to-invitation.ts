import type { Invitation } from '#core/workspace/invitation'
import type { Tables } from '#db/schema'

type InvitationRow = Tables['workspaceInvitations']['$inferSelect']

/** A row as clients see it, without what proves it. */
export function toInvitation(row: InvitationRow): Invitation {
  const { id, email, role, invited_by } = row
  const times = { created_at: row.created_at.toISOString(), expires_at: row.expires_at.toISOString() }
  return { id, email, role, invited_by, ...times }
}
