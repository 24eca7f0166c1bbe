import type { Version } from '#core/workflow/version'
import type { Tables } from '#db/schema'

type VersionRow = Omit<Tables['workflowVersions']['$inferSelect'], 'definition' | 'workspace_id'>

/** A row as clients see it. */
export function toVersion(row: VersionRow, publishedVersion: number | null): Version {
  return {
    workflow_id: row.workflow_id,
    version: row.version,
    is_published: row.version === publishedVersion,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
    published_by: row.published_by,
    notes: row.notes,
  }
}
