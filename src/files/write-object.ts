/**
 * A stream of unknown length into one object: R2 wants to know a length first, so that it goes in parts of a bounded
 * size, of which one is in memory.
 */
import { createHash } from 'node:crypto'
import { SNIFF_BYTES } from '#core/files/sniff'
import { PART_BYTES } from '#core/files/upload'
import { stored } from './stored.ts'

/** What happens while the bytes come. What these throw ends the writing. */
export interface WriteHooks {
  /** The beginning is known, and nothing stored yet. */
  onHead(head: Uint8Array): void
  /** So many bytes have come. */
  onBytes(total: number): void
  /** It goes in parts: before the first of them, and before every later one. */
  onPart(multipartId: string): Promise<void>
}

export interface Written {
  readonly size: number
  /** In hex. */
  readonly sha256: string
}

type Bucket = Pick<R2Bucket, 'put' | 'createMultipartUpload'>

/**
 * Writes the object. When this throws nothing of it is there, except after a crash what `onPart` was told of.
 *
 * @throws AppError `storage_unavailable`; whatever the source and the hooks throw
 */
export async function writeObject(
  bucket: Bucket,
  key: string,
  source: AsyncIterable<Uint8Array>,
  hooks: WriteHooks,
): Promise<Written> {
  const hash = createHash('sha256')
  const gathered = createGatherer()
  let upload: R2MultipartUpload | undefined
  const parts: R2UploadedPart[] = []
  let size = 0
  let hasHead = false

  const lookAtHead = (): void => {
    hasHead = true
    hooks.onHead(gathered.head(SNIFF_BYTES))
  }
  const storePart = async (bytes: Uint8Array): Promise<void> => {
    upload ??= await stored(bucket.createMultipartUpload(key))
    await hooks.onPart(upload.uploadId)
    parts.push(await stored(upload.uploadPart(parts.length + 1, bytes)))
  }

  try {
    for await (const chunk of source) {
      size += chunk.byteLength
      hash.update(chunk)
      gathered.add(chunk)
      if (!hasHead && gathered.size >= SNIFF_BYTES) lookAtHead()
      hooks.onBytes(size)
      while (gathered.size > PART_BYTES) await storePart(gathered.take(PART_BYTES))
    }
    if (!hasHead) lookAtHead()
    const rest = gathered.take(gathered.size)
    if (upload === undefined) await stored(bucket.put(key, rest))
    else {
      await storePart(rest)
      await stored(upload.complete(parts))
    }
    return { size, sha256: hash.digest('hex') }
  } catch (error) {
    // The first error is the one to tell; what cannot be taken back now the sweep takes back.
    await upload?.abort().catch(() => undefined)
    throw error
  }
}

/** Bytes as they come, and out again in pieces of a given size: each is copied once. */
function createGatherer() {
  let chunks: Uint8Array[] = []
  let size = 0
  function copy(length: number): Uint8Array {
    const piece = new Uint8Array(length)
    let filled = 0
    for (const chunk of chunks) {
      if (filled === length) break
      const some = chunk.subarray(0, length - filled)
      piece.set(some, filled)
      filled += some.byteLength
    }
    return piece
  }
  function drop(length: number): void {
    let left = length
    const kept: Uint8Array[] = []
    for (const chunk of chunks) {
      if (left < chunk.byteLength) kept.push(left === 0 ? chunk : chunk.subarray(left))
      left = Math.max(0, left - chunk.byteLength)
    }
    chunks = kept
    size -= length
  }
  return {
    get size() {
      return size
    },
    add(chunk: Uint8Array): void {
      if (chunk.byteLength === 0) return
      chunks.push(chunk)
      size += chunk.byteLength
    },
    head: (length: number): Uint8Array => copy(Math.min(length, size)),
    take(length: number): Uint8Array {
      const piece = copy(length)
      drop(length)
      return piece
    },
  }
}
