import { describe, expect, test } from 'vitest'
import { type RunScope, toPartialPlan, withoutPins } from '#core/workflow/partial'
import { draw, planOf } from '#tests/unit/core/graph-builder'
import { RunDriver, started } from '#tests/unit/core/run-driver'

/*
 *            /-> b -\
 *   start -> a       -> j -> end
 *            \-> c -/
 */
const GRAPH = draw('start -> a -> b -> j -> end; a -> c -> j')

function partial(scope: RunScope): RunDriver {
  const plan = toPartialPlan(planOf(GRAPH), scope)
  if (!plan.ok) throw new Error(plan.error.node)
  const run = new RunDriver(GRAPH)
  Object.assign(run.machine, { plan: plan.value })
  return run.start('inputs')
}

describe('a partial run', () => {
  test('begins where it is told to, with the inputs', () => {
    const run = partial({ startAt: 'j' })
    expect([run.busy, run.inputOf('j')]).toEqual([['j'], 'inputs'])
    run.succeed('j').succeed('end', 'well')
    expect(run.state).toMatchObject({ status: 'completed', output: 'well' })
    expect(run.eventsOf('node_skipped')).toEqual([])
  })

  test('or with the pinned outputs right before it, which lead nowhere else', () => {
    const run = partial({ startAt: 'j', pinned: { b: 1, c: 2 } })
    expect([run.busy, run.inputOf('j')]).toEqual([['j'], { b: 1, c: 2 }])
    const branch = partial({ startAt: 'b', pinned: { a: 'A' } })
    expect([branch.busy, branch.inputOf('b')]).toEqual([['b'], 'A'])
  })

  test('ends where it is told to, and performs only what leads there', () => {
    const run = partial({ stopAt: 'b' }).succeed('a')
    expect(run.busy).toEqual(['b'])
    run.succeed('b', 'out')
    expect(run.state).toMatchObject({ status: 'completed', output: 'out' })
  })

  test('does not perform what is pinned', () => {
    const run = partial({ pinned: { a: { n: 1 }, c: null } })
    expect([run.busy, run.inputOf('b')]).toEqual([['b'], { n: 1 }])
  })

  test('of a node that is not there is none', () => {
    expect(toPartialPlan(planOf(GRAPH), { startAt: 'x' })).toEqual({
      ok: false,
      error: { code: 'unknown_node', node: 'x' },
    })
  })

  // start -> a (pinned) -> b
  test('what the editor pinned counts, unless the plan is told to forget it', () => {
    const definition = draw('start -> a -> b', { a: { pinned: { fixed: true } } })
    expect(started(definition).inputOf('b')).toEqual({ fixed: true })
    expect(withoutPins(planOf(definition)).nodes['a']).not.toHaveProperty('pinned')
  })
})
