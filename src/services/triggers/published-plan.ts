import { withoutPins } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { startingAt } from '#core/workflow/starting-at'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import type { Hook } from './find-hook.ts'

/** Of this isolate, some kilobytes each. */
const MAX_KEPT = 200

/** The last used is the last. Versions never change, and code that changes begins in another isolate. */
const kept = new Map<string, Plan>()

/**
 * What a published webhook runs, compiled once.
 *
 * @throws AppError `workflow_invalid`
 */
export function publishedPlan(
  { workflowId, nodeId }: Pick<Hook, 'workflowId' | 'nodeId'>,
  { version, definition }: NonNullable<Hook['published']>,
): Plan {
  const key = `${workflowId}/${version}/${nodeId}`
  const plan = kept.get(key) ?? startingAt(withoutPins(compileOrRefuse(definition)), nodeId)
  kept.delete(key)
  kept.set(key, plan)
  for (const oldest of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(oldest)
  return plan
}
