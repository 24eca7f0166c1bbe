/**
 * What a workspace's socket tells: what starts, waits and ends in the workspace.
 *
 * N1  Each execution's news carry the length of its event log: what is not longer than what was heard is old news.
 * N2  Whoever was late and tells of an end only has told of the start as well.
 */
import { z } from 'zod'
import { NodeError } from '#core/workflow/node-error'
import type { RunHeader } from '#core/workflow/execution'
import { EXECUTION_STATUSES, type ExecutionStatus, type RunState } from '#core/workflow/run'

/** How an execution stands, as its actor tells the hub: at least once, and in any order. */
export interface ExecutionNews {
  readonly execution_id: string
  readonly workflow_id: string
  readonly workflow_name: string
  readonly version: number
  readonly trigger: string
  readonly status: ExecutionStatus
  /** The length of its event log at this moment. */
  readonly seq: number
  /** Unix milliseconds, like the two below: when its actor found it so. */
  readonly at: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  readonly error: NodeError | undefined
}

export function toNews(header: RunHeader, state: RunState, seq: number, at: number): ExecutionNews {
  const { status, startedAt, finishedAt, error } = state
  return {
    execution_id: header.executionId,
    workflow_id: header.workflowId,
    workflow_name: header.workflowName,
    version: header.version,
    trigger: header.trigger,
    status,
    seq,
    at,
    startedAt,
    finishedAt,
    error,
  }
}

const EXECUTION_EVENTS = [
  'execution_started',
  'execution_progress',
  'execution_waiting',
  'execution_paused',
  'execution_completed',
  'execution_failed',
  'execution_cancelled',
] as const
type ExecutionEventType = (typeof EXECUTION_EVENTS)[number]

/** An event of the hub's log. `at` is Unix milliseconds. */
export const WorkspaceEvent = z.discriminatedUnion('type', [
  /** From here on the log is whole: before it nobody was listening. */
  z.object({ type: z.literal('watch_started'), at: z.number() }),
  z.object({
    type: z.enum(EXECUTION_EVENTS),
    at: z.number(),
    execution_id: z.string(),
    workflow_id: z.string(),
    workflow_name: z.string(),
    version: z.int(),
    trigger: z.string(),
    status: z.enum(EXECUTION_STATUSES),
    duration_ms: z.number().nullable(),
    error: NodeError.nullable(),
  }),
])
export type WorkspaceEvent = z.infer<typeof WorkspaceEvent>

const EVENT_OF: Readonly<Record<ExecutionStatus, ExecutionEventType>> = {
  pending: 'execution_progress',
  running: 'execution_progress',
  waiting: 'execution_waiting',
  paused: 'execution_paused',
  completed: 'execution_completed',
  failed: 'execution_failed',
  cancelled: 'execution_cancelled',
  timeout: 'execution_failed',
}

/** What was heard of an execution before. */
export interface Heard {
  readonly seq: number
  readonly status: ExecutionStatus
}

/**
 * What these news add to what was heard.
 *
 * @param since Unix milliseconds from which on the hub listens: a start before is nothing to tell of any more
 */
export function toEvents(heard: Heard | undefined, news: ExecutionNews, since: number): WorkspaceEvent[] {
  if (heard !== undefined && heard.seq >= news.seq) return []
  const { startedAt, finishedAt, at, status } = news
  const events: WorkspaceEvent[] = []
  const startIsNews = heard === undefined && startedAt !== undefined && startedAt >= since
  if (startIsNews) events.push(toEvent(news, 'execution_started', 'running', startedAt))
  const known = heard?.status ?? (startIsNews ? 'running' : undefined)
  const changedAt = finishedAt ?? at
  if (status !== known && changedAt >= since) events.push(toEvent(news, EVENT_OF[status], status, changedAt))
  return events
}

function toEvent(news: ExecutionNews, type: ExecutionEventType, status: ExecutionStatus, at: number): WorkspaceEvent {
  const { startedAt, finishedAt, execution_id, workflow_id, workflow_name, version, trigger } = news
  const isEnd = status === news.status && startedAt !== undefined && finishedAt !== undefined
  return {
    type,
    at,
    execution_id,
    workflow_id,
    workflow_name,
    version,
    trigger,
    status,
    duration_ms: isEnd ? finishedAt - startedAt : null,
    error: status === news.status ? (news.error ?? null) : null,
  }
}

/** An event as watchers of the workspace get it. */
export function toWorkspaceFrame(workspaceId: string, seq: number, event: WorkspaceEvent) {
  const { type, at, ...rest } = event
  const {
    execution_id = null,
    workflow_id = null,
    workflow_name = null,
    status = null,
    ...data
  } = rest as Partial<Exclude<WorkspaceEvent, { type: 'watch_started' }>>
  return {
    seq,
    event_type: type,
    workspace_id: workspaceId,
    execution_id,
    workflow_id,
    workflow_name,
    status,
    timestamp: new Date(at).toISOString(),
    data,
  }
}
