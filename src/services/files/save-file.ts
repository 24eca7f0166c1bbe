import type { FileOrigin, StoredFile } from '#core/files/file'
import { cleanFilename } from '#core/files/names'
import type { JsonObject } from '#lib/json'
import { newId } from '#lib/ids'
import type { FileCtx } from './file-ctx.ts'
import { seekFileRow } from './find-file.ts'
import { keepFile } from './keep-file.ts'
import { receiveBlob } from './receive-blob.ts'
import { toFile } from './to-file.ts'

export interface FileOrder {
  /** Any path is cut down to its last name. */
  readonly name: string
  /** Believed only where the bytes leave it open. */
  readonly content_type?: string
  readonly content: Uint8Array | AsyncIterable<Uint8Array>
  readonly origin: FileOrigin
  /** The same id again gives the file that is there, whatever else is said: derive it to save once. */
  readonly id?: string
  /** As `Folder` parses it: `a/b/`. */
  readonly folder?: string
  readonly tags?: readonly string[]
  readonly category?: string
  readonly metadata?: JsonObject
  readonly executionId?: string
}

/**
 * Stores a file in the principal's workspace. A stream goes through in parts; when this throws nothing is left of it.
 *
 * @throws AppError `file_too_large`, `storage_quota_exceeded`, `storage_unavailable`; DatabaseUnavailable
 */
export async function saveFile(ctx: FileCtx, order: FileOrder): Promise<StoredFile> {
  const { name, content_type: type, content, origin, id = newId(), executionId } = order
  const known = order.id === undefined ? undefined : await seekFileRow(ctx, id)
  if (known !== undefined) return toFile(ctx.config, known)
  const filename = cleanFilename(name)
  const source = content instanceof Uint8Array ? only(content) : content
  const blob = await receiveBlob(ctx, id, source, { filename, ...(type === undefined ? {} : { type }) })
  const { folder = '', tags = [], category = null, metadata = {} } = order
  const file = { id, filename, folder, tags, category, metadata, origin, ...(executionId && { executionId }) }
  return toFile(ctx.config, await keepFile(ctx, file, blob))
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
