import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { VisitRef } from './event.ts'
import { inputOf } from './input.ts'
import { NodeError } from './node-error.ts'
import type { RunFacts } from './open-visit.ts'
import { type Plan } from './plan.ts'
import { LargeNote } from './large-note.ts'
import { EXECUTION_STATUSES, isFinal, type RunState, type Visit, type VisitStatus } from './run.ts'
import { type Hole, type Holes, takeOut, withHoles } from './value.ts'
import { toWaitingFor, WaitingFor } from './waits.ts'

const moment = z.iso.datetime().nullable()
const LargeNotes = z.array(LargeNote).optional().describe('Values that are too large to stand here.')

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
  large: LargeNotes,
})
export type Execution = z.infer<typeof Execution>

/** The same before its large values are read: null stands in their place. */
export type ExecutionRecord = Omit<Execution, 'large'> & Holes

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
  large: LargeNotes,
})
export type NodeVisit = z.infer<typeof NodeVisit>
export type VisitRecord = Omit<NodeVisit, 'large'> & Holes

/** Which of a run's visits are asked for. */
export interface VisitRange {
  readonly nodeId: string | undefined
  /** Only this one of each node. */
  readonly visit?: number | undefined
  /** How many of them are left out first. */
  readonly offset: number
  readonly limit: number
}

/** Some visits, fewer than asked for when they are large, and how many there are in all. */
export interface SomeVisits {
  readonly items: readonly VisitRecord[]
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
  /** The workflows of the executions because of which it began, the first one first; none began it where absent. */
  chain: z.array(z.string()).optional(),
  /** How many executions stand above it, where an agent's tool started it. */
  depth: z.int().optional(),
  /** The turn of a chat that waits for what it says. */
  chat: z.object({ chatId: z.string(), turnId: z.string() }).optional(),
  /** The execution that failed and that it goes on from. */
  retryOf: z.string().optional(),
  /** The span that began it (W3C Trace Context). */
  traceparent: z.string().optional(),
})
export type RunHeader = z.infer<typeof RunHeader>

/** How many executions stand above this one. */
export function depthOf({ parent, depth }: Pick<RunHeader, 'parent' | 'depth'>): number {
  return parent?.depth ?? depth ?? 0
}

/** What its expressions and nodes may know of it. */
export function factsOf(header: RunHeader): RunFacts {
  return {
    workspaceId: header.workspaceId,
    execution: { id: header.executionId },
    workflow: { id: header.workflowId, name: header.workflowName, version: header.version },
    vars: header.vars,
    createdBy: header.createdBy,
    depth: depthOf(header),
    chain: header.chain,
  }
}

/** The chain of what begins because of this execution. */
export function chainBelow({ chain = [], workflowId }: Pick<RunHeader, 'chain' | 'workflowId'>): string[] {
  return [...chain, workflowId]
}

/** The execution as it stands now. */
export function toExecution(header: RunHeader, state: RunState): ExecutionRecord {
  const { startedAt, finishedAt } = state
  const holes: Hole[] = []
  return {
    id: header.executionId,
    workflow_id: header.workflowId,
    version: header.version,
    status: state.status,
    trigger: header.trigger,
    inputs: takeOut(state.inputs, ['inputs'], holes),
    output: takeOut(state.output, ['output'], holes),
    error: state.error ?? null,
    created_at: new Date(header.createdAt).toISOString(),
    started_at: toIso(startedAt),
    finished_at: toIso(finishedAt),
    duration_ms: startedAt === undefined || finishedAt === undefined ? null : finishedAt - startedAt,
    parent_execution_id: header.parent?.executionId ?? null,
    retry_of: header.retryOf ?? null,
    ...(isFinal(state.status) ? {} : { waiting_for: toWaitingFor(state) }),
    ...withHoles(holes),
  }
}

/** Its visits in the order of their start, or some of them. */
export function toNodeVisits(
  plan: Plan,
  state: RunState,
  visits: Iterable<Visit> = state.visits.values(),
): VisitRecord[] {
  return Array.from(visits, (visit) => toNodeVisit(plan, state, visit))
}

function toNodeVisit(plan: Plan, state: RunState, visit: Visit): VisitRecord {
  const holes: Hole[] = []
  return {
    node_id: visit.node_id,
    visit: visit.visit,
    status: visit.status,
    attempts: visit.attempt,
    input: takeOut(inputOf(plan, state, visit), ['input'], holes),
    output: visit.status === 'completed' ? takeOut(visit.output, ['output'], holes) : null,
    error: visit.error ?? null,
    started_at: toIso(visit.startedAt),
    finished_at: toIso(visit.finishedAt),
    ...withHoles(holes),
  }
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
