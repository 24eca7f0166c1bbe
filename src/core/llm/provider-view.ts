import { z } from 'zod'
import { ModelEntry } from './model-entry.ts'

export const ProviderView = z.object({
  id: z.string(),
  wire: z.enum(['demo', 'workers-ai', 'openai', 'anthropic', 'google', 'compatible']),
  usable: z.boolean().describe('Models of it can be asked from this workspace'),
  key: z
    .enum(['workspace', 'installation'])
    .nullable()
    .describe("Whose key is sent: the workspace's secret goes before the installation's"),
  key_name: z.string().nullable().describe('The name that a secret of the workspace must have to be its key'),
})
export type ProviderView = z.infer<typeof ProviderView>

export const ModelView = ModelEntry.extend({
  provider: z.string(),
  usable: z.boolean().describe('It can be asked from this workspace'),
  prices_as_of: z.iso.date().nullable().describe("Of our catalogue; null where the operator's settings say the price"),
})
export type ModelView = z.infer<typeof ModelView>
