/** What of a node's config the sandbox has to run. */
import type { Json } from '#lib/json'
import { err, ok, type Result } from '#lib/result'
import { type ExpressionProblem, parseBody, type SandboxProgram, type SecretUses } from './expression.ts'
import { type ConfigPath, type FieldKinds, isPerItem } from './fields.ts'
import type { Root } from './names.ts'
import { findBodies, findHoles } from './template.ts'

/** The programs of a config, each once, without those that are evaluated per item. */
export function findPrograms(config: Json, kinds: FieldKinds): readonly SandboxProgram[] {
  const programs = new Map<string, SandboxProgram>()
  const add = (program: SandboxProgram): void => void programs.set(program.source, program)
  for (const { path, hole } of findHoles(config, kinds)) {
    if (isPerItem(kinds, path) || !hole.result.ok) continue
    const { body } = hole.result.value
    if ('program' in body) add(body.program)
  }
  for (const { text } of findBodies(config, kinds)) {
    const program = parseBody(text)
    if (program.ok) add(program.value)
  }
  return [...programs.values()]
}

/** One expression or body, as `compile` checks it. */
export interface Source {
  readonly path: ConfigPath
  /** As much of its text as fits into a sentence. */
  readonly source: string
  readonly result: Result<Found, ExpressionProblem>
}

interface Found {
  readonly nodeIds: readonly string[]
  readonly allNodes: boolean
  readonly roots: readonly Root[]
  readonly secrets: SecretUses
  readonly needsSandbox: boolean
}

/** Every expression and body of a config. */
export function* findSources(config: Json, kinds: FieldKinds): Generator<Source> {
  for (const { path, hole } of findHoles(config, kinds)) {
    const { source, result } = hole
    yield {
      path,
      source,
      result: result.ok ? ok({ ...result.value, needsSandbox: 'program' in result.value.body }) : err(result.error),
    }
  }
  for (const { path, text } of findBodies(config, kinds)) {
    const program = parseBody(text)
    const result = program.ok ? ok({ ...program.value, needsSandbox: true }) : program
    yield { path, source: path.join('.'), result }
  }
}
