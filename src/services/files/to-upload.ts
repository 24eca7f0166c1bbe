import { signFileLink } from '#auth/file-links'
import { PART_BYTES, type Upload, UploadInput } from '#core/files/upload'
import type { Tables } from '#db/schema'
import type { FileCtx } from './file-ctx.ts'
import { type FileRow, toFile } from './to-file.ts'

export type UploadRow = Tables['fileUploads']['$inferSelect']

/** How many parts a file of this size has. */
export function partCount(size: number): number {
  return Math.ceil(size / PART_BYTES)
}

/** The bytes of a part, counted from 1. */
export function partSize(size: number, number: number): number {
  return number < partCount(size) ? PART_BYTES : size - (partCount(size) - 1) * PART_BYTES
}

/** An upload as clients see it, with an address for each part. */
export async function toUpload(ctx: FileCtx, row: UploadRow, received: ReadonlySet<number>): Promise<Upload> {
  const { id, workspace_id: workspaceId, expires_at } = row
  const { filename, size } = UploadInput.parse(row.input)
  // Later than the upload's own end, which every part moves: whether it still stands is asked with each.
  const times = { now: ctx.now(), until: row.created_at.getTime() + MAX_LIFE_MS }
  const token = await signFileLink(ctx.config, 'upload', { id, workspaceId }, times)
  const base = `${ctx.config.PUBLIC_URL.replace(/\/$/, '')}/files/uploads/${token}`
  return {
    id,
    filename,
    size,
    part_size: PART_BYTES,
    parts: Array.from({ length: partCount(size) }, (_, index) => ({
      number: index + 1,
      size: partSize(size, index + 1),
      url: `${base}/${index + 1}`,
      received: received.has(index + 1),
    })),
    expires_at: expires_at.toISOString(),
    file: null,
  }
}

/** An upload in parts lives so long at most. R2 gives up its own after seven days. */
export const MAX_LIFE_MS = 6 * 24 * 60 * 60 * 1000

/** One that became a file. */
export function toCompleted({ config }: FileCtx, row: FileRow): Upload {
  const { blob_id: id, filename, size, created_at } = row
  const file = toFile(config, row)
  return { id, filename, size, part_size: PART_BYTES, parts: [], expires_at: created_at.toISOString(), file }
}
