import { type Json, measureJson } from '#lib/json'
import { aliveNodes, findVoidIgnores } from './join.ts'
import { type Plan, planEdge, planNode } from './plan.ts'
import { canReach } from './reach.ts'
import {
  initialState,
  type RunEvent,
  type RunState,
  type Token,
  type Visit,
  visitKey,
  visitOf,
  type VisitRef,
  type Waiting,
} from './run.ts'

/** Folds one event into the state, in place. Knows what happened, decides nothing. */
export function apply(plan: Plan, state: RunState, event: RunEvent): void {
  switch (event.type) {
    case 'execution_started':
      state.status = 'running'
      state.inputs = event.inputs
      state.startedAt = event.at
      return
    case 'node_started':
      return applyStarted(plan, state, event)
    case 'node_completed':
      finishVisit(state, event, 'completed', event.output, event.at)
      state.outputs.set(event.node_id, event.output)
      state.outputBytes += measureJson(event.output, Number.POSITIVE_INFINITY)
      return sendTokens(plan, state, event, event.handles)
    case 'node_retrying': {
      const visit = visitOf(state, event)
      visit.status = 'retrying'
      visit.attempt = event.attempt
      visit.performance = event.performance
      visit.resumeAt = event.resume_at
      if (event.parked === true) visit.parks += 1
      visit.error = event.error
      return
    }
    case 'node_failed':
      return applyFailed(plan, state, event)
    case 'node_skipped':
      return
    case 'execution_completed':
      state.output = event.output
      return finishRun(state, 'completed', event.at)
    case 'execution_failed':
      state.error = event.error
      return finishRun(state, event.status, event.at)
    case 'execution_cancelled':
      return finishRun(state, 'cancelled', event.at)
    default:
      event satisfies never
  }
}

/** The state that a stored log adds up to (I1). */
export function replay(plan: Plan, events: Iterable<RunEvent>): RunState {
  const state = initialState()
  for (const event of events) apply(plan, state, event)
  return state
}

function applyStarted(plan: Plan, state: RunState, event: RunEvent & { type: 'node_started' }): void {
  const known = state.visits.get(visitKey(event))
  if (known !== undefined) {
    known.status = 'running'
    known.attempt = event.attempt
    known.performance = event.performance
    known.resumeAt = undefined
    return
  }
  const visit: Visit = {
    node_id: event.node_id,
    visit: event.visit,
    tokens: event.tokens,
    startedAt: event.at,
    status: 'running',
    attempt: event.attempt,
    performance: event.performance,
    resumeAt: undefined,
    parks: 0,
    output: null,
    error: undefined,
    finishedAt: undefined,
  }
  state.visits.set(visitKey(event), visit)
  state.visitCounts.set(event.node_id, event.visit)
  state.live.add(visitKey(event))
  // Only a start begins without a token.
  if (event.tokens.length === 0) state.begun += 1
  takeTokens(plan, state, event.node_id, event.tokens)
}

/** Takes the tokens that a visit starts with; a join `any` lets the next one of each other edge go by. */
function takeTokens(plan: Plan, state: RunState, nodeId: string, tokens: readonly Token[]): void {
  const waiting = state.arrivals.get(nodeId)
  if (waiting === undefined) return
  const { join, incoming } = planNode(plan, nodeId)
  const missing = removeFirsts(waiting, join === 'any' ? incoming : tokens.map((token) => token.edge))
  state.arrivals.delete(nodeId)
  if (missing.size > 0) {
    const alive = aliveNodes(plan, state)
    for (const edge of missing) {
      if (canReach(plan, alive, edge)) state.ignored.set(edge, (state.ignored.get(edge) ?? 0) + 1)
    }
  }
  if (waiting.tokens.length > 0) state.arrivals.set(nodeId, waiting)
}

/** Removes the first token of each of these edges; gives the edges that had none. */
function removeFirsts(waiting: Waiting, edges: readonly string[]): ReadonlySet<string> {
  const wanted = new Set(edges)
  waiting.tokens = waiting.tokens.filter(({ edge }) => {
    if (!wanted.delete(edge)) return true
    const left = (waiting.byEdge.get(edge) ?? 0) - 1
    if (left > 0) waiting.byEdge.set(edge, left)
    else waiting.byEdge.delete(edge)
    return false
  })
  return wanted
}

function applyFailed(plan: Plan, state: RunState, event: RunEvent & { type: 'node_failed' }): void {
  const carried: Json = event.on_error === 'branch' ? event.error : null
  finishVisit(state, event, 'failed', carried, event.at)
  visitOf(state, event).error = event.error
  if (event.on_error === 'branch') sendTokens(plan, state, event, ['error'])
  if (event.on_error === 'continue') {
    state.outputs.set(event.node_id, null)
    sendTokens(plan, state, event, [planNode(plan, event.node_id).mainHandle])
  }
}

function finishVisit(state: RunState, ref: VisitRef, status: 'completed' | 'failed', output: Json, at: number): void {
  const visit = visitOf(state, ref)
  visit.status = status
  visit.output = output
  visit.error = undefined
  visit.finishedAt = at
  state.live.delete(visitKey(ref))
}

function sendTokens(plan: Plan, state: RunState, from: VisitRef, handles: readonly string[]): void {
  for (const id of planNode(plan, from.node_id).outgoing) {
    const edge = planEdge(plan, id)
    if (!handles.includes(edge.sourceHandle)) continue
    const ignored = state.ignored.get(id) ?? 0
    if (ignored > 0) {
      if (ignored > 1) state.ignored.set(id, ignored - 1)
      else state.ignored.delete(id)
      continue
    }
    const waiting: Waiting = state.arrivals.get(edge.target) ?? { tokens: [], byEdge: new Map() }
    waiting.tokens.push({ edge: id, from: { node_id: from.node_id, visit: from.visit } })
    waiting.byEdge.set(id, (waiting.byEdge.get(id) ?? 0) + 1)
    state.arrivals.set(edge.target, waiting)
  }
  for (const edge of findVoidIgnores(plan, state)) state.ignored.delete(edge)
}

function finishRun(state: RunState, status: 'completed' | 'failed' | 'timeout' | 'cancelled', at: number): void {
  state.status = status
  state.finishedAt = at
  for (const key of state.live) {
    const visit = state.visits.get(key)
    if (visit === undefined) continue
    visit.status = 'cancelled'
    visit.finishedAt = at
  }
  state.live.clear()
  state.arrivals.clear()
}
