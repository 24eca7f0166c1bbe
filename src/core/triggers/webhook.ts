import { z } from 'zod'

export const HOOK_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
/** A sender's own timeout is seldom longer. */
const MAX_TIMEOUT_MS = 60_000

export const WebhookConfig = z.strictObject({
  methods: z.array(z.enum(HOOK_METHODS)).min(1).max(HOOK_METHODS.length).default(['POST']),
  label: z.string().max(100).optional().describe('For people; the address does not change with it.'),
  auth: z
    .enum(['signature', 'bearer', 'none'])
    .default('signature')
    .describe('`signature`: Standard Webhooks; `bearer`: the secret as a token; `none`: whoever knows the address.'),
  response: z
    .enum(['immediately', 'on_respond', 'on_finish'])
    .default('immediately')
    .describe('202 at once; what a `respond` node says; the output of the execution.'),
  timeout_ms: z.int().min(100).max(MAX_TIMEOUT_MS).default(30_000).describe('Then 202, and the execution goes on.'),
  raw_body: z.boolean().default(false).describe('Also the body as it came, in `raw_body`; base64 where it is no text.'),
  delivery_header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/)
    .optional()
    .describe('Its value names the delivery, which starts one execution however often it comes; else webhook-id.'),
})
export type WebhookConfig = z.infer<typeof WebhookConfig>
