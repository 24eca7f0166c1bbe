import type { Json } from '#lib/json'
import type { RunHeader } from './execution.ts'
import type { RunEvent } from './event.ts'
import type { NodeError } from './node-error.ts'
import type { Plan } from './plan.ts'
import type { RunInput } from './step.ts'
import { StoredEvent, toStored } from './stored-event.ts'
import { type Hole, type Holes, ownedBy, restore, takeOut, type Value, withHoles } from './value.ts'

/** What a run is started with; the holes are in `inputs`. */
export interface RunOrder extends Holes {
  readonly header: RunHeader
  readonly plan: Plan
  readonly inputs: Json
  /** The events that it goes on from (`seedOf`), when it is a retry. */
  readonly seed?: readonly StoredEvent[] | undefined
  /** Why it may not run: it begins and fails with this, for its owner to see. */
  readonly refusal?: NodeError | undefined
}

/** The first input of a run. */
export function toStart({ inputs, large, seed, refusal }: RunOrder): RunInput & { type: 'start' } {
  const given: { inputs: Value } = { inputs }
  const events = seed?.map((event) => StoredEvent.parse(event))
  return { type: 'start', ...restore({ ...given, large }), seed: events, refusal }
}

/**
 * What a run leaves to one that goes on from there.
 *
 * @param owner the execution that has all its objects itself; undefined: each reference says who has it
 */
export function toRetryOrder(
  plan: Plan,
  inputs: Value,
  seed: readonly RunEvent[],
  owner: string | undefined,
): Omit<RunOrder, 'header'> {
  const owned = (holes: readonly Hole[]): readonly Hole[] => (owner === undefined ? holes : ownedBy(owner, holes))
  const holes: Hole[] = []
  const bare = takeOut(inputs, ['inputs'], holes)
  const events = seed.map((event) => {
    const { large, ...rest } = toStored(event)
    return large === undefined ? rest : { ...rest, ...withHoles(owned(large)) }
  })
  return { plan, inputs: bare, ...withHoles(owned(holes)), seed: events }
}
