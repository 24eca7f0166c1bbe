import { z } from 'zod'
import { GraphSettings, NodeData } from './graph.ts'
import { HANDLE_ROLES } from './node-type.ts'

/** A node of a compiled graph: everything that a run needs to know of it. */
export const PlanNode = z.object({
  ...NodeData.shape,
  id: z.string(),
  type: z.string(),
  /** Whether its config holds what only the sandbox can evaluate: then it is performed, never decided. */
  sandbox: z.boolean().default(false),
  /** Where a node leaves that is disabled, or that goes on after a failure: its type's first handle. */
  mainHandle: z.string(),
  /** What its handles are for a loop; most nodes have none. */
  roles: z.record(z.string(), z.enum(HANDLE_ROLES)).default({}),
  /** Whether its visits start executions, which end with them. */
  startsExecution: z.boolean().default(false),
  /** Ids of edges, in the graph's order; those that bring a loop's items back are not among the incoming. */
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

/** Whether the items of a loop leave by this edge. */
export function opensItem(plan: Plan, { source, sourceHandle }: PlanEdge): boolean {
  return planNode(plan, source).roles[sourceHandle] === 'item'
}

/** Whether what comes over this edge is collected by a loop. */
export function isCollected(plan: Plan, { target, targetHandle }: PlanEdge): boolean {
  return planNode(plan, target).roles[targetHandle] === 'collect'
}
