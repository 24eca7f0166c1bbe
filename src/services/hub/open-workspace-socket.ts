import { workspaceHub } from '#actors'
import { type SocketCaller, toSocketRequest } from '#core/socket'
import type { PublicCtx } from '#services/context'

/**
 * The response that upgrades to a websocket which follows the caller's workspace.
 *
 * @param after the last `seq` that the client has; from now on when absent
 */
export function openWorkspaceSocket(
  ctx: PublicCtx,
  after: number | undefined,
  caller: SocketCaller,
): Promise<Response> {
  return workspaceHub(ctx.env, caller.workspaceId).fetch(toSocketRequest({ ...caller, after }))
}
