/** What is known of a model before it is asked. */
import { z } from 'zod'

const tokens = z.int().min(1).nullable()
const price = z.number().min(0)

export const ModelPrices = z.strictObject({
  input: price,
  output: price,
  cached_input: price.optional().describe('Read from the cache; absent: as input'),
  cache_write: price.optional().describe('Written into the cache; absent: as input'),
})
export type ModelPrices = z.infer<typeof ModelPrices>

export const MODEL_ABILITIES = ['tools', 'images', 'pdf', 'structured_output', 'reasoning'] as const
export type ModelAbility = (typeof MODEL_ABILITIES)[number]

export const ModelEntry = z.strictObject({
  id: z
    .string()
    .max(200)
    .regex(/^[^/\s]+\/\S+$/)
    .describe('provider/model'),
  name: z.string().max(200),
  context_tokens: tokens.describe('Of question and answer together'),
  max_output_tokens: tokens,
  prices: ModelPrices.nullable().describe('US dollars for a million tokens; null where not known'),
  abilities: z.array(z.enum(MODEL_ABILITIES)),
})
export type ModelEntry = z.infer<typeof ModelEntry>

/** An operator's line about a model: new, or what is different about a known one. */
export const ModelLine = ModelEntry.partial().required({ id: true })
export type ModelLine = z.infer<typeof ModelLine>
