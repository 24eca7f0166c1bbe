/** Ids of other things of the workspace: in a file their names, `workflow: my-slug` for `workflow_id: …`. */
import { toPointer } from '#core/input/json-pointer'
import { referenceFields, type ReferenceFields, type Referring, SETTINGS_REFERENCES } from '#core/workflow/references'
import { isUuid } from '#lib/ids'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'

/** Of the references that have a name of their own, workflows: in a file the field stands without `_id`, with the slug. */
const SETTINGS_FIELDS = toFields(SETTINGS_REFERENCES)

/** A name that leads nowhere, and where it stands. */
export interface UnknownReference {
  readonly pointer: string
  readonly name: string
}

export interface Resolver {
  readonly catalog: Referring
  /** The id of the workflow with this slug. */
  idOf(slug: string): string | undefined
  /** Whether the id is that of a workflow here. */
  isKnown(id: string): boolean
}

interface Naming {
  readonly type: string
  readonly config?: Json | undefined
}

/** Every workflow that the parts of a file or a definition name, by slug or by id. */
export function referencesIn(catalog: Referring, nodes: readonly Naming[], settings: JsonObject = {}): string[] {
  const found = [
    ...namesIn(SETTINGS_FIELDS, settings),
    ...nodes.flatMap(({ type, config }) => (isJsonObject(config) ? namesIn(fieldsOf(catalog, type), config) : [])),
  ]
  return [...new Set(found)]
}

function namesIn(fields: readonly string[], object: JsonObject): string[] {
  const values = fields.flatMap((field) => [object[field], object[nameOf(field)]])
  return values.filter((value) => typeof value === 'string' && !value.includes('{{')).map(String)
}

export function nameReferences(
  catalog: Referring,
  type: string,
  config: JsonObject,
  slugOf: (id: string) => string | undefined,
): JsonObject {
  return rename(fieldsOf(catalog, type), config, slugOf)
}

export function nameSettings(settings: JsonObject, slugOf: (id: string) => string | undefined): JsonObject {
  return rename(SETTINGS_FIELDS, settings, slugOf)
}

export function resolveReferences(type: string, config: JsonObject, resolver: Resolver) {
  return resolve(fieldsOf(resolver.catalog, type), config, resolver)
}

export function resolveSettings(settings: JsonObject, resolver: Resolver) {
  return resolve(SETTINGS_FIELDS, settings, resolver)
}

function fieldsOf(catalog: Referring, type: string): readonly string[] {
  return toFields(referenceFields(catalog, type))
}

function toFields(references: ReferenceFields): readonly string[] {
  return Object.keys(references).filter((field) => references[field] === 'workflow')
}

function nameOf(field: string): string {
  return field.slice(0, -'_id'.length)
}

/** An id that is no workflow's (any more) stays as it is: the file says honestly what would not work either. */
function rename(fields: readonly string[], object: JsonObject, slugOf: (id: string) => string | undefined): JsonObject {
  return mapEntries(object, (key, value) => {
    if (!fields.includes(key) || Object.hasOwn(object, nameOf(key)) || typeof value !== 'string') return [key, value]
    const slug = isUuid(value) ? slugOf(value.toLowerCase()) : undefined
    return slug === undefined ? [key, value] : [nameOf(key), slug]
  })
}

function resolve(
  fields: readonly string[],
  object: JsonObject,
  resolver: Resolver,
): { readonly value: JsonObject; readonly unknown: readonly UnknownReference[] } {
  const unknown: UnknownReference[] = []
  const value = mapEntries(object, (key, name) => {
    const pointer = toPointer([key])
    if (fields.includes(key) && typeof name === 'string' && isUuid(name) && !resolver.isKnown(name.toLowerCase())) {
      unknown.push({ pointer, name })
    }
    const field = fields.find((candidate) => nameOf(candidate) === key && !Object.hasOwn(object, candidate))
    if (field === undefined || typeof name !== 'string') return [key, name]
    // An expression gives the id when it runs.
    if (name.includes('{{')) return [field, name]
    const id = resolver.idOf(name)
    if (id === undefined) unknown.push({ pointer, name })
    return [field, id ?? name]
  })
  return { value, unknown }
}

function mapEntries(object: JsonObject, map: (key: string, value: Json) => readonly [string, Json]): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => map(key, value)))
}
