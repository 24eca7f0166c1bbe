import type { AgentEvent } from '#core/agent/event'
import type { TurnProgress } from '#core/agent/fold'
import { type BoundAgent, runAgent, type TurnEnd } from '#core/agent/run-agent'
import type { AgentSnapshot } from '#core/agent/snapshot'
import { toModelHistory } from '#core/chat/history'
import type { ChatHeader, Turn } from '#core/chat/turn'
import { connect } from '#db/connect'
import type { Json } from '#lib/json'
import { findTurnAgent as findAgent } from '#services/chats/find-turn-agent'
import { openModels } from '#services/llm/open-models'
import type { Messages } from './messages.ts'

interface RunPorts {
  readonly messages: Pick<Messages, 'kept'>
  /** What the turn had come to before. */
  readonly begun: TurnProgress
  readonly signal: AbortSignal
  /** Keeps an event. */
  readonly take: (event: AgentEvent) => void
  readonly progress: (callId: string, progress: Json) => void
}

/** @throws AgentUnavailable; DatabaseUnavailable */
export function findTurnAgent(env: Env, header: ChatHeader): Promise<AgentSnapshot> {
  return findAgent(connect(env), header)
}

/**
 * Performs a turn from where it is to its end, or to where a person is asked.
 *
 * @throws ModelError and whatever else ends a turn; the reason of the aborted signal
 */
export async function runTurn(env: Env, header: ChatHeader, turn: Turn, ports: RunPorts): Promise<TurnEnd> {
  const { signal, begun } = ports
  if (turn.agent === undefined) throw new Error('a turn without an agent')
  const agent = bind(turn.agent)
  const history = toModelHistory(ports.messages.kept(), turn.id, turn.agent.memory.messages, () => undefined)
  const idempotencyKey = (callId: string): string => `${header.chatId}/${turn.id}/${encodeURIComponent(callId)}`
  const models = openModels(env, header.workspaceId)
  const steps = runAgent({ models, idempotencyKey, progress: ports.progress, signal }, agent, history, begun)
  for (;;) {
    const step = await steps.next()
    if (step.done === true) return step.value
    ports.take(step.value)
  }
}

function bind(agent: AgentSnapshot): BoundAgent {
  return {
    models: [...agent.models],
    instructions: agent.instructions,
    settings: {},
    tools: [],
    output: undefined,
    limits: { maxSteps: agent.limits.max_steps, maxTokens: undefined, maxCost: undefined },
  }
}
