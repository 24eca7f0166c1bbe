import { z } from 'zod'
import { GraphSettings, NodeData } from './graph.ts'

/** A node of a compiled graph: everything that a run needs to know of it. */
export const PlanNode = z.object({
  ...NodeData.shape,
  id: z.string(),
  type: z.string(),
  /** Whether its config holds what only the sandbox can evaluate: then it is performed, never decided. */
  sandbox: z.boolean(),
  /** Where a node leaves that is disabled, or that goes on after a failure: its type's first handle. */
  mainHandle: z.string(),
  /** Ids of edges, in the graph's order. */
  incoming: z.array(z.string()),
  outgoing: z.array(z.string()),
})
export type PlanNode = z.infer<typeof PlanNode>

export const PlanEdge = z.object({
  id: z.string(),
  source: z.string(),
  sourceHandle: z.string(),
  target: z.string(),
  targetHandle: z.string(),
})
export type PlanEdge = z.infer<typeof PlanEdge>

/** A graph without problems, ready to run; stored with the run, which is thereby pinned to it (P7). */
export const Plan = z.object({
  nodes: z.record(z.string(), PlanNode),
  edges: z.record(z.string(), PlanEdge),
  /** Where an execution begins. */
  starts: z.array(z.string()),
  settings: GraphSettings,
})
export type Plan = z.infer<typeof Plan>

/** A broken reference within a plan: a bug of ours, since `compile` made it. */
export function planNode(plan: Plan, id: string): PlanNode {
  const node = plan.nodes[id]
  if (node === undefined) throw new Error(`plan has no node ${id}`)
  return node
}

export function planEdge(plan: Plan, id: string): PlanEdge {
  const edge = plan.edges[id]
  if (edge === undefined) throw new Error(`plan has no edge ${id}`)
  return edge
}
