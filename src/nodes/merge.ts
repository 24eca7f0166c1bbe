import { z } from 'zod'
import { type Arrived, definePureNode, emit } from '#core/workflow/node-type'
import type { Json } from '#lib/json'

const Mode = z.enum(['object', 'list', 'first'])

export const merge = definePureNode({
  type: 'merge',
  group: 'flow',
  icon: 'merge',
  title: { pt: 'Juntar', en: 'Merge' },
  description: {
    pt: 'Junta o que chega por várias arestas: objeto por id de origem, lista, ou só o primeiro.',
    en: 'Merges what comes over several edges: an object by source id, a list, or only the first.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    mode: Mode.default('object').describe('object: by source id; list and first: in the order of the edges.'),
  }),
  example: { config: { mode: 'list' }, input: { total: 250 }, output: [{ total: 250 }] },
  decide: ({ config, arrived }) => emit(mergeValues(config.mode, arrived)),
})

function mergeValues(mode: z.infer<typeof Mode>, arrived: readonly Arrived[]): Json {
  if (mode === 'first') return arrived[0]?.value ?? null
  if (mode === 'list') return arrived.map(({ value }) => value)
  return Object.fromEntries(arrived.map(({ source, value }) => [source, value]))
}
