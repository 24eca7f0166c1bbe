import type { ItemRef, RunEvent } from '#core/workflow/event'
import { visitKey } from '#core/workflow/run'

/** What ends a performance and is no fault of the node's. */
const OURS = new Set(['interrupted', 'database_unavailable'])
const FINAL = new Set<RunEvent['type']>(['execution_completed', 'execution_failed', 'execution_cancelled'])

type VisitEvent = Extract<RunEvent, { performance: number }>

interface Open {
  readonly attempt: number
  readonly performance: number
  /** The items that it lies in, as `loop` and `loop#index`, innermost first. */
  readonly within: readonly string[]
}

/** What a finished run's log says against the invariants of `run.ts`; nothing, that is. */
export function findViolations(events: readonly RunEvent[]): string[] {
  const open = new Map<string, Open>()
  const ended = new Set<string>()
  const visits = events.flatMap((event) => {
    if (event.type === 'item_finished') close(`${visitKey(event)}#${event.index}`, open, ended)
    return 'performance' in event ? findInVisit(event, open, ended) : []
  })
  const ends = events.filter((event) => FINAL.has(event.type))
  const last = events.at(-1)
  return [
    ...visits,
    ...(ends.length === 1 && last === ends[0] ? [] : [`I4: ${ends.length} ends`]),
    ...(last?.type === 'execution_completed' && open.size > 0 ? ['I3: completed with open visits'] : []),
  ]
}

/** What lies within a loop, or within an item of it, ends with it. */
function close(place: string, open: Map<string, Open>, ended: Set<string>): void {
  for (const [key, { within }] of open) {
    if (!within.includes(place)) continue
    open.delete(key)
    ended.add(key)
  }
}

function placesOf(item: ItemRef | undefined, open: ReadonlyMap<string, Open>): string[] {
  if (item === undefined) return []
  const loop = visitKey(item)
  return [loop, `${loop}#${item.index}`, ...(open.get(loop)?.within ?? [])]
}

function findInVisit(event: VisitEvent, open: Map<string, Open>, ended: Set<string>): string[] {
  const key = visitKey(event)
  const known = open.get(key)
  if (ended.has(key)) return [`I3: ${event.type} after the end of ${key}`]
  switch (event.type) {
    case 'node_started':
      if (event.item !== undefined && !open.has(visitKey(event.item))) return [`I6: ${key} has no loop around it`]
      open.set(key, { ...event, within: known?.within ?? placesOf(event.item, open) })
      return event.performance === (known?.performance ?? 0) + 1 ? [] : [`I2: ${key} is not fenced`]
    case 'node_retrying': {
      open.set(key, { ...event, within: known?.within ?? [] })
      const used = OURS.has(event.error.code) ? 0 : 1
      return event.attempt === (known?.attempt ?? 0) + used ? [] : [`I5: attempt ${event.attempt} of ${key}`]
    }
    case 'execution_waiting':
    case 'loop_started':
      return event.performance === known?.performance ? [] : [`I2: ${key} goes on by another performance`]
    default:
      close(key, open, ended)
      open.delete(key)
      ended.add(key)
      return event.performance === known?.performance ? [] : [`I2: ${key} ended by another performance`]
  }
}
