/**
 * How an actor lets a socket in: it accepts it, has the workspace's hub write it down and look once more whether its
 * holder may, and only then shows it anything. So the hub can end what it knows, and knows whatever is shown.
 */
import type { SocketActor, WorkspaceHubActor } from '#actors'
import type { SocketResource, Verdict } from '#core/hub/connection'
import type { SocketOrder } from '#core/socket'
import { newId } from '#lib/ids'
import { describeError, logLine } from '#lib/log'
import { count } from '#telemetry/metrics'
import { CLOSE } from '#lib/refuse-socket'

/** Where sockets are written down: the workspace's hub. */
export type Door = Pick<WorkspaceHubActor, 'register' | 'release'>

export interface Admission {
  /** The answer to an upgrade. `show` is called with the open socket once it is let in, and gives it an attachment. */
  admit(
    resource: { readonly kind: SocketResource; readonly id: string; readonly mark?: string },
    order: SocketOrder,
    show: (socket: WebSocket) => void,
  ): Promise<Response>
  /** To be called when a socket has gone. */
  gone(socket: WebSocket): void
  /** Whose socket it is, and as what it was let in. */
  holderOf(socket: WebSocket): {
    readonly userId: string | undefined
    readonly kind: string | undefined
    readonly mark: string | undefined
  }
  /** See `SocketActor`. */
  end: (...order: Parameters<SocketActor['endSockets']>) => void
  openIds(): string[]
  /** To be called when the actor wakes: whoever was not let in by then never will be. */
  dropUnadmitted(): void
}

const REFUSALS: Readonly<Record<Exclude<Verdict, 'ok'>, readonly [code: number, reason: string]>> = {
  ended: [CLOSE.credentials, 'session ended'],
  forbidden: [CLOSE.forbidden, 'not allowed'],
  too_many: [CLOSE.policy, 'too many sockets in this workspace'],
}

export function createAdmission(ctx: DurableObjectState, door: () => Door): Admission {
  // The tag survives hibernation, and finds the socket.
  const idOf = (socket: WebSocket): string | undefined => ctx.getTags(socket)[0]
  const isAdmitted = (socket: WebSocket): boolean => socket.deserializeAttachment() !== null

  function release(id: string): void {
    const released = door().release(id)
    // A release that gets lost is made up for by the hub's roll call.
    ctx.waitUntil(
      released.catch((error: unknown) => logLine('warn', { event: 'release_failed', error: describeError(error) })),
    )
  }

  return {
    async admit({ kind, id: resourceId, mark }, { workspaceId, holder, expiresAt }, show) {
      const { 0: client, 1: server } = new WebSocketPair()
      const response = new Response(null, { status: 101, webSocket: client })
      const id = newId()
      ctx.acceptWebSocket(server, [id, holder.userId, kind, ...(mark === undefined ? [] : [mark])])
      try {
        const verdict = await door().register(workspaceId, { id, resource: kind, resourceId, holder, expiresAt })
        if (verdict !== 'ok') server.close(...REFUSALS[verdict])
        else if (server.readyState === WebSocket.OPEN) {
          show(server)
          count('sockets_opened', { resource: kind })
        } else release(id)
      } catch (error) {
        logLine('warn', { event: 'admission_failed', error: describeError(error) })
        server.close(CLOSE.tryAgain, 'try again')
      }
      return response
    },
    gone(socket) {
      const id = idOf(socket)
      if (id === undefined || !isAdmitted(socket)) return
      count('sockets_closed', {})
      release(id)
    },
    holderOf(socket) {
      const [, userId, kind, mark] = ctx.getTags(socket)
      return { userId, kind, mark }
    },
    end(ids, code, reason) {
      for (const id of ids) for (const socket of ctx.getWebSockets(id)) socket.close(code, reason)
    },
    openIds: () =>
      ctx
        .getWebSockets()
        .filter(({ readyState }) => readyState === WebSocket.OPEN)
        .map(idOf)
        .filter((id) => id !== undefined),
    dropUnadmitted() {
      for (const socket of ctx.getWebSockets()) {
        if (!isAdmitted(socket)) socket.close(CLOSE.tryAgain, 'try again')
      }
    },
  }
}
