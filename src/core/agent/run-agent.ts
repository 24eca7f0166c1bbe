/**
 * An agent's turn: the model answers, its tools are called, their outputs go back to it, until it has nothing more to
 * call. The transcript is the whole state: whoever keeps the events can go on from them after a restart.
 *
 * A1  What a person must decide is never performed before; the turn ends as `waiting` and is taken up again.
 * A2  A call without an outcome is performed again, with the same idempotency key: at least once.
 * A3  A turn ends: after `maxSteps` answers the model is not asked again, but once where its last one must be repaired.
 */
import { type MessagePart, textOf, type ToolPart } from '#core/chat/message'
import type { Json, JsonObject } from '#lib/json'
import type { AgentEvent } from './event.ts'
import { foldEvent, type TurnProgress } from './fold.ts'
import type { FinishReason, ModelCall, ModelMessage, Models, ModelSettings } from './model.ts'
import type { BoundTool } from './tool.ts'
import { AnswerInvalid, complainOf, type Problems } from './structured.ts'
import { toModelMessages } from './transcript.ts'
import { performCalls } from './perform-calls.ts'

/** An agent as a turn needs it: everything is bound, rendered and allowed. */
export interface BoundAgent {
  readonly models: readonly [string, ...string[]]
  readonly instructions: string | undefined
  readonly settings: ModelSettings
  readonly tools: readonly BoundTool[]
  /** For the first answer of a turn. */
  readonly toolChoice?: ModelCall['toolChoice']
  /** JSON Schema of the answer. */
  readonly output: JsonObject | undefined
  readonly limits: {
    /** Answers of the model in one turn. */
    readonly maxSteps: number
    /** Tokens of one turn, in and out; checked between two steps. */
    readonly maxTokens: number | undefined
    /** US dollars of one turn; checked between two steps. */
    readonly maxCost: number | undefined
  }
}

export interface TurnPorts {
  readonly models: Models
  /** Stable for a call, however often the turn is taken up again. */
  idempotencyKey(callId: string): string
  /** What a running tool tells watchers; not kept. */
  progress(callId: string, progress: Json): void
  readonly signal: AbortSignal
  /** What is wrong with an answer, where the agent has a schema. */
  check?(this: void, text: string): Promise<Problems | undefined>
}

export type TurnEnd =
  | { readonly status: 'completed'; readonly reason: 'stop' | 'length' | 'content_filter' | 'other' }
  /** A limit of the agent ended it. */
  | { readonly status: 'completed'; readonly reason: 'max_steps' | 'max_tokens' | 'max_cost' }
  | { readonly status: 'waiting'; readonly calls: readonly ToolPart[] }

/**
 * Goes on with a turn from what it has come to, and yields what happens; the return value is how it ended. Whoever
 * iterates keeps each event before asking for the next.
 *
 * @param history the messages before this turn's answer, the last one the user's
 * @throws ModelError, AnswerInvalid, the reason of an aborted signal, or what a tool threw that was no ToolFailure
 */
export async function* runAgent(
  ports: TurnPorts,
  agent: BoundAgent,
  history: readonly ModelMessage[],
  begun: TurnProgress,
): AsyncGenerator<AgentEvent, TurnEnd> {
  let progress = begun
  let ended: TurnEnd | undefined
  for (;;) {
    for await (const event of performCalls(ports, agent.tools, progress.parts)) {
      progress = foldEvent(progress, event)
      yield event
    }
    const end = ended ?? endOf(agent, progress)
    const complaint = end?.status === 'completed' ? await findComplaint(ports, progress) : undefined
    if (end !== undefined && complaint === undefined) return end
    if (complaint !== undefined) {
      const event = { type: 'answer_rejected', complaint } as const
      progress = foldEvent(progress, event)
      yield event
    }
    const call = toCall(agent, history, progress)
    ended = undefined
    const ids = new Set(progress.parts.flatMap((part) => (isCall(part) ? [part.call_id] : [])))
    for await (const event of askModel(ports, agent.tools, call, ids)) {
      progress = foldEvent(progress, event)
      yield event
      if (event.type === 'step_finished' && !lastStep(progress).some(isCall)) {
        ended = { status: 'completed', reason: toEndReason(event.reason) }
      }
    }
  }
}

