import type { AgentEvent } from '#core/agent/event'

/** A commit each would cap all chats together at some 2,000 pieces a second. */
const GATHER_MS = 50
const GATHER_CHARS = 1_024
/** Where the thread cannot keep up: a commit for each piece would leave it no time for the pieces. */
const MAX_GATHER_MS = 1_000
/** A timer that rings so much later tells that others wait for the thread as well. */
const LATE_MS = 25

/** Joins the pieces of a text for a moment, a longer one on a busy thread; every other event takes along what was gathered before it. */
export interface Gatherer {
  add(event: AgentEvent): void
  /** Hands on what there is. */
  flush(): void
}

/** @param take keeps events; an error of it goes to whoever adds, or to `onError` when time has handed on */
export function createGatherer(
  take: (events: readonly AgentEvent[]) => void,
  onError: (error: unknown) => void,
): Gatherer {
  let held: (AgentEvent & { type: 'text' | 'reasoning' }) | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let gatherMs = GATHER_MS
  let due = 0

  function release(): AgentEvent[] {
    clearTimeout(timer)
    timer = undefined
    const events = held === undefined ? [] : [held]
    held = undefined
    return events
  }

  function flush(): void {
    const events = release()
    if (events.length > 0) take(events)
  }

  function ring(): void {
    const isLate = Date.now() - due > LATE_MS
    gatherMs = isLate ? Math.min(MAX_GATHER_MS, gatherMs * 2) : Math.max(GATHER_MS, gatherMs / 2)
    try {
      flush()
    } catch (error) {
      onError(error)
    }
  }

  function wait(): void {
    if (timer !== undefined) return
    due = Date.now() + gatherMs
    timer = setTimeout(ring, gatherMs)
  }

  return {
    flush,
    add(event) {
      if (event.type !== 'text' && event.type !== 'reasoning') return take([...release(), event])
      if (held !== undefined && held.type !== event.type) flush()
      const { type, provider } = event
      const text = (held?.text ?? '') + event.text
      held = { type, text, ...(provider && { provider }) }
      // What the provider wants back speaks of what came up to here.
      if (text.length >= GATHER_CHARS || provider !== undefined) flush()
      else wait()
    },
  }
}
