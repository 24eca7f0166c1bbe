/**
 * What the workspace's socket shows: a bounded log of what executions tell.
 *
 * Executions tell only while the lease in PostgreSQL (`workspaces.watched_until`) runs, which they read with the
 * statement that they write anyway: a workspace that nobody watches costs its executions nothing, and its hub sleeps.
 *
 * B1  The lease is in PostgreSQL before a socket is confirmed, and is renewed long before its end while one is open.
 * B2  Where nobody was listening for a time, the log says so by `watch_started`: what lies between two of them is whole.
 */
import { type ExecutionNews, toEvents, toWorkspaceFrame, type WorkspaceEvent } from '#core/hub/news'
import { connect } from '#db/connect'
import { createWatchers, type Watchers } from '#durable-objects/shared/watchers'
import { WATCH_MS, watchWorkspace } from '#services/hub/watch-workspace'
import type { HubStorage } from './storage.ts'

/** Our clock and PostgreSQL's may differ by this much. */
const SKEW_MS = 30_000
const RENEW_BEFORE_MS = WATCH_MS / 2

export interface Bulletin {
  readonly watchers: Watchers
  /** Makes sure that executions tell us. @throws DatabaseUnavailable */
  listen(): Promise<void>
  tell(news: ExecutionNews): void
  /** Confirms a socket and shows it what it has not had; from now on when it does not say what it has. */
  attach(socket: WebSocket, options: { readonly after: number | undefined; readonly expiresAt: number }): void
}

export function createBulletin(ctx: DurableObjectState, env: Env, storage: HubStorage, workspaceId: string): Bulletin {
  const { log } = storage
  const watchers = createWatchers(
    () => ctx.getWebSockets(),
    log,
    (seq, event) => toWorkspaceFrame(workspaceId, seq, event),
    Date.now,
  )

  function append(events: readonly WorkspaceEvent[]): void {
    log.append(events)
    storage.trim()
  }

  function notice(event_type: string, data: Record<string, unknown>): string {
    const timestamp = new Date().toISOString()
    return JSON.stringify({ event_type, workspace_id: workspaceId, execution_id: null, timestamp, data })
  }

  return {
    watchers,
    async listen() {
      const began = Date.now()
      if (began < storage.lease().until - RENEW_BEFORE_MS) return
      await watchWorkspace(connect(env, { lane: workspaceId }), workspaceId)
      ctx.storage.transactionSync(() => {
        const { until, since } = storage.lease()
        const isLapsed = began >= until
        storage.setLease({ until: began + WATCH_MS - SKEW_MS, since: isLapsed ? began : since })
        if (isLapsed) append([{ type: 'watch_started', at: began }])
      })
      watchers.pump()
    },
    tell(news) {
      const { execution_id: id, seq, status } = news
      const heard = storage.heard(id)
      if (heard !== undefined && heard.seq >= seq) return
      ctx.storage.transactionSync(() => {
        append(toEvents(heard, news, storage.lease().since))
        storage.setHeard(id, { seq, status }, Date.now())
      })
      watchers.pump()
    },
    attach(socket, { after, expiresAt }) {
      const last = log.lastSeq()
      const wanted = after ?? last
      const oldest = Math.max(log.firstSeq() - 1, 0)
      // A cursor that lies ahead is of a log that we no longer have.
      const cursor = wanted > last ? last : Math.max(wanted, oldest)
      socket.send(notice('subscription_confirmed', { last_seq: last }))
      if (cursor !== wanted) socket.send(notice('history_truncated', { after: wanted, resumed_after: cursor }))
      watchers.attach(socket, { after: cursor, expiresAt })
    },
  }
}
