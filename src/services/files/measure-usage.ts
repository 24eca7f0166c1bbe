import { eq, sql } from 'drizzle-orm'
import type { FileUsage } from '#core/files/file'
import { kindOf } from '#core/files/kinds'
import type { Ctx } from '#services/context'
import { quotaOf } from './measure-storage.ts'

/** What the workspace keeps, by kind, and what it may. */
export async function measureUsage(ctx: Ctx): Promise<FileUsage> {
  const { files } = ctx.db.tables
  const rows = await ctx.db
    .select({
      type: files.content_type,
      files: sql`count(*)`.mapWith(Number),
      bytes: sql`coalesce(sum(${files.size}), 0)`.mapWith(Number),
    })
    .from(files)
    .where(eq(files.workspace_id, ctx.principal.workspaceId))
    .groupBy(files.content_type)
  const byKind = [...Map.groupBy(rows, ({ type }) => kindOf(type).kind)].map(([kind, some]) => ({ kind, ...sum(some) }))
  const quota = quotaOf(ctx.config)
  return {
    ...sum(rows),
    quota_bytes: Number.isFinite(quota) ? quota : null,
    by_kind: byKind.toSorted((a, b) => b.bytes - a.bytes),
  }
}

function sum(rows: readonly { readonly files: number; readonly bytes: number }[]) {
  return rows.reduce((all, one) => ({ files: all.files + one.files, bytes: all.bytes + one.bytes }), {
    files: 0,
    bytes: 0,
  })
}
