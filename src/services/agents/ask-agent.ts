import { createHash } from 'node:crypto'
import { NOTHING_YET, foldEvent, type TurnProgress } from '#core/agent/fold'
import type { AgentEvent } from '#core/agent/event'
import type { ModelMessage, Models } from '#core/agent/model'
import { type BoundAgent, runAgent, type TurnEnd, type TurnPorts } from '#core/agent/run-agent'
import { type ToolCall, ToolFailure } from '#core/agent/tool'
import type { AgentAnswer } from '#core/agent/tool-type'
import { textOf, type TurnCost } from '#core/chat/message'
import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { connectWithin } from '#db/connect'
import { type Json, parseJson } from '#lib/json'
import { ModelError } from '#llm/errors'
import type { Binding } from './bind-tools.ts'
import { findAgentSnapshot } from './find-agent-snapshot.ts'

/** Agents that one agent may reach through others. */
const MAX_NESTING = 3

/**
 * One turn of another agent, for a tool: nobody can be asked in it, and what it spends counts for whoever asked.
 *
 * @throws ToolFailure when agents are nested too deep or in a circle, or the other one cannot answer
 */
export async function askAgent(
  { env, config, models, facts, bind }: Binding,
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
    const own = models.ofAgent?.(agentId) ?? models
    const agent = await bind(env, own, snapshot, { ...facts, callers, hasPerson: false })
    const history: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: message }] }]
    const { signal, idempotencyKey: key } = call
    const quiet = { onText: () => undefined, progress: () => undefined }
    return await runToEnd({ models: own, signal, key, ...quiet }, agent, history, (cost) => call.spend(cost))
  } catch (error) {
    throw explain(error)
  }
}

/** A turn with nobody to ask. */
export interface InnerTurn {
  readonly models: Models
  readonly signal: AbortSignal
  /** What the keys of its calls begin with. */
  readonly key: string
  onText(this: void, text: string): void
  progress(this: void, progress: Json): void
}

/** Such a turn from its beginning to its end; `spend` hears of its cost also when it fails. */
export async function runToEnd(
  { models, signal, key, onText, progress: tell }: InnerTurn,
  agent: BoundAgent,
  history: readonly ModelMessage[],
  spend: (cost: TurnCost) => void,
): Promise<AgentAnswer> {
  let progress: TurnProgress = NOTHING_YET
  const keys = createKeys(key)
  const ports: TurnPorts = {
    models,
    signal,
    idempotencyKey: (callId) => keys.of(callId),
    progress: (_, told) => tell(told),
  }
  try {
    const turn = runAgent(ports, agent, history, NOTHING_YET)
    let next = await turn.next()
    while (next.done !== true) {
      const event = next.value
      if (event.type === 'text') onText(event.text)
      if (event.type === 'tool_called') keys.note(event)
      progress = foldEvent(progress, event)
      next = await turn.next()
    }
    return toAnswer(agent, progress, next.value)
  } finally {
    spend(progress)
  }
}

/**
 * Keys of calls by what they say, and by how often the same was said before: nothing of this turn is kept, and when it is
 * run again the model may call other tools, in another order, under other names.
 */
function createKeys(key: string) {
  const known = new Map<string, string>()
  const counts = new Map<string, number>()
  return {
    note({ call_id, tool, input }: AgentEvent & { type: 'tool_called' }): void {
      const hash = createHash('sha256')
        .update(JSON.stringify([tool, input]))
        .digest('hex')
        .slice(0, 32)
      const count = (counts.get(hash) ?? 0) + 1
      counts.set(hash, count)
      known.set(call_id, `${key}/${hash}/${count}`)
    },
    of: (callId: string): string => known.get(callId) ?? `${key}/${callId}`,
  }
}

function toAnswer(agent: BoundAgent, { parts, usage, cost, model }: TurnProgress, end: TurnEnd): AgentAnswer {
  // What it said last is the answer; what it said before its calls was on the way there.
  const last = parts.findLastIndex(({ type }, index) => type === 'step' && index < parts.length - 1)
  const text = textOf(parts.slice(last + 1))
  return {
    text,
    object: agent.output === undefined ? undefined : toObject(text),
    usage,
    cost,
    finish_reason: end.status === 'waiting' ? 'tool_calls' : end.reason,
    model: model ?? agent.models[0],
  }
}

function toObject(text: string) {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function explain(error: unknown): unknown {
  if (error instanceof AppError)
    return new ToolFailure(error.code, say(ERRORS[error.code].sentence, 'en', error.params))
  if (error instanceof ModelError)
    return new ToolFailure(error.code, `The other agent's model failed: ${error.message}`)
  return error
}
