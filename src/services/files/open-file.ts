import { AppError } from '#core/errors'
import type { StoredFile } from '#core/files/file'
import type { ByteRange } from '#core/files/range'
import { blobKey } from '#files/object-keys'
import { readObject } from '#files/read-object'
import { stored } from '#files/stored'
import type { FileCtx } from './file-ctx.ts'
import { findFileRow } from './find-file.ts'
import { type FileRow, toFile } from './to-file.ts'

/** A file, to be read. */
export interface OpenedFile {
  readonly file: StoredFile
  /** Its bytes, or some of them. */
  stream(range?: ByteRange): Promise<ReadableStream>
  /**
   * All its bytes.
   *
   * @throws AppError `file_too_large` beyond `limitBytes`, before anything is read
   */
  bytes(limitBytes: number): Promise<Uint8Array>
}

/**
 * Opens a file of the principal's workspace; nothing is read yet.
 *
 * @throws AppError `not_found`, also for another workspace's; reading throws `storage_unavailable`
 */
export async function openFile(ctx: FileCtx, id: string): Promise<OpenedFile> {
  return openRow(ctx, await findFileRow(ctx, id))
}

/** The same for a row that is known. */
export function openRow({ env, config }: Pick<FileCtx, 'env' | 'config'>, row: FileRow): OpenedFile {
  const { size } = row
  const read = async (range: ByteRange = { offset: 0, length: size }): Promise<ReadableStream> => {
    // R2 cannot read nothing.
    if (size === 0) return new Blob([]).stream()
    const stream = await readObject(env.FILES, blobKey(row.workspace_id, row.id, row.blob_id), range)
    // A row without its object is a loss in the storage, unless the file was deleted just now.
    if (stream === undefined) throw new AppError('not_found')
    return stream
  }
  return {
    file: toFile(config, row),
    stream: read,
    async bytes(limitBytes) {
      if (size > limitBytes) throw new AppError('file_too_large', { params: { limit: limitBytes, kind: 'other' } })
      return new Uint8Array(await stored(new Response(await read()).arrayBuffer()))
    },
  }
}
