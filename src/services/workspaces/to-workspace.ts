import type { WorkspaceRole } from '#core/principal'
import { toRetention } from '#core/workspace/retention'
import type { Workspace } from '#core/workspace/workspace'
import type { Tables } from '#db/schema'

type WorkspaceRow = Tables['workspaces']['$inferSelect']

/** A row as a member with this role sees it. */
export function toWorkspace(row: WorkspaceRow, role: WorkspaceRole): Workspace {
  return {
    id: row.id,
    name: row.name,
    is_personal: row.personal_user_id !== null,
    role,
    retention: toRetention(row.retention),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
