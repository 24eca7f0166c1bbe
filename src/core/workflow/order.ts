import type { Json } from '#lib/json'
import type { RunEvent } from './event.ts'
import type { RunHeader } from './execution.ts'
import type { NodeError } from './node-error.ts'
import type { Plan } from './plan.ts'

/** What a run is started with. */
export interface RunOrder {
  readonly header: RunHeader
  readonly plan: Plan
  readonly inputs: Json
  /** The events that it goes on from (`seedOf`), when it is a retry. */
  readonly seed?: readonly RunEvent[]
  /** Why it may not run: it begins and fails with this, for its owner to see. */
  readonly refusal?: NodeError | undefined
}
