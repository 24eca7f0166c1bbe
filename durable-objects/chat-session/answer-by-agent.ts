import { connectWithin } from '#db/connect'
import { type BoundAgent, runAgent, type TurnEnd, type TurnPorts } from '#core/agent/run-agent'
import { readObject } from '#core/agent/structured'
import type { ChatHeader, Turn } from '#core/chat/turn'
import type { TraceContext } from '#lib/trace'
import type { FinishPart } from '#llm/models'
import { createSandbox } from '#sandbox/client'
import { bindAgent } from '#services/agents/bind-agent'
import type { AgentModels } from '#services/agents/agent-facts'
import { withinMonth } from '#services/agents/within-month'
import type { Spender } from '#services/budgets/admission'
import { openModels } from '#services/llm/open-models'
import type { AnswerPorts, Answerer } from './answerer.ts'
import { openContext } from './open-context.ts'
import { openTurnSpan } from './turn-span.ts'

/**
 * Performs a turn from where it is to its end, or to where a person is asked.
 *
 * @throws ModelError and whatever else ends a turn; the reason of the aborted signal
 */
export const answerByAgent: Answerer = async (env, header, turn, ports) => {
  const span = openTurnSpan(env, header, turn)
  try {
    const end = await perform(env, header, turn, ports, span.trace)
    span.end(end.status)
    return end
  } catch (error) {
    span.end(ports.signal.aborted ? 'stopped' : 'failed')
    throw error
  }
}

async function perform(
  env: Env,
  header: ChatHeader,
  turn: Turn,
  ports: AnswerPorts,
  trace: TraceContext,
): Promise<TurnEnd> {
  const { signal, begun, messages, progress, settle } = ports
  const { chatId, workspaceId } = header
  if (turn.agent === undefined) throw new Error('a turn without an agent')
  const spenderOf = (agentId: string | null): Spender => ({ agentId, workflowId: null, userId: turn.userId })
  const ofAgent = (agentId: string): AgentModels => {
    const onFinish = (paid: FinishPart): void => ports.spend(agentId, paid)
    return { ...openModels(env, workspaceId, { spender: spenderOf(agentId), onFinish, trace }), ofAgent, settle }
  }
  const paying = { spender: spenderOf(turn.agent.id), trace }
  const own: AgentModels = { ...openModels(env, workspaceId, paying), ofAgent, settle }
  const models = withinMonth(connectWithin(env, workspaceId), workspaceId, turn.agent, own)
  const agent = await bindAgent(env, models, turn.agent, {
    workspaceId,
    userId: turn.userId,
    startedAt: Date.parse(messages.find(turn.messageId)?.created_at ?? new Date().toISOString()),
    input: { chat: { id: chatId }, user: turn.speaker ?? null },
    hasPerson: true,
    trace,
  })
  signal.throwIfAborted()
  const history = await openContext(env, header, turn, agent, messages.kept(), { models, signal, ...ports.memory })
  const idempotencyKey = (callId: string): string => `${chatId}/${turn.id}/${encodeURIComponent(callId)}`
  const steps = runAgent(
    { models, idempotencyKey, progress, signal, ...checkOf(env, workspaceId, agent) },
    agent,
    history,
    begun,
  )
  for (;;) {
    const step = await steps.next()
    if (step.done === true) return step.value
    ports.take(step.value)
  }
}

/** How an answer is checked against the agent's schema, where it has one. */
function checkOf(env: Env, workspaceId: string, { output }: BoundAgent): Pick<TurnPorts, 'check'> {
  if (output === undefined) return {}
  const { validate } = createSandbox(env.SANDBOX, workspaceId)
  return { check: async (text) => (await readObject(validate, output, text)).problems }
}
