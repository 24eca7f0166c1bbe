import type { RunEvent } from '#core/workflow/event'
import { visitKey } from '#core/workflow/run'

const FINAL = new Set<RunEvent['type']>(['execution_completed', 'execution_failed', 'execution_cancelled'])

type VisitEvent = Extract<RunEvent, { performance: number }>

interface Open {
  readonly attempt: number
  readonly performance: number
}

/** What a finished run's log says against the invariants of `run.ts`; nothing, that is. */
export function findViolations(events: readonly RunEvent[]): string[] {
  const open = new Map<string, Open>()
  const ended = new Set<string>()
  const visits = events.filter((event) => 'performance' in event).flatMap((event) => findInVisit(event, open, ended))
  const ends = events.filter((event) => FINAL.has(event.type))
  const last = events.at(-1)
  return [
    ...visits,
    ...(ends.length === 1 && last === ends[0] ? [] : [`I4: ${ends.length} ends`]),
    ...(last?.type === 'execution_completed' && open.size > 0 ? ['I3: completed with open visits'] : []),
  ]
}

function findInVisit(event: VisitEvent, open: Map<string, Open>, ended: Set<string>): string[] {
  const key = visitKey(event)
  const known = open.get(key)
  if (ended.has(key)) return [`I3: ${event.type} after the end of ${key}`]
  switch (event.type) {
    case 'node_started':
      open.set(key, event)
      return event.performance === (known?.performance ?? 0) + 1 ? [] : [`I2: ${key} is not fenced`]
    case 'node_retrying': {
      open.set(key, event)
      const used = event.error.code === 'interrupted' ? 0 : 1
      return event.attempt === (known?.attempt ?? 0) + used ? [] : [`I5: attempt ${event.attempt} of ${key}`]
    }
    case 'execution_waiting':
    case 'loop_started':
      return event.performance === known?.performance ? [] : [`I2: ${key} goes on by another performance`]
    default:
      open.delete(key)
      ended.add(key)
      return event.performance === known?.performance ? [] : [`I2: ${key} ended by another performance`]
  }
}
