import type { RunEvent } from '#core/workflow/event'
import type { RunHeader } from '#core/workflow/execution'
import type { Plan } from '#core/workflow/plan'
import { isFinal, type RunState, visitOf } from '#core/workflow/run'
import { runTrace, visitTrace } from '#core/workflow/run-trace'
import { logLine } from '#lib/log'
import { parseTraceparent } from '#lib/trace'
import { exportSpan } from './exporter.ts'
import { count, observe } from './metrics.ts'

/** The run as it stands now. */
interface ToldRun {
  readonly header: RunHeader
  readonly plan: Plan
  readonly state: RunState
}

/** What operators are told of a step: lines on the log, figures, spans. It never fails and holds up nothing. */
export type TellStep = (before: RunState['status'], events: readonly RunEvent[]) => void

export function createTelling(
  { ctx, env }: { readonly ctx: Pick<DurableObjectState, 'waitUntil'>; readonly env: Env },
  { header, plan, state }: ToldRun,
): TellStep {
  const trace = runTrace(header)
  const waitUntil = (work: Promise<unknown>): void => ctx.waitUntil(work)
  const place = {
    'synapscale.workspace_id': header.workspaceId,
    'synapscale.workflow_id': header.workflowId,
    'synapscale.execution_id': header.executionId,
  }

  function tellVisit(event: RunEvent & { readonly type: 'node_completed' | 'node_failed' }): void {
    const failed = event.type === 'node_failed'
    const type = plan.nodes[event.node_id]?.type ?? 'unknown'
    count('node_visits', { type, outcome: failed ? 'failed' : 'completed' })
    exportSpan(env, waitUntil, {
      trace: visitTrace(trace, event),
      parentSpanId: trace.spanId,
      name: `node ${type}`,
      kind: 'internal',
      startedAt: visitOf(state, event).startedAt,
      endedAt: event.at,
      failed,
      attributes: {
        ...place,
        'synapscale.node_id': event.node_id,
        'synapscale.visit': event.visit,
        'synapscale.attempt': event.attempt,
        'error.type': failed ? event.error.code : undefined,
      },
    })
  }

  function tellEnd({ status, startedAt = header.createdAt, finishedAt = startedAt }: RunState): void {
    count('executions_finished', { status })
    observe('execution_seconds', {}, (finishedAt - startedAt) / 1000)
    logLine('info', {
      event: 'execution_finished',
      execution_id: header.executionId,
      workspace_id: header.workspaceId,
      workflow_id: header.workflowId,
      trace_id: trace.traceId,
      trigger: header.trigger,
      status,
      ms: finishedAt - startedAt,
    })
    exportSpan(env, waitUntil, {
      trace,
      parentSpanId: parseTraceparent(header.traceparent)?.spanId,
      name: 'execution',
      kind: 'internal',
      startedAt,
      endedAt: finishedAt,
      failed: status !== 'completed' && status !== 'cancelled',
      attributes: { ...place, 'synapscale.trigger': header.trigger, 'synapscale.status': status },
    })
  }

  return (before, events) => {
    for (const event of events) {
      if ((event.type === 'node_completed' && event.reused !== true) || event.type === 'node_failed') tellVisit(event)
    }
    if (isFinal(state.status) && !isFinal(before)) tellEnd(state)
  }
}
