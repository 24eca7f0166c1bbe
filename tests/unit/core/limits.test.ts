import { describe, expect, test } from 'vitest'
import { advance, decide, type Machine } from '#core/workflow/advance'
import { initialState, type RunState } from '#core/workflow/run'
import type { Step } from '#core/workflow/step'
import { draw } from './graph-builder.ts'
import { machineOf, started, T0 } from './run-driver.ts'

/** Does what the actor does with pure visits that were too many for one step. */
function finishPure(machine: Machine, state: RunState, { commands }: Step): Step {
  const [command] = commands
  const moment = { now: T0, random: 0 }
  const outcome = command && decide(machine, state, command, moment)
  if (outcome === undefined) throw new Error('nothing to do')
  return advance(machine, state, outcome, moment)
}

describe('limits', () => {
  // start -> a -> a
  test('a node is visited a thousand times at most', () => {
    const machine = machineOf(draw('start -> a -> a', { a: { type: 'set', config: { fields: {} } } }))
    const state = initialState()
    let step = advance(machine, state, { type: 'start', inputs: null }, { now: T0, random: 0 })
    while (state.status === 'running') step = finishPure(machine, state, step)
    expect(state).toMatchObject({ status: 'failed', error: { code: 'too_many_visits', node_id: 'a' } })
    expect(state.visitCounts.get('a')).toBe(1000)
  })

  // start -> a … c, each an end with 1.5 MB
  test('several ends together are an output too, and may not be larger', () => {
    const run = started(draw('start -> a; start -> b; start -> c'))
    for (const node of ['a', 'b', 'c']) run.succeed(node, 'x'.repeat(1_500_000))
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'output_too_large' } })
  })

  // start -> a -> a
  test('what all visits keep is bounded, so that no run fills its actor', () => {
    const machine = machineOf(draw('start -> a -> a'))
    const state = initialState()
    const moment = { now: T0, random: 0 }
    const output = 'x'.repeat(1_000_000)
    advance(machine, state, { type: 'start', inputs: null }, moment)
    for (let visit = 1; state.status === 'running'; visit += 1) {
      advance(
        machine,
        state,
        { type: 'succeeded', node_id: 'a', visit, performance: 1, output, handles: ['out'] },
        moment,
      )
    }
    expect(state).toMatchObject({ status: 'failed', error: { code: 'run_too_large' } })
    expect(state.visits.size).toBeLessThan(40)
  })

  /*
   *   start -> grow -> grow      each output holds the one before, some levels deeper
   */
  test('an output does not nest without end', () => {
    const grow = { type: 'set', config: { fields: { in: '{{ [[[[$nodes.grow]]]] }}' } } }
    const run = started(draw('start -> grow -> grow', { grow }))
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'output_too_deep', node_id: 'grow' } })
  })

  test('$nodes as a whole is a copy: it does not hold itself', () => {
    const all = { type: 'set', config: { fields: { all: '{{ $nodes }}' } } }
    const run = started(draw('start -> all', { all }), 1)
    expect(run.state.output).toEqual({ all: { start: 1 } })
  })
})
