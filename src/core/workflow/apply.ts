import { measureJson } from '#lib/json'
import type { RunEvent } from './event.ts'
import { cancelLive, closeItems, finishItem, leaveChild, startLoop } from './loop-fold.ts'
import { type Plan, planNode } from './plan.ts'
import { frameOf, initialState, isFinal, type RunState, type Visit, visitKey, visitOf } from './run.ts'
import { sendTokens, takeTokens } from './tokens.ts'
import { noteLarge } from './loop-fold.ts'
import type { Value } from './value.ts'

/** Folds one event into the state, in place. Knows what happened, decides nothing. */
export function apply(plan: Plan, state: RunState, event: RunEvent): void {
  fold(plan, state, event)
  if (!isFinal(state.status)) updateStatus(state, event.at)
}

/** The state that a stored log adds up to (I1). */
export function replay(plan: Plan, events: Iterable<RunEvent>): RunState {
  const state = initialState()
  for (const event of events) apply(plan, state, event)
  return state
}

function fold(plan: Plan, state: RunState, event: RunEvent): void {
  switch (event.type) {
    case 'execution_started':
      state.inputs = event.inputs
      noteLarge(state, event.inputs)
      state.startedAt = event.at
      return
    case 'node_started':
      return applyStarted(plan, state, event)
    case 'node_completed':
      return applyCompleted(plan, state, event)
    case 'node_retrying':
      return applyRetrying(state, event)
    case 'node_failed':
      return applyFailed(plan, state, event)
    case 'execution_waiting': {
      const visit = visitOf(state, event)
      visit.status = 'waiting'
      visit.wait = event.wait
      state.live.delete(visitKey(event))
      state.waiting.add(visitKey(event))
      return
    }
    case 'loop_started':
      return startLoop(plan, state, event)
    case 'item_finished':
      return finishItem(plan, state, event)
    case 'signal_received':
      state.signals = [...state.signals, event.signal]
      state.signalIds.add(event.signal.id)
      return
    case 'child_finished':
      state.childEnds.set(event.end.execution_id, event.end)
      noteLarge(state, event.end.output)
      return
    case 'log_message':
    case 'node_progress':
      state.notes += 1
      return
    case 'execution_paused':
      state.paused = true
      return
    case 'execution_resumed':
      state.paused = false
      return
    case 'node_skipped':
      return
    case 'execution_completed':
      state.output = event.output
      return finishRun(plan, state, 'completed', event.at)
    case 'execution_failed':
      state.error = event.error
      return finishRun(plan, state, event.status, event.at)
    case 'execution_cancelled':
      return finishRun(plan, state, 'cancelled', event.at)
    default:
      event satisfies never
  }
}

function applyStarted(plan: Plan, state: RunState, event: RunEvent & { type: 'node_started' }): void {
  const key = visitKey(event)
  const known = state.visits.get(key)
  if (known !== undefined) {
    known.status = 'running'
    known.attempt = event.attempt
    known.performance = event.performance
    known.resumeAt = undefined
    // A loop that has gone through its items: what came back of them is put together.
    if (state.loops.delete(key)) state.live.add(key)
    return
  }
  const { node_id, visit, tokens, item, at, attempt, performance } = event
  const begun: Visit = {
    node_id,
    visit,
    tokens,
    item,
    startedAt: at,
    status: 'running',
    attempt,
    performance,
    losses: 0,
    resumeAt: undefined,
    wait: undefined,
    loop: undefined,
    output: null,
    error: undefined,
    finishedAt: undefined,
  }
  const frame = frameOf(state, item)
  state.visits.set(key, begun)
  state.live.add(key)
  frame.live.add(key)
  // One that a retried run leaves out may come before others that it keeps.
  state.visitCounts.set(node_id, Math.max(visit, state.visitCounts.get(node_id) ?? 0))
  frame.visitCounts.set(node_id, (frame.visitCounts.get(node_id) ?? 0) + 1)
  // Only a start begins without a token.
  if (tokens.length === 0) state.begun += 1
  takeTokens(plan, state, frame, node_id, tokens)
}

function applyCompleted(plan: Plan, state: RunState, event: RunEvent & { type: 'node_completed' }): void {
  const visit = visitOf(state, event)
  finishVisit(state, visit, 'completed', event.output, event.at)
  putOut(state, visit, event.output)
  state.outputBytes += measureJson(event.output, Number.POSITIVE_INFINITY)
  noteLarge(state, event.output)
  if (event.response !== undefined) noteLarge(state, event.response.body)
  state.response ??= event.response
  if (event.signal !== undefined) state.signals = state.signals.filter(({ id }) => id !== event.signal)
  if (visit.wait?.for === 'execution') state.childEnds.delete(visit.wait.execution_id)
  sendTokens(plan, state, visit, event.handles)
}

function applyRetrying(state: RunState, event: RunEvent & { type: 'node_retrying' }): void {
  const visit = visitOf(state, event)
  visit.status = 'retrying'
  visit.attempt = event.attempt
  visit.performance = event.performance
  visit.resumeAt = event.resume_at
  if (event.error.code === 'interrupted') visit.losses += 1
  visit.error = event.error
}

function applyFailed(plan: Plan, state: RunState, event: RunEvent & { type: 'node_failed' }): void {
  const visit = visitOf(state, event)
  const carried: Value = event.on_error === 'branch' ? event.error : null
  closeItems(plan, state, visit, event.at)
  // It may have started its execution and not heard of it in time.
  if (visit.wait === undefined) leaveChild(plan, state, visit)
  finishVisit(state, visit, 'failed', carried, event.at)
  visit.error = event.error
  if (event.on_error === 'branch') sendTokens(plan, state, visit, ['error'])
  if (event.on_error === 'continue') {
    putOut(state, visit, null)
    sendTokens(plan, state, visit, [planNode(plan, event.node_id).mainHandle])
  }
}

function putOut(state: RunState, visit: Visit, output: Value): void {
  const { outputs, heard } = frameOf(state, visit.item)
  outputs.set(visit.node_id, output)
  heard.set(visit.node_id, output)
}

function finishVisit(state: RunState, visit: Visit, status: 'completed' | 'failed', output: Value, at: number): void {
  const key = visitKey(visit)
  visit.status = status
  visit.output = output
  visit.error = undefined
  visit.finishedAt = at
  state.live.delete(key)
  state.loops.delete(key)
  state.waiting.delete(key)
  frameOf(state, visit.item).live.delete(key)
}

/** Waiting is what is left when nothing is performed; the time limit counts neither that nor a pause. */
function updateStatus(state: RunState, at: number): void {
  const isWaiting = state.live.size === 0 && state.waiting.size > 0
  const status = state.paused ? 'paused' : isWaiting ? 'waiting' : 'running'
  if (status === state.status) return
  if (state.runningSince !== undefined) state.ranMs += at - state.runningSince
  state.runningSince = status === 'running' ? at : undefined
  state.status = status
}

function finishRun(
  plan: Plan,
  state: RunState,
  status: 'completed' | 'failed' | 'timeout' | 'cancelled',
  at: number,
): void {
  cancelLive(plan, state, state.root, at)
  state.root.arrivals.clear()
  state.signals = []
  state.status = status
  state.finishedAt = at
}
