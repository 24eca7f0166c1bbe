/** Every operation of `/openapi.json`, with what the suite must know of it. */
import { z } from 'zod'
import { type Permission, SCOPES, ACCOUNT_PERMISSIONS } from '#core/permissions'
import { hit } from './hit.ts'

const Schema = z.looseObject({
  $ref: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  get anyOf() {
    return z.array(Schema).optional()
  },
})
type Schema = z.infer<typeof Schema>

const Permissions = z.array(z.enum([...SCOPES, ...ACCOUNT_PERMISSIONS]))

const Operation = z.looseObject({
  security: z.array(z.unknown()).optional(),
  'x-permission': z.union([Permissions.element, Permissions]).default([]),
  responses: z.record(z.string(), z.unknown()),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: Schema })) }).optional(),
})
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema) }),
})
type Document = z.infer<typeof Document>

export interface Operation {
  /** `POST /api/v1/workflows/{id}/execute`: its key in the table of fixtures. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly isPublic: boolean
  /** The one that it takes, or the first of several. */
  readonly permission: Permission | undefined
  /** One of them is enough. */
  readonly permissions: readonly Permission[]
  /** The statuses of a success. */
  readonly successes: readonly number[]
  /** The keys that the body may have; undefined where it takes none, or only a form with a file. */
  readonly bodyKeys: ReadonlySet<string> | undefined
}

/** All operations by their name, in the document's order. */
export async function readOperations(): Promise<ReadonlyMap<string, Operation>> {
  const document = Document.parse(JSON.parse((await hit('/openapi.json')).text))
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Operation => {
      const permissions = [operation['x-permission']].flat()
      const content = operation.requestBody?.content['application/json']
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        isPublic: operation.security?.length === 0,
        permission: permissions[0],
        permissions,
        successes: Object.keys(operation.responses)
          .map(Number)
          .filter((status) => status < 400),
        bodyKeys: content && new Set(keysOf(document, content.schema)),
      }
    }),
  )
  return new Map(operations.map((operation) => [operation.name, operation]))
}

function keysOf(document: Document, schema: Schema): string[] {
  const target = schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1) ?? '']
  if (target === undefined) throw new Error(`dangling ${schema.$ref}`)
  return [...Object.keys(target.properties ?? {}), ...(target.anyOf ?? []).flatMap((one) => keysOf(document, one))]
}

/** `/workflows/{id}` with its parameters; those that are not given become `x`. */
export function fillPath(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'x')
}

/**
 * A path with nothing right in it but the workspace, where it is the path that names it: what stands below
 * `/workspaces/{id}` happens in that one, whatever `X-Workspace-Id` says.
 */
export function garbagePath({ path }: Operation, workspaceId: string): string {
  return fillPath(path, path.startsWith('/api/v1/workspaces/{id}') ? { id: workspaceId } : {})
}
