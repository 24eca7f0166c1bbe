import { workspaceHub } from '#actors'
import { type SocketCaller, toSocketRequest } from '#core/socket'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import type { PublicCtx } from '#services/context'
import { findArchive } from './find-archive.ts'
import { findActor } from './find-execution.ts'
import { openArchiveSocket } from './open-archive-socket.ts'

/**
 * The response that upgrades to a websocket which follows an execution; undefined when there is no such one. One whose
 * actor is emptied is told from the archive.
 */
export async function openExecutionSocket(
  ctx: PublicCtx,
  id: string,
  after: number | undefined,
  caller: SocketCaller,
): Promise<Response | undefined> {
  const actor = findActor(ctx, id)
  if (actor === undefined) return undefined
  const { workspaceId, ticket } = caller
  const archive = await findArchive(ctx, workspaceId, id)
  if (archive === undefined) return actor.fetch(toSocketRequest({ ...caller, after }))
  // The run's own book of tickets is gone: the workspace's takes this one.
  if (ticket !== undefined && !(await workspaceHub(ctx.env, workspaceId).burnTicket(workspaceId, ticket))) {
    return refuseSocket(CLOSE.credentials, 'ticket already used')
  }
  return openArchiveSocket(archive, after ?? 0)
}
