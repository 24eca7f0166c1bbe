import type { HonoRequest } from 'hono'
import { AppError } from '#core/errors'
import { namesTag, readRange } from '#core/files/range'
import { attachment } from '#http/multipart/disposition'
import type { OpenedFile } from '#services/files/open-file'

/**
 * A file's bytes, all or some, or that the client has them (RFC 9110, 13 and 14). Whatever they are, a browser saves them
 * and neither shows nor runs them: they would speak for our origin.
 *
 * @throws AppError `range_not_satisfiable`; `storage_unavailable`
 */
export async function answerFile(request: Pick<HonoRequest, 'header' | 'raw'>, opened: OpenedFile): Promise<Response> {
  const { file } = opened
  const tag = `"${file.sha256}"`
  const headers = new Headers({
    ETag: tag,
    'Cache-Control': 'private, no-cache',
    'Accept-Ranges': 'bytes',
    'Last-Modified': new Date(file.created_at).toUTCString(),
    'Content-Type': withCharset(file.content_type),
    'Content-Disposition': attachment(file.filename),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  })
  if (namesTag(request.header('If-None-Match'), tag)) return new Response(null, { status: 304, headers })
  // A part of another version is of no use; a date is too coarse to tell (RFC 9110, 13.1.5).
  const ifRange = request.header('If-Range')
  const range = ifRange === undefined || ifRange === tag ? readRange(request.header('Range'), file.size) : undefined
  if (range === 'unsatisfiable') throw new AppError('range_not_satisfiable', { params: { size: file.size } })
  headers.set('Content-Length', String(range?.length ?? file.size))
  if (range !== undefined) {
    headers.set('Content-Range', `bytes ${range.offset}-${range.offset + range.length - 1}/${file.size}`)
  }
  const status = range === undefined ? 200 : 206
  return new Response(request.raw.method === 'HEAD' ? null : await opened.stream(range), { status, headers })
}

/** Texts are UTF-8 here: they were found to be. */
function withCharset(type: string): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}
