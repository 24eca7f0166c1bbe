import type { ModelMessage } from '#core/agent/model'
import { AnswerInvalid } from '#core/agent/structured'
import { type ToolCall, ToolFailure } from '#core/agent/tool'
import type { AgentAnswer } from '#core/agent/tool-type'
import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { connectWithin } from '#db/connect'
import { ModelError } from '#llm/errors'
import type { Binding } from './bind-tools.ts'
import { findAgentSnapshot } from './find-agent-snapshot.ts'
import { runToEnd } from './run-to-end.ts'
import { withinMonth } from './within-month.ts'

/** Agents that one agent may reach through others. */
const MAX_NESTING = 3

/**
 * One turn of another agent, for a tool: nobody can be asked in it, and what it spends counts for whoever asked.
 *
 * @throws ToolFailure when agents are nested too deep or in a circle, or the other one cannot answer
 */
export async function askAgent(
  { env, config, models, sandbox, facts, bind }: Binding,
  callerId: string | null,
  { agentId, message }: { readonly agentId: string; readonly message: string },
  call: ToolCall,
): Promise<AgentAnswer> {
  const callers = [...(facts.callers ?? []), ...(callerId === null ? [] : [callerId])]
  if (callers.includes(agentId)) throw new ToolFailure('agent_cycle', 'That agent is waiting for this answer itself.')
  if (callers.length > MAX_NESTING) {
    throw new ToolFailure('agents_too_deep', `More than ${MAX_NESTING} agents ask one another.`)
  }
  const { workspaceId } = facts
  try {
    const ctx = { db: connectWithin(env, workspaceId), config, principal: { workspaceId } }
    const snapshot = await findAgentSnapshot(ctx, agentId)
    const own = withinMonth(ctx.db, workspaceId, snapshot, models.ofAgent?.(agentId) ?? models)
    const agent = await bind(env, own, snapshot, { ...facts, callers, hasPerson: false })
    const history: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: message }] }]
    const { signal, idempotencyKey: key } = call
    const quiet = { onText: () => undefined, progress: () => undefined }
    const turn = { models: own, signal, key, validate: sandbox.validate, ...quiet }
    return await runToEnd(turn, agent, history, (cost) => call.spend(cost))
  } catch (error) {
    throw explain(error)
  }
}

function explain(error: unknown): unknown {
  if (error instanceof AppError)
    return new ToolFailure(error.code, say(ERRORS[error.code].sentence, 'en', error.params))
  if (error instanceof ModelError)
    return new ToolFailure(error.code, `The other agent's model failed: ${error.message}`)
  if (error instanceof AnswerInvalid) return new ToolFailure('answer_invalid', error.message)
  return error
}
