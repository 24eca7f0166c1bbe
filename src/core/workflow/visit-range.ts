/** Visits of a run in parts that fit into one answer. */
import { JsonTooLarge, measureJson } from '#lib/json'
import { type NodeVisit, type SomeVisits, toNodeVisits, type VisitRange } from './execution.ts'
import type { Plan } from './plan.ts'
import type { RunState } from './run.ts'

/** Of one answer: the platform passes at most 32 MiB from one worker to another. */
const ANSWER_BYTES = 8_000_000

/** The visits of a range, in the order of their start: as many as fit into one answer, and one at least. */
export function visitsIn(plan: Plan, state: RunState, { nodeId, offset, limit }: VisitRange): SomeVisits {
  const all = [...state.visits.values()]
  const wanted = nodeId === undefined ? all : all.filter((visit) => visit.node_id === nodeId)
  const items: NodeVisit[] = []
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

function sizeOf(item: NodeVisit): number {
  try {
    return measureJson([item.input, item.output], ANSWER_BYTES)
  } catch (error) {
    if (error instanceof JsonTooLarge) return ANSWER_BYTES
    throw error
  }
}
