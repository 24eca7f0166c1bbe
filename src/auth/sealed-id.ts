import { createHmac, timingSafeEqual } from 'node:crypto'
import { formatUuid, parseUuid, uuidv7 } from '#lib/ids'

/** Bytes of the check at the end of an id: a guess is right once in four billion. */
const CHECK_BYTES = 4

/**
 * A UUIDv7 whose last four bytes are a check over the others: an actor may be asked about an id that PostgreSQL does
 * not know yet, since nobody but us can make one. The check says that the id is ours, not whose it is.
 *
 * @param secret SECRET_KEY
 * @param now Unix milliseconds
 * @param random ten bytes; given ones make the same id again
 */
export function sealedId(
  secret: string,
  now: number,
  random: Uint8Array = crypto.getRandomValues(new Uint8Array(10)),
): string {
  const bytes = parseUuid(uuidv7(now, random))
  const body = bytes.subarray(0, bytes.length - CHECK_BYTES)
  bytes.set(checkOf(secret, body), body.length)
  return formatUuid(bytes)
}

/** Whether `sealedId` made this UUID with this secret. */
export function isSealedId(secret: string, id: string): boolean {
  const bytes = parseUuid(id)
  const body = bytes.subarray(0, bytes.length - CHECK_BYTES)
  return timingSafeEqual(bytes.subarray(body.length), checkOf(secret, body))
}

function checkOf(secret: string, body: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update('sealed-id:').update(body).digest().subarray(0, CHECK_BYTES)
}
