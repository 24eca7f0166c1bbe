/**
 * multipart/form-data (RFC 7578) as a stream: what a body says is never in memory as a whole, however large it is.
 * `formData()` and the parsers that are kept up gather each part first, or rest on node's streams.
 */
import { AppError } from '#core/errors'
import type { FormPart } from '#services/files/upload-file'
import { readDisposition } from './disposition.ts'

const HEADERS_LIMIT_BYTES = 16 * 1024
const MAX_PARTS = 50
/** What stands behind the end of a form is of no interest, and seldom more than a line break. */
const EPILOGUE_LIMIT_BYTES = 64 * 1024
/** Of a form that is refused. */
const LINGER_LIMIT_BYTES = 64 * 1024 * 1024
const LINGER_MS = 5_000
const CRLF = Buffer.from('\r\n')
const HEADERS_END = Buffer.from('\r\n\r\n')

/** The boundary of a `Content-Type`, or undefined where it is no form. */
export function readBoundary(contentType: string | undefined): string | undefined {
  const [type = '', ...parameters] = (contentType ?? '').split(';')
  if (type.trim().toLowerCase() !== 'multipart/form-data') return undefined
  const given = parameters
    .map((one) => /^\s*boundary=(?:"([^"]+)"|([^\s"]+))\s*$/i.exec(one))
    .find((one) => one !== null)
  const boundary = given?.[1] ?? given?.[2]
  return boundary !== undefined && boundary.length <= 70 ? boundary : undefined
}

/**
 * The fields of a form, one by one. What the reader leaves of a field is passed over; leaving the loop ends the reading.
 *
 * @throws AppError `malformed_form` for what is no form, and for one that ends before its end
 */
export async function* readMultipart(body: ReadableStream<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const scanner = createScanner(body)
  // A preamble is allowed, and the first delimiter has no line break before it.
  scanner.prepend(CRLF)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  try {
    for await (const _ of scanner.upTo(delimiter));
    for (let count = 0; count <= MAX_PARTS; count += 1) {
      if (await isEnd(scanner)) return await scanner.drain(EPILOGUE_LIMIT_BYTES)
      const bytes = scanner.upTo(delimiter)
      yield { ...readHeaders(await take(scanner, HEADERS_END)), bytes }
      for await (const _ of bytes);
    }
    throw new AppError('malformed_form')
  } finally {
    await scanner.end()
  }
}

/** Behind a delimiter stand `--` at the end of the form, else a line break. */
async function isEnd(scanner: Scanner): Promise<boolean> {
  if ((await scanner.peek(2)) === '--') return true
  if ((await take(scanner, CRLF)).trim() !== '') throw new AppError('malformed_form')
  return false
}

function readHeaders(text: string): Omit<FormPart, 'bytes'> {
  const headers = new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const disposition = readDisposition(headers.get('content-disposition') ?? '')
  if (disposition === undefined) throw new AppError('malformed_form')
  return { ...disposition, type: headers.get('content-type') }
}

/** A short text up to a mark, which is passed. */
async function take(scanner: Scanner, mark: Buffer): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of scanner.upTo(mark)) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > HEADERS_LIMIT_BYTES) throw new AppError('malformed_form')
  }
  return Buffer.concat(chunks).toString()
}

type Scanner = ReturnType<typeof createScanner>

function createScanner(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader()
  let buffer: Buffer = Buffer.alloc(0)

  /** @throws AppError `malformed_form` where nothing comes any more */
  async function fill(): Promise<void> {
    const { done, value } = await read()
    if (done) throw new AppError('malformed_form')
    buffer = buffer.byteLength === 0 ? toBuffer(value) : Buffer.concat([buffer, value])
  }

  async function read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await reader.read()
    } catch (cause) {
      // The connection was cut.
      throw new AppError('malformed_form', { cause })
    }
  }

  return {
    prepend(bytes: Buffer): void {
      buffer = Buffer.concat([bytes, buffer])
    },
    /** The bytes before the next `mark`, as they come; then the mark is passed. */
    async *upTo(mark: Buffer): AsyncGenerator<Uint8Array, void> {
      for (;;) {
        const found = buffer.indexOf(mark)
        if (found >= 0) {
          const before = buffer.subarray(0, found)
          buffer = buffer.subarray(found + mark.byteLength)
          if (before.byteLength > 0) yield before
          return
        }
        // The mark may have begun in the last bytes.
        const safe = Math.max(0, buffer.byteLength - mark.byteLength + 1)
        const before = buffer.subarray(0, safe)
        buffer = buffer.subarray(safe)
        if (before.byteLength > 0) yield before
        await fill()
      }
    },
    /** The next characters, without passing them. */
    async peek(length: number): Promise<string> {
      while (buffer.byteLength < length) await fill()
      return buffer.subarray(0, length).toString('latin1')
    },
    /** Reads to the end, so that the connection can serve another request. */
    async drain(limitBytes: number): Promise<void> {
      for (let size = 0; size < limitBytes;) {
        const { done, value } = await read()
        if (done) return
        size += value.byteLength
      }
    },
    /**
     * Whoever still sends when the connection is closed reads no answer: so some of the rest is taken, for a while.
     */
    async end(): Promise<void> {
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((passed) => (timer = setTimeout(passed, LINGER_MS)))
      await Promise.race([this.drain(LINGER_LIMIT_BYTES), late]).catch(() => undefined)
      clearTimeout(timer)
      await reader.cancel().catch(() => undefined)
    },
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
