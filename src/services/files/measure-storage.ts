import { eq, sql } from 'drizzle-orm'
import type { Config } from '#config'
import { AppError } from '#core/errors'
import type { FileCtx } from './file-ctx.ts'

const MIB = 1024 * 1024

/** Bytes that a workspace may keep; infinite without a quota. */
export function quotaOf({ FILES_QUOTA_MB }: Pick<Config, 'FILES_QUOTA_MB'>): number {
  return FILES_QUOTA_MB === 0 ? Number.POSITIVE_INFINITY : FILES_QUOTA_MB * MIB
}

/** The bytes that the workspace keeps: what counts against its quota. */
export async function usedBytes({ db, principal }: Pick<FileCtx, 'db' | 'principal'>): Promise<number> {
  const { files } = db.tables
  const [row] = await db
    .select({ bytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number) })
    .from(files)
    .where(eq(files.workspace_id, principal.workspaceId))
  return row?.bytes ?? 0
}

export function quotaExceeded(used: number, limit: number): AppError {
  return new AppError('storage_quota_exceeded', { params: { used, limit } })
}
