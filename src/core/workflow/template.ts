/** Strings with `{{ … }}` in a config: found, checked before a run, evaluated for each visit. */
import { isJsonObject, type Json } from '#lib/json'
import { err, type Result } from '#lib/result'
import {
  concatenate,
  evaluateExpression,
  ExpressionError,
  type ExpressionProblem,
  type ParsedExpression,
  parseExpression,
  type Scope,
  toText,
} from './expression.ts'

/** An expression that failed, with its text: the sentence `expression_failed` names both. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly expression: string

  constructor(expression: string, reason: string) {
    super(reason)
    this.expression = expression
  }
}

/** One `{{ … }}`: its text and what the parser made of it. */
export interface Hole {
  readonly source: string
  readonly result: Result<ParsedExpression, ExpressionProblem>
}

/** A template's parts in order: plain text and holes. */
export function parseTemplate(text: string): (string | Hole)[] {
  const parts: (string | Hole)[] = []
  let end = 0
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', end)) {
    if (open > end) parts.push(text.slice(end, open))
    const { hole, next } = parseHole(text, open + 2)
    parts.push(hole)
    end = next
  }
  if (end < text.length) parts.push(text.slice(end))
  return parts
}

/** The parser says where the expression ends, so that `}}` may stand within it, in an object or a string. */
function parseHole(text: string, start: number): { hole: Hole; next: number } {
  const result = parseExpression(text, start)
  const close = result.ok ? /^\s*\}\}/.exec(text.slice(result.value.end)) : null
  if (result.ok && close !== null) {
    return { hole: { source: result.value.source, result }, next: result.value.end + close[0].length }
  }
  const found = text.indexOf('}}', start)
  const end = found === -1 ? text.length : found
  const source = text.slice(start, end).trim()
  const problem = result.ok ? err({ code: 'expression_syntax' as const, detail: source }) : result
  return { hole: { source, result: problem }, next: Math.min(end + 2, text.length) }
}

/** Whether a template stands anywhere within a value. */
export function containsTemplate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('{{')
  return typeof value === 'object' && value !== null && Object.values(value).some(containsTemplate)
}

export type ConfigPath = readonly (string | number)[]

/** Every hole in a config, with the keys and indexes that lead to it. Fields in `bare` need no braces. */
export function findHoles(
  config: Json,
  bare: readonly string[],
  path: ConfigPath = [],
): { path: ConfigPath; hole: Hole }[] {
  if (typeof config === 'string') {
    const parts = parseTemplate(bracedIfBare(config, path, bare))
    return parts.filter((part) => typeof part !== 'string').map((hole) => ({ path, hole }))
  }
  if (Array.isArray(config)) return config.flatMap((member, index) => findHoles(member, bare, [...path, index]))
  if (!isJsonObject(config)) return []
  return Object.entries(config).flatMap(([key, member]) => findHoles(member, bare, [...path, key]))
}

function bracedIfBare(text: string, path: ConfigPath, bare: readonly string[]): string {
  const isBare = path.length === 1 && bare.includes(String(path[0])) && !text.includes('{{') && text.trim() !== ''
  return isBare ? `{{ ${text} }}` : text
}

/**
 * A config with every template evaluated. A string that is one expression gives the raw value; mixed text gives text.
 *
 * @throws TemplateError naming the expression
 */
export function renderConfig(config: Json, bare: readonly string[], scope: Scope, path: ConfigPath = []): unknown {
  if (typeof config === 'string') return renderText(bracedIfBare(config, path, bare), scope)
  if (Array.isArray(config)) return config.map((member, index) => renderConfig(member, bare, scope, [...path, index]))
  if (!isJsonObject(config)) return config
  return Object.fromEntries(
    Object.entries(config).map(([key, member]) => [key, renderConfig(member, bare, scope, [...path, key])]),
  )
}

function renderText(text: string, scope: Scope): unknown {
  if (!text.includes('{{')) return text
  const parts = parseTemplate(text)
  const meaningful = parts.filter((part) => typeof part !== 'string' || part.trim() !== '')
  const [only] = meaningful
  if (meaningful.length === 1 && only !== undefined && typeof only !== 'string') return evaluateHole(only, scope)
  return parts.reduce<string>((rendered, part) => {
    if (typeof part === 'string') return rendered + part
    const value = evaluateHole(part, scope)
    return guarded(part, () => concatenate(rendered, toText(value)))
  }, '')
}

function evaluateHole(hole: Hole, scope: Scope): unknown {
  const { result } = hole
  if (!result.ok) throw new TemplateError(hole.source, result.error.detail)
  return guarded(hole, () => evaluateExpression(result.value, scope))
}

function guarded<T>(hole: Hole, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ExpressionError) throw new TemplateError(hole.source, error.message)
    throw error
  }
}
