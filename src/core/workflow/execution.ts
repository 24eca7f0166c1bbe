import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { VisitRef } from './event.ts'
import { inputOf } from './input.ts'
import { NodeError } from './node-error.ts'
import { type Plan } from './plan.ts'
import { EXECUTION_STATUSES, isFinal, type RunState, type Visit, type VisitStatus } from './run.ts'
import { toWaitingFor, WaitingFor } from './waits.ts'

const moment = z.iso.datetime().nullable()

/** An execution as clients see it. */
export const Execution = z.object({
  id: z.uuid(),
  workflow_id: z.uuid(),
  version: z.int(),
  status: z.enum(EXECUTION_STATUSES),
  trigger: z.string(),
  inputs: AnyJson,
  output: AnyJson,
  error: NodeError.nullable(),
  created_at: z.iso.datetime(),
  started_at: moment,
  finished_at: moment,
  duration_ms: z.number().nullable().describe('From start to end; null while it runs.'),
  parent_execution_id: z.uuid().nullable().describe('The execution whose `workflow` node started it.'),
  retry_of: z.uuid().nullable().describe('The execution that failed and that it goes on from.'),
  waiting_for: z.array(WaitingFor).optional().describe('Where one execution is read that has not ended.'),
})
export type Execution = z.infer<typeof Execution>

export const VISIT_STATUSES = [
  'running',
  'retrying',
  'waiting',
  'completed',
  'failed',
  'cancelled',
] as const satisfies VisitStatus[]

/** One performance of a node, as a row of `/executions/{id}/nodes`. */
export const NodeVisit = z.object({
  node_id: z.string(),
  visit: z.int().describe('Counts from 1 for each node.'),
  status: z.enum(VISIT_STATUSES),
  attempts: z.int(),
  input: AnyJson,
  output: AnyJson,
  error: NodeError.nullable(),
  started_at: moment,
  finished_at: moment,
})
export type NodeVisit = z.infer<typeof NodeVisit>

/** Which of a run's visits are asked for. */
export interface VisitRange {
  readonly nodeId: string | undefined
  /** How many of them are left out first. */
  readonly offset: number
  readonly limit: number
}

/** Some visits, fewer than asked for when they are large, and how many there are in all. */
export interface SomeVisits {
  readonly items: readonly NodeVisit[]
  readonly total: number
}

/** What a run is told at its start and never changes. */
export const RunHeader = z.object({
  executionId: z.string(),
  workspaceId: z.string(),
  workflowId: z.string(),
  workflowName: z.string(),
  version: z.int(),
  trigger: z.string(),
  createdBy: z.string().nullable(),
  createdAt: z.number(),
  /** The plain variables that the graph names, as they were at the start. */
  vars: z.record(z.string(), z.string()).optional(),
  /** The visit that started it, and how many executions stand above it. */
  parent: z.object({ executionId: z.string(), ...VisitRef.shape, depth: z.int() }).optional(),
  /** How many executions stand above it, where an agent's tool started it. */
  depth: z.int().optional(),
  /** The execution that failed and that it goes on from. */
  retryOf: z.string().optional(),
})
export type RunHeader = z.infer<typeof RunHeader>

/** How many executions stand above this one. */
export function depthOf({ parent, depth }: Pick<RunHeader, 'parent' | 'depth'>): number {
  return parent?.depth ?? depth ?? 0
}

/** The execution as it stands now. */
export function toExecution(header: RunHeader, state: RunState): Execution {
  const { startedAt, finishedAt } = state
  return {
    id: header.executionId,
    workflow_id: header.workflowId,
    version: header.version,
    status: state.status,
    trigger: header.trigger,
    inputs: state.inputs,
    output: state.output,
    error: state.error ?? null,
    created_at: new Date(header.createdAt).toISOString(),
    started_at: toIso(startedAt),
    finished_at: toIso(finishedAt),
    duration_ms: startedAt === undefined || finishedAt === undefined ? null : finishedAt - startedAt,
    parent_execution_id: header.parent?.executionId ?? null,
    retry_of: header.retryOf ?? null,
    ...(isFinal(state.status) ? {} : { waiting_for: toWaitingFor(state) }),
  }
}

/** Its visits in the order of their start, or some of them. */
export function toNodeVisits(
  plan: Plan,
  state: RunState,
  visits: Iterable<Visit> = state.visits.values(),
): NodeVisit[] {
  return Array.from(visits, (visit) => ({
    node_id: visit.node_id,
    visit: visit.visit,
    status: visit.status,
    attempts: visit.attempt,
    input: inputOf(plan, state, visit),
    output: visit.status === 'completed' ? visit.output : null,
    error: visit.error ?? null,
    started_at: toIso(visit.startedAt),
    finished_at: toIso(visit.finishedAt),
  }))
}

function toIso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString()
}

/** The names that frames have for clients: the contract's. */
const EVENT_TYPES = [
  'execution_started',
  'execution_progress',
  'execution_waiting',
  'execution_paused',
  'execution_completed',
  'execution_failed',
  'execution_cancelled',
  'node_started',
  'node_progress',
  'node_completed',
  'node_failed',
  'node_skipped',
  'node_retrying',
  'log_message',
] as const

/** An event as watchers get it: the names are fixed by the contract. */
export const ExecutionFrame = z.object({
  seq: z.int().describe('Dense from 1.'),
  event_type: z.enum(EVENT_TYPES),
  execution_id: z.uuid(),
  node_id: z.string().nullable(),
  timestamp: z.iso.datetime(),
  data: AnyJsonObject,
})
export type ExecutionFrame = z.infer<typeof ExecutionFrame>

export const ExecutionFilter = z.object({
  workflow_id: z.uuid().optional(),
  status: z.enum(EXECUTION_STATUSES).optional(),
  trigger: z.string().max(50).optional().describe('What started it, e.g. `manual`, `webhook`, `retry`.'),
  parent_execution_id: z.uuid().optional(),
  retry_of: z.uuid().optional(),
  from: z.iso.datetime({ offset: true }).optional().describe('Made at this time or later.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Made at this time or before.'),
})
export type ExecutionFilter = z.infer<typeof ExecutionFilter>

export const ControlAction = z.enum(['cancel', 'pause', 'resume', 'retry'])
export type ControlAction = z.infer<typeof ControlAction>
