/** What a run waits for and how that is answered, as its actor's callers see it. */
import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import type { Json } from '#lib/json'
import { VisitRef } from './event.ts'
import { waitData } from './frame.ts'
import type { RunState, VisitStatus } from './run.ts'

/** A visit that waits, and for what. */
export const VisitWait = z.object({
  ...VisitRef.shape,
  since: z.iso.datetime(),
  wait: AnyJsonObject.describe('"for": time, signal, approval or execution; "until" when it ends at the latest.'),
})
export type VisitWait = z.infer<typeof VisitWait>

export interface ApprovalDecision {
  readonly decision: 'approved' | 'rejected'
  readonly by: string
  readonly comment: string | null
}

/** The decision that stands, as the visit's output; `applied` says whether it is the one that was just made. */
export interface ApprovalAnswer {
  readonly applied: boolean
  readonly status: VisitStatus
  readonly output: Json
}

/** `refused`: more or larger signals than a run keeps for later. */
export type SignalAnswer = 'accepted' | 'duplicate' | 'refused' | 'finished'

export function toVisitWaits(state: RunState): VisitWait[] {
  return [...state.waiting].flatMap((key): VisitWait[] => {
    const visit = state.visits.get(key)
    if (visit?.wait === undefined) return []
    const { node_id, visit: number, wait, startedAt } = visit
    return [{ node_id, visit: number, since: new Date(startedAt).toISOString(), wait: waitData(wait) }]
  })
}
