import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { ToolError, TurnCost } from '#core/chat/message'
import { FinishReason, Usage } from './model.ts'

const provider = AnyJsonObject.optional()
/** What a tool used up that asked models itself. */
const spent = TurnCost.optional()

/** What happens in a turn, in order: stored, shown and folded into the message (`fold.ts`). */
export const AgentEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), provider }),
  z.object({ type: z.literal('reasoning'), text: z.string(), provider }),
  z.object({
    type: z.literal('tool_called'),
    call_id: z.string(),
    tool: z.string(),
    input: AnyJson,
    asks: z.enum(['approval', 'answer']).nullable(),
    provider,
  }),
  /** A person let a call that asked for it go on. */
  z.object({ type: z.literal('tool_approved'), call_id: z.string(), by: z.uuid().nullable() }),
  z.object({
    type: z.literal('tool_denied'),
    call_id: z.string(),
    by: z.uuid().nullable(),
    comment: z.string().nullable(),
  }),
  z.object({ type: z.literal('tool_completed'), call_id: z.string(), output: AnyJson, spent }),
  z.object({ type: z.literal('tool_failed'), call_id: z.string(), error: ToolError, spent }),
  /** The answer that ended just now does not follow the agent's schema; the model is asked once more. */
  z.object({ type: z.literal('answer_rejected'), complaint: z.string() }),
  z.object({
    type: z.literal('step_finished'),
    reason: FinishReason,
    usage: Usage,
    cost: z.number().nullable(),
    model: z.string(),
  }),
])
export type AgentEvent = z.infer<typeof AgentEvent>
