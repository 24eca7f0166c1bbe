import type { Sentence } from '#core/messages'
import { NODE_ERRORS, NodeFailure, toNodeError } from '#core/workflow/node-error'
import { say } from '#core/messages'
import type { Json } from '#lib/json'

const KINDS = {
  number: { pt: 'número', en: 'a number' },
  text: { pt: 'texto', en: 'text' },
  boolean: { pt: 'booleano', en: 'a boolean' },
  null: { pt: 'nulo', en: 'null' },
  list: { pt: 'lista', en: 'a list' },
  object: { pt: 'objeto', en: 'an object' },
} as const satisfies Record<string, Sentence>
export type Kind = keyof typeof KINDS

export function kindOf(value: Json): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'string') return 'text'
  return typeof value === 'object' ? 'object' : typeof value === 'number' ? 'number' : 'boolean'
}

/** The failure for a value of the wrong kind: names the item and the field. */
export function badItem(index: number, field: string, value: Json, expected: readonly Kind[]): NodeFailure {
  const found = KINDS[kindOf(value)]
  const fill = (locale: 'pt' | 'en', or: string): string =>
    say(NODE_ERRORS.bad_item, locale, {
      index,
      field,
      found: found[locale],
      expected: expected.map((kind) => KINDS[kind][locale]).join(or),
    })
  return new NodeFailure(toNodeError('bad_item', { pt: fill('pt', ' ou '), en: fill('en', ' or ') }))
}
