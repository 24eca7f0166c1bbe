import type { ByteRange } from '#core/files/range'
import { stored } from './stored.ts'

/**
 * Read in one go, a large object for a slow client would be in memory as a whole: on one machine the simulated R2 does
 * not wait for who reads (190 of 200 MiB, measured). So it comes in pieces, each asked for when the one before is read.
 */
const PIECE_BYTES = 8 * 1024 * 1024

type Bucket = Pick<R2Bucket, 'get'>

/**
 * Some of an object's bytes as a stream of known length, or undefined where there is no such object.
 *
 * @throws AppError `storage_unavailable`; later failures break the stream
 */
export async function readObject(bucket: Bucket, key: string, range: ByteRange): Promise<ReadableStream | undefined> {
  const end = range.offset + range.length
  const pieceAt = async (offset: number): Promise<ReadableStream | undefined> => {
    const length = Math.min(PIECE_BYTES, end - offset)
    return (await stored(bucket.get(key, { range: { offset, length } })))?.body
  }
  const first = await pieceAt(range.offset)
  if (first === undefined || range.length <= PIECE_BYTES) return first
  const { readable, writable } = new FixedLengthStream(range.length)
  const pump = async (): Promise<void> => {
    await first.pipeTo(writable, { preventClose: true })
    for (let offset = range.offset + PIECE_BYTES; offset < end; offset += PIECE_BYTES) {
      const piece = await pieceAt(offset)
      if (piece === undefined) throw new Error('the object was deleted while it was read')
      await piece.pipeTo(writable, { preventClose: true })
    }
    await writable.close()
  }
  // The reader may have gone, or learns by this that the rest does not come.
  pump().catch((error: unknown) => writable.abort(error).catch(() => undefined))
  return readable
}
