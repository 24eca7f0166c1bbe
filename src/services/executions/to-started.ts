import type { ExecutionRecord } from '#core/workflow/execution'
import type { Ctx } from '#services/context'

/** What whoever starts an execution is told at once: its id, and where to watch it. */
export function toStarted(ctx: Ctx, { id, status }: Pick<ExecutionRecord, 'id' | 'status'>) {
  const base = ctx.config.PUBLIC_URL.replace(/^http/, 'ws').replace(/\/$/, '')
  return { execution_id: id, status, websocket_url: `${base}/api/v1/ws/execution/${id}` }
}
