import { NOTHING_YET, foldEvent, type TurnProgress } from '#core/agent/fold'
import type { ModelMessage } from '#core/agent/model'
import { type BoundAgent, runAgent, type TurnEnd, type TurnPorts } from '#core/agent/run-agent'
import { type ToolCall, ToolFailure } from '#core/agent/tool'
import type { AgentAnswer } from '#core/agent/tool-type'
import { textOf, type TurnCost } from '#core/chat/message'
import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { connectWithin } from '#db/connect'
import { parseJson } from '#lib/json'
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
    const agent = await bind(env, models, snapshot, { ...facts, callers, hasPerson: false })
    const history: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: message }] }]
    const ports = {
      models,
      signal: call.signal,
      progress: () => undefined,
      idempotencyKey: keysBelow(call.idempotencyKey),
    }
    return await runToEnd(ports, agent, history, (cost) => call.spend(cost))
  } catch (error) {
    throw explain(error)
  }
}

/** Keys by the order of the calls: a turn that is run again makes the same ones, whatever the model calls them. */
export function keysBelow(key: string): (callId: string) => string {
  const known = new Map<string, string>()
  return (callId) => {
    const made = known.get(callId) ?? `${key}/${known.size + 1}`
    known.set(callId, made)
    return made
  }
}

/** A turn from its beginning to its end, with nobody to ask; `spend` hears of its cost also when it fails. */
export async function runToEnd(
  ports: TurnPorts,
  agent: BoundAgent,
  history: readonly ModelMessage[],
  spend: (cost: TurnCost) => void,
): Promise<AgentAnswer> {
  let progress: TurnProgress = NOTHING_YET
  try {
    const turn = runAgent(ports, agent, history, NOTHING_YET)
    let next = await turn.next()
    while (next.done !== true) {
      progress = foldEvent(progress, next.value)
      next = await turn.next()
    }
    return toAnswer(agent, progress, next.value)
  } finally {
    spend(progress)
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
    finishReason: end.status === 'waiting' ? 'tool_calls' : end.reason,
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
