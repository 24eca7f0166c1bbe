import type { ChatHeader, Turn } from '#core/chat/turn'
import { childTrace, type TraceContext } from '#lib/trace'
import { exportSpan } from '#telemetry/exporter'

interface TurnSpan {
  /** What calls of models are under. */
  readonly trace: TraceContext
  /** To be called once. */
  end(status: 'completed' | 'waiting' | 'stopped' | 'failed'): void
}

/**
 * The span of one performance of a turn. A turn is a trace of its own, whose id is the turn's without its hyphens: it
 * outlives the request that asked for it, and what goes on after a crash or an approval is one span more in it.
 */
export function openTurnSpan(env: Env, { workspaceId, chatId }: ChatHeader, turn: Turn): TurnSpan {
  const traceId = turn.id.replaceAll('-', '')
  const trace = childTrace({ traceId, spanId: traceId.slice(16), sampled: true })
  const startedAt = Date.now()
  return {
    trace,
    end(status) {
      exportSpan(env, (work) => void work, {
        trace,
        name: 'turn',
        kind: 'internal',
        startedAt,
        endedAt: Date.now(),
        failed: status === 'failed',
        attributes: {
          'synapscale.workspace_id': workspaceId,
          'synapscale.chat_id': chatId,
          'synapscale.turn_id': turn.id,
          'synapscale.agent_id': turn.agent?.id,
          'synapscale.status': status,
        },
      })
    },
  }
}
