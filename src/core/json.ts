import { z } from 'zod'
import type { Json } from '#lib/json'

/**
 * Any JSON value. What has been through `JSON.parse` needs no second look, and `z.json()`, which takes one, is
 * recursive: it is slow on large documents and has no finite form in OpenAPI.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that it is JSON is what our callers know
export const AnyJson = z.unknown() as unknown as z.ZodType<Json>

/** An object with any JSON values. */
export const AnyJsonObject = z.record(z.string(), AnyJson)
