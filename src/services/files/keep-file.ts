import { and, eq, sql } from 'drizzle-orm'
import { eventDispatch } from '#actors'
import { AppError } from '#core/errors'
import { fileEvent } from '#core/events/of-things'
import type { FileOrigin } from '#core/files/file'
import type { JsonObject } from '#lib/json'
import { withLine } from '#services/audit/audit'
import { insertEvent, isFor } from '#services/events/insert-event'
import { lockWorkspace } from '#services/workspaces/lock-workspace'
import { discardQuietly } from './discard-blob.ts'
import { auditedAs, type FileCtx } from './file-ctx.ts'
import { expectDeliveries, insertDeliveries } from './file-deliveries.ts'
import { seekFileRow } from './find-file.ts'
import { quotaExceeded, quotaOf, usedBytes } from './measure-storage.ts'
import type { Blob } from './receive-blob.ts'
import type { FileRow } from './to-file.ts'

/** What a file is, besides its bytes. */
export interface NewFile {
  readonly id: string
  readonly filename: string
  readonly folder: string
  readonly tags: readonly string[]
  readonly category: string | null
  readonly metadata: JsonObject
  readonly origin: FileOrigin
  /** The execution that wrote it. */
  readonly executionId?: string
}

/**
 * Makes a file of bytes that are stored, in one transaction: the row, its line in the log, what it is to start, and the
 * end of the upload. Uploads at the same moment come one after the other, so that the quota holds. A file that is there
 * already under this id stays as it is, and the bytes are thrown away; so they are when this throws.
 *
 * @throws AppError `storage_quota_exceeded`; `upload_over` when the upload was given up meanwhile
 */
export async function keepFile(ctx: FileCtx, file: NewFile, blob: Blob): Promise<FileRow> {
  const { workspaceId } = ctx.principal
  try {
    if (file.origin === 'upload') await expectDeliveries(ctx)
    const row = await commit(ctx, file, blob)
    if (row !== undefined) return row
    const known = await seekFileRow(ctx, file.id)
    if (known === undefined) throw await whyNot(ctx, blob)
    if (known.blob_id !== blob.id) await discardQuietly(ctx, workspaceId, blob.id)
    return known
  } catch (error) {
    // Of a commit whose outcome is unknown this finds out: once it has happened there is nothing to discard.
    await discardQuietly(ctx, workspaceId, blob.id)
    throw error
  }
}

async function commit(ctx: FileCtx, file: NewFile, blob: Blob): Promise<FileRow | undefined> {
  const { db } = ctx
  const { files, fileUploads: uploads } = db.tables
  const { workspaceId } = ctx.principal
  const isKept = and(eq(files.id, file.id), eq(files.workspace_id, workspaceId), eq(files.blob_id, blob.id))
  const kept = db
    .select({ one: sql`1` })
    .from(files)
    .where(isKept)
  const { by, fact } = auditedAs(ctx, {
    action: 'file.created',
    resourceId: file.id,
    details: { filename: file.filename, size: blob.size, origin: file.origin },
  })
  const event = fileEvent({ ...file, size: blob.size }, ctx.now())
  const [, [row], told] = await db.batch([
    lockWorkspace(db, workspaceId),
    withLine(by, db, insertion(ctx, file, blob), fact),
    insertEvent(
      db,
      workspaceId,
      event,
      and(isFor(db, 'file.uploaded'), file.origin === 'upload' ? undefined : sql`false`, sql`exists ${kept}`),
    ),
    insertDeliveries(ctx, file, isKept),
    db.delete(uploads).where(and(eq(uploads.id, blob.id), eq(uploads.workspace_id, workspaceId), sql`exists ${kept}`)),
  ])
  // Should we crash before this, the hourly sweep does it.
  if (told.length > 0)
    await eventDispatch(ctx.env, workspaceId)
      .poke(workspaceId)
      .catch(() => undefined)
  return row
}

/** Only while the upload stands and the quota allows. */
function insertion({ db, principal, config, now }: FileCtx, file: NewFile, blob: Blob) {
  const { files, fileUploads: uploads, workspaces } = db.tables
  const { workspaceId, userId } = principal
  const quota = quotaOf(config)
  const used = sql`(select coalesce(sum(${files.size}), 0) from ${files} where ${eq(files.workspace_id, workspaceId)})`
  const fits = Number.isFinite(quota) ? sql`${used} + ${blob.size}::bigint <= ${quota}::bigint` : undefined
  const at = new Date(now())
  const stands = and(
    eq(uploads.id, blob.id),
    eq(uploads.workspace_id, workspaceId),
    eq(uploads.state, 'open'),
    eq(workspaces.id, workspaceId),
    fits,
  )
  // In the order of the table's columns. Whoever gives the upload up waits for the lock, and finds it gone.
  return db
    .insert(files)
    .select(
      sql`select ${file.id}::uuid, ${workspaceId}::uuid, ${blob.id}::uuid, ${file.filename}::text, ${file.folder}::text,
        ${blob.contentType}::text, ${blob.size}::bigint, ${blob.sha256}::text,
        array(select json_array_elements_text(${JSON.stringify(file.tags)}::json)), ${file.category}::text,
        ${JSON.stringify(file.metadata)}::json, ${file.origin}::text, ${file.executionId ?? null}::uuid,
        ${userId}::uuid, ${at}::timestamptz, ${at}::timestamptz
        from ${uploads}, ${workspaces} where ${stands} for update of ${sql.identifier('file_uploads')}`,
    )
    .onConflictDoNothing()
    .returning()
}

async function whyNot(ctx: FileCtx, { id, size }: Blob): Promise<AppError> {
  const { db, principal, config } = ctx
  const { fileUploads: uploads } = db.tables
  const isOpen = and(eq(uploads.id, id), eq(uploads.workspace_id, principal.workspaceId), eq(uploads.state, 'open'))
  const [used, quota] = [await usedBytes(ctx), quotaOf(config)]
  const stands = (await db.$count(uploads, isOpen)) > 0
  return stands && used + size > quota ? quotaExceeded(used, quota) : new AppError('upload_over')
}
