/** The sandbox as the engine sees it: a place for JavaScript that can be killed (`src/sandbox`). */
import type { Json } from '#lib/json'
import type { Scope } from './evaluate.ts'
import type { SandboxProgram } from './expression.ts'
import type { Root } from './names.ts'

/** All that one node wants to know, in one call. */
export interface SandboxBatch {
  readonly programs: readonly SandboxProgram[]
  /** What the programs may see: JSON values, only those that one of them names. */
  readonly scope: Partial<Record<Root, unknown>>
  /** Each program runs once for every one of these, as `$item` and `$index`, and gives the list of its values. */
  readonly items?: readonly Json[]
  /** What `new Date()` gives: ISO 8601, for the sandbox has no clock. */
  readonly now: string
}

/** What became of one program: its value, absent where it gave none, or in a few words why it has none. */
export type SandboxOutcome =
  | { readonly value?: Json; readonly error?: undefined }
  | {
      readonly error: string
      /** The item at which it failed, from 0. */
      readonly index?: number | undefined
    }

export interface SchemaError {
  /** JSON Pointer into the value. */
  readonly path: string
  readonly message: string
}

export interface Sandbox {
  /**
   * The outcomes in the order of the programs.
   *
   * @throws NodeFailure `sandbox_…` when a limit is reached, or no thread is free in time
   */
  evaluate(batch: SandboxBatch): Promise<readonly SandboxOutcome[]>
  /**
   * What a JSON Schema has against a value: nothing, if it is valid. There and not here, for the patterns in a schema
   * are regular expressions of anybody's making.
   *
   * @throws NodeFailure `sandbox_…`, or `config_invalid` when it is no schema
   */
  readonly validate: (schema: Json, value: Json) => Promise<readonly SchemaError[]>
}

/** The batch for some programs of a visit. */
export function createBatch(programs: readonly SandboxProgram[], scope: Scope, items?: readonly Json[]): SandboxBatch {
  const roots = new Set(programs.flatMap((program) => program.roots))
  const values = [...roots].flatMap((root): [string, unknown][] => {
    if (items !== undefined && (root === '$item' || root === '$index')) return []
    if (root === '$nodes') return [[root, pickNodes(programs, scope)]]
    const value = scope[root]
    return value === undefined ? [] : [[root, value]]
  })
  return { programs, scope: Object.fromEntries(values), now: String(scope.$now), ...(items && { items }) }
}

/** Outputs that no program can name stay here: a run may hold 32 MiB of them. */
function pickNodes(programs: readonly SandboxProgram[], { $nodes }: Scope): unknown {
  const wanted = new Set<string>()
  for (const { nodeIds, allNodes } of programs) {
    if (allNodes) return $nodes
    for (const id of nodeIds) wanted.add(id)
  }
  const outputs: [string, unknown][] = Object.entries(Object($nodes))
  return Object.fromEntries(outputs.filter(([id]) => wanted.has(id)))
}
