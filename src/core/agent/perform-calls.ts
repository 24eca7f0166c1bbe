import type { MessagePart, ToolPart, TurnCost } from '#core/chat/message'
import type { Json } from '#lib/json'
import type { AgentEvent } from './event.ts'
import { addCost } from './fold.ts'
import { type BoundTool, ToolFailure } from './tool.ts'

interface CallPorts {
  idempotencyKey(callId: string): string
  progress(callId: string, progress: Json): void
  readonly signal: AbortSignal
}

/** Performs, at once, every call that has no outcome yet, and yields each outcome as it comes. */
export async function* performCalls(
  ports: CallPorts,
  tools: readonly BoundTool[],
  parts: readonly MessagePart[],
): AsyncGenerator<AgentEvent> {
  const running = new Map<string, Promise<AgentEvent>>()
  for (const part of parts) {
    if (part.type !== 'tool' || part.state !== 'called') continue
    const outcome = performCall(ports, tools, part)
    // The first that ends the turn is heard below; those that end with it are nobody's surprise.
    outcome.catch(() => undefined)
    running.set(part.call_id, outcome)
  }
  while (running.size > 0) {
    ports.signal.throwIfAborted()
    const event = await Promise.race(running.values())
    if ('call_id' in event) running.delete(event.call_id)
    yield event
  }
}

async function performCall(ports: CallPorts, tools: readonly BoundTool[], part: ToolPart): Promise<AgentEvent> {
  const { call_id, tool: name, input } = part
  const tool = tools.find((known) => known.name === name)
  if (tool?.run === undefined) {
    const known = tools.map((one) => one.name).join(', ')
    return fail(call_id, 'unknown_tool', `There is no tool "${name}". There are: ${known === '' ? 'none' : known}.`)
  }
  let spent: TurnCost | undefined
  try {
    const output = await tool.run({
      callId: call_id,
      input,
      signal: ports.signal,
      idempotencyKey: ports.idempotencyKey(call_id),
      progress: (progress) => ports.progress(call_id, progress),
      spend: (cost) => {
        spent = spent === undefined ? cost : addCost(spent, cost)
      },
    })
    return { type: 'tool_completed', call_id, output, ...(spent && { spent }) }
  } catch (error) {
    if (!(error instanceof ToolFailure) || ports.signal.aborted) throw error
    return { ...fail(call_id, error.code, error.message), ...(spent && { spent }) }
  }
}

function fail(call_id: string, code: string, message: string): AgentEvent & { type: 'tool_failed' } {
  return { type: 'tool_failed', call_id, error: { code, message } }
}
