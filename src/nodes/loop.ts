import { z } from 'zod'
import { AnyJson } from '#core/json'
import { ON_ITEM_ERROR } from '#core/workflow/event'
import { definePureNode } from '#core/workflow/node-type'

/** As `engine.md` has it: an item costs a few events, and the list lies in the actor's memory. */
const MAX_ITEMS = 10_000
const MAX_AT_ONCE = 100

export const loop = definePureNode({
  type: 'loop',
  group: 'flow',
  icon: 'repeat',
  title: { pt: 'Para cada', en: 'For each' },
  description: {
    pt: 'Manda cada item por "body"; o que volta por "next" é juntado, e "done" entrega a lista em ordem.',
    en: 'Sends each item through "body"; what comes back by "next" is collected, and "done" gives the list in order.',
  },
  // The first is where a loop leaves that is disabled or has failed.
  ports: { in: ['in', 'next'], out: ['done', 'body'] },
  roles: { body: 'item', next: 'collect' },
  config: z.strictObject({
    items: z.array(AnyJson).max(MAX_ITEMS).describe('A list, or an expression that gives one.'),
    concurrency: z.int().min(1).max(MAX_AT_ONCE).default(1).describe('Items at once.'),
    on_item_error: z
      .enum(ON_ITEM_ERROR)
      .default('fail')
      .describe('fail: the loop fails; skip: the item is left out; collect: { "error" } stands in its place.'),
  }),
  expressions: ['items'],
  example: { config: { items: '$input.orders', concurrency: 5 }, input: { orders: [] }, output: [] },
  decide: ({ config: { items, concurrency, on_item_error: onItemError } }) => ({
    kind: 'loop',
    items,
    concurrency,
    onItemError,
  }),
})
