/** Where a variable is used: what has to be looked at before it changes its name or goes. */
import { z } from 'zod'
import { variableNamesIn } from '#core/workflow/variable-names'
import type { Json } from '#lib/json'

const Place = z.object({
  type: z.enum(['workflow', 'agent']),
  id: z.uuid(),
  name: z.string(),
  state: z
    .enum(['draft', 'published', 'current'])
    .describe('Of a workflow its draft or its published version; of an agent its current settings.'),
  version: z.int(),
  parts: z.array(z.string()).describe('Ids of nodes; of an agent `instructions` and its tools as `tools/0`.'),
  certain: z.boolean().describe('False where an expression may mean any variable, such as `$vars[$input.name]`.'),
})

export const VariableUsage = z
  .object({
    key: z.string(),
    provider: z
      .string()
      .nullable()
      .describe('The provider whose key this secret is: then every node, agent and chat that asks its models uses it.'),
    items: z.array(Place),
    truncated: z.boolean().describe('Whether there are more than are told.'),
  })
  .meta({ id: 'VariableUsage' })
export type VariableUsage = z.infer<typeof VariableUsage>
export type VariablePlace = z.infer<typeof Place>

/** Of the parts of a thing those that use the variable; undefined when none does. */
export function findUses(
  parts: readonly (readonly [name: string, value: Json])[],
  { key, secret }: { readonly key: string; readonly secret: boolean },
): Pick<VariablePlace, 'parts' | 'certain'> | undefined {
  const found = parts.flatMap(([name, value]) => {
    const text = JSON.stringify(value)
    const names = variableNamesIn(text, secret ? 'secrets' : 'vars')
    if (names === 'all') return [{ name, certain: text.includes(key) }]
    return names.includes(key) ? [{ name, certain: true }] : []
  })
  if (found.length === 0) return undefined
  return { parts: found.map(({ name }) => name), certain: found.some(({ certain }) => certain) }
}
