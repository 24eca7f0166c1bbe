import { type Json, JsonTooLarge, measureJson } from '#lib/json'
import type { Scope } from './evaluate.ts'
import { nodeError, NodeFailure } from './node-error.ts'
import type { AnyNodeType, Emission, NodeInput } from './node-type.ts'
import { type Plan, planEdge, planNode, type PlanNode } from './plan.ts'
import { type RunState, type Visit, visitOf, type VisitRef } from './run.ts'
import { renderConfig, TemplateError } from './template.ts'

/** A visit's output as JSON has at most this many bytes. */
export const MAX_OUTPUT_BYTES = 1_048_576
/** A structured clone, as between an actor and its callers, overflows the stack at some 1,500 levels (measured). */
const MAX_OUTPUT_DEPTH = 500
/** An evaluated config may refer to a few outputs as a whole; a node writes it out. */
const MAX_CONFIG_BYTES = 4_194_304

/** What expressions may say of the run itself. */
export interface RunFacts {
  readonly execution: { readonly id: string }
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number }
  /** The plain variables as they were at the start. */
  readonly vars?: Readonly<Record<string, string>>
  /** What stands for each secret in this visit's config; never its value. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** The value on the incoming edge; with several edges an object by source id; at the start what started the run. */
export function inputOf(plan: Plan, state: RunState, visit: Visit): Json {
  const node = planNode(plan, visit.node_id)
  const [first] = visit.tokens
  if (first === undefined) return state.inputs
  // `any` and `each` take one token: it comes as it is.
  if (node.incoming.length === 1 || node.join !== 'all') return visitOf(state, first.from).output
  return Object.fromEntries(
    visit.tokens.map((token) => [planEdge(plan, token.edge).source, visitOf(state, token.from).output]),
  )
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
  const input = inputOf(plan, state, visitOf(state, ref))
  const scope: Scope = {
    $input: input,
    $trigger: state.inputs,
    // A copy, made for those who ask: the outputs change while the run goes on.
    get $nodes() {
      return Object.fromEntries(state.outputs)
    },
    $vars: facts.vars ?? {},
    $secrets: facts.secrets ?? {},
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
  return { config: config.data, input, trigger: state.inputs }
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
export function checkEmission(emission: Emission): Emission {
  limitJson(emission.output, 'output_too_large', MAX_OUTPUT_BYTES)
  return emission
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
