import { compile } from '#core/workflow/compile'
import type { Definition } from '#core/workflow/graph'
import { type Catalog, defineEffectNode, definePureNode, emit } from '#core/workflow/node-type'
import type { Plan } from '#core/workflow/plan'
import { AnyJsonObject } from '#core/json'
import { catalog } from '#nodes/catalog'
import type { JsonObject } from '#lib/json'

const described = {
  group: 'data',
  icon: 'box',
  title: { pt: '', en: '' },
  description: { pt: '', en: '' },
  config: AnyJsonObject,
  example: { config: {}, input: null, output: null },
} as const

/** The real node types, and two for tests: `work`, whose outcome the test decides, and `pass`, which is pure. */
export const testCatalog = {
  ...catalog,
  work: defineEffectNode({
    ...described,
    type: 'work',
    ports: { in: ['in'], out: ['out', 'yes', 'no'] },
    run: () => Promise.reject(new Error('the test decides the outcome')),
  }),
  pass: definePureNode({
    ...described,
    type: 'pass',
    ports: { in: ['in'], out: ['out'] },
    decide: ({ input }) => emit(input),
  }),
} satisfies Catalog

type NodeSpec = JsonObject & { type?: string }

/**
 * A definition drawn as text: `start -> a -> b; a -no-> c; each -body-> work -> each:next`. A node whose name begins with `start` is a manual trigger,
 * any other one is `work`, unless `specs` says otherwise; what else stands there is the node's data.
 */
export function draw(
  text: string,
  specs: Readonly<Record<string, NodeSpec>> = {},
  settings: JsonObject = {},
): Definition {
  const ids = new Set<string>()
  const edges = text.split(';').flatMap((chain) => {
    const [first = '', ...rest] = chain.trim().split(/\s+/)
    ids.add(first)
    const links: JsonObject[] = []
    let source = first
    for (let index = 0; index + 1 < rest.length; index += 2) {
      const [target = '', targetHandle = 'in'] = (rest[index + 1] ?? '').split(':')
      ids.add(target)
      const sourceHandle = /^-(\w*)-?>$/.exec(rest[index] ?? '')?.[1] || 'out'
      const end = targetHandle === 'in' ? target : `${target}:${targetHandle}`
      links.push({ id: `${source}:${sourceHandle}>${end}`, source, sourceHandle, target, targetHandle })
      source = target
    }
    return links
  })
  const nodes = [...ids].map((id) => {
    const { type = id.startsWith('start') ? 'trigger.manual' : 'work', ...data } = specs[id] ?? {}
    return { id, type, data }
  })
  return { nodes, edges, settings }
}

/** The plan of a graph that is known to be fine. */
export function planOf(definition: Definition): Plan {
  const result = compile(definition, testCatalog)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** The codes of everything that is wrong with a definition. */
export function problemsOf(definition: Definition) {
  const result = compile(definition, testCatalog)
  return result.ok ? [] : result.error
}
