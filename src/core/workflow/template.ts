/** Strings with `{{ … }}` in a config: found, checked before a run, evaluated for each visit. */
import { isJsonObject, type Json } from '#lib/json'
import { err, type Result } from '#lib/result'
import {
  concatenate,
  createEvaluation,
  evaluateExpression,
  type Evaluation,
  ExpressionError,
  type Scope,
  toText,
} from './evaluate.ts'
import { type ExpressionProblem, type ParsedExpression, parseExpression } from './expression.ts'

/** An expression that failed, with its text: the sentence `expression_failed` names both. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly expression: string

  constructor(expression: string, reason: string) {
    super(reason)
    this.expression = expression
  }
}

/** One `{{ … }}`: its text, as much as fits into a sentence, and what the parser made of it. */
export interface Hole {
  readonly source: string
  readonly result: Result<ParsedExpression, ExpressionProblem>
}

const MAX_SOURCE_LENGTH = 200
/** After a malformed hole the search goes on behind the next braces; each time may read thousands of characters. */
const MAX_MALFORMED = 20

/** A template's parts in order: plain text and holes. */
export function parseTemplate(text: string): (string | Hole)[] {
  return [...readParts(text)]
}

function* readParts(text: string): Generator<string | Hole> {
  let end = 0
  let malformed = 0
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', end)) {
    if (open > end) yield text.slice(end, open)
    const { hole, next } = parseHole(text, open + 2)
    yield hole
    end = next
    if (!hole.result.ok && hole.result.error.code === 'expression_syntax') malformed += 1
    if (malformed === MAX_MALFORMED) break
  }
  if (end < text.length) yield text.slice(end)
}

/** The parser says where the expression ends, so that `}}` may stand within it, in an object or a string. */
function parseHole(text: string, start: number): { hole: Hole; next: number } {
  const result = parseExpression(text, start)
  const length = result.ok ? result.value.length : result.error.length
  const close = length === undefined ? -1 : closingBraces(text, start + length)
  if (close !== -1) return { hole: { source: sourceOf(text, start, close), result }, next: close + 2 }
  const found = text.indexOf('}}', start)
  const end = found === -1 ? text.length : found
  const source = sourceOf(text, start, end)
  const problem = result.ok ? err({ code: 'expression_syntax' as const, detail: source }) : result
  return { hole: { source, result: problem }, next: Math.min(end + 2, text.length) }
}

/** Where `}}` stands, when nothing but space comes before it. */
function closingBraces(text: string, from: number): number {
  let index = from
  while (/\s/.test(text.charAt(index))) index += 1
  return text.startsWith('}}', index) ? index : -1
}

function sourceOf(text: string, start: number, end: number): string {
  const source = text.slice(start, end).trim()
  return source.length > MAX_SOURCE_LENGTH ? `${source.slice(0, MAX_SOURCE_LENGTH)}…` : source
}

/** Whether a template stands anywhere within a value. */
export function containsTemplate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('{{')
  return typeof value === 'object' && value !== null && Object.values(value).some(containsTemplate)
}

export type ConfigPath = readonly (string | number)[]

/** Every hole in a config, with the keys and indexes that lead to it. Fields in `bare` need no braces. */
export function* findHoles(
  config: Json,
  bare: readonly string[],
  path: ConfigPath = [],
): Generator<{ path: ConfigPath; hole: Hole }> {
  if (typeof config === 'string') {
    for (const part of readParts(bracedIfBare(config, path, bare)))
      if (typeof part !== 'string') yield { path, hole: part }
  } else if (Array.isArray(config)) {
    for (const [index, member] of config.entries()) yield* findHoles(member, bare, [...path, index])
  } else if (isJsonObject(config)) {
    for (const [key, member] of Object.entries(config)) yield* findHoles(member, bare, [...path, key])
  }
}

/** Whether a text is empty, or more than one expression: no good for a field that is an expression. */
export function isMixedText(text: string): boolean {
  return text.trim() === '' || (text.includes('{{') && meaningfulParts(parseTemplate(text)).length > 1)
}

function meaningfulParts(parts: readonly (string | Hole)[]): (string | Hole)[] {
  return parts.filter((part) => typeof part !== 'string' || part.trim() !== '')
}

/** A path as node types name the fields that are expressions: any index of a list is `*`. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.')
}

function bracedIfBare(text: string, path: ConfigPath, bare: readonly string[]): string {
  const isBare = !text.includes('{{') && text.trim() !== '' && bare.includes(fieldOf(path))
  return isBare ? `{{ ${text} }}` : text
}

/**
 * A config with every template evaluated. A string that is one expression gives the raw value; mixed text gives text.
 *
 * @throws TemplateError naming the expression
 */
export function renderConfig(config: Json, bare: readonly string[], scope: Scope): unknown {
  return render(config, bare, createEvaluation(scope), [])
}

function render(config: Json, bare: readonly string[], evaluation: Evaluation, path: ConfigPath): unknown {
  if (typeof config === 'string') return renderText(bracedIfBare(config, path, bare), evaluation)
  // As JSON has it, so that a run is the same when it is read again: what is missing is null in a list and left out
  // of an object.
  if (Array.isArray(config)) {
    return config.map((member, index) => render(member, bare, evaluation, [...path, index]) ?? null)
  }
  if (!isJsonObject(config)) return config
  return Object.fromEntries(
    Object.entries(config)
      .map(([key, member]) => [key, render(member, bare, evaluation, [...path, key])] as const)
      .filter(([, value]) => value !== undefined),
  )
}

function renderText(text: string, evaluation: Evaluation): unknown {
  if (!text.includes('{{')) return text
  const parts = parseTemplate(text)
  const meaningful = meaningfulParts(parts)
  const [only] = meaningful
  if (meaningful.length === 1 && only !== undefined && typeof only !== 'string') return evaluateHole(only, evaluation)
  return parts.reduce<string>((rendered, part) => {
    if (typeof part === 'string') return rendered + part
    const value = evaluateHole(part, evaluation)
    return guarded(part, () => concatenate(rendered, toText(value, evaluation), evaluation))
  }, '')
}

function evaluateHole(hole: Hole, evaluation: Evaluation): unknown {
  const { result } = hole
  if (!result.ok) throw new TemplateError(hole.source, result.error.detail)
  return guarded(hole, () => evaluateExpression(result.value, evaluation))
}

function guarded<T>(hole: Hole, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ExpressionError) throw new TemplateError(hole.source, error.message)
    throw error
  }
}
