import { z } from '@hono/zod-openapi'
import { AppError } from '#core/errors'
import { EXECUTION_STATUSES, isFinal } from '#core/workflow/run'
import type { Ctx } from '#services/context'
import { toSocketCaller } from '#services/auth/identify-socket'
import { openExecutionSocket } from '#services/executions/open-execution-socket'
import { answerEvents, type SocketFrame } from './event-stream.ts'

const LAST = new Set(['execution_completed', 'execution_failed', 'execution_cancelled'])

/** How the run stood when its socket was opened. */
const Confirmation = z.object({ data: z.object({ status: z.enum(EXECUTION_STATUSES), last_seq: z.int() }) })

/**
 * The events of an execution behind `after` as server-sent events, live or out of the archive, up to the last.
 *
 * @throws AppError `not_found`, and like `answerEvents`
 */
export async function streamExecution(ctx: Ctx, id: string, after: number): Promise<Response> {
  const socket = await openExecutionSocket(ctx, id, after, toSocketCaller(ctx.principal, ctx.now()))
  if (socket === undefined) throw new AppError('not_found')
  return answerEvents(socket, {
    isOver: (opening) => isEnd(after, opening),
    isLast: ({ seq = 0, event_type: type = '' }, opening) => LAST.has(type) || isEnd(seq, opening),
  })
}

function isEnd(seq: number, opening: SocketFrame): boolean {
  const { status, last_seq } = Confirmation.parse(opening).data
  return isFinal(status) && seq >= last_seq
}
