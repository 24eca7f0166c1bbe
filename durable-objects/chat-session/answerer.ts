/** Who answers a turn. What differs between an agent and a workflow is behind this, and nowhere else. */
import type { AgentEvent } from '#core/agent/event'
import type { TurnProgress } from '#core/agent/fold'
import type { TurnEnd } from '#core/agent/run-agent'
import type { Answering, ChatHeader, Turn } from '#core/chat/turn'
import { connectWithin } from '#db/connect'
import { readConfig } from '#config'
import type { Json } from '#lib/json'
import type { FinishPart } from '#llm/models'
import { findAnswering as find } from '#services/chats/find-answering'
import { answerByAgent } from './answer-by-agent.ts'
import { answerByWorkflow } from './answer-by-workflow.ts'
import { deliverSpent } from './deliver-chat.ts'
import type { Messages } from './messages.ts'
import type { ContextPorts } from './open-context.ts'
import type { ChatStorage } from './storage.ts'

/** What whoever answers may touch of the chat. */
export interface AnswerPorts {
  readonly messages: Pick<Messages, 'kept' | 'find'>
  readonly memory: Pick<ContextPorts, 'summary' | 'keep'>
  /** What the turn had come to before. */
  readonly begun: TurnProgress
  readonly signal: AbortSignal
  /** Keeps an event. */
  readonly take: (event: AgentEvent) => void
  /** Keeps what another agent took that was asked. */
  readonly spend: (agentId: string, paid: FinishPart) => void
  /** Brings to the ledger what was paid, which limits count. */
  readonly settle: () => Promise<void>
  readonly progress: (callId: string, progress: Json) => void
  /** What is begun elsewhere: taking it back waits for it. */
  readonly starting: (work: Promise<void>) => void
}

/** How far the turn was brought; `elsewhere`: somebody else goes on with it, and tells. */
export type TurnOutcome = TurnEnd | { readonly status: 'elsewhere' }

/**
 * Brings a turn that has begun as far as it gets here. May be called again for the same turn, after a crash.
 *
 * @throws whatever ends a turn; DatabaseUnavailable; the reason of the aborted signal
 */
export type Answerer = (env: Env, header: ChatHeader, turn: Turn, ports: AnswerPorts) => Promise<TurnOutcome>

/** @throws AppError where nobody can answer; DatabaseUnavailable */
export async function findAnswering(
  env: Env,
  header: ChatHeader,
  storage: Pick<ChatStorage, 'spent'>,
  turn: Turn,
): Promise<Answering> {
  const { chatId, workspaceId } = header
  // The month's limit counts what this chat has spent until now.
  await deliverSpent(env, header, storage)
  const ctx = { env, db: connectWithin(env, workspaceId), config: readConfig(env), principal: { workspaceId } }
  return find(ctx, chatId, turn)
}

export function answererOf({ workflow }: Turn): Answerer {
  return workflow === undefined ? answerByAgent : answerByWorkflow
}
