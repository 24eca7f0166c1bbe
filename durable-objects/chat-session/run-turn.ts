import { readConfig } from '#config'
import type { AgentEvent } from '#core/agent/event'
import type { TurnProgress } from '#core/agent/fold'
import { type BoundAgent, runAgent, type TurnEnd, type TurnPorts } from '#core/agent/run-agent'
import type { ChatHeader, Turn } from '#core/chat/turn'
import { connectWithin } from '#db/connect'
import { readObject } from '#core/agent/structured'
import type { Json } from '#lib/json'
import type { TraceContext } from '#lib/trace'
import type { FinishPart } from '#llm/models'
import { createSandbox } from '#sandbox/client'
import { bindAgent } from '#services/agents/bind-agent'
import { findTurnAgent as findAgent } from '#services/chats/find-turn-agent'
import type { AgentModels } from '#services/agents/agent-facts'
import { openModels } from '#services/llm/open-models'
import { deliverSpent } from './deliver-chat.ts'
import type { Messages } from './messages.ts'
import { type ContextPorts, openContext } from './open-context.ts'
import type { ChatStorage } from './storage.ts'
import { openTurnSpan } from './turn-span.ts'

interface RunPorts {
  readonly messages: Pick<Messages, 'kept' | 'find'>
  readonly memory: Pick<ContextPorts, 'summary' | 'keep'>
  /** What the turn had come to before. */
  readonly begun: TurnProgress
  readonly signal: AbortSignal
  /** Keeps an event. */
  readonly take: (event: AgentEvent) => void
  /** Keeps what another agent took that was asked. */
  readonly spend: (agentId: string, paid: FinishPart) => void
  readonly progress: (callId: string, progress: Json) => void
}

/** @throws AppError where nobody can answer; DatabaseUnavailable */
export async function findTurnAgent(
  env: Env,
  header: ChatHeader,
  storage: Pick<ChatStorage, 'spent'>,
  userId: string,
): Promise<Required<Pick<Turn, 'agent' | 'speaker'>>> {
  const { chatId, workspaceId } = header
  // The month's limit counts what this chat has spent until now.
  await deliverSpent(env, header, storage)
  const db = connectWithin(env, workspaceId)
  return findAgent({ db, config: readConfig(env), principal: { workspaceId } }, chatId, userId)
}

/**
 * Performs a turn from where it is to its end, or to where a person is asked.
 *
 * @throws ModelError and whatever else ends a turn; the reason of the aborted signal
 */
export async function runTurn(env: Env, header: ChatHeader, turn: Turn, ports: RunPorts): Promise<TurnEnd> {
  const span = openTurnSpan(env, header, turn)
  try {
    const end = await performTurn(env, header, turn, ports, span.trace)
    span.end(end.status)
    return end
  } catch (error) {
    span.end(ports.signal.aborted ? 'stopped' : 'failed')
    throw error
  }
}

async function performTurn(
  env: Env,
  header: ChatHeader,
  turn: Turn,
  ports: RunPorts,
  trace: TraceContext,
): Promise<TurnEnd> {
  const { signal, begun, messages, progress } = ports
  const { chatId, workspaceId } = header
  if (turn.agent === undefined) throw new Error('a turn without an agent')
  const ofAgent = (agentId: string): AgentModels => {
    const onFinish = (paid: FinishPart): void => ports.spend(agentId, paid)
    return { ...openModels(env, workspaceId, { onFinish, trace }), ofAgent }
  }
  const models: AgentModels = { ...openModels(env, workspaceId, { trace }), ofAgent }
  const agent = await bindAgent(env, models, turn.agent, {
    workspaceId,
    userId: turn.userId,
    startedAt: Date.parse(messages.find(turn.messageId)?.created_at ?? new Date().toISOString()),
    input: { chat: { id: chatId }, user: turn.speaker ?? null },
    hasPerson: true,
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
