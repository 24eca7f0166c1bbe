import { bigint, index, integer, json, type pgSchema, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { FileOrigin } from '#core/files/file'
import type { JsonObject } from '#lib/json'
import { createdAt, moment, ownedBy, type Owner } from './columns.ts'

/** Files, those that are coming in, and what they are still to start. */
export function fileTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const files = schema.table(
    'files',
    {
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      /** Its object's place: a second attempt to make the same file writes elsewhere. */
      blob_id: uuid().notNull(),
      filename: text().notNull(),
      folder: text().notNull(),
      content_type: text().notNull(),
      size: bigint({ mode: 'number' }).notNull(),
      sha256: text().notNull(),
      tags: text().array().notNull(),
      category: text(),
      metadata: json().$type<JsonObject>().notNull(),
      origin: text().$type<FileOrigin>().notNull(),
      execution_id: uuid(),
      created_by: uuid(),
      created_at: createdAt(),
      updated_at: createdAt(),
    },
    (t) => [
      index('files_list_idx').on(t.workspace_id, t.created_at.desc(), t.id.desc()),
      uniqueIndex('files_blob_key').on(t.blob_id),
      // The quota's sum is read from here alone.
      index('files_size_idx').on(t.workspace_id, t.size),
      index('files_folder_idx').on(t.workspace_id, t.folder.op('text_pattern_ops')),
    ],
  )

  /**
   * Objects that are being written: here before the first byte is stored, and gone in the transaction that makes the
   * file. What a crash leaves the sweep finds here. No foreign key: a row must outlive its workspace until then.
   */
  const fileUploads = schema.table(
    'file_uploads',
    {
      /** The `blob_id` of the file to be. */
      id: uuid().primaryKey(),
      workspace_id: uuid().notNull(),
      file_id: uuid().notNull(),
      created_by: uuid(),
      /** Of R2, once something is stored in parts. */
      multipart_id: text(),
      /** What was asked for, when the parts come one by one. */
      input: json().$type<JsonObject>(),
      size: bigint({ mode: 'number' }),
      state: text({ enum: ['open', 'aborting'] }).notNull(),
      created_at: createdAt(),
      expires_at: moment().notNull(),
    },
    (t) => [index('file_uploads_expiry_idx').on(t.expires_at)],
  )

  const fileUploadParts = schema.table(
    'file_upload_parts',
    {
      upload_id: ownedBy(fileUploads),
      number: integer().notNull(),
      etag: text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.upload_id, t.number] })],
  )

  /** Files that are to start workflows: written with the file, gone when the execution is durable. */
  const fileDeliveries = schema.table(
    'file_deliveries',
    {
      file_id: ownedBy(files),
      trigger_id: uuid().notNull(),
      workspace_id: uuid().notNull(),
      created_at: createdAt(),
      /** Of the request that uploaded it. */
      traceparent: text(),
    },
    (t) => [primaryKey({ columns: [t.file_id, t.trigger_id] }), index('file_deliveries_age_idx').on(t.created_at)],
  )
  return { files, fileUploads, fileUploadParts, fileDeliveries }
}
