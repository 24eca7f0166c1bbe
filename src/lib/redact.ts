import { isJsonObject, type Json } from './json.ts'

/** What stands where a hidden text stood. */
export const STARS = '***'

/** The text with every occurrence of these replaced by `***`, the longest first: one may be part of another. */
export function redactText(text: string, hidden: readonly string[]): string {
  return longestFirst(hidden).reduce((redacted, one) => redacted.replaceAll(one, STARS), text)
}

/** The same for every text in a JSON value: values, keys, and numbers that read like one of these. */
export function redactJson(value: Json, hidden: readonly string[]): Json {
  return hidden.length === 0 ? value : redact(value, longestFirst(hidden))
}

function longestFirst(hidden: readonly string[]): readonly string[] {
  return hidden.filter((one) => one !== '').toSorted((a, b) => b.length - a.length)
}

function redact(value: Json, hidden: readonly string[]): Json {
  if (typeof value === 'string') return hideIn(value, hidden)
  if (typeof value === 'number') return hidden.some((one) => String(value).includes(one)) ? STARS : value
  if (Array.isArray(value)) return value.map((member) => redact(member, hidden))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [hideIn(key, hidden), redact(member, hidden)]))
}

function hideIn(text: string, hidden: readonly string[]): string {
  return hidden.reduce((redacted, one) => redacted.replaceAll(one, STARS), text)
}
