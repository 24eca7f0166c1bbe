/**
 * What a run consists of: its events (the truth, stored), the state they add up to, the inputs that move it and the
 * commands that it gives.
 *
 * I1  State is the fold of the events: `replay(plan, events)` equals the state that `transition` left.
 * I2  A visit's outcome is recorded once: an outcome whose `performance` is not the visit's current one is ignored.
 * I3  Every visit is running or retrying until exactly one of node_completed, node_failed or the end of the run.
 * I4  After a final event nothing is appended.
 * I5  A crash of ours raises `performance`, never `attempt`.
 */
import { z } from 'zod'
import { AnyJson } from '#core/json'
import type { Json } from '#lib/json'
import { NodeError } from './node-error.ts'

export const EXECUTION_STATUSES = [
  'pending',
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timeout',
] as const
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number]
const FINAL: ReadonlySet<ExecutionStatus> = new Set(['completed', 'failed', 'cancelled', 'timeout'])

export function isFinal(status: ExecutionStatus): boolean {
  return FINAL.has(status)
}

/** A visit of a node: `visit` counts from 1 for each node. */
const VisitRef = z.object({ node_id: z.string(), visit: z.int() })
export type VisitRef = z.infer<typeof VisitRef>

/** A value on its way: which edge brought it, and whose output it is. */
const Token = z.object({ edge: z.string(), from: VisitRef })
export type Token = z.infer<typeof Token>

const at = z.number()
const performed = { ...VisitRef.shape, at, attempt: z.int(), performance: z.int() }

/** The events of a run, as stored; each is also a frame for watchers. `at` is Unix milliseconds. */
export const RunEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('execution_started'), at, inputs: AnyJson }),
  z.object({ type: z.literal('node_started'), ...performed, tokens: z.array(Token) }),
  z.object({ type: z.literal('node_completed'), ...performed, handles: z.array(z.string()), output: AnyJson }),
  z.object({
    type: z.literal('node_retrying'),
    ...performed,
    resume_at: z.number(),
    error: NodeError,
    /** It could not begin: what it needs is away for a while. Uses up no attempt. */
    parked: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('node_failed'),
    ...performed,
    error: NodeError,
    on_error: z.enum(['fail', 'continue', 'branch']),
  }),
  z.object({ type: z.literal('node_skipped'), at, node_id: z.string() }),
  z.object({ type: z.literal('execution_completed'), at, output: AnyJson }),
  z.object({ type: z.literal('execution_failed'), at, status: z.enum(['failed', 'timeout']), error: NodeError }),
  z.object({ type: z.literal('execution_cancelled'), at, by: z.string().nullable() }),
])
export type RunEvent = z.infer<typeof RunEvent>

export type VisitStatus = 'running' | 'retrying' | 'completed' | 'failed' | 'cancelled'

export interface Visit {
  readonly node_id: string
  readonly visit: number
  readonly tokens: readonly Token[]
  readonly startedAt: number
  status: VisitStatus
  /** Attempts that the retry policy counts. */
  attempt: number
  /** Fences late results (I2): raised every time the visit is performed, also after a crash. */
  performance: number
  resumeAt: number | undefined
  /** How often it was parked: performances that are neither attempts nor crashes. */
  parks: number
  /** What its edges carry on. */
  output: Json
  error: NodeError | undefined
  finishedAt: number | undefined
}

/** The tokens that wait at a node for its join. */
export interface Waiting {
  /** In order of arrival. */
  tokens: Token[]
  /** How many of them came over each edge. */
  readonly byEdge: Map<string, number>
}

/** Owned by one run: `apply` changes it in place, since copying it per event would make long runs quadratic. */
export interface RunState {
  status: ExecutionStatus
  inputs: Json
  output: Json
  error: NodeError | undefined
  startedAt: number | undefined
  finishedAt: number | undefined
  /** Every visit in the order of their start. */
  readonly visits: Map<string, Visit>
  /** How often each node was visited. */
  readonly visitCounts: Map<string, number>
  /** The last output of each node, for `$nodes`. */
  readonly outputs: Map<string, Json>
  /** How many of the plan's starts have begun. */
  begun: number
  /** What the outputs of all visits take as JSON. */
  outputBytes: number
  /** Nodes at which tokens wait; the one that has waited longest comes first. */
  readonly arrivals: Map<string, Waiting>
  /** Edges whose next token a join `any` has already decided against, and how many. */
  readonly ignored: Map<string, number>
  /** Visits that run or wait for their next attempt. */
  readonly live: Set<string>
}

export function initialState(): RunState {
  return {
    status: 'pending',
    inputs: null,
    output: null,
    error: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    visits: new Map(),
    visitCounts: new Map(),
    outputs: new Map(),
    begun: 0,
    outputBytes: 0,
    arrivals: new Map(),
    ignored: new Map(),
    live: new Set(),
  }
}

export function visitKey(ref: VisitRef): string {
  return `${ref.visit}:${ref.node_id}`
}

/** A visit that the events have started; anything else is a bug of ours. */
export function visitOf(state: RunState, ref: VisitRef): Visit {
  const visit = state.visits.get(visitKey(ref))
  if (visit === undefined) throw new Error(`no visit ${visitKey(ref)}`)
  return visit
}

/** What happens to a run from outside. */
export type RunInput =
  | { readonly type: 'start'; readonly inputs: Json }
  | (VisitRef & {
      readonly type: 'succeeded'
      readonly performance: number
      readonly output: Json
      readonly handles: readonly string[]
    })
  | (VisitRef & {
      readonly type: 'failed'
      readonly performance: number
      readonly error: NodeError
      readonly retryable: boolean
      readonly retryAfterMs?: number | undefined
    })
  /** The machine stopped while this visit was performed. */
  | (VisitRef & { readonly type: 'lost'; readonly performance: number })
  /** What this visit needs is away for a while; it is performed again when it may be back. */
  | (VisitRef & { readonly type: 'parked'; readonly performance: number; readonly error: NodeError })
  /** Time has passed: retries may be due, or the deadline. */
  | { readonly type: 'tick' }
  | { readonly type: 'cancel'; readonly by: string | null }

/** What the run asks its actor to do. */
export type RunCommand =
  | (VisitRef & { readonly type: 'perform'; readonly attempt: number; readonly performance: number })
  /** The run is over: whatever is still performed is of no use. */
  | { readonly type: 'abort_all' }

/** The moment of a step: time and chance are arguments. `random` lies in [0, 1). */
export interface Moment {
  readonly now: number
  readonly random: number
}

export interface Step {
  readonly events: readonly RunEvent[]
  readonly commands: readonly RunCommand[]
}
