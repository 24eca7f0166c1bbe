/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | JsonObject

export type JsonObject = { [key: string]: Json }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Thrown by `measureJson`. */
export class JsonTooLarge extends Error {
  override readonly name = 'JsonTooLarge'
  readonly exceeded: 'bytes' | 'depth'

  constructor(exceeded: 'bytes' | 'depth') {
    super(exceeded)
    this.exceeded = exceeded
  }
}

/**
 * How many bytes a value takes as JSON in UTF-8, counted without writing it, so that a small value that refers to a
 * large one many times is found out before it fills the memory. Level by level: depth is no danger to the stack.
 *
 * @throws JsonTooLarge as soon as the count passes `maxBytes`, or the value nests deeper than `maxDepth`
 */
export function measureJson(value: unknown, maxBytes: number, maxDepth = Number.POSITIVE_INFINITY): number {
  let total = 0
  let level: unknown[] = [value]
  const add = (bytes: number): void => {
    total += bytes
    if (total > maxBytes) throw new JsonTooLarge('bytes')
  }
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = []
    for (const member of level) {
      if (typeof member !== 'object' || member === null) {
        add(scalarBytes(member, maxBytes))
        continue
      }
      if (depth === maxDepth) throw new JsonTooLarge('depth')
      const keys = Array.isArray(member) ? [] : Object.keys(member)
      const members: unknown[] = Array.isArray(member) ? member : Object.values(member)
      add(2 + Math.max(0, members.length - 1))
      for (const key of keys) add(textBytes(key) + 1)
      for (const inner of members) next.push(inner)
    }
    level = next
  }
  return total
}

function scalarBytes(value: unknown, maxBytes: number): number {
  // One byte per character at least: what is too long for certain is not counted out.
  if (typeof value === 'string') return value.length > maxBytes ? value.length : textBytes(value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value).length : 4
}

/** A string as `JSON.stringify` writes it: control characters and lone surrogates take six bytes. */
function textBytes(text: string): number {
  let bytes = 2
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charCodeAt(index)
    if (char < 0x20) bytes += char === 8 || char === 9 || char === 10 || char === 12 || char === 13 ? 2 : 6
    else if (char === 0x22 || char === 0x5c) bytes += 2
    else if (char < 0x80) bytes += 1
    else if (char < 0x800) bytes += 2
    else if (char < 0xd800 || char > 0xdfff) bytes += 3
    else if (char < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      index += 1
    } else bytes += 6
  }
  return bytes
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