/** @throws AnswerInvalid where the answer was repaired already, and is wrong again */
async function findComplaint({ check }: TurnPorts, progress: TurnProgress): Promise<string | undefined> {
  const last = lastStep(progress)
  if (last.some(isCall)) return undefined
  const problems = await check?.(textOf(last))
  if (problems === undefined) return undefined
  if (progress.parts.some(({ type }) => type === 'rejected')) throw new AnswerInvalid(problems)
  return complainOf(problems)
}

/** Whether a turn that has come so far is over, for now or for good. */
function endOf({ limits }: BoundAgent, progress: TurnProgress): TurnEnd | undefined {
  const calls = progress.parts.filter(isCall)
  const waiting = calls.filter(({ state }) => state === 'waiting')
  if (waiting.length > 0) return { status: 'waiting', calls: waiting }
  const { steps, usage, cost } = progress
  if (steps === 0 || lastStep(progress).some(({ type }) => type === 'rejected')) return undefined
  // It had ended, and the end was lost.
  if (!lastStep(progress).some(isCall)) return { status: 'completed', reason: 'stop' }
  if (steps >= limits.maxSteps) return { status: 'completed', reason: 'max_steps' }
  if (limits.maxTokens !== undefined && usage.total_tokens >= limits.maxTokens) {
    return { status: 'completed', reason: 'max_tokens' }
  }
  if (limits.maxCost !== undefined && cost !== null && cost >= limits.maxCost) {
    return { status: 'completed', reason: 'max_cost' }
  }
  return undefined
}

function toCall(agent: BoundAgent, history: readonly ModelMessage[], progress: TurnProgress): ModelCall {
  const { models, instructions, settings, tools, output, limits } = agent
  const told = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
  const messages = [...history, ...toModelMessages(progress.parts)]
  const call = { ...settings, models, instructions, messages, output }
  if (told.length === 0) return call
  // The last answer that it may give should be one.
  const isLast = limits.maxSteps > 1 && progress.steps + 1 >= limits.maxSteps
  const chosen = progress.steps === 0 ? agent.toolChoice : undefined
  return { ...call, tools: told, toolChoice: isLast ? 'none' : chosen }
}

async function* askModel(
  { models, signal }: TurnPorts,
  tools: readonly BoundTool[],
  call: ModelCall,
  ids: Set<string>,
): AsyncGenerator<AgentEvent> {
  for await (const part of models.stream(call, signal)) {
    if (part.type === 'tool_call') {
      const { callId, tool, input, provider } = part
      const call_id = newAmong(ids, callId)
      const asks = tools.find(({ name }) => name === tool)?.asks ?? null
      yield { type: 'tool_called', call_id, tool, input, asks, ...(provider && { provider }) }
    } else if (part.type === 'finish') {
      const { reason, usage, cost, model } = part
      yield { type: 'step_finished', reason, usage, cost, model }
    } else {
      const { type, text, provider } = part
      yield { type, text, ...(provider && { provider }) }
    }
  }
}

/** Some providers count the calls of each answer anew, while an outcome is found by its call's id. */
function newAmong(ids: Set<string>, wanted: string): string {
  let id = wanted
  for (let n = 2; ids.has(id); n += 1) id = `${wanted}_${n}`
  ids.add(id)
  return id
}

/** The parts of the answer that ended last. */
function lastStep({ parts }: TurnProgress): readonly MessagePart[] {
  const end = parts.findLastIndex(({ type }) => type === 'step')
  const begin = parts.slice(0, Math.max(end, 0)).findLastIndex(({ type }) => type === 'step')
  return parts.slice(begin + 1, end)
}

function isCall(part: MessagePart): part is ToolPart {
  return part.type === 'tool'
}

function toEndReason(reason: FinishReason): 'stop' | 'length' | 'content_filter' | 'other' {
  if (reason === 'stop' || reason === 'length' || reason === 'content_filter') return reason
  return 'other'
}
