/** Answers that are to be JSON of a schema: asked for, read, checked, and asked for once more when they are not. */
import type { JsonObject } from '#lib/json'

/** What a model is told that has no way of its own to be bound to a schema. */
export function toOutputInstruction(schema: JsonObject): string {
  return [
    'Answer with one JSON value that follows this JSON Schema, and with nothing else: no explanation, no code fence.',
    JSON.stringify(schema),
  ].join('\n')
}
