/** What moves a run, and what it gives: the inputs and outputs of `transition`. */
import type { Json } from '#lib/json'
import type { ChildEnd, LogLevel, RunEvent, Signal, VisitRef } from './event.ts'
import type { NodeError } from './node-error.ts'
import type { Decision, Emission } from './node-type.ts'
import type { Plan } from './plan.ts'
import type { RunState } from './run.ts'
import type { LargeValue, Value } from './value.ts'

/** One performance of a visit. */
export type PerformanceRef = VisitRef & { readonly performance: number }

/** What a node asks for, once its large values have been put where they lie. */
export type KeptDecision = Exclude<Decision<Value>, Emission<Value> | { readonly kind: 'loop' }> | KeptLoop

type KeptLoop = Omit<Extract<Decision, { kind: 'loop' }>, 'items'> & {
  readonly items: readonly Value[] | LargeValue
  /** How many there are, where the list lies elsewhere. */
  readonly total?: number
}

/** What happens to a run from outside. */
export type RunInput =
  /** With a `seed` (`seedOf`) the run goes on from what another one has left. */
  | {
      readonly type: 'start'
      readonly inputs: Value
      readonly seed?: readonly RunEvent[] | undefined
      /** It may not run: it fails with this before anything is performed. */
      readonly refusal?: NodeError | undefined
    }
  | (PerformanceRef & { readonly type: 'succeeded'; readonly output: Value; readonly handles: readonly string[] })
  /** A node asks for more than to go on with a value. */
  | (PerformanceRef & { readonly type: 'decided'; readonly decision: KeptDecision })
  | (PerformanceRef & {
      readonly type: 'failed'
      readonly error: NodeError
      readonly retryable: boolean
      readonly retryAfterMs?: number | undefined
      /** Something of ours is away: no attempt is used up. */
      readonly isOurs?: boolean
    })
  /** The machine stopped while this visit was performed. */
  | (PerformanceRef & { readonly type: 'lost' })
  /** A node says something while it is performed. */
  | (PerformanceRef & { readonly type: 'noted'; readonly note: NodeNote })
  /** Time has passed: retries or waits may be due, or the deadline. */
  | { readonly type: 'tick' }
  | { readonly type: 'signal'; readonly signal: Signal }
  | (VisitRef & {
      readonly type: 'approve'
      readonly decision: 'approved' | 'rejected'
      readonly by: string
      readonly comment: string | null
    })
  /** A child execution that this visit started has ended. */
  | (VisitRef & { readonly type: 'child_finished'; readonly end: ChildEnd })
  | { readonly type: 'pause'; readonly by: string | null }
  | { readonly type: 'resume'; readonly by: string | null }
  | { readonly type: 'cancel'; readonly by: string | null }

export type NodeNote =
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly data?: Json | undefined }
  | { readonly type: 'progress'; readonly progress: Json }

/** What the run asks its actor to do. */
export type RunCommand =
  | (PerformanceRef & { readonly type: 'perform'; readonly attempt: number })
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

/** A step while it is made: what it looks at, and how it writes down what it decides. */
export interface Stepping {
  readonly plan: Plan
  readonly state: RunState
  readonly moment: Moment
  /** Appends an event; the state has taken it in when this returns. */
  readonly record: (event: RunEvent) => void
}
