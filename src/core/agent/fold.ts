import { type MessagePart, textOf, type ToolPart, type TurnCost } from '#core/chat/message'
import type { AgentEvent } from './event.ts'
import { NO_USAGE, type Usage } from './model.ts'

/** What a turn has come to: everything that the loop needs to go on with it, also after a restart. */
export interface TurnProgress {
  readonly parts: readonly MessagePart[]
  /** Answers of models that are whole. */
  readonly steps: number
  readonly usage: Usage
  /** US dollars; null as soon as one price is not known. */
  readonly cost: number | null
  /** The model that answered last. */
  readonly model: string | null
}

export const NOTHING_YET: TurnProgress = { parts: [], steps: 0, usage: NO_USAGE, cost: 0, model: null }

/** The turn after one more event. */
export function foldEvent(progress: TurnProgress, event: AgentEvent): TurnProgress {
  const { parts } = progress
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return { ...progress, parts: joinText(parts, event) }
    case 'tool_called': {
      const { call_id, tool, input, asks, provider } = event
      const call = { type: 'tool', call_id, tool, input, ...(provider && { provider }) } as const
      const part: ToolPart = asks === null ? { ...call, state: 'called' } : { ...call, state: 'waiting', asks }
      return { ...progress, parts: [...parts, part] }
    }
    case 'tool_approved':
      return { ...progress, parts: change(parts, event.call_id, (call) => ({ ...call, state: 'called' })) }
    case 'tool_denied': {
      const { by, comment } = event
      return { ...progress, parts: change(parts, event.call_id, (call) => ({ ...call, state: 'denied', by, comment })) }
    }
    case 'tool_completed': {
      const { output } = event
      return {
        ...addSpent(progress, event.spent),
        parts: change(parts, event.call_id, (call) => ({ ...call, state: 'completed', output })),
      }
    }
    case 'tool_failed': {
      const { error } = event
      return {
        ...addSpent(progress, event.spent),
        parts: change(parts, event.call_id, (call) => ({ ...call, state: 'failed', error })),
      }
    }
    case 'step_finished':
      return {
        parts: [...parts, { type: 'step' }],
        steps: progress.steps + 1,
        ...addCost(progress, event),
        model: event.model,
      }
    case 'answer_rejected':
      return { ...progress, parts: reject(parts, event.complaint) }
    default:
      return event satisfies never
  }
}

/** The text of the last answer is no longer the message's. */
function reject(parts: readonly MessagePart[], complaint: string): readonly MessagePart[] {
  const end = parts.findLastIndex(({ type }) => type === 'step')
  const begin = parts.slice(0, Math.max(end, 0)).findLastIndex(({ type }) => type === 'step') + 1
  const last = parts.slice(begin, end)
  const said = last.filter(({ type }) => type !== 'text')
  return [...parts.slice(0, begin), ...said, { type: 'rejected', text: textOf(last), complaint }, ...parts.slice(end)]
}

function addSpent(progress: TurnProgress, spent: TurnCost | undefined): TurnProgress {
  return spent === undefined ? progress : { ...progress, ...addCost(progress, spent) }
}

/** Both together; the cost is unknown as soon as one of the two is. */
export function addCost(one: TurnCost, other: TurnCost): TurnCost {
  const cost = one.cost === null || other.cost === null ? null : one.cost + other.cost
  return { usage: addUsage(one.usage, other.usage), cost }
}

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    total_tokens: one.total_tokens + other.total_tokens,
  }
}

/**
 * Pieces of one text become one part; what the provider wants back comes with its last piece, and speaks of this part
 * alone: the next piece begins another.
 */
function joinText(
  parts: readonly MessagePart[],
  { type, text, provider }: AgentEvent & { type: 'text' | 'reasoning' },
): readonly MessagePart[] {
  const last = parts.at(-1)
  if (last?.type !== type || last.provider !== undefined)
    return [...parts, { type, text, ...(provider && { provider }) }]
  return [...parts.slice(0, -1), { ...last, text: last.text + text, ...(provider && { provider }) }]
}

type CallBase = Pick<ToolPart, 'type' | 'call_id' | 'tool' | 'input' | 'provider'>

function change(
  parts: readonly MessagePart[],
  callId: string,
  next: (call: CallBase) => ToolPart,
): readonly MessagePart[] {
  return parts.map((part) => {
    if (part.type !== 'tool' || part.call_id !== callId) return part
    const { type, call_id, tool, input, provider } = part
    return next({ type, call_id, tool, input, ...(provider && { provider }) })
  })
}
