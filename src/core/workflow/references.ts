/** Ids of other things of the workspace that a graph names: authorised like ids in an address. */
import { isUuid } from '#lib/ids'
import { isJsonObject, type JsonObject } from '#lib/json'
import { type Definition, readGraph } from './graph.ts'
import { toPointer } from '#core/input/json-pointer'
import type { GraphProblem } from './problems.ts'

/** Whose ids may stand in a config. A kind that is added is looked up in `services/workflows/find-known-ids.ts`. */
export type ResourceKind = 'workflow' | 'file' | 'agent'
/** Fields, at the top of a config, whose value is the id of such a thing. */
export type ReferenceFields = Readonly<Record<string, ResourceKind>>
/** The part of the catalog that says which: each node type declares its own. */
export type Referring = Readonly<Record<string, { readonly references?: ReferenceFields }>>

export const SETTINGS_REFERENCES = { error_workflow_id: 'workflow' } as const satisfies ReferenceFields

export interface Reference {
  readonly kind: ResourceKind
  readonly id: string
  readonly nodeId?: string
  /** As in `GraphProblem`. */
  readonly path: string
}

export function referenceFields(catalog: Referring, type: string): ReferenceFields {
  return (Object.hasOwn(catalog, type) ? catalog[type]?.references : undefined) ?? {}
}

/** Every id that a graph names. What an expression gives is known, and checked, when it runs. */
export function findReferences(definition: Definition, catalog: Referring): Reference[] {
  const { nodes, settings } = readGraph(definition)
  return [
    ...idsIn(settings, SETTINGS_REFERENCES, ['settings']),
    ...nodes.flatMap(({ id: nodeId, type, data }) => {
      const { config } = data
      if (!isJsonObject(config)) return []
      return idsIn(config, referenceFields(catalog, type), ['data', 'config']).map((found) => ({ ...found, nodeId }))
    }),
  ]
}

function idsIn(object: JsonObject, fields: ReferenceFields, path: readonly string[]): Omit<Reference, 'nodeId'>[] {
  return Object.entries(fields).flatMap(([field, kind]) => {
    const id = object[field]
    // Anything else is the schema's matter.
    return typeof id === 'string' && isUuid(id)
      ? [{ kind, id: id.toLowerCase(), path: toPointer([...path, field]) }]
      : []
  })
}

const CODES = { workflow: 'unknown_workflow', file: 'unknown_file', agent: 'unknown_agent' } as const satisfies Record<
  ResourceKind,
  GraphProblem['code']
>

export function toReferenceProblem({ kind, id, ...place }: Reference): GraphProblem {
  return { code: CODES[kind], params: { id }, ...place }
}
