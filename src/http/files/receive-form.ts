import type { Context } from 'hono'
import { AppError } from '#core/errors'
import type { StoredFile } from '#core/files/file'
import { UploadFields } from '#core/files/upload'
import type { AuthenticatedEnv } from '#http/app-env'
import { explainIssue } from '#core/input/explain-issue'
import { readBoundary, readMultipart } from '#http/multipart/read-multipart'
import { isStorable, unstorableProblem } from '#http/unstorable-text'
import type { Idempotency } from '#services/idempotency/claim-id'
import { uploadFile } from '#services/files/upload-file'

/**
 * The file of a form, stored while it comes.
 *
 * @throws AppError `unsupported_media_type`; and as `uploadFile`
 */
export function receiveForm(c: Context<AuthenticatedEnv>, idempotency: Idempotency | undefined): Promise<StoredFile> {
  const boundary = readBoundary(c.req.header('Content-Type'))
  if (boundary === undefined || c.req.raw.body === null) {
    throw new AppError('unsupported_media_type', { params: { expected: 'multipart/form-data' } })
  }
  // It lasts as long as the client's line makes it.
  c.var.ctx.turn.end()
  const parts = readMultipart(c.req.raw.body, boundary)
  const work = uploadFile(c.var.ctx, { parts, parseFields }, idempotency)
  // A client that hangs up ends its request, and with it us: what was stored must still be taken back.
  c.executionCtx.waitUntil(work.catch(() => undefined))
  return work
}

/** A form sends what was not filled in as an empty text: that is as if it had not come. @throws AppError `validation_failed` */
function parseFields(sent: Readonly<Record<string, string>>): UploadFields {
  const fields = Object.fromEntries(Object.entries(sent).filter(([, text]) => text !== ''))
  const unstorable = Object.entries(fields).filter(([, text]) => !isStorable(text))
  if (unstorable.length > 0) {
    throw new AppError('validation_failed', { problems: unstorable.map(([name]) => unstorableProblem(`/${name}`)) })
  }
  const parsed = UploadFields.safeParse(fields)
  if (parsed.success) return parsed.data
  throw new AppError('validation_failed', { problems: parsed.error.issues.flatMap((one) => explainIssue(one, fields)) })
}
