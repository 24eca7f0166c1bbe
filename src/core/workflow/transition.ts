import { type Json, JsonTooLarge, measureJson } from '#lib/json'
import { apply } from './apply.ts'
import { findReady, type Ready } from './join.ts'
import { nodeError } from './node-error.ts'
import { type Plan, planEdge, type PlanNode, planNode } from './plan.ts'
import { MAX_OUTPUT_BYTES } from './prepare.ts'
import { nextAttemptAt, nextLookAt } from './retry.ts'
import {
  isFinal,
  type Moment,
  type RunCommand,
  type RunEvent,
  type RunInput,
  type RunState,
  type Step,
  type Visit,
  visitKey,
} from './run.ts'

/** A node may be re-entered through a cycle this often; an execution may have this many visits (`engine.md`). */
const MAX_NODE_VISITS = 1_000
const MAX_VISITS = 100_000
/** Crashes that one visit outlives: a run that fills the process's memory would otherwise stop it again and again. */
const MAX_LOSSES = 20
/** All outputs of a run lie in its actor's memory, which has 128 MiB for everything. */
const MAX_RUN_OUTPUT_BYTES = 33_554_432

/**
 * Decides what an input means for a run: the events to append and the commands to carry out. The state has taken the
 * events in when it returns (see `apply`); an input that no longer matters gives no events.
 */
export function transition(plan: Plan, state: RunState, input: RunInput, moment: Moment): Step {
  const events: RunEvent[] = []
  const commands: RunCommand[] = []
  const record = (event: RunEvent): void => {
    apply(plan, state, event)
    events.push(event)
  }
  if (!isFinal(state.status)) {
    takeInput(plan, state, input, moment, record)
    startReady(plan, state, moment, record, commands)
    if (isFinal(state.status)) commands.splice(0, commands.length, { type: 'abort_all' })
  }
  return { events, commands }
}

/** When the run needs a `tick` next, in Unix milliseconds: the earliest retry or the execution's deadline. */
export function nextTick(plan: Plan, state: RunState): number | undefined {
  if (state.startedAt === undefined || isFinal(state.status)) return undefined
  const retries = [...state.live].flatMap((key) => state.visits.get(key)?.resumeAt ?? [])
  return Math.min(state.startedAt + plan.settings.timeout_ms, ...retries)
}

type Record = (event: RunEvent) => void

function takeInput(plan: Plan, state: RunState, input: RunInput, moment: Moment, record: Record): void {
  const at = moment.now
  switch (input.type) {
    case 'start':
      if (state.status === 'pending') record({ type: 'execution_started', at, inputs: input.inputs })
      return
    case 'cancel':
      return record({ type: 'execution_cancelled', at, by: input.by })
    case 'tick':
      return failIfOverdue(plan, state, moment, record)
    default: {
      const visit = state.visits.get(visitKey(input))
      // I2: the outcome of a performance that is no longer the current one comes too late.
      if (visit?.status !== 'running' || visit.performance !== input.performance) return
      if (input.type === 'succeeded') {
        record({ type: 'node_completed', at, ...refOf(visit), handles: [...input.handles], output: input.output })
        failIfTooLarge(state, visit, at, record)
      } else if (input.type === 'lost') {
        takeLoss(plan, visit, moment, record)
      } else if (input.type === 'parked') {
        const resume_at = nextLookAt(visit.parks, moment)
        record({ type: 'node_retrying', at, ...refOf(visit), resume_at, error: input.error, parked: true })
      } else failVisit(plan, visit, input, moment, record)
    }
  }
}

function refOf(visit: Visit): Pick<Visit, 'node_id' | 'visit' | 'attempt' | 'performance'> {
  return { node_id: visit.node_id, visit: visit.visit, attempt: visit.attempt, performance: visit.performance }
}

/** A crash of ours uses up no attempt (I5), unless this visit seems to be what crashes us. */
function takeLoss(plan: Plan, visit: Visit, moment: Moment, record: Record): void {
  const at = moment.now
  const losses = visit.performance - visit.attempt - visit.parks
  if (losses < MAX_LOSSES) {
    return record({ type: 'node_retrying', at, ...refOf(visit), resume_at: at, error: nodeError('interrupted') })
  }
  const error = nodeError('interrupted_too_often', { limit: MAX_LOSSES })
  failVisit(plan, visit, { type: 'failed', ...refOf(visit), error, retryable: false }, moment, record)
}

function failIfOverdue(plan: Plan, state: RunState, moment: Moment, record: Record): void {
  const limit = plan.settings.timeout_ms
  if (state.startedAt === undefined || moment.now < state.startedAt + limit) return
  const error = nodeError('execution_timeout', { limit })
  record({ type: 'execution_failed', at: moment.now, status: 'timeout', error })
}

