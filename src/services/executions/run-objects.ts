/** Where the objects of executions are in R2: whatever a workspace owns begins with its prefix, and goes with it. */
import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { WORKSPACES } from '#files/object-keys'

/** Of everything that a workspace has: in SQL, where workspaces are deleted. */
export function workspacePrefixOf(workspaceId: AnyPgColumn): SQL<string> {
  return sql<string>`${WORKSPACES}::text || ${workspaceId} || '/'`
}

/** Of everything that an execution has. */
export function executionPrefix(workspaceId: string, executionId: string): string {
  return `${WORKSPACES}${workspaceId}/executions/${executionId}/`
}

/** The events of a finished execution: `files/run-archive`. */
export function archiveKey(workspaceId: string, executionId: string): string {
  return `${executionPrefix(workspaceId, executionId)}events.ndjson.gz`
}
