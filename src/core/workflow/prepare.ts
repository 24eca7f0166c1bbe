import { AnyJsonObject } from '#core/json'
import { type Json, type JsonObject, JsonTooLarge, measureJson } from '#lib/json'
import { createEvaluation, type Scope } from './evaluate.ts'
import type { VisitRef } from './event.ts'
import { takesItems } from './fields.ts'
import { arrivedOf, inputOf, itemOf, outputsFor } from './input.ts'
import { nodeError, NodeFailure } from './node-error.ts'
import type { AnyNodeType, Decision, Emission, NodeInput } from './node-type.ts'
import { type ConfigWithItems, evaluatePerItem } from './per-item.ts'
import { type Plan, planNode, type PlanNode } from './plan.ts'
import { findPrograms } from './programs.ts'
import { renderConfig, TemplateError, toAnswers } from './render.ts'
import { type RunState, visitOf } from './run.ts'
import { createBatch, type Sandbox, type SandboxBatch, type SandboxOutcome } from './sandbox.ts'

/** A visit's output as JSON has at most this many bytes. */
export const MAX_OUTPUT_BYTES = 1_048_576
/** A structured clone, as between an actor and its callers, overflows the stack at some 1,500 levels (measured). */
export const MAX_OUTPUT_DEPTH = 500
/** An evaluated config may refer to a few outputs as a whole; a node writes it out. */
const MAX_CONFIG_BYTES = 4_194_304
/** What a visit waits for stands in lists and messages. */
const MAX_WAIT_BYTES = 65_536

/** What expressions may say of the run itself. */
export interface RunFacts {
  /** Whose sandbox time it is; no expression sees it. */
  readonly workspaceId: string
  readonly execution: { readonly id: string }
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number }
  /** The plain variables as they were at the start. */
  readonly vars?: Readonly<Record<string, string>>
  /** On whose behalf it runs, and how many executions stand above it; no expression sees either. */
  readonly createdBy?: string | null
  readonly depth?: number
  /** What stands for each secret in this visit's config; never its value. */
  readonly secrets?: Readonly<Record<string, string>>
}

/** What one visit sees. Made at its beginning: the run goes on while the sandbox is asked. */
export interface Visiting extends Omit<NodeInput<unknown>, 'config'> {
  readonly node: PlanNode
  readonly type: AnyNodeType
  readonly scope: Scope
}

export function openVisit(
  plan: Plan,
  state: RunState,
  ref: VisitRef,
  type: AnyNodeType,
  facts: RunFacts,
  now: number,
): Visiting {
  const node = planNode(plan, ref.node_id)
  const visit = visitOf(state, ref)
  const input = inputOf(plan, state, visit)
  const item = itemOf(state, visit)
  // A copy, made for those who ask: the outputs change while the run goes on.
  const outputs = node.sandbox ? outputsFor(state, visit) : undefined
  const scope: Scope = {
    $input: input,
    $trigger: state.inputs,
    get $nodes() {
      return outputs ?? outputsFor(state, visit)
    },
    $vars: facts.vars ?? {},
    $secrets: facts.secrets ?? {},
    $item: item?.value,
    $index: item?.index,
    $execution: facts.execution,
    $workflow: facts.workflow,
    $now: new Date(now).toISOString(),
  }
  return { node, type, scope, input, arrived: arrivedOf(plan, state, visit), trigger: state.inputs, now }
}

/**
 * A visit's input and its config with every template evaluated, where the plan says that it needs no sandbox.
 *
 * @throws NodeFailure when an expression fails or the evaluated config does not fit the node type
 */
export function prepareVisit(visiting: Visiting): NodeInput<unknown> {
  const step = prepare(visiting).next()
  if (step.done !== true) throw new Error(`node ${visiting.node.id} needs the sandbox`)
  return step.value
}

/**
 * The same for any visit.
 *
 * @throws NodeFailure also with one of the sandbox's limits
 */
export async function prepareVisitWith(sandbox: Sandbox, visiting: Visiting): Promise<NodeInput<unknown>> {
  const preparing = prepare(visiting)
  let step = preparing.next()
  while (step.done !== true) step = preparing.next(await sandbox.evaluate(step.value))
  return step.value
}

/** Yields what the sandbox is to be asked: at most once for the config, and once for what is done per item. */
function* prepare(visiting: Visiting): Generator<SandboxBatch, NodeInput<unknown>, readonly SandboxOutcome[]> {
  const { node, type, scope, input, arrived, trigger, now } = visiting
  try {
    const evaluation = createEvaluation(scope)
    const programs = node.sandbox ? findPrograms(node.config, type) : []
    const answers = toAnswers(programs, programs.length === 0 ? [] : yield createBatch(programs, scope))
    const flat = AnyJsonObject.parse(renderConfig(node.config, type, evaluation, answers))
    const rendered = takesItems(type) ? yield* evaluatePerItem(withItems(flat, input), type, evaluation) : flat
    limitJson(rendered, 'config_too_large', MAX_CONFIG_BYTES)
    const config = type.config.safeParse(rendered)
    if (config.success) return { config: config.data, input, arrived, trigger, now }
    const reason = config.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new NodeFailure(nodeError('config_invalid', { reason }))
  } catch (error) {
    throw error instanceof TemplateError ? toFailure(error) : error
  }
}

function toFailure({ expression, index, message: reason }: TemplateError): NodeFailure {
  const error =
    index === undefined
      ? nodeError('expression_failed', { expression, reason })
      : nodeError('expression_failed_at', { expression, index, reason })
  return new NodeFailure(error)
}

/** Without `items` the node works on its input. */
function withItems(config: JsonObject, input: Json): ConfigWithItems {
  const items = config['items'] ?? input
  if (!Array.isArray(items)) throw new NodeFailure(nodeError('not_a_list', { field: 'items' }))
  return { ...config, items }
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
