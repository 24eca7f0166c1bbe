import { and, arrayContains, desc, eq, ilike, like, sql } from 'drizzle-orm'
import type { FileFilter, StoredFile } from '#core/files/file'
import { type Page, type Paging, toPage } from '#core/page'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { toFile } from './to-file.ts'

/** The workspace's files, newest first: rows and count in one statement. */
export async function listFiles(ctx: Ctx, filter: FileFilter & Paging): Promise<Page<StoredFile>> {
  const { files } = ctx.db.tables
  const { search, tag, folder, content_type: type, category, origin, page, size } = filter
  const wanted = and(
    eq(files.workspace_id, ctx.principal.workspaceId),
    search === undefined ? undefined : ilike(files.filename, containing(search)),
    tag === undefined ? undefined : arrayContains(files.tags, [tag]),
    folder === undefined ? undefined : like(files.folder, beginningWith(folder)),
    type === undefined ? undefined : like(files.content_type, beginningWith(type.replace('*', ''), type.endsWith('*'))),
    category === undefined ? undefined : eq(files.category, category),
    origin === undefined ? undefined : eq(files.origin, origin),
  )
  const total = ctx.db.$count(files, wanted)
  const rows = await ctx.db
    .select({ row: files, total: sql`${total}`.mapWith(Number) })
    .from(files)
    .where(wanted)
    .orderBy(desc(files.created_at), desc(files.id))
    .limit(size)
    .offset((page - 1) * size)
  // Behind the last page no row carries the count.
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toFile(ctx.config, row)),
    count,
    filter,
  )
}

/** A LIKE pattern, its own `%`, `_` and `\` taken literally. */
export function beginningWith(text: string, goesOn = true): string {
  return text.replace(/[\\%_]/g, String.raw`\$&`) + (goesOn ? '%' : '')
}
