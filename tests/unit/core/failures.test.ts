import { describe, expect, test } from 'vitest'
import { advance } from '#core/workflow/advance'
import { toNodeVisits } from '#core/workflow/execution'
import { localizeNodeError, NodeFailure } from '#core/workflow/node-error'
import { initialState } from '#core/workflow/run'
import { nextTick } from '#core/workflow/deadline'
import { findViolations } from './check-log.ts'
import { draw } from './graph-builder.ts'
import { machineOf, started, T0 } from './run-driver.ts'

describe('a failing node', () => {
  const flaky = { retry: { max_attempts: 3, backoff_ms: 1000, factor: 2 } }

  test('is tried again after a growing wait, and fails the run after the last attempt', () => {
    const run = started(draw('start -> a', { a: flaky }))
    run.fail('a', { retryable: true })
    expect(run.eventsOf('node_retrying')[0]).toMatchObject({ attempt: 2, resume_at: T0 + 1000 })
    expect(nextTick(run.machine.plan, run.state)).toBe(T0 + 1000)
    run.tick(999)
    expect(run.busy).toEqual([])
    run.tick(1).fail('a', { retryable: true })
    expect(run.eventsOf('node_retrying')[1]).toMatchObject({ attempt: 3, resume_at: T0 + 3000 })
    run.tick(2000).fail('a', { retryable: true })
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'unexpected', node_id: 'a' } })
  })

  test.each([
    [0, 750],
    [0.5, 1000],
    [0.999_999, 1250],
  ])('the wait is scattered: chance %d gives %d ms', (random, wait) => {
    const run = started(draw('start -> a', { a: flaky }))
    run.random = random
    run.fail('a', { retryable: true })
    expect(run.eventsOf('node_retrying')[0]?.resume_at).toBe(T0 + wait)
  })

  test.each([
    [5_000, 5_000],
    [10, 1_000],
    [86_400_000, 3_600_000],
    [Number.POSITIVE_INFINITY, 3_600_000],
  ])('Retry-After of %d ms is kept to, up to an hour', (retryAfterMs, wait) => {
    const run = started(draw('start -> a', { a: flaky }))
    run.fail('a', { retryable: true, retryAfterMs })
    expect(run.eventsOf('node_retrying')[0]?.resume_at).toBe(T0 + wait)
  })

  test('is not tried again when that would not help', () => {
    const run = started(draw('start -> a', { a: flaky })).fail('a')
    expect(run.state.status).toBe('failed')
  })

  test('waits while something of ours is away: no attempt, no crash, and it looks again and again', () => {
    const run = started(draw('start -> a', { a: flaky }))
    for (let looks = 0; looks < 30; looks += 1) {
      run.miss('a')
      const wait = Math.min(1_000 * 2 ** looks, 60_000)
      expect(run.eventsOf('node_retrying').at(-1)).toMatchObject({ attempt: 1, resume_at: run.now + wait })
      run.tick(wait)
    }
    run.crash().tick()
    expect(run.eventsOf('node_retrying').at(-1)).toMatchObject({ attempt: 1, error: { code: 'interrupted' } })
    run.fail('a', { retryable: true })
    expect(run.eventsOf('node_retrying').at(-1)).toMatchObject({ attempt: 2 })
    run.tick(1000).succeed('a')
    expect(run.state.status).toBe('completed')
    expect(findViolations(run.events)).toEqual([])
  })

  test('on_error fail: the rest is cancelled', () => {
    const run = started(draw('start -> a; start -> b')).fail('a')
    expect(run.aborted).toBe(true)
    expect(toNodeVisits(run.machine.plan, run.state).map((visit) => visit.status)).toEqual([
      'completed',
      'failed',
      'cancelled',
    ])
  })

  test('on_error continue: goes on with null and keeps the error', () => {
    const run = started(draw('start -> a -> b', { a: { on_error: 'continue' } })).fail('a')
    run.succeed('b')
    expect(run.state.status).toBe('completed')
    expect(toNodeVisits(run.machine.plan, run.state)).toMatchObject([
      {},
      { status: 'failed', error: { code: 'unexpected' }, output: null },
      { input: null },
    ])
  })

  /*
   *   start -> a -> b
   *            a -error-> c
   */
  test('on_error branch: the error leaves by its own handle', () => {
    const run = started(draw('start -> a -> b; a -error-> c', { a: { on_error: 'branch' } })).fail('a')
    expect(run.busy).toEqual(['c'])
    expect(toNodeVisits(run.machine.plan, run.state)[2]?.input).toMatchObject({ code: 'unexpected', node_id: 'a' })
    run.succeed('c', 'rescued')
    expect(run.state).toMatchObject({ status: 'completed', output: 'rescued' })
  })

  test('an expression that fails names itself and fails the node', () => {
    const run = started(draw('start -> a', { a: { type: 'set', config: { fields: { x: '{{ $trigger + 1 }}' } } } }), {})
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'expression_failed', node_id: 'a' } })
    expect(run.state.error?.message_en).toBe('The expression $trigger + 1 failed: an object is not a number')
    expect(run.state.error && localizeNodeError(run.state.error, 'en').message).toMatch(/^The expression/)
  })

  test('an exception of ours becomes a failure without its inside', () => {
    const machine = machineOf(draw('start -> a', { a: { type: 'pass' } }))
    const broken = {
      ...machine,
      catalog: { ...machine.catalog, pass: { ...machine.catalog['pass'], decide: () => JSON.parse('{secret') } },
    } as typeof machine
    const state = initialState()
    advance(broken, state, { type: 'start', inputs: null }, { now: T0, random: 0 })
    expect(state).toMatchObject({ status: 'failed', error: { code: 'unexpected' } })
    expect(JSON.stringify(state.error)).not.toContain('secret')
  })

  test('NodeFailure says by default that trying again is of no use', () => {
    expect(new NodeFailure({ code: 'x', message: 'm', message_en: 'm' })).toMatchObject({ retryable: false })
  })
})

describe('a node that the server never outlives', () => {
  // start -> a
  test('is performed again after each crash, but not for ever', () => {
    const run = started(draw('start -> a'))
    for (let crash = 0; crash < 20; crash += 1) run.crash()
    expect(run.busy).toEqual(['a'])
    run.crash()
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'interrupted_too_often', node_id: 'a' } })
  })
})
