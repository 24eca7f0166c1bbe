import { describe, expect, test } from 'vitest'
import { advance } from '#core/workflow/advance'
import { nextTick } from '#core/workflow/deadline'
import { toExecution } from '#core/workflow/execution'
import { toFrame } from '#core/workflow/frame'
import { initialState } from '#core/workflow/run'
import { draw } from './graph-builder.ts'
import { machineOf, RunDriver, started, T0 } from './run-driver.ts'

describe('a run', () => {
  // start -> a -> b
  test('carries outputs along and ends with the last one', () => {
    const run = started(draw('start -> a -> b'), { order: 7 })
    run.succeed('a', { n: 1 }).succeed('b', { n: 2 })
    expect(run.state).toMatchObject({ status: 'completed', output: { n: 2 }, inputs: { order: 7 } })
    expect(run.completed).toEqual(['start', 'a', 'b'])
  })

  // start -> a, start -> b
  test('of several ends gives an object by node id', () => {
    const run = started(draw('start -> a; start -> b'))
    run.succeed('b', 2).succeed('a', 1)
    expect(run.state.output).toEqual({ a: 1, b: 2 })
  })

  // start -> a, a -error-> b: the way for failures is no way on
  test('of a node that only leaves on failure gives its output', () => {
    const run = started(draw('start -> a -error-> b', { a: { on_error: 'branch' } }))
    run.succeed('a', 'fine')
    expect(run.state).toMatchObject({ status: 'completed', output: 'fine' })
  })

  /*
   *   start -> fork -true-> a
   *                 -false-> b
   */
  test('takes one branch of an if and tells which nodes were skipped', () => {
    const fork = { type: 'if', config: { condition: '$input.total > 100' } }
    const run = started(draw('start -> fork -true-> a; fork -false-> b', { fork }), { total: 250 })
    expect(run.busy).toEqual(['a'])
    run.succeed('a')
    expect(run.eventsOf('node_skipped').map((event) => event.node_id)).toEqual(['b'])
    expect(run.state.output).toBe('a')
  })

  /*
   *   start -> count -> more -true-> count      count adds one until there are five
   *                          -false-> end
   */
  test('goes round a cycle until an if lets it out', () => {
    const count = {
      type: 'set',
      join: 'any',
      config: { fields: { n: '{{ $input.n + 1 }}' } },
    }
    const more = { type: 'if', config: { condition: '{{ $input.n < 5 }}' } }
    const run = started(draw('start -> count -> more -true-> count; more -false-> end', { count, more }), { n: 0 })
    expect(run.busy).toEqual(['end'])
    expect(run.state.visitCounts.get('count')).toBe(5)
    run.succeed('end', 'done')
    expect(run.state).toMatchObject({ status: 'completed', output: 'done' })
  })

  test('runs branches side by side, as many as the settings allow', () => {
    const run = started(draw('start -> a; start -> b; start -> c; start -> d', {}, { concurrency: 2 }))
    expect(run.busy).toEqual(['a', 'b'])
    run.succeed('b')
    expect(run.busy).toEqual(['a', 'c'])
    run.succeed('a').succeed('c').succeed('d')
    expect(run.state.status).toBe('completed')
  })

  // a   b   c   d      no edges at all
  test('several starts keep to the concurrency as well', () => {
    const run = started(draw('a; b; c; d', {}, { concurrency: 2 }))
    expect(run.busy).toEqual(['a', 'b'])
    run.succeed('a').succeed('b').succeed('c').succeed('d')
    expect(run.state).toMatchObject({ status: 'completed', output: { a: 'a', b: 'b', c: 'c', d: 'd' } })
  })

  test('begins once', () => {
    const run = started(draw('start -> a'), 1)
    run.start(2)
    expect(run.state.inputs).toBe(1)
    expect(run.eventsOf('execution_started')).toHaveLength(1)
  })

  test('takes nothing before it has begun', () => {
    const run = new RunDriver(draw('start -> a'))
    run.take({ type: 'succeeded', node_id: 'a', visit: 1, performance: 1, output: null, handles: ['out'] })
    run.tick()
    expect(run.events).toEqual([])
    expect(nextTick(run.machine.plan, run.state)).toBeUndefined()
  })

  test('a long chain of pure nodes is cut into steps', () => {
    const ids = Array.from({ length: 500 }, (_, index) => `p${index}`)
    const specs = Object.fromEntries(ids.map((id) => [id, { type: 'pass' }]))
    const machine = machineOf(draw(`start -> ${ids.join(' -> ')}`, specs))
    const state = initialState()
    const moment = { now: T0, random: 0 }
    const { events, commands } = advance(machine, state, { type: 'start', inputs: null }, moment)
    expect(commands).toHaveLength(1)
    expect(events.length).toBeLessThan(500)
  })
})

test('large pure visits make a short step', () => {
  const ids = Array.from({ length: 20 }, (_, index) => `p${index}`)
  const specs = Object.fromEntries(ids.map((id) => [id, { type: 'pass' }]))
  const machine = machineOf(draw(`start -> ${ids.join(' -> ')}`, specs))
  const state = initialState()
  const inputs = 'x'.repeat(1_000_000)
  const { commands } = advance(machine, state, { type: 'start', inputs }, { now: T0, random: 0 })
  expect(commands).toMatchObject([{ type: 'perform' }])
  expect(state.visits.size).toBeLessThan(5)
})

