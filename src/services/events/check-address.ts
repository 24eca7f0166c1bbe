import { AppError } from '#core/errors'
import { parseAllowList } from '#outbound/allow-list'
import { checkUrl } from '#outbound/check-url'
import { OUTBOUND_MESSAGES } from '#outbound/messages'
import type { Ctx } from '#services/context'

/**
 * Says at once what the gate would say at the first delivery, which asks again.
 *
 * @throws AppError `validation_failed`
 */
export function checkAddress({ config }: Ctx, url: string): void {
  const checked = checkUrl(url, parseAllowList(config.OUTBOUND_ALLOW))
  if (checked.ok) return
  const { code, params } = checked.error
  const problem = { pointer: '/url', sentence: OUTBOUND_MESSAGES[code], ...(params && { params }) }
  throw new AppError('validation_failed', { problems: [problem] })
}
