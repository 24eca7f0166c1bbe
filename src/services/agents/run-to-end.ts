import { createHash } from 'node:crypto'
import type { AgentEvent } from '#core/agent/event'
import { addCost, foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import type { ModelMessage, Models } from '#core/agent/model'
import { type BoundAgent, runAgent, type TurnEnd, type TurnPorts } from '#core/agent/run-agent'
import { AnswerInvalid, complainOf, readObject } from '#core/agent/structured'
import type { AgentAnswer } from '#core/agent/tool-type'
import { textOf, type TurnCost } from '#core/chat/message'
import type { Sandbox } from '#core/workflow/sandbox'
import type { Json } from '#lib/json'

/** A turn that is run in one go, with nobody to ask. */
export interface InnerTurn {
  readonly models: Models
  readonly signal: AbortSignal
  /** What the keys of its calls begin with. */
  readonly key: string
  readonly validate: Sandbox['validate']
  onText(this: void, text: string): void
  progress(this: void, progress: Json): void
}

/**
 * Such a turn from its beginning to its end. An answer that does not follow the agent's schema is asked for once more.
 *
 * @param spend hears of the whole cost, also when the turn fails
 * @throws AnswerInvalid, and what `runAgent` throws
 */
export async function runToEnd(
  turn: InnerTurn,
  agent: BoundAgent,
  history: readonly ModelMessage[],
  spend: (cost: TurnCost) => void,
): Promise<AgentAnswer> {
  const keys = createKeys(turn.key)
  let spent: TurnCost = NOTHING_YET
  const run = async (messages: readonly ModelMessage[]) => {
    const before = spent
    return runOnce(turn, agent, messages, keys, (progress) => {
      spent = addCost(before, progress)
    })
  }
  try {
    const first = await run(history)
    if (agent.output === undefined) return { ...first, ...toToll(spent), object: undefined }
    const read = await readObject(turn.validate, agent.output, first.text)
    if (read.problems === undefined) return { ...first, ...toToll(spent), object: read.object }
    const said = first.text.trim() === '' ? '…' : first.text
    const second = await run([
      ...history,
      { role: 'assistant', content: [{ type: 'text', text: said }] },
      { role: 'user', content: [{ type: 'text', text: complainOf(read.problems) }] },
    ])
    const reread = await readObject(turn.validate, agent.output, second.text)
    if (reread.problems !== undefined) throw new AnswerInvalid(reread.problems)
    return { ...second, ...toToll(spent), object: reread.object }
  } finally {
    spend(toToll(spent))
  }
}

function toToll({ usage, cost }: TurnCost): TurnCost {
  return { usage, cost }
}

async function runOnce(
  { models, signal, onText, progress: tell }: InnerTurn,
  agent: BoundAgent,
  messages: readonly ModelMessage[],
  keys: ReturnType<typeof createKeys>,
  note: (progress: TurnProgress) => void,
): Promise<Pick<AgentAnswer, 'text' | 'finish_reason' | 'model'>> {
  const ports: TurnPorts = {
    models,
    signal,
    idempotencyKey: (callId) => keys.of(callId),
    progress: (_, told) => tell(told),
  }
  let progress: TurnProgress = NOTHING_YET
  const turn = runAgent(ports, agent, messages, progress)
  let next = await turn.next()
  while (next.done !== true) {
    const event = next.value
    if (event.type === 'text') onText(event.text)
    if (event.type === 'tool_called') keys.note(event)
    progress = foldEvent(progress, event)
    note(progress)
    next = await turn.next()
  }
  return toAnswer(agent, progress, next.value)
}

function toAnswer(agent: BoundAgent, { parts, model }: TurnProgress, end: TurnEnd) {
  // What it said last is the answer; what it said before its calls was on the way there.
  const last = parts.findLastIndex(({ type }, index) => type === 'step' && index < parts.length - 1)
  const finish_reason = end.status === 'waiting' ? 'tool_calls' : end.reason
  return { text: textOf(parts.slice(last + 1)), finish_reason, model: model ?? agent.models[0] }
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
