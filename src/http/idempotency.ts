import { createHmac } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { AppError } from '#core/errors'
import type { Idempotency } from '#services/idempotency/claim-id'
import type { AppContext } from './app-env.ts'

/** Printable ASCII: it is stored as text and compared byte by byte. */
const KEY = /^[\x20-\x7e]{1,255}$/

/** For the document: every POST that makes or starts something takes it. */
export const IdempotencyHeader = z.object({
  'idempotency-key': z.string().optional().meta({ description: 'A repeat within 24 hours makes nothing new.' }),
})

/**
 * The request's `Idempotency-Key` with what the request says, or undefined without one.
 *
 * @param body what it says, where that is not its body as text: a stream is compared by whoever reads it
 * @throws AppError `bad_request` for a key that is none
 */
export async function readIdempotency(
  c: Pick<AppContext, 'req' | 'var'>,
  body?: string,
): Promise<Idempotency | undefined> {
  const key = c.req.header('Idempotency-Key')
  if (key === undefined) return undefined
  if (!KEY.test(key)) throw new AppError('bad_request')
  // Keyed: a bare digest of a body that holds a short secret could be guessed by whoever reads the table.
  const hash = createHmac('sha256', c.var.publicCtx.config.SECRET_KEY)
    // Collections answer with and without the trailing slash.
    .update(`${c.req.method} ${c.req.path.replace(/\/$/, '')}\n`)
    .update(body ?? (await c.req.text()))
  return { key, requestHash: hash.digest('hex') }
}
