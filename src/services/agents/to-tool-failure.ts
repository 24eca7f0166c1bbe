import { ToolFailure } from '#core/agent/tool'
import { say } from '#core/messages'
import { NodeFailure } from '#core/workflow/node-error'
import { McpFailure } from '#mcp/errors'
import { OutboundError } from '#outbound/errors'
import { OUTBOUND_MESSAGES } from '#outbound/messages'

/** The work; what the adapters refuse comes in words for the model, and whatever is ours ends the turn. */
export async function orFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OutboundError) {
      throw new ToolFailure(error.code, say(OUTBOUND_MESSAGES[error.code], 'en', error.params))
    }
    if (error instanceof NodeFailure) throw new ToolFailure(error.error.code, error.error.message_en)
    if (error instanceof McpFailure) throw new ToolFailure(error.code, error.message)
    throw error
  }
}
