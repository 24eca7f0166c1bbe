/** What begins when something has changed: retries that are due, nodes whose join is complete, the end. */
import { JsonTooLarge, measureJson } from '#lib/json'
import { failExecution } from './outcome.ts'
import { findReady, type Ready } from './join.ts'
import { settleLoops } from './loop.ts'
import { isCollected, opensItem, type Plan, planEdge, type PlanNode } from './plan.ts'
import { frameOf, type RunState, type Visit } from './run.ts'
import type { RunCommand, Stepping } from './step.ts'
import type { Value } from './value.ts'

/** Several ends together stand in one event, but for those of them that are large. */
const MAX_ENDS_BYTES = 4_194_304

/** Starts whatever can start, as far as the concurrency allows, and ends the run when nothing is left. */
export function startReady(step: Stepping, commands: RunCommand[]): void {
  const { plan, state } = step
  if (!mayStart(state)) return
  for (const visit of dueRetries(step)) start(step, commands, { ...visit, nodeId: visit.node_id }, visit)
  while (mayStart(state)) {
    settleLoops(step, commands)
    if (!mayStart(state) || state.live.size >= plan.settings.concurrency) break
    const ready = nextStart(plan, state) ?? findReady(plan, state)
    if (ready === undefined) break
    start(step, commands, ready)
  }
  if (mayStart(state) && state.root.live.size === 0 && state.root.arrivals.size === 0) complete(step)
}

function mayStart({ status }: RunState): boolean {
  return status === 'running' || status === 'waiting'
}

function start(step: Stepping, commands: RunCommand[], ready: Ready, retried?: Visit): void {
  const { state, moment } = step
  if (retried === undefined && failIfTooMany(step, ready)) return
  const performed = {
    node_id: ready.nodeId,
    visit: retried?.visit ?? (state.visitCounts.get(ready.nodeId) ?? 0) + 1,
    attempt: retried?.attempt ?? 1,
    performance: (retried?.performance ?? 0) + 1,
  }
  const { item, tokens } = ready
  step.record({
    type: 'node_started',
    at: moment.now,
    ...performed,
    tokens: [...tokens],
    ...(item === undefined ? {} : { item }),
  })
  commands.push({ type: 'perform', ...performed })
}

/** A node may be re-entered so often within one frame: each item of a loop counts for itself. */
function failIfTooMany(step: Stepping, { nodeId, item }: Ready): boolean {
  const { state, plan } = step
  const { max_node_visits: perNode, max_visits: perRun } = plan.settings
  const isNode = (frameOf(state, item).visitCounts.get(nodeId) ?? 0) >= perNode
  if (!isNode && state.visits.size < perRun) return false
  failExecution(step, 'too_many_visits', { limit: isNode ? perNode : perRun, node: nodeId }, nodeId)
  return true
}

/** The starts come before anything else, so that no join decides while one of them is still to begin. */
function nextStart(plan: Plan, { begun, root }: RunState): Ready | undefined {
  const next = plan.starts[begun]
  if (next === undefined) return undefined
  // A retried run may have kept a later one.
  const nodeId = root.visitCounts.has(next) ? plan.starts.find((id) => !root.visitCounts.has(id)) : next
  return nodeId === undefined ? undefined : { nodeId, item: undefined, tokens: [] }
}

function dueRetries({ state, moment }: Stepping): Visit[] {
  return [...state.live].flatMap((key) => {
    const visit = state.visits.get(key)
    return visit?.resumeAt !== undefined && visit.resumeAt <= moment.now ? [visit] : []
  })
}

function complete(step: Stepping): void {
  const { plan, state, moment } = step
  for (const node_id of Object.keys(plan.nodes)) {
    if (!state.visitCounts.has(node_id)) step.record({ type: 'node_skipped', at: moment.now, node_id })
  }
  const output = outputOf(plan, state)
  if (fits(output)) return step.record({ type: 'execution_completed', at: moment.now, output })
  failExecution(step, 'output_too_large', { limit: MAX_ENDS_BYTES })
}

/** Several ends together may be more than one event can hold. */
function fits(output: Value): boolean {
  try {
    measureJson(output, MAX_ENDS_BYTES)
    return true
  } catch (error) {
    if (error instanceof JsonTooLarge) return false
    throw error
  }
}

/** The output of the visited node without outgoing edges, or an object by node id when there are several. */
function outputOf(plan: Plan, { root }: RunState): Value {
  const isReached = (id: string): boolean => root.visitCounts.has(id) && root.outputs.has(id)
  const ends = Object.values(plan.nodes).filter((node) => isEnd(plan, node) && isReached(node.id))
  const [only] = ends
  if (ends.length === 1 && only !== undefined) return root.outputs.get(only.id) ?? null
  return ends.length === 0 ? null : Object.fromEntries(ends.map((node) => [node.id, root.outputs.get(node.id) ?? null]))
}

/** An edge for failures does not make a last node another's predecessor, nor does the body of a loop. */
function isEnd(plan: Plan, node: PlanNode): boolean {
  return node.outgoing.every((id) => {
    const edge = planEdge(plan, id)
    return edge.sourceHandle === 'error' || opensItem(plan, edge) || isCollected(plan, edge)
  })
}
