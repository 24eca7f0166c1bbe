import { describe, expect, test } from 'vitest'
import { advance, decide, type Machine } from '#core/workflow/advance'
import { apply } from '#core/workflow/apply'
import type { RunEvent } from '#core/workflow/event'
import { nodeError } from '#core/workflow/node-error'
import { initialState, isFinal, type RunState, visitOf } from '#core/workflow/run'
import type { RunCommand, RunInput } from '#core/workflow/step'
import type { Json, JsonObject } from '#lib/json'
import { draw } from '#tests/unit/core/graph-builder'
import { machineOf, stored, T0 } from '#tests/unit/core/run-driver'

const MOMENT = { now: T0, random: 0 }

type Perform = RunCommand & { readonly type: 'perform' }

interface Outcome {
  readonly state: RunState
  readonly events: readonly RunEvent[]
  /** Pieces of work at once, at most. */
  readonly most: number
}

/** Runs to the end: pure visits as the actor does them, work oldest first; the item `bad` fails. */
function finish(machine: Machine, inputs: Json, bad?: number): Outcome {
  const state = initialState()
  const events: RunEvent[] = []
  const waiting: Perform[] = []
  let most = 0
  const take = (input: RunInput): void => {
    const step = advance(machine, state, input, MOMENT)
    for (const event of step.events) events.push(event)
    for (const command of step.commands) if (command.type === 'perform') waiting.push(command)
    most = Math.max(most, state.live.size)
  }
  take({ type: 'start', inputs })
  for (let next = waiting.shift(); next !== undefined && !isFinal(state.status); next = waiting.shift()) {
    const index = visitOf(state, next).item?.index ?? -1
    const failure = { ...next, type: 'failed', error: nodeError('unexpected'), retryable: false } as const
    const { loop } = visitOf(state, next)
    const [output, handle] = loop === undefined ? [index * 2, 'out'] : [loop.results.flat(), 'done']
    const outcome = { ...next, type: 'succeeded', output, handles: [handle] } as const
    take(decide(machine, state, next, MOMENT) ?? (index === bad ? failure : outcome))
  }
  return { state, events, most }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/*
 *            /-body-> work -> more --\
 *   start -> each <------next--------/
 *            \-done-> end
 */
function loopOf(config: JsonObject): Machine {
  const each = { type: 'loop', config: { items: '$trigger', ...config } }
  const more = { type: 'set', config: { fields: { item: '{{ $item }}', twice: '{{ $input }}' } } }
  return machineOf(draw('start -> each -body-> work -> more -> each:next; each -done-> end', { each, more }))
}

describe('a loop over a thousand items, five at a time, one of them bad', { timeout: 60_000 }, () => {
  const all: Json[] = numbers(1000).map((item) => ({ item, twice: item * 2 }))
  const good = all.filter((_, index) => index !== 700)

  test('skip leaves it out', () => {
    const { state, most } = finish(loopOf({ concurrency: 5, on_item_error: 'skip' }), numbers(1000), 700)
    expect(state).toMatchObject({ status: 'completed' })
    expect(most).toBe(5)
    expect(state.root.outputs.get('each')).toEqual(good)
    expect(state.items.size).toBe(0)
  })

  test('collect puts its error in its place', () => {
    const { state } = finish(loopOf({ concurrency: 5, on_item_error: 'collect' }), numbers(1000), 700)
    const error = { error: expect.objectContaining({ code: 'unexpected', node_id: 'work' }) }
    expect(state.root.outputs.get('each')).toEqual(all.with(700, error))
  })

  test('fail ends the loop, and the run', () => {
    const { state } = finish(loopOf({ concurrency: 5 }), numbers(1000), 700)
    expect(state).toMatchObject({ status: 'failed', error: { node_id: 'work' } })
    expect(state.visitCounts.get('work')).toBe(705)
  })
})

describe('ten thousand items', { timeout: 60_000 }, () => {
  test('take ten times what a thousand take, and leave nothing open', () => {
    measure(1_000)
    const once = measure(1_000)
    const large = measure(10_000)
    expect(large.state).toMatchObject({ status: 'completed', error: undefined })
    expect([large.state.items.size, large.state.visits.size]).toEqual([0, 20_003])
    // Ten, with room for what the first run warms up and for the collector of garbage.
    expect(large.ms / Math.max(once.ms, 5)).toBeLessThan(25)
    const fold = initialState()
    const { plan } = loopOf({ concurrency: 50 })
    for (const event of stored(large.events)) apply(plan, fold, event)
    expect(fold.root.outputs.get('each')).toEqual(large.state.root.outputs.get('each'))
  })

  test('are the most', () => {
    const { state } = finish(loopOf({}), numbers(10_001))
    expect(state).toMatchObject({ status: 'failed', error: { code: 'config_invalid', node_id: 'each' } })
  })
})

/** The processor's time: other tests run beside this one. */
function measure(count: number): Outcome & { readonly ms: number } {
  const machine = loopOf({ concurrency: 50 })
  const began = process.cpuUsage()
  const outcome = finish(machine, numbers(count))
  return { ...outcome, ms: process.cpuUsage(began).user / 1_000 }
}
