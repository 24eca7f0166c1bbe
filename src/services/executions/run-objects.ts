/** Where the objects of executions are in R2: whatever a workspace owns begins with its prefix, and goes with it. */
import { type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { LargeRef } from '#core/workflow/value'
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

/** A large value of an execution: `files/value-objects`. */
export function valueKey(workspaceId: string, executionId: string, sha256: string): string {
  return `${executionPrefix(workspaceId, executionId)}values/${sha256}.json`
}

/** Where a value that an execution holds may lie: with it, or, until it has been copied, where it comes from. */
export function valueKeys(workspaceId: string, executionId: string, { sha256, owner }: LargeRef): string[] {
  const own = valueKey(workspaceId, executionId, sha256)
  return owner === executionId ? [own] : [own, valueKey(workspaceId, owner, sha256)]
}
