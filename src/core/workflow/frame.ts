/** Stored events as watchers see them. */
import type { JsonObject } from '#lib/json'
import type { RunEvent, Wait } from './event.ts'
import { toLargeNote } from './large-note.ts'
import { toStored } from './stored-event.ts'
import { isLarge } from './value.ts'
import type { ExecutionFrame } from './execution.ts'

/**
 * Wraps a stored event. What only the engine needs (tokens, the fencing number) stays inside, and large values are not
 * sent to everybody who watches: `data.large` says where they are.
 */
export function toFrame(executionId: string, seq: number, event: RunEvent): ExecutionFrame {
  return {
    seq,
    event_type: nameOf(event),
    execution_id: executionId,
    node_id: 'node_id' in event ? event.node_id : null,
    timestamp: new Date(event.at).toISOString(),
    data: dataOf(executionId, event),
  }
}

function nameOf(event: RunEvent): ExecutionFrame['event_type'] {
  switch (event.type) {
    case 'loop_started':
    case 'item_finished':
      return 'node_progress'
    case 'signal_received':
    case 'child_finished':
    case 'execution_resumed':
      return 'execution_progress'
    default:
      return event.type
  }
}

function dataOf(executionId: string, event: RunEvent): JsonObject {
  switch (event.type) {
    case 'node_retrying':
      return { ...visitData(event), resume_at: toIso(event.resume_at), error: event.error }
    case 'node_started':
      return { ...visitData(event), ...(event.item === undefined ? {} : { item: event.item }) }
    case 'execution_waiting':
      return { ...visitData(event), wait: waitData(event.wait) }
    case 'loop_started':
      return {
        ...visitData(event),
        what: 'loop_started',
        total: event.total ?? (isLarge(event.items) ? 0 : event.items.length),
      }
    case 'item_finished':
      return { visit: event.visit, what: 'item_finished', index: event.index, error: event.error ?? null }
    case 'signal_received':
      return { what: 'signal_received', name: event.signal.name, key: event.signal.key }
    case 'child_finished':
      return { what: 'child_finished', execution_id: event.end.execution_id, status: event.end.status }
    case 'execution_resumed':
      return { what: 'resumed', by: event.by }
    default: {
      const { type: _type, at: _at, large, ...rest } = toStored(event)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its references have been taken out
      const { node_id: _node, performance: _performance, ...data } = rest as JsonObject
      return large === undefined ? data : { ...data, large: large.map((hole) => toLargeNote(executionId, hole)) }
    }
  }
}

function visitData({ visit, attempt }: { readonly visit: number; readonly attempt: number }): JsonObject {
  return { visit, attempt }
}

/** A wait as clients see it. */
export function waitData({ until, ...wait }: Wait): JsonObject {
  return { ...wait, until: until === null ? null : toIso(until) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
