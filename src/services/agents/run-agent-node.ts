import type { AgentSnapshot } from '#core/agent/snapshot'
import { AnswerInvalid } from '#core/agent/structured'
import type { AgentAnswer } from '#core/agent/tool-type'
import { AppError, ERRORS } from '#core/errors'
import { nodeError, NodeFailure, toNodeError } from '#core/workflow/node-error'
import type { AgentRequest } from '#core/workflow/node-type'
import type { Sandbox } from '#core/workflow/sandbox'
import type { Json } from '#lib/json'
import { readConfig } from '#config'
import { connectWithin } from '#db/connect'
import type { AgentFacts, AgentModels } from './agent-facts.ts'
import { bindAgent } from './bind-agent.ts'
import { findAgentSnapshot } from './find-agent-snapshot.ts'
import { runToEnd } from './run-to-end.ts'
import { withinMonth } from './within-month.ts'

/** A node's visit, as an agent's turn within it needs it. */
export interface AgentVisit {
  readonly models: AgentModels
  readonly facts: Omit<AgentFacts, 'input' | 'hasPerson'>
  /** The same on every attempt of the visit (P6). */
  readonly key: string
  readonly signal: AbortSignal
  readonly validate: Sandbox['validate']
  onText(this: void, text: string): void
  progress(this: void, progress: Json): void
}

/**
 * A whole turn of an agent within a node's visit. The agent is the one of this moment, and of each attempt.
 *
 * @throws NodeFailure when there is no such agent, it takes no turns, or it may ask a person; ModelError, DatabaseUnavailable
 */
export async function runAgentNode(
  env: Env,
  { models, facts, key, signal, validate, onText, progress }: AgentVisit,
  { agentId, messages, inputs }: AgentRequest,
): Promise<AgentAnswer> {
  const { workspaceId } = facts
  const db = connectWithin(env, workspaceId)
  try {
    const snapshot = await findAgentSnapshot({ db, config: readConfig(env), principal: { workspaceId } }, agentId)
    refuseAsking(snapshot)
    const own = withinMonth(db, workspaceId, snapshot, models.ofAgent?.(agentId) ?? models)
    const agent = await bindAgent(env, own, snapshot, { ...facts, input: inputs, hasPerson: false })
    const history = messages.map(({ role, content }) => ({ role, content: [{ type: 'text' as const, text: content }] }))
    return await runToEnd({ models: own, signal, key, validate, onText, progress }, agent, history, () => undefined)
  } catch (error) {
    if (error instanceof AnswerInvalid) {
      const { path, message: reason } = error.problem
      const failure = nodeError('model_answer_invalid', { model: `agent ${agentId}`, path, reason })
      throw new NodeFailure(failure, { retryable: true })
    }
    if (!(error instanceof AppError)) throw error
    throw new NodeFailure(toNodeError(error.code, ERRORS[error.code].sentence, error.params))
  }
}

/** Nobody is there to be asked: better told at once than after half the work. */
function refuseAsking({ name, tools }: AgentSnapshot): void {
  const asking = tools.filter(({ type, needs_approval }) => needs_approval || type === 'ask_person')
  if (asking.length === 0) return
  const names = asking.map((tool) => tool.name ?? tool.type).join(', ')
  throw new NodeFailure(nodeError('agent_needs_person', { name, tools: names }))
}
