/** A config with its templates evaluated: those of the total subset here, the rest by what the sandbox answered. */
import { isJsonObject, type Json } from '#lib/json'
import { concatenate, evaluateExpression, type Evaluation, ExpressionError, toText } from './evaluate.ts'
import type { SandboxProgram } from './expression.ts'
import { type ConfigPath, type FieldKinds, isBody, isPerItem, isText } from './fields.ts'
import { nodeError, NodeFailure } from './node-error.ts'
import type { SandboxOutcome } from './sandbox.ts'
import { type Hole, meaningfulParts, parseTemplate, toTemplate } from './template.ts'

/** An expression that failed, with its text: the sentence `expression_failed` names both. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly expression: string
  /** The item at which it failed, from 0. */
  readonly index: number | undefined

  constructor(expression: string, reason: string, index?: number) {
    super(reason)
    this.expression = expression
    this.index = index
  }
}

/** What the sandbox said, by the source of the program. */
export type Answers = ReadonlyMap<string, SandboxOutcome>

export function toAnswers(programs: readonly SandboxProgram[], outcomes: readonly SandboxOutcome[]): Answers {
  return new Map(programs.map(({ source }, index) => [source, outcomes[index] ?? { error: 'no answer' }]))
}

interface Rendering {
  readonly kinds: FieldKinds
  readonly evaluation: Evaluation
  readonly answers: Answers
}

/**
 * A config with every template evaluated. A string that is one expression gives the raw value; mixed text gives text.
 * What is evaluated per item stays as it is.
 *
 * @throws TemplateError naming the expression
 * @throws NodeFailure `code_failed`
 */
export function renderConfig(
  config: Json,
  kinds: FieldKinds,
  evaluation: Evaluation,
  answers: Answers = new Map(),
): unknown {
  return render(config, { kinds, evaluation, answers }, [])
}

function render(config: Json, rendering: Rendering, path: ConfigPath): unknown {
  if (typeof config === 'string') return renderText(config, rendering, path)
  // As JSON has it, so that a run is the same when it is read again: what is missing is null in a list and left out
  // of an object.
  if (Array.isArray(config)) {
    return config.map((member, index) => render(member, rendering, [...path, index]) ?? null)
  }
  if (!isJsonObject(config)) return config
  return Object.fromEntries(
    Object.entries(config)
      .map(([key, member]) => [key, render(member, rendering, [...path, key])] as const)
      .filter(([, value]) => value !== undefined),
  )
}

function renderText(config: string, rendering: Rendering, path: ConfigPath): unknown {
  const { kinds, evaluation } = rendering
  if (isPerItem(kinds, path)) return config
  if (isBody(kinds, path)) return valueOfBody(rendering.answers.get(config))
  const text = toTemplate(config, kinds, path)
  if (!text.includes('{{')) return text
  const parts = parseTemplate(text)
  const [only, ...more] = meaningfulParts(parts)
  if (more.length === 0 && only !== undefined && typeof only !== 'string' && !isText(kinds, path)) {
    return evaluateHole(only, rendering)
  }
  return parts.reduce<string>((rendered, part) => {
    if (typeof part === 'string') return rendered + part
    const value = evaluateHole(part, rendering)
    return guarded(part, () => concatenate(rendered, toText(value, evaluation), evaluation))
  }, '')
}

function evaluateHole(hole: Hole, { evaluation, answers }: Rendering): unknown {
  const { result, source } = hole
  if (!result.ok) throw new TemplateError(source, result.error.detail)
  const { body } = result.value
  if ('tree' in body) return guarded(hole, () => evaluateExpression(body.tree, evaluation))
  return valueOf(answers.get(body.program.source), source)
}

/** What the sandbox found an expression to be. */
export function valueOf(outcome: SandboxOutcome | undefined, expression: string): unknown {
  if (outcome === undefined) throw new Error(`nobody asked the sandbox for ${expression}`)
  if (outcome.error !== undefined) throw new TemplateError(expression, outcome.error, outcome.index)
  return outcome.value
}

function valueOfBody(outcome: SandboxOutcome | undefined): unknown {
  if (outcome === undefined) throw new Error('nobody asked the sandbox for a body')
  if (outcome.error !== undefined) throw new NodeFailure(nodeError('code_failed', { reason: outcome.error }))
  return outcome.value
}

/** The work, with the expression's text on what goes wrong in it. */
export function guarded<T>({ source }: Pick<Hole, 'source'>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ExpressionError) throw new TemplateError(source, error.message)
    throw error
  }
}
