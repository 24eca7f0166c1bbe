/** How a visit that is performed comes to its decision, and what has to be read for it first. */
import type { Json } from '#lib/json'
import type { Machine } from './advance.ts'
import { type AnyNodeType, type Decision, emit } from './node-type.ts'
import { openVisit, type RunFacts, type Visiting } from './open-visit.ts'
import { planNode, type PlanNode } from './plan.ts'
import { type RunState, visitOf } from './run.ts'
import type { PerformanceRef } from './step.ts'
import { fill, largeIn, type LargeRef, type LargeValue } from './value.ts'

interface OpenedPerformance {
  readonly needs: readonly LargeRef[]
  /** @param run performs the node, where that is what there is to do */
  come(read: (large: LargeValue) => Json, run: (visiting: Visiting) => Promise<Decision>): Promise<Decision>
}

/**
 * Takes the picture of what the visit sees: the run goes on while it is performed.
 *
 * @param secretsOf what stands for the secrets that a node names
 */
export function openPerformance(
  { plan, catalog, facts }: Machine,
  state: RunState,
  ref: PerformanceRef,
  now: number,
  secretsOf: (node: PlanNode, type: AnyNodeType) => RunFacts['secrets'],
): OpenedPerformance {
  const { loop } = visitOf(state, ref)
  if (loop !== undefined) {
    const results = loop.results.flat()
    const come: OpenedPerformance['come'] = async (read) => emit(fill(results, read), 'done')
    return { needs: largeIn(results).map((large) => large.ref), come }
  }
  const node = planNode(plan, ref.node_id)
  const { pinned } = node
  if (pinned !== undefined) return { needs: [], come: async () => emit(pinned, node.mainHandle) }
  const type = catalog[node.type]
  if (type === undefined) throw new Error(`no node type ${node.type}`)
  const secrets = secretsOf(node, type)
  const visit = openVisit(plan, state, ref, type, secrets === undefined ? facts : { ...facts, secrets }, now)
  return {
    needs: visit.needs,
    async come(read, run) {
      const visiting = visit.see(read)
      return node.disabled ? emit(visiting.input, node.mainHandle) : run(visiting)
    },
  }
}
