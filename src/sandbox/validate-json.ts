import { type Schema, Validator } from '@cfworker/json-schema'
import type { SchemaError } from '#core/workflow/sandbox'
import { isJsonObject, type Json } from '#lib/json'
import { err, ok, type Result } from '#lib/result'

/** A value that is wrong all over gets this many errors. */
const MAX_ERRORS = 100

/**
 * What a JSON Schema (2020-12, or the draft that its `$schema` names) has against a value. Patterns may run for ever.
 * An error when it is no schema we can use, e.g. for a `$ref` that leads out of it.
 */
export function validateJson(schema: Json, value: Json): Result<readonly SchemaError[], string> {
  if (typeof schema !== 'boolean' && !isJsonObject(schema)) return err('an object is expected')
  try {
    const { errors } = new Validator(schema satisfies Schema | boolean, draftOf(schema), false).validate(value)
    return ok(
      errors
        .slice(0, MAX_ERRORS)
        .map(({ instanceLocation, error }) => ({ path: instanceLocation.slice(1), message: error })),
    )
  } catch (error) {
    return err(error instanceof Error ? error.message : 'unknown')
  }
}

function draftOf(schema: boolean | { readonly [key: string]: Json }): '4' | '7' | '2019-09' | '2020-12' {
  const named = typeof schema === 'boolean' ? undefined : schema['$schema']
  const draft = /draft-0?(4|7)\b|(2019-09)/.exec(typeof named === 'string' ? named : '')
  const [, old, newer] = draft ?? []
  return old === '4' || old === '7' ? old : newer === '2019-09' ? newer : '2020-12'
}
