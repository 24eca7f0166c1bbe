import { JsonTooLarge, measureJson } from '#lib/json'
import type { Scope } from './evaluate.ts'
import type { VisitRef } from './event.ts'
import { arrivedOf, inputOf, itemOf, outputsFor } from './input.ts'
import { nodeError, NodeFailure } from './node-error.ts'
import type { AnyNodeType, Decision, Emission, NodeInput } from './node-type.ts'
import { type Plan, planNode, type PlanNode } from './plan.ts'
import { type RunState, visitOf } from './run.ts'
import { renderConfig, TemplateError } from './template.ts'

/** A visit's output as JSON has at most this many bytes. */
export const MAX_OUTPUT_BYTES = 1_048_576
/** A structured clone, as between an actor and its callers, overflows the stack at some 1,500 levels (measured). */
const MAX_OUTPUT_DEPTH = 500
/** An evaluated config may refer to a few outputs as a whole; a node writes it out. */
const MAX_CONFIG_BYTES = 4_194_304
/** What a visit waits for stands in lists and messages. */
const MAX_WAIT_BYTES = 65_536

/** What expressions may say of the run itself. */
export interface RunFacts {
  readonly execution: { readonly id: string }
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number }
}

/**
 * A visit's input and its config with every template evaluated.
 *
 * @throws NodeFailure when an expression fails or the evaluated config does not fit the node type
 */
export function prepareVisit(
  plan: Plan,
  state: RunState,
  ref: VisitRef,
  type: AnyNodeType,
  facts: RunFacts,
  now: number,
): NodeInput<unknown> {
  const node = planNode(plan, ref.node_id)
  const visit = visitOf(state, ref)
  const input = inputOf(plan, state, visit)
  const item = itemOf(state, visit)
  const scope: Scope = {
    $input: input,
    $trigger: state.inputs,
    // A copy, made for those who ask: the outputs change while the run goes on.
    get $nodes() {
      return outputsFor(state, visit)
    },
    $item: item?.value,
    $index: item?.index,
    $execution: facts.execution,
    $workflow: facts.workflow,
    $now: new Date(now).toISOString(),
  }
  const rendered = render(node, scope)
  limitJson(rendered, 'config_too_large', MAX_CONFIG_BYTES)
  const config = type.config.safeParse(rendered)
  if (!config.success) {
    const reason = config.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new NodeFailure(nodeError('config_invalid', { reason }))
  }
  return { config: config.data, input, arrived: arrivedOf(plan, state, visit), trigger: state.inputs, now }
}

function render(node: PlanNode, scope: Scope): unknown {
  try {
    return renderConfig(node.config, node.bare, scope)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new NodeFailure(nodeError('expression_failed', { expression: error.expression, reason: error.message }))
  }
}

/**
 * The emission, when it may be recorded.
 *
 * @throws NodeFailure when the output is too large or too deep
 */
export function checkEmission<T extends Pick<Emission, 'output'>>(emission: T): T {
  limitJson(emission.output, 'output_too_large', MAX_OUTPUT_BYTES)
  return emission
}

/**
 * The same for whatever a node may decide.
 *
 * @throws NodeFailure when what it keeps is too large or too deep
 */
export function checkDecision(decision: Decision): void {
  if (decision.kind === 'emit') checkEmission(decision)
  if (decision.kind === 'loop') limitJson(decision.items, 'config_too_large', MAX_CONFIG_BYTES)
  if (decision.kind === 'respond') limitJson([decision.output, decision.response], 'output_too_large', MAX_OUTPUT_BYTES)
  if (decision.kind === 'finish') limitJson(decision.output, 'output_too_large', MAX_OUTPUT_BYTES)
  if (decision.kind === 'wait') limitJson(decision.wait, 'config_too_large', MAX_WAIT_BYTES)
}

function limitJson(value: unknown, code: 'config_too_large' | 'output_too_large', limit: number): void {
  try {
    measureJson(value, limit, MAX_OUTPUT_DEPTH)
  } catch (error) {
    if (!(error instanceof JsonTooLarge)) throw error
    const tooDeep = error.exceeded === 'depth'
    throw new NodeFailure(
      tooDeep ? nodeError('output_too_deep', { limit: MAX_OUTPUT_DEPTH }) : nodeError(code, { limit }),
    )
  }
}
