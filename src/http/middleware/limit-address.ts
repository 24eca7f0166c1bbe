import type { MiddlewareHandler } from 'hono'
import { addressKey } from '#auth/attempt-keys'
import { limitRate } from '#auth/rate-limit'
import type { AppEnv } from '#http/app-env'
import type { PublicCtx } from '#services/context'

/** Watchdogs and load balancers ask here as often as they like: what it tells is kept for a second anyway. */
export const UNLIMITED_PATH = '/health'

/** Counts every request by where it comes from, before anything is looked up for it. */
export const limitAddress: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { publicCtx } = c.var
  if (c.req.path !== UNLIMITED_PATH) await limitRate(publicCtx, 'address', callerKey(publicCtx))
  await next()
}

/** Counts an operation that needs no token and writes: nothing but the address tells who asks for it. */
export function limitOpenWrite(ctx: PublicCtx): Promise<void> {
  return limitRate(ctx, 'auth', callerKey(ctx))
}

function callerKey({ client: { address } }: PublicCtx): string | undefined {
  return address === undefined ? undefined : addressKey(address)
}