function failIfTooLarge(state: RunState, visit: Visit, at: number, record: Record): void {
  if (state.outputBytes <= MAX_RUN_OUTPUT_BYTES) return
  const error = { ...nodeError('run_too_large', { limit: MAX_RUN_OUTPUT_BYTES }), node_id: visit.node_id }
  record({ type: 'execution_failed', at, status: 'failed', error })
}

function failVisit(
  plan: Plan,
  visit: Visit,
  failure: RunInput & { type: 'failed' },
  moment: Moment,
  record: Record,
): void {
  const { retry, on_error } = planNode(plan, visit.node_id)
  const error = { ...failure.error, node_id: visit.node_id }
  const at = moment.now
  if (failure.retryable && visit.attempt < retry.max_attempts) {
    const resume_at = nextAttemptAt(retry, visit.attempt, failure.retryAfterMs, moment)
    return record({ type: 'node_retrying', at, ...refOf(visit), attempt: visit.attempt + 1, resume_at, error })
  }
  record({ type: 'node_failed', at, ...refOf(visit), error, on_error })
  if (on_error === 'fail') record({ type: 'execution_failed', at, status: 'failed', error })
}

/** Starts whatever can start, as far as the concurrency allows, and ends the run when nothing is left. */
function startReady(plan: Plan, state: RunState, moment: Moment, record: Record, commands: RunCommand[]): void {
  if (state.status !== 'running') return
  for (const visit of dueRetries(state, moment)) {
    start({ nodeId: visit.node_id, tokens: visit.tokens }, visit)
  }
  while (state.status === 'running' && state.live.size < plan.settings.concurrency) {
    const ready = nextStart(plan, state) ?? findReady(plan, state)
    if (ready === undefined) break
    start(ready)
  }
  if (state.status === 'running' && state.live.size === 0) complete(plan, state, moment, record)

  function start(ready: Ready, retried?: Visit): void {
    const visit = retried?.visit ?? (state.visitCounts.get(ready.nodeId) ?? 0) + 1
    if (retried === undefined && (visit > MAX_NODE_VISITS || state.visits.size >= MAX_VISITS)) {
      const limit = visit > MAX_NODE_VISITS ? MAX_NODE_VISITS : MAX_VISITS
      const error = { ...nodeError('too_many_visits', { limit, node: ready.nodeId }), node_id: ready.nodeId }
      return record({ type: 'execution_failed', at: moment.now, status: 'failed', error })
    }
    const performed = {
      node_id: ready.nodeId,
      visit,
      attempt: retried?.attempt ?? 1,
      performance: (retried?.performance ?? 0) + 1,
    }
    record({ type: 'node_started', at: moment.now, ...performed, tokens: [...ready.tokens] })
    commands.push({ type: 'perform', ...performed })
  }
}

/** The starts come before anything else, so that no join decides while one of them is still to begin. */
function nextStart(plan: Plan, state: RunState): Ready | undefined {
  const nodeId = plan.starts[state.begun]
  return nodeId === undefined ? undefined : { nodeId, tokens: [] }
}

function dueRetries(state: RunState, moment: Moment): Visit[] {
  return [...state.live].flatMap((key) => {
    const visit = state.visits.get(key)
    return visit?.resumeAt !== undefined && visit.resumeAt <= moment.now ? [visit] : []
  })
}

function complete(plan: Plan, state: RunState, moment: Moment, record: Record): void {
  for (const node_id of Object.keys(plan.nodes)) {
    if (!state.visitCounts.has(node_id)) record({ type: 'node_skipped', at: moment.now, node_id })
  }
  const output = outputOf(plan, state)
  if (fits(output)) return record({ type: 'execution_completed', at: moment.now, output })
  const error = nodeError('output_too_large', { limit: MAX_OUTPUT_BYTES })
  record({ type: 'execution_failed', at: moment.now, status: 'failed', error })
}

/** Several ends together may be more than one event can hold. */
function fits(output: Json): boolean {
  try {
    measureJson(output, MAX_OUTPUT_BYTES)
    return true
  } catch (error) {
    if (error instanceof JsonTooLarge) return false
    throw error
  }
}

/** The output of the visited node without outgoing edges, or an object by node id when there are several. */
function outputOf(plan: Plan, state: RunState): Json {
  const ends = Object.values(plan.nodes).filter((node) => isEnd(plan, node) && state.outputs.has(node.id))
  const [only] = ends
  if (ends.length === 1 && only !== undefined) return state.outputs.get(only.id) ?? null
  return ends.length === 0
    ? null
    : Object.fromEntries(ends.map((node) => [node.id, state.outputs.get(node.id) ?? null]))
}

/** An edge for failures does not make a last node another's predecessor. */
function isEnd(plan: Plan, node: PlanNode): boolean {
  return node.outgoing.every((edge) => planEdge(plan, edge).sourceHandle === 'error')
}
