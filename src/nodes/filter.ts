import { z } from 'zod'
import { itemsField, perItemField } from '#core/workflow/fields'
import { definePureNode, emit } from '#core/workflow/node-type'

export const filter = definePureNode({
  type: 'filter',
  group: 'data',
  icon: 'funnel',
  title: { pt: 'Filtrar', en: 'Filter' },
  description: {
    pt: 'Deixa na lista os itens ($item) para os quais a condição vale.',
    en: 'Keeps those items ($item) of a list for which the condition holds.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    items: itemsField.describe('The list; by default the input.'),
    condition: perItemField.describe('An expression of $item and $index, e.g. $item.total > 100.'),
  }),
  expressions: ['condition'],
  perItem: ['condition'],
  example: {
    config: { items: '{{ $input.orders }}', condition: '$item.total > 100' },
    input: { orders: [{ total: 250 }, { total: 80 }, { total: 101 }] },
    output: [{ total: 250 }, { total: 101 }],
  },
  decide: ({ config: { items, condition } }) => emit(items.filter((_, index) => condition?.values[index])),
})
