/** Visits of a run in parts that fit into one answer. */
import { JsonTooLarge, measureJson } from '#lib/json'
import { type SomeVisits, toNodeVisits, type VisitRange, type VisitRecord } from './execution.ts'
import type { Plan } from './plan.ts'
import type { RunState } from './run.ts'

/** Of one answer: the platform passes at most 32 MiB from one worker to another. */
const ANSWER_BYTES = 8_000_000

/** The visits of a range, in the order of their start: as many as fit into one answer, and one at least. */
export function visitsIn(plan: Plan, state: RunState, { nodeId, visit: only, offset, limit }: VisitRange): SomeVisits {
  const all = [...state.visits.values()]
  const wanted = all.filter(
    ({ node_id, visit }) => (nodeId === undefined || node_id === nodeId) && (only === undefined || visit === only),
  )
  const items: VisitRecord[] = []
  let bytes = 0
  for (const visit of wanted.slice(offset, offset + limit)) {
    const [item] = toNodeVisits(plan, state, [visit])
    if (item === undefined) break
    bytes += sizeOf(item)
    if (items.length > 0 && bytes > ANSWER_BYTES) break
    items.push(item)
  }
  return { items, total: wanted.length }
}

function sizeOf(item: VisitRecord): number {
  try {
    return measureJson([item.input, item.output], ANSWER_BYTES)
  } catch (error) {
    if (error instanceof JsonTooLarge) return ANSWER_BYTES
    throw error
  }
}
