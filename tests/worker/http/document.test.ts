import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { send } from './client.ts'

const Schema = z.looseObject({
  $ref: z.string().optional(),
  additionalProperties: z.unknown().optional(),
  get anyOf() {
    return z.array(Schema).optional()
  },
})
type Schema = z.infer<typeof Schema>
const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  responses: z.record(z.string(), z.looseObject({ description: z.string() })),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: Schema })) }).optional(),
})
const Document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema) }),
})
type Document = z.infer<typeof Document>

interface Route {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly operation: z.infer<typeof Operation>
}

async function readDocument(language: string): Promise<Document> {
  const response = await send('/openapi.json', { headers: { 'Accept-Language': language } })
  return Document.parse(await response.json())
}

function routesOf({ paths }: Document): Route[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  )
}

let document: Document
let routes: Route[]
beforeAll(async () => {
  document = await readDocument('pt')
  routes = routesOf(document)
})

/** The object schemas that a body may match: through references and alternatives. */
function objectsOf(schema: Schema): Schema[] {
  const target = schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1) ?? '']
  if (target === undefined) throw new Error(`dangling ${schema.$ref}`)
  return target.anyOf === undefined ? [target] : target.anyOf.flatMap(objectsOf)
}

describe('/openapi.json', () => {
  test('names every operation once', () => {
    const ids = routes.map(({ operation }) => operation.operationId)
    expect(ids).toEqual([...new Set(ids)])
  })

  test('speaks both languages and keeps no notes of ours', async () => {
    const summaryIn = async (language: string) =>
      routesOf(await readDocument(language)).find(({ name }) => name === 'GET /health')?.operation.summary
    expect(await summaryIn('pt')).toBe('Diz se as partes respondem')
    expect(await summaryIn('en')).toBe('Says whether the parts answer')
    expect(JSON.stringify(routes)).not.toContain('x-marks')
  })
})

test('every answer is worded, every error by its code', () => {
  for (const { name, operation } of routes) {
    for (const [status, { description }] of Object.entries(operation.responses)) {
      expect.soft(description, `${name} ${status}`).not.toBe('')
    }
  }
  const login = routes.find(({ name }) => name === 'POST /api/v1/auth/login')?.operation
  expect(login?.responses['401']?.description).toBe('`invalid_credentials`: Credenciais inválidas')
})

/** What other people's clients send is theirs (contract: as loose as they expect). */
const OTHERS: ReadonlySet<string> = new Set(['POST /api/v1/chat/{id}/ui-stream', 'POST /v1/chat/completions'])

describe('a body', () => {
  test('is strict, so that nobody sets what was not meant to be set', () => {
    for (const { name, operation } of routes) {
      if (OTHERS.has(name)) continue
      const content = Object.values(operation.requestBody?.content ?? {})
      for (const object of content.flatMap(({ schema }) => objectsOf(schema))) {
        expect.soft(object.additionalProperties, name).toBe(false)
      }
    }
  })
})
