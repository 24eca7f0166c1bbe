import { type SocketCaller, toSocketRequest } from '#core/socket'
import type { PublicCtx } from '#services/context'
import { findActor } from './find-execution.ts'

/** The response that upgrades to a websocket which follows an execution; undefined when there is no such one. */
export async function openExecutionSocket(
  ctx: PublicCtx,
  id: string,
  after: number | undefined,
  caller: SocketCaller,
): Promise<Response | undefined> {
  return findActor(ctx, id)?.fetch(toSocketRequest({ ...caller, after }))
}
