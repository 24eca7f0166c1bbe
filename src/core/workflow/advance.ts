import { measureJson } from '#lib/json'
import { nodeError, NodeFailure } from './node-error.ts'
import { inlineLimit } from './limits.ts'
import { type Catalog, type Decision, emit, type Emission, isPure } from './node-type.ts'
import { type Plan, planNode } from './plan.ts'
import { openVisit, type RunFacts } from './open-visit.ts'
import { checkDecision, prepareVisit } from './prepare.ts'
import type { RunEvent } from './event.ts'
import { type RunState, visitKey, visitOf } from './run.ts'
import type { KeptDecision, Moment, RunCommand, RunInput, Step } from './step.ts'
import { transition } from './transition.ts'
import type { Value } from './value.ts'

/** Small pure visits of one step: more of them wait for the next one, so that a long loop does not hold the thread. */
const MAX_PURE_VISITS = 200
/** A visit counts for one more with each of these: of its config, which is evaluated, or its output, which is written. */
const BYTES_PER_VISIT = 10_000

export interface Machine {
  readonly plan: Plan
  readonly catalog: Catalog
  readonly facts: RunFacts
}

type Perform = RunCommand & { readonly type: 'perform' }

/**
 * Takes an input and goes on as far as pure nodes carry: their outcomes are decided at once, so that a chain of them
 * is one commit. The commands that are left are for the actor: effects, and pure visits beyond the step's limit.
 */
export function advance(machine: Machine, state: RunState, input: RunInput, moment: Moment): Step {
  const events: RunEvent[] = []
  const effects: RunCommand[] = []
  const inputs: RunInput[] = [input]
  let work = 0
  for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
    const bytesBefore = state.outputBytes
    const step = transition(machine.plan, state, next, moment)
    work += (state.outputBytes - bytesBefore) / BYTES_PER_VISIT
    for (const event of step.events) events.push(event)
    for (const command of step.commands) {
      const outcome = work < MAX_PURE_VISITS ? decide(machine, state, command, moment) : undefined
      if (outcome === undefined) {
        effects.push(command)
        continue
      }
      work += 1 + configBytes(machine.plan, command) / BYTES_PER_VISIT
      inputs.push(outcome)
    }
  }
  return {
    events,
    commands: effects.some((command) => command.type === 'abort_all')
      ? [{ type: 'abort_all' }]
      : effects.filter((command) => isCurrent(state, command)),
  }
}

/** A visit that the same step has begun and cancelled, with its loop's item, is not performed. */
function isCurrent(state: RunState, command: RunCommand): boolean {
  if (command.type !== 'perform') return true
  const visit = state.visits.get(visitKey(command))
  return visit?.status === 'running' && visit.performance === command.performance
}

function configBytes(plan: Plan, command: RunCommand): number {
  return command.type === 'perform' ? measureJson(planNode(plan, command.node_id).config, Number.POSITIVE_INFINITY) : 0
}

/**
 * The outcome of a visit that needs nothing from outside; undefined for any other command, also where a value that it is
 * given, or comes to, is too large to lie in the events.
 */
export function decide(machine: Machine, state: RunState, command: RunCommand, moment: Moment): RunInput | undefined {
  if (command.type !== 'perform') return undefined
  try {
    const decision = decideHere(machine, state, command, moment)
    if (decision === undefined || checkDecision(decision) > inlineLimit(state)) return undefined
    return toOutcome(command, decision)
  } catch (error) {
    return { ...refOf(command), ...toFailure(error) }
  }
}

function decideHere(machine: Machine, state: RunState, command: Perform, moment: Moment): Decision | undefined {
  const { plan, catalog, facts } = machine
  if (visitOf(state, command).loop !== undefined) return undefined
  const node = planNode(plan, command.node_id)
  const { pinned } = node
  if (pinned !== undefined) return emit(pinned, node.mainHandle)
  const type = catalog[node.type]
  if (type === undefined || (!node.disabled && (!isPure(type) || node.sandbox))) return undefined
  const visit = openVisit(plan, state, command, type, facts, moment.now)
  if (visit.needs.length > 0) return undefined
  const visiting = visit.see()
  if (node.disabled) return emit(visiting.input, node.mainHandle)
  return isPure(type) ? type.decide(prepareVisit(visiting)) : undefined
}

/** What a node decided, its large values put where they lie, as the engine takes it. */
export function toOutcome(command: Perform, decision: Emission<Value> | KeptDecision): RunInput {
  return decision.kind === 'emit'
    ? { ...refOf(command), type: 'succeeded', output: decision.output, handles: decision.handles }
    : { ...refOf(command), type: 'decided', decision }
}

/** What a node threw, as the engine takes it. What is no `NodeFailure` is a bug, shown without its inside. */
export function toFailure(error: unknown): Omit<RunInput & { type: 'failed' }, keyof Perform | 'performance'> & {
  readonly type: 'failed'
} {
  if (error instanceof NodeFailure) {
    const { retryable, retryAfterMs, isOurs } = error
    return { type: 'failed', error: error.error, retryable, retryAfterMs, isOurs }
  }
  return { type: 'failed', error: nodeError('unexpected'), retryable: false }
}

function refOf(command: Perform): Pick<Perform, 'node_id' | 'visit' | 'performance'> {
  return { node_id: command.node_id, visit: command.visit, performance: command.performance }
}
