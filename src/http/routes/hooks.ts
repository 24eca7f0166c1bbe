import { Hono } from 'hono'
import type { HookKind } from '#auth/hook-token'
import { hasBearer, isSigned } from '#auth/webhook-signature'
import { AppError } from '#core/errors'
import { HOOK_METHODS } from '#core/triggers/webhook'
import type { AppContext, AppEnv } from '#http/app-env'
import { answerRun } from '#http/hooks/answer-run'
import { readDelivery } from '#http/hooks/read-delivery'
import { readWithin } from '#http/middleware/read-body'
import { findHook, type Hook } from '#services/triggers/find-hook'
import { startHook } from '#services/triggers/start-hook'

const BODY_LIMIT_BYTES = 1024 * 1024
const MAX_DELIVERY_ID_LENGTH = 256

/** Where other systems call. They are no part of the document: each has the shape that its workflow gives it. */
export const hookRoutes = new Hono<AppEnv>()
  .on([...HOOK_METHODS], '/hooks/test/:token', (c) => answerHook(c, 'test', c.req.param('token')))
  .on([...HOOK_METHODS], '/hooks/:token', (c) => answerHook(c, 'live', c.req.param('token')))

async function answerHook(c: AppContext, kind: HookKind, token: string): Promise<Response> {
  const ctx = c.get('publicCtx')
  const hook = await findHook(ctx, kind, token)
  refuseMethod(c, hook)
  const request = c.req.raw
  const bytes = await readWithin(request, BODY_LIMIT_BYTES)
  const receivedAt = ctx.now()
  // Before anything of the body is believed.
  if (!isAllowed(hook, request.headers, bytes, receivedAt)) throw new AppError('hook_unauthorized')
  const deliveryId = readDeliveryId(hook, request.headers)
  const delivery = { test: kind === 'test', rawBody: hook.config.raw_body, deliveryId, receivedAt }
  await ctx.turn.take(hook.workspaceId)
  const started = await startHook(ctx, hook, await readDelivery(request, bytes, delivery), deliveryId)
  ctx.turn.end()
  return answerRun(ctx, hook, started)
}

function refuseMethod(c: AppContext, { config }: Hook): void {
  const { method } = c.req
  if (config.methods.some((allowed) => allowed === method)) return
  c.header('Allow', config.methods.join(', '))
  throw new AppError('method_not_allowed', { params: { method } })
}

function isAllowed({ config, secret }: Hook, headers: Headers, body: Uint8Array, now: number): boolean {
  if (config.auth === 'none') return true
  return config.auth === 'bearer' ? hasBearer(secret, headers) : isSigned(secret, { headers, body }, now)
}

/** Without one every request is a delivery of its own. */
function readDeliveryId({ config }: Hook, headers: Headers): string | undefined {
  const id = headers.get(config.delivery_header ?? 'webhook-id') ?? ''
  if (id.length > MAX_DELIVERY_ID_LENGTH) throw new AppError('bad_request')
  return id === '' ? undefined : id
}
