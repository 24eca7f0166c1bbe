import { z } from 'zod'

const MAX_HISTORY = 100

export const ChatTriggerConfig = z.strictObject({
  history: z
    .int()
    .min(0)
    .max(MAX_HISTORY)
    .default(20)
    .describe('How many of the messages before are given along in `history`, the latest ones.'),
})
export type ChatTriggerConfig = z.infer<typeof ChatTriggerConfig>
