/** How tokens move: from a visit along its edges, into a loop's items and back, and into the next visit. */
import type { ItemRef, Token, VisitRef } from './event.ts'
import { aliveNodes, findVoidIgnores } from './join.ts'
import { isCollected, opensItem, type Plan, planEdge, planNode } from './plan.ts'
import { canReach } from './reach.ts'
import { type Arrivals, createFrame, type Frame, frameOf, itemKey, type RunState, type Visit, visitOf } from './run.ts'
import { memberAt, type Value } from './value.ts'

/** The value that a token brings to a visit in this frame. */
export function valueOf(plan: Plan, state: RunState, token: Token, item: ItemRef | undefined): Value {
  const source = visitOf(state, token.from)
  if (item === undefined || source.loop === undefined || !opensItem(plan, planEdge(plan, token.edge))) {
    return source.output
  }
  return memberAt(source.loop.items, item.index)
}

/** Sends a visit's output on over every edge that leaves from one of `handles`. */
export function sendTokens(plan: Plan, state: RunState, visit: Visit, handles: readonly string[]): void {
  const frame = frameOf(state, visit.item)
  send(plan, state, frame, visit, handles)
  for (const edge of findVoidIgnores(plan, state, frame)) frame.ignored.delete(edge)
}

/** Opens the next item of a loop: its value leaves by `body`, in a frame of its own. */
export function openItem(plan: Plan, state: RunState, visit: Visit, index: number): void {
  const item: ItemRef = { node_id: visit.node_id, visit: visit.visit, index }
  const frame = createFrame(item, frameOf(state, visit.item))
  state.items.set(itemKey(item), frame)
  const { roles } = planNode(plan, visit.node_id)
  send(
    plan,
    state,
    frame,
    visit,
    Object.keys(roles).filter((handle) => roles[handle] === 'item'),
  )
}

function send(plan: Plan, state: RunState, frame: Frame, visit: Visit, handles: readonly string[]): void {
  const from: VisitRef = { node_id: visit.node_id, visit: visit.visit }
  for (const id of planNode(plan, visit.node_id).outgoing) {
    const edge = planEdge(plan, id)
    if (!handles.includes(edge.sourceHandle)) continue
    const token: Token = { edge: id, from }
    // What comes back to a loop that it does not belong to means nothing.
    if (isCollected(plan, edge)) enclosing(frame, edge.target)?.collected.push(valueOf(plan, state, token, frame.item))
    else if (!isIgnored(frame, id)) arrive(frame, edge.target, token)
  }
}

/** The item of this loop that a frame lies in. */
function enclosing(frame: Frame | undefined, loopId: string): Frame | undefined {
  return frame === undefined || frame.item?.node_id === loopId ? frame : enclosing(frame.parent, loopId)
}

function isIgnored({ ignored }: Frame, edge: string): boolean {
  const times = ignored.get(edge) ?? 0
  if (times > 1) ignored.set(edge, times - 1)
  else ignored.delete(edge)
  return times > 0
}

function arrive(frame: Frame, nodeId: string, token: Token): void {
  const waiting: Arrivals = frame.arrivals.get(nodeId) ?? { tokens: [], byEdge: new Map() }
  waiting.tokens.push(token)
  waiting.byEdge.set(token.edge, (waiting.byEdge.get(token.edge) ?? 0) + 1)
  frame.arrivals.set(nodeId, waiting)
}

/** Takes the tokens that a visit starts with; a join `any` lets the next one of each other edge go by. */
export function takeTokens(plan: Plan, state: RunState, frame: Frame, nodeId: string, tokens: readonly Token[]): void {
  const waiting = frame.arrivals.get(nodeId)
  if (waiting === undefined) return
  for (const token of tokens) remove(waiting, token)
  frame.arrivals.delete(nodeId)
  const { join, incoming } = planNode(plan, nodeId)
  if (join === 'any')
    ignoreOthers(
      plan,
      state,
      frame,
      waiting,
      incoming.filter((id) => tokens[0]?.edge !== id),
    )
  if (waiting.tokens.length > 0) frame.arrivals.set(nodeId, waiting)
}

/** The others of a join `any`: what has come is dropped, what can still come is let go by. */
function ignoreOthers(plan: Plan, state: RunState, frame: Frame, waiting: Arrivals, others: readonly string[]): void {
  const missing = others.filter((edge) => {
    const first = waiting.tokens.find((token) => token.edge === edge)
    if (first !== undefined) remove(waiting, first)
    return first === undefined
  })
  if (missing.length === 0) return
  const alive = aliveNodes(plan, state, frame)
  for (const edge of missing) {
    if (canReach(plan, alive, edge)) frame.ignored.set(edge, (frame.ignored.get(edge) ?? 0) + 1)
  }
}

function remove(waiting: Arrivals, { edge, from }: Token): void {
  const index = waiting.tokens.findIndex(
    (token) => token.edge === edge && token.from.visit === from.visit && token.from.node_id === from.node_id,
  )
  if (index === -1) return
  waiting.tokens.splice(index, 1)
  const left = (waiting.byEdge.get(edge) ?? 0) - 1
  if (left > 0) waiting.byEdge.set(edge, left)
  else waiting.byEdge.delete(edge)
}
