import type { z } from 'zod'
import { detailIssue } from '#core/input/explain-issue'
import { AnyJsonObject } from '#core/json'
import type { Locale, Sentence } from '#core/messages'
import { type Json, type JsonObject, JsonTooLarge, measureJson } from '#lib/json'
import { createEvaluation } from './evaluate.ts'
import { takesItems } from './fields.ts'
import { nodeError, NodeFailure } from './node-error.ts'
import type { Decision, NodeInput } from './node-type.ts'
import { type ConfigWithItems, evaluatePerItem } from './per-item.ts'
import { findPrograms } from './programs.ts'
import { renderConfig, TemplateError, toAnswers } from './render.ts'
import { MAX_OUTPUT_DEPTH, MAX_VALUE_BYTES } from './limits.ts'
import type { Visiting } from './open-visit.ts'
import { createBatch, type Sandbox, type SandboxBatch, type SandboxOutcome } from './sandbox.ts'

/** An evaluated config may refer to a large value as a whole; a node writes it out. */
const MAX_CONFIG_BYTES = MAX_VALUE_BYTES + 4_194_304
/** What a visit waits for stands in lists and messages. */
const MAX_WAIT_BYTES = 65_536

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
    throw new NodeFailure(nodeError('config_invalid', { reason: reasonsOf(config.error, rendered) }))
  } catch (error) {
    throw error instanceof TemplateError ? toFailure(error) : error
  }
}

function reasonsOf({ issues }: z.ZodError, config: unknown): Sentence {
  const details = issues.flatMap((issue) => detailIssue(issue, config))
  const list = (locale: Locale) => details.map(({ pointer, detail }) => `${pointer}: ${detail[locale]}`).join(' ')
  return { pt: list('pt'), en: list('en') }
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
 * How many bytes the largest value takes that a decision puts out.
 *
 * @throws NodeFailure when what it keeps is too large or too deep
 */
export function checkDecision(decision: Decision): number {
  if (decision.kind === 'wait') {
    limitJson(decision.wait, 'config_too_large', MAX_WAIT_BYTES)
    return 0
  }
  if (decision.kind === 'loop') return limitJson(decision.items, 'config_too_large', MAX_VALUE_BYTES)
  const bytes = limitJson(decision.output, 'output_too_large', MAX_VALUE_BYTES)
  if (decision.kind !== 'respond') return bytes
  return Math.max(bytes, limitJson(decision.response.body, 'output_too_large', MAX_VALUE_BYTES))
}

function limitJson(value: unknown, code: 'config_too_large' | 'output_too_large', limit: number): number {
  try {
    return measureJson(value, limit, MAX_OUTPUT_DEPTH)
  } catch (error) {
    if (!(error instanceof JsonTooLarge)) throw error
    const tooDeep = error.exceeded === 'depth'
    throw new NodeFailure(
      tooDeep ? nodeError('output_too_deep', { limit: MAX_OUTPUT_DEPTH }) : nodeError(code, { limit }),
    )
  }
}
