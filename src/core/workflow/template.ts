/** Strings with `{{ … }}` in a config: found, and checked before a run. `render.ts` evaluates them for each visit. */
import { isJsonObject, type Json } from '#lib/json'
import { err, type Result } from '#lib/result'
import { type ExpressionProblem, type ParsedExpression, parseExpression } from './expression.ts'
import { type ConfigPath, type FieldKinds, isBare, isBody, isPerItem, pathExpression } from './fields.ts'

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

/** Every hole in a config, with the keys and indexes that lead to it; the bodies of functions have none. */
export function* findHoles(
  config: Json,
  kinds: FieldKinds,
  path: ConfigPath = [],
): Generator<{ path: ConfigPath; hole: Hole }> {
  if (typeof config === 'string') {
    if (isBody(kinds, path)) return
    for (const part of readParts(toTemplate(config, kinds, path)))
      if (typeof part !== 'string') yield { path, hole: part }
  } else if (Array.isArray(config)) {
    for (const [index, member] of config.entries()) yield* findHoles(member, kinds, [...path, index])
  } else if (isJsonObject(config)) {
    for (const [key, member] of Object.entries(config)) yield* findHoles(member, kinds, [...path, key])
  }
}

/** The text of every body in a config. */
export function* findBodies(
  config: Json,
  kinds: FieldKinds,
  path: ConfigPath = [],
): Generator<{ path: ConfigPath; text: string }> {
  if (kinds.bodies === undefined) return
  if (typeof config === 'string' && isBody(kinds, path)) yield { path, text: config }
  if (typeof config !== 'object' || config === null) return
  for (const [key, member] of Array.isArray(config) ? config.entries() : Object.entries(config)) {
    yield* findBodies(member, kinds, [...path, key])
  }
}

/** Every text in a config that stands where an expression belongs. */
export function* findBareTexts(
  config: Json,
  kinds: FieldKinds,
  path: ConfigPath = [],
): Generator<{ path: ConfigPath; text: string }> {
  if (typeof config === 'string' && isBare(kinds, path)) yield { path, text: config }
  if (typeof config !== 'object' || config === null) return
  for (const [key, member] of Array.isArray(config) ? config.entries() : Object.entries(config)) {
    yield* findBareTexts(member, kinds, [...path, key])
  }
}

/** Whether a text is empty, or more than one expression: no good for a field that is an expression. */
export function isMixedText(text: string): boolean {
  return text.trim() === '' || (text.includes('{{') && meaningfulParts(parseTemplate(text)).length > 1)
}

/** Without the space around a single expression. */
export function meaningfulParts(parts: readonly (string | Hole)[]): (string | Hole)[] {
  return parts.filter((part) => typeof part !== 'string' || part.trim() !== '')
}

/** A field's text with the braces that it may do without. */
export function toTemplate(text: string, kinds: FieldKinds, path: ConfigPath): string {
  if (text.includes('{{') || text.trim() === '' || !isBare(kinds, path)) return text
  const property = isPerItem(kinds, path) ? pathExpression(text) : undefined
  return `{{ ${property ?? text} }}`
}
