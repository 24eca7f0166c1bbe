import { z } from 'zod'
import { itemsField, perItemField } from '#core/workflow/fields'
import { definePureNode, emit } from '#core/workflow/node-type'
import type { Json } from '#lib/json'
import { badItem, kindOf } from './bad-item.ts'

/** Texts as a reader expects them: "Ágata" between "Ada" and "Bia". */
const { compare: compareTexts } = new Intl.Collator('pt')

export const sort = definePureNode({
  type: 'sort',
  group: 'data',
  icon: 'arrow-down-up',
  title: { pt: 'Ordenar', en: 'Sort' },
  description: {
    pt: 'Põe uma lista em ordem: por números, textos ou booleanos. O que falta fica no fim; iguais ficam como estavam.',
    en: 'Puts a list in order: by numbers, texts or booleans. What is missing comes last; equals stay as they were.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    items: itemsField.describe('The list; by default the input.'),
    by: perItemField.describe('A property (customer.name) or an expression of $item; by default the item itself.'),
    order: z.enum(['asc', 'desc']).default('asc'),
  }),
  perItem: ['by'],
  example: {
    config: { items: '{{ $input }}', by: 'total', order: 'desc' },
    input: [{ total: 2 }, { total: null }, { total: 10 }],
    output: [{ total: 10 }, { total: 2 }, { total: null }],
  },
  decide({ config: { items, by, order } }) {
    const keys = by?.values ?? items
    checkKinds(keys, by?.text ?? '$item')
    const sign = order === 'asc' ? 1 : -1
    const places = items.map((_, index) => index)
    const sorted = places.toSorted((a, b) => compareKeys(keys[a] ?? null, keys[b] ?? null, sign))
    return emit(sorted.map((index) => items[index] ?? null))
  },
})

/** Numbers and texts have no order among themselves, and objects none at all. */
function checkKinds(keys: readonly Json[], field: string): void {
  const expected = keys.map(kindOf).find((kind) => kind !== 'null')
  if (expected === undefined) return
  for (const [index, key] of keys.entries()) {
    const kind = kindOf(key)
    if (kind === 'object' || kind === 'list') throw badItem(index, field, key, ['number', 'text', 'boolean'])
    if (kind !== 'null' && kind !== expected) throw badItem(index, field, key, [expected])
  }
}

function compareKeys(a: Json, b: Json, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return sign * (typeof a === 'string' && typeof b === 'string' ? compareTexts(a, b) : Number(a) - Number(b))
}
