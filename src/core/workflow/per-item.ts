/** Fields that are evaluated for each item: those of the total subset here, the rest in one call of the sandbox. */
import { isJsonObject, type Json, type JsonObject } from '#lib/json'
import { evaluateExpression, type Evaluation } from './evaluate.ts'
import type { SandboxProgram } from './expression.ts'
import { type ConfigPath, type FieldKinds, isPerItem, type PerItem } from './fields.ts'
import { guarded, TemplateError, toAnswers, valueOf } from './render.ts'
import { createBatch, type SandboxBatch, type SandboxOutcome } from './sandbox.ts'
import { type Hole, meaningfulParts, parseTemplate, toTemplate } from './template.ts'

export type ConfigWithItems = JsonObject & { readonly items: Json[] }

/** A field, and what its text says: an expression, or a value that is the same for every item. */
interface Field {
  readonly path: ConfigPath
  readonly raw: Json
  readonly hole: Hole | undefined
}

/**
 * A config with its per-item fields as `PerItem`. Yields at most one batch and is to be given its outcomes.
 *
 * @throws TemplateError naming the expression and the item
 */
export function* evaluatePerItem(
  config: ConfigWithItems,
  kinds: FieldKinds,
  evaluation: Evaluation,
): Generator<SandboxBatch, Json, readonly SandboxOutcome[]> {
  const { items } = config
  const fields = [...findFields(config, kinds, [])]
  const programs = fields.flatMap(({ hole }) => programOf(hole) ?? [])
  const answers =
    programs.length === 0 ? new Map() : toAnswers(programs, yield createBatch(programs, evaluation.scope, items))
  const results = new Map<string, PerItem>()
  for (const { path, raw, hole } of fields) {
    const program = programOf(hole)
    const values =
      hole === undefined
        ? items.map(() => raw)
        : program === undefined
          ? items.map((item, index) => evaluateHere(hole, { ...evaluation, each: { item, index } }))
          : toList(valueOf(answers.get(program.source), hole.source))
    results.set(path.join('.'), { text: typeof raw === 'string' ? bareText(raw) : '', values })
  }
  return replaceFields(config, results, [])
}

function* findFields(value: Json, kinds: FieldKinds, path: ConfigPath): Generator<Field> {
  if (isPerItem(kinds, path)) {
    yield { path, raw: value, hole: typeof value === 'string' ? holeOf(value, kinds, path) : undefined }
  } else if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) yield* findFields(member, kinds, [...path, index])
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) yield* findFields(member, kinds, [...path, key])
  }
}

/** `compile` has refused texts that are not one single expression. */
function holeOf(text: string, kinds: FieldKinds, path: ConfigPath): Hole | undefined {
  const [only] = meaningfulParts(parseTemplate(toTemplate(text, kinds, path)))
  return typeof only === 'string' ? undefined : only
}

function programOf(hole: Hole | undefined): SandboxProgram | undefined {
  if (hole === undefined) return undefined
  if (!hole.result.ok) throw new TemplateError(hole.source, hole.result.error.detail)
  const { body } = hole.result.value
  return 'program' in body ? body.program : undefined
}

function evaluateHere(hole: Hole, evaluation: Evaluation): Json {
  const body = hole.result.ok ? hole.result.value.body : undefined
  if (body === undefined || !('tree' in body)) throw new Error(`not for here: ${hole.source}`)
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of JSON an expression makes JSON
    return (guarded(hole, () => evaluateExpression(body.tree, evaluation)) ?? null) as Json
  } catch (error) {
    if (error instanceof TemplateError) throw new TemplateError(error.expression, error.message, evaluation.each?.index)
    throw error
  }
}

function toList(value: unknown): Json[] {
  if (!Array.isArray(value)) throw new Error('the sandbox gives a list for items')
  return value
}

function bareText(text: string): string {
  return text.replace(/^\s*\{\{|\}\}\s*$/g, '').trim()
}

function replaceFields(value: Json, results: ReadonlyMap<string, PerItem>, path: ConfigPath): Json {
  const found = results.get(path.join('.'))
  if (found !== undefined) return { text: found.text, values: [...found.values] }
  if (Array.isArray(value)) return value.map((member, index) => replaceFields(member, results, [...path, index]))
  if (!isJsonObject(value)) return value
  // What is evaluated per item stands near the top: a large value below is taken as it is.
  if (path.length === MAX_FIELD_DEPTH) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaceFields(member, results, [...path, key])]),
  )
}

const MAX_FIELD_DEPTH = 3
