import { z } from 'zod'
import { itemsField, type PerItem, perItemField } from '#core/workflow/fields'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { definePureNode, emit } from '#core/workflow/node-type'
import type { Json, JsonObject } from '#lib/json'
import { badItem } from './bad-item.ts'

const OPS = ['count', 'sum', 'avg', 'min', 'max'] as const

const Operation = z.strictObject({
  op: z.enum(OPS),
  field: perItemField.describe('A property (order.total) or an expression of $item; not needed for count.'),
  as: z.string().min(1).optional().describe('The name of the result; by default e.g. sum_total.'),
})
type Operation = z.infer<typeof Operation>

/** A name that a property path can be. */
const NAME = /^[\p{L}\p{N}_.-]+$/u

export const aggregate = definePureNode({
  type: 'aggregate',
  group: 'data',
  icon: 'sigma',
  title: { pt: 'Agregar', en: 'Aggregate' },
  description: {
    pt: 'Conta, soma, média, mínimo e máximo de uma lista, ao todo ou por grupo. O que falta não entra na conta.',
    en: 'Count, sum, average, minimum and maximum of a list, in all or by group. What is missing does not count.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    items: itemsField.describe('The list; by default the input.'),
    operations: z.array(Operation).min(1),
    group_by: perItemField.describe('A property or an expression of $item: gives a list with one object a group.'),
    group_as: z.string().min(1).optional().describe('The name of the group in each object; by default the property.'),
  }),
  perItem: ['operations.*.field', 'group_by'],
  example: {
    config: {
      items: '{{ $input.orders }}',
      operations: [{ op: 'count' }, { op: 'sum', field: 'total', as: 'total' }],
      group_by: 'city',
    },
    input: {
      orders: [
        { city: 'Recife', total: 10 },
        { city: 'Natal', total: 5 },
        { city: 'Recife', total: 32 },
      ],
    },
    output: [
      { city: 'Recife', count: 2, total: 42 },
      { city: 'Natal', count: 1, total: 5 },
    ],
  },
  decide({ config: { items, operations, group_by: groupBy, group_as: groupAs } }) {
    const places = items.map((_, index) => index)
    if (groupBy === undefined) return emit(reckon(operations, places))
    const name = groupAs ?? nameOf(groupBy.text) ?? 'group'
    const groups = Map.groupBy(places, (index) => JSON.stringify(groupBy.values[index] ?? null))
    return emit(
      [...groups.values()].map((members) => ({
        [name]: groupBy.values[members[0] ?? 0] ?? null,
        ...reckon(operations, members),
      })),
    )
  },
})

/** The results of every operation over the items at these places. */
function reckon(operations: readonly Operation[], places: readonly number[]): JsonObject {
  const results = new Map<string, Json>()
  for (const { op, field, as } of operations) {
    const name = as ?? [op, nameOf(field?.text ?? '')].filter((part) => part !== undefined).join('_')
    if (results.has(name)) throw new NodeFailure(nodeError('config_invalid', { reason: `operations: ${name} (as)` }))
    results.set(name, op === 'count' && field === undefined ? places.length : calculate(op, field, places))
  }
  return Object.fromEntries(results)
}

/** The last key of a property path. */
function nameOf(text: string): string | undefined {
  return NAME.test(text) ? text.split('.').at(-1) : undefined
}

function calculate(op: Operation['op'], field: PerItem | undefined, places: readonly number[]): Json {
  if (field === undefined) throw new NodeFailure(nodeError('config_invalid', { reason: `operations: ${op} (field)` }))
  const present = places.filter((index) => (field.values[index] ?? null) !== null)
  if (op === 'count') return present.length
  const numbers = present.map((index) => numberAt(field, index))
  if (op === 'sum') return sum(numbers)
  if (numbers.length === 0) return null
  if (op === 'avg') return sum(numbers) / numbers.length
  return numbers.reduce((best, number) => (op === 'min' ? Math.min(best, number) : Math.max(best, number)))
}

function numberAt({ text, values }: PerItem, index: number): number {
  const value = values[index] ?? null
  if (typeof value !== 'number') throw badItem(index, text, value, ['number'])
  return value
}

/**
 * Neumaier's sum: as exact as one rounding allows, whatever the order. These are binary fractions still: 0.1 + 0.2 is
 * 0.30000000000000004. Money that must be exact is kept in cents.
 */
function sum(numbers: readonly number[]): number {
  let total = 0
  let lost = 0
  for (const number of numbers) {
    const next = total + number
    lost += Math.abs(total) >= Math.abs(number) ? total - next + number : number - next + total
    total = next
  }
  return total + lost
}
