/** Which values of its run a node's config names: only those are read for a visit, where they lie elsewhere. */
import type { Root } from './names.ts'
import type { AnyNodeType } from './node-type.ts'
import type { PlanNode } from './plan.ts'
import { findSources } from './programs.ts'

export interface NamedValues {
  readonly roots: ReadonlySet<Root>
  /** Whether `$nodes.<id>` may be read. */
  isRead(nodeId: string): boolean
}

/** By the node of a run's plan, which does not change. */
const known = new WeakMap<PlanNode, NamedValues>()

export function namesIn(node: PlanNode, type: AnyNodeType): NamedValues {
  const found = known.get(node) ?? readNames(node, type)
  known.set(node, found)
  return found
}

function readNames(node: PlanNode, type: AnyNodeType): NamedValues {
  const roots = new Set<Root>()
  const ids = new Set<string>()
  let all = false
  for (const { result } of findSources(node.config, type)) {
    if (!result.ok) continue
    for (const root of result.value.roots) roots.add(root)
    for (const id of result.value.nodeIds) ids.add(id)
    all ||= result.value.allNodes
  }
  return { roots, isRead: (id) => all || ids.has(id) }
}
