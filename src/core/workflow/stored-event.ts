/** Events as text: references beside the values, not in them (V1). Older logs have none and read the same. */
import { RunEvent } from './event.ts'
import { fillHoles, type Hole, Holes, LargeValue, takeOut, type Value, withHoles } from './value.ts'

/** An event as JSON can carry it. */
export type StoredEvent = RunEvent & Holes

export function toStored(event: RunEvent): StoredEvent {
  const holes: Hole[] = []
  const bare = bareOf(event, (value, ...at) => takeOut(value, at, holes))
  return holes.length === 0 ? bare : { ...bare, ...withHoles(holes) }
}

function bareOf(event: RunEvent, out: (value: Value, ...at: Hole['at']) => Value): RunEvent {
  switch (event.type) {
    case 'execution_started':
      return { ...event, inputs: out(event.inputs, 'inputs') }
    case 'node_completed': {
      const { response } = event
      const output = out(event.output, 'output')
      if (response === undefined) return { ...event, output }
      return { ...event, output, response: { ...response, body: out(response.body, 'response', 'body') } }
    }
    case 'loop_started': {
      const items = out(event.items, 'items')
      return { ...event, items: Array.isArray(items) ? items : [] }
    }
    case 'child_finished':
      return { ...event, end: { ...event.end, output: out(event.end.output, 'end', 'output') } }
    case 'execution_completed':
      return { ...event, output: out(event.output, 'output') }
    default:
      return event
  }
}

/** The schema of what `toStored` gives. */
export const StoredEvent = {
  /** @throws ZodError when it is no event */
  parse(stored: unknown): RunEvent {
    const event = RunEvent.parse(stored)
    const { large } = Holes.parse(stored)
    if (large !== undefined) fillHoles(event, large, (ref) => new LargeValue(ref))
    return event
  },
}
