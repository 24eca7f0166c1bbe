import { createHash } from 'node:crypto'
import { AppError } from '#core/errors'
import type { StoredFile } from '#core/files/file'
import { SNIFF_BYTES, sniffType } from '#core/files/sniff'
import { UploadInput } from '#core/files/upload'
import { blobKey } from '#files/object-keys'
import { stored } from '#files/stored'
import type { Ctx } from '#services/context'
import { deliverFiles } from '#services/triggers/fire-file'
import { discardQuietly } from './discard-blob.ts'
import { listParts, seekUpload, seekUploaded } from './find-upload.ts'
import { keepFile } from './keep-file.ts'
import { type Blob, limitFor, tooLarge } from './receive-blob.ts'
import { toFile } from './to-file.ts'
import { partCount, type UploadRow } from './to-upload.ts'

/** How many missing parts the error names. */
const NAMED = 20

/**
 * Makes a file of an upload whose parts are all there. A repeat gives the same file, also after a crash in the middle.
 *
 * @throws AppError `not_found`; `upload_incomplete`; `file_too_large` for what it turns out to be; `checksum_mismatch`;
 *   `storage_quota_exceeded`; `storage_unavailable`
 */
export async function completeUpload(ctx: Ctx, id: string): Promise<StoredFile> {
  const upload = await seekUpload(ctx, id)
  if (upload === undefined) {
    const known = await seekUploaded(ctx, id)
    if (known === undefined) throw new AppError('not_found')
    return toFile(ctx.config, known)
  }
  const input = UploadInput.parse(upload.input)
  await joinParts(ctx, upload, input.size)
  const blob = await readBlob(ctx, upload, input)
  const limit = limitFor(ctx.config, blob.contentType)
  const refusal =
    input.sha256 !== undefined && input.sha256 !== blob.sha256
      ? new AppError('checksum_mismatch')
      : blob.size > limit
        ? tooLarge(blob.contentType, limit)
        : undefined
  if (refusal !== undefined) {
    await discardQuietly(ctx, upload.workspace_id, id)
    throw refusal
  }
  const { filename, folder, tags, category, metadata } = input
  const file = { id: upload.file_id, filename, folder, tags, category, metadata, origin: 'upload' } as const
  const row = await keepFile(ctx, file, blob)
  ctx.later(() => deliverFiles({ env: ctx.env, db: ctx.unscopedDb }, row.id))
  return toFile(ctx.config, row)
}

async function joinParts(ctx: Ctx, upload: UploadRow, size: number): Promise<void> {
  const parts = await listParts(ctx, upload.id)
  const there = new Set(parts.map(({ number }) => number))
  const missing = Array.from({ length: partCount(size) }, (_, index) => index + 1).filter((one) => !there.has(one))
  if (missing.length > 0) {
    const named = missing.slice(0, NAMED).join(', ') + (missing.length > NAMED ? ', …' : '')
    throw new AppError('upload_incomplete', { params: { missing: named } })
  }
  const key = keyOf(upload)
  const multipart = ctx.env.FILES.resumeMultipartUpload(key, upload.multipart_id ?? '')
  try {
    await multipart.complete(parts.map(({ number: partNumber, etag }) => ({ partNumber, etag })))
  } catch (cause) {
    // Somebody else joined them just now, or we did before a crash.
    const joined = await stored(ctx.env.FILES.head(key))
    if (joined?.size !== size) throw new AppError('storage_unavailable', { cause })
  }
}

/** Parts come in any order, and a hash takes them in one: so the whole is read once. */
async function readBlob(ctx: Ctx, upload: UploadRow, input: UploadInput): Promise<Blob> {
  const object = await stored(ctx.env.FILES.get(keyOf(upload)))
  if (object === null) throw new AppError('upload_over')
  const hash = createHash('sha256')
  let head = new Uint8Array()
  for await (const chunk of bytesOf(object.body)) {
    hash.update(chunk)
    if (head.byteLength < SNIFF_BYTES) head = Buffer.concat([head, chunk]).subarray(0, SNIFF_BYTES)
  }
  const { filename, content_type: type } = input
  const contentType = sniffType(head, { filename, ...(type === undefined ? {} : { type }) })
  return { id: upload.id, contentType, size: object.size, sha256: hash.digest('hex') }
}

async function* bytesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    throw new AppError('storage_unavailable', { cause })
  }
}

function keyOf({ workspace_id, file_id, id }: UploadRow): string {
  return blobKey(workspace_id, file_id, id)
}