describe('a disabled node', () => {
  // start -> off (if) -true-> a
  test('without an "out" passes its input on by its first handle', () => {
    const off = { type: 'if', disabled: true, config: { condition: 'false' } }
    const run = started(draw('start -> off -true-> a; off -false-> b', { off }), { x: 1 })
    expect(run.busy).toEqual(['a'])
  })

  test('passes on what it is given', () => {
    const run = started(draw('start -> off -> a', { off: { disabled: true } }), { x: 1 })
    expect(run.busy).toEqual(['a'])
    expect(run.state.root.outputs.get('off')).toEqual({ x: 1 })
  })

  /*
   *   start -> a … c -> off      three outputs of 0.2 MB meet
   */
  test('is performed when what it passes on is too much for an event', () => {
    const run = started(draw('start -> a -> off; start -> b -> off; start -> c -> off', { off: { disabled: true } }))
    for (const node of ['a', 'b', 'c']) run.succeed(node, 'x'.repeat(200_000))
    expect(run.busy).toEqual(['off'])
  })
})

describe('the end by force', () => {
  test('cancel: what runs is aborted, what comes later is ignored', () => {
    const run = started(draw('start -> a'))
    const [late] = run.performing.values()
    run.cancel()
    expect(run.aborted).toBe(true)
    expect(run.eventsOf('execution_cancelled')[0]).toMatchObject({ by: 'ana' })
    if (late !== undefined) run.take({ ...late, type: 'succeeded', output: 1, handles: ['out'] })
    run.cancel().tick().start()
    expect(run.state).toMatchObject({ status: 'cancelled', output: null })
    expect(nextTick(run.machine.plan, run.state)).toBeUndefined()
  })

  test('cancel before the start', () => {
    const run = new RunDriver(draw('start -> a')).cancel().start()
    expect(run.state.status).toBe('cancelled')
  })

  test('the time limit of the execution', () => {
    const run = started(draw('start -> a', {}, { timeout_ms: 5000 }))
    expect(nextTick(run.machine.plan, run.state)).toBe(T0 + 5000)
    run.tick(4999)
    expect(run.state.status).toBe('running')
    run.tick(1)
    expect(run.state).toMatchObject({ status: 'timeout', error: { code: 'execution_timeout' } })
  })
})

describe('a crash', () => {
  test('the visit is performed again as the same attempt, and its late outcome does not count', () => {
    const run = started(draw('start -> a'))
    const [before] = run.performing.values()
    run.crash()
    expect([...run.performing.values()]).toMatchObject([{ node_id: 'a', attempt: 1, performance: 2 }])
    if (before !== undefined) run.take({ ...before, type: 'succeeded', output: 'late', handles: ['out'] })
    expect(run.state.status).toBe('running')
    run.succeed('a', 'fresh')
    expect(run.state).toMatchObject({ status: 'completed', output: 'fresh' })
  })

  test('uses up no attempt, however often it happens', () => {
    const run = started(draw('start -> a', { a: { retry: { max_attempts: 1 } } }))
    for (let times = 0; times < 10; times += 1) run.crash()
    expect([...run.performing.values()]).toMatchObject([{ attempt: 1, performance: 11 }])
  })

  test('between two attempts does not shorten the wait', () => {
    const run = started(draw('start -> a')).fail('a', { retryable: true }).crash()
    expect(run.busy).toEqual([])
    run.tick(60_000)
    expect([...run.performing.values()]).toMatchObject([{ attempt: 2, performance: 2 }])
  })
})

describe('what clients see', () => {
  const header = {
    executionId: '018f0000-0000-7000-8000-000000000001',
    workspaceId: 'ws',
    workflowId: '018f0000-0000-7000-8000-000000000002',
    workflowName: 'Orders',
    version: 3,
    trigger: 'manual',
    createdBy: null,
    createdAt: T0 - 5,
  }

  test('an execution with its times and its length', () => {
    const run = started(draw('start -> a'), { id: 1 })
    expect(toExecution(header, run.state)).toMatchObject({ status: 'running', finished_at: null, duration_ms: null })
    run.now += 1500
    run.succeed('a', 'end')
    expect(toExecution(header, run.state)).toMatchObject({
      id: header.executionId,
      status: 'completed',
      inputs: { id: 1 },
      output: 'end',
      error: null,
      created_at: new Date(T0 - 5).toISOString(),
      duration_ms: 1500,
    })
  })

  test('frames carry what happened and nothing that only the engine needs', () => {
    const run = started(draw('start -> a')).fail('a', { retryable: true })
    const frames = run.events.map((event, index) => toFrame(header.executionId, index + 1, event))
    expect(frames.map((frame) => frame.event_type)).toEqual([
      'execution_started',
      'node_started',
      'node_completed',
      'node_started',
      'node_retrying',
    ])
    expect(frames[0]).toMatchObject({ seq: 1, node_id: null, data: { inputs: null } })
    expect(frames[4]).toMatchObject({
      node_id: 'a',
      data: { visit: 1, attempt: 2, resume_at: '2030-01-01T00:00:00.500Z' },
    })
    expect(JSON.stringify(frames)).not.toMatch(/performance|tokens/)
  })
})
