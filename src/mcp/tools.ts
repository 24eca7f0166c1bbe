import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { type JsonObject, JsonTooLarge, measureJson } from '#lib/json'

/** A tool of an MCP server, as much of it as a model is told. */
export interface McpTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

/** What providers take; the rest of a longer one is left out. */
const MAX_DESCRIPTION_CHARS = 1_000
const MAX_SCHEMA_BYTES = 16_384
const MAX_SCHEMA_DEPTH = 20
const MAX_NAME_CHARS = 200

const Listed = z.looseObject({
  name: z.string().min(1).max(MAX_NAME_CHARS),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: AnyJsonObject,
})

/** A listed tool within bounds: a schema beyond them is told as any object, and the server checks its input itself. */
export function toMcpTool(listed: unknown): McpTool {
  const { name, title, description, inputSchema } = Listed.parse(listed)
  const told = description ?? title ?? name
  const isLong = told.length > MAX_DESCRIPTION_CHARS
  return {
    name,
    description: isLong ? `${told.slice(0, MAX_DESCRIPTION_CHARS).toWellFormed()}…` : told,
    inputSchema: toSchema(inputSchema),
  }
}

function toSchema(given: JsonObject): JsonObject {
  const { $schema: _, ...schema } = given
  try {
    measureJson(schema, MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH)
    return { ...schema, type: 'object' }
  } catch (error) {
    if (error instanceof JsonTooLarge) return { type: 'object' }
    throw error
  }
}
