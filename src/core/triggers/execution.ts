import { z } from 'zod'

/** How an execution ends. */
const ENDS = ['completed', 'failed', 'timeout', 'cancelled'] as const

export const ExecutionTriggerConfig = z.strictObject({
  workflow_id: z
    .uuid()
    .optional()
    .describe('Whose executions; absent: any that did not itself begin because of another execution.'),
  on: z.array(z.enum(ENDS)).min(1).max(ENDS.length).default(['completed', 'failed']),
})
export type ExecutionTriggerConfig = z.infer<typeof ExecutionTriggerConfig>

/** Executions that begin because others end: this many may stand above one. */
export const MAX_CHAIN = 16

/** Why an execution that has ended starts no other, though a trigger waits for it. */
export type ChainRefusal = 'trigger_loop' | 'trigger_chain_too_long'

/**
 * Whether a workflow may begin because an execution has ended. None is started by itself, however long the way around.
 *
 * @param chain the workflows above the execution that has ended, and its own
 */
export function judgeChain(chain: readonly string[], workflowId: string): ChainRefusal | undefined {
  if (chain.includes(workflowId)) return 'trigger_loop'
  return chain.length > MAX_CHAIN ? 'trigger_chain_too_long' : undefined
}
