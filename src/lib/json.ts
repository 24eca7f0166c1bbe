/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | JsonObject

export type JsonObject = { [key: string]: Json }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Thrown by `measureJson`. */
export class JsonTooLarge extends Error {
  override readonly name = 'JsonTooLarge'
}

/**
 * Roughly how many bytes a value takes as JSON, counted without writing it, so that a small value that refers to a
 * large one many times is found out before it fills the memory.
 *
 * @throws JsonTooLarge as soon as the count passes `limit` bytes
 */
export function measureJson(value: unknown, limit: number): number {
  let total = 0
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'string') total += next.length + 2
    else if (typeof next === 'object' && next !== null) {
      for (const [key, member] of Object.entries(next)) {
        total += Array.isArray(next) ? 1 : key.length + 4
        pending.push(member)
      }
      total += 2
    } else total += 5
    if (total > limit) throw new JsonTooLarge()
  }
  return total
}

/** How deep arrays and objects nest in a JSON text; brackets inside strings do not count. The text may be no JSON. */
export function jsonDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index)
    if (inString) {
      if (char === 0x5c) index += 1
      else if (char === 0x22) inString = false
    } else if (char === 0x22) inString = true
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (char === 0x7d || char === 0x5d) depth -= 1
  }
  return deepest
}

/** Deeper JSON is refused: writing it again would overflow the stack. */
export const MAX_JSON_DEPTH = 100

/**
 * A JSON text's value.
 *
 * @throws SyntaxError when it is no JSON or nests deeper than `MAX_JSON_DEPTH`
 */
export function parseJson(text: string): Json {
  if (jsonDepth(text) > MAX_JSON_DEPTH) throw new SyntaxError(`deeper than ${MAX_JSON_DEPTH} levels`)
  const value: Json = JSON.parse(text)
  return value
}
