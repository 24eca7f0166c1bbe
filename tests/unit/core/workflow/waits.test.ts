import { describe, expect, test } from 'vitest'
import { advance } from '#core/workflow/advance'
import { nextTick } from '#core/workflow/deadline'
import { toFrame } from '#core/workflow/frame'
import { toVisitWaits } from '#core/workflow/waits'
import type { JsonObject } from '#lib/json'
import { draw } from '#tests/unit/core/graph-builder'
import { type RunDriver, started, T0 } from '#tests/unit/core/run-driver'

const MOMENT = { now: T0, random: 0 }
const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS

const waitFor = (config: JsonObject) => ({ type: 'wait', config })
const due = (run: RunDriver) => nextTick(run.machine.plan, run.state)

describe('wait', () => {
  // start -> w -> a
  test('neither early nor late: at its time the input goes on', () => {
    const run = started(draw('start -> w -> a', { w: waitFor({ duration_ms: HOUR_MS }) }), 'in')
    expect(run.state.status).toBe('waiting')
    expect(due(run)).toBe(T0 + HOUR_MS)
    run.tick(HOUR_MS - 1)
    expect(run.busy).toEqual([])
    run.crash().tick(1)
    expect(run.inputOf('a')).toBe('in')
    expect(run.state.status).toBe('running')
  })

  test('fires once, however late and often the alarm rings', () => {
    const run = started(draw('start -> w -> a', { w: waitFor({ duration_ms: 1000 }) }))
    run.tick(5000).tick().tick()
    expect(run.eventsOf('node_completed').filter(({ node_id }) => node_id === 'w')).toHaveLength(1)
  })

  test('until a moment, which may have passed', () => {
    const until = new Date(T0 + 5000).toISOString()
    expect(due(started(draw('start -> w', { w: waitFor({ until }) })))).toBe(T0 + 5000)
    const passed = started(draw('start -> w', { w: waitFor({ until: '{{ $input }}' }) }), '2020-01-01T00:00:00Z')
    expect(passed.state.status).toBe('completed')
  })

  test('a year, and the time limit of the execution does not count it', () => {
    const graph = draw('start -> w -> a', { w: waitFor({ duration_ms: YEAR_MS }) }, { timeout_ms: 60_000 })
    const run = started(graph).tick(YEAR_MS)
    expect(run.busy).toEqual(['a'])
    run.tick(59_999)
    expect(run.state.status).toBe('running')
    run.tick(1)
    expect(run.state.status).toBe('timeout')
  })

  test('more than a year fails', () => {
    const run = started(draw('start -> w', { w: waitFor({ until: '2040-01-01T00:00:00Z' }) }))
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'wait_too_long' } })
  })

  /*
   *   start -> w -> j      while one waits the other runs: the execution is running
   *   start -> a -> j
   */
  test('a join waits for it, and it takes no place of the concurrency', () => {
    const graph = draw('start -> w -> j; start -> a -> j', { w: waitFor({ duration_ms: 1000 }) }, { concurrency: 1 })
    const run = started(graph)
    expect([run.state.status, ...run.busy]).toEqual(['running', 'a'])
    run.succeed('a')
    expect(run.state.status).toBe('waiting')
    expect(run.state.live.size).toBe(0)
    run.tick(1000)
    expect(run.busy).toEqual(['j'])
  })

  test('is an event of its own, with the moment in ISO', () => {
    const run = started(draw('start -> w', { w: waitFor({ duration_ms: 1000 }) }))
    const event = run.eventsOf('execution_waiting')[0]
    expect(event && toFrame('e', 1, event)).toMatchObject({
      event_type: 'execution_waiting',
      node_id: 'w',
      data: { visit: 1, wait: { for: 'time', until: '2030-01-01T00:00:01.000Z' } },
    })
    expect(toVisitWaits(run.state)).toMatchObject([{ node_id: 'w', visit: 1, wait: { for: 'time' } }])
  })
})

describe('signal', () => {
  const graph = (config: JsonObject = {}) =>
    draw('start -> s -> a; s -timeout-> late', { s: { type: 'signal', config: { name: 'paid', ...config } } })

  test('its body goes on; another name or key is not the one', () => {
    const run = started(graph({ key: '{{ $trigger.order }}' }), { order: 7 })
    run.signal('shipped', '7', 1).signal('paid', '8', 2)
    expect(run.state.status).toBe('waiting')
    run.signal('paid', '7', { amount: 3 })
    expect(run.inputOf('a')).toEqual({ amount: 3 })
  })

  test('one that came before it is waited for is kept', () => {
    const run = started(draw('start -> first -> s -> a', { s: { type: 'signal', config: { name: 'paid' } } }))
    run.signal('paid', null, 'early').crash().succeed('first')
    expect(run.inputOf('a')).toBe('early')
    expect(run.state.signals).toEqual([])
  })

  test('the same one counts once', () => {
    const two = { type: 'signal', config: { name: 'paid' } }
    const run = started(draw('start -> s -> t -> a', { s: two, t: two }))
    run.signal('paid', null, 1, 'one').signal('paid', null, 1, 'one')
    expect(run.busy).toEqual([])
    run.signal('paid', null, 2, 'two')
    expect(run.inputOf('a')).toBe(2)
  })

  test('too late: it leaves by timeout with its input', () => {
    const run = started(graph({ timeout_ms: 1000 }), 'in').tick(1000)
    expect(run.busy).toEqual(['late'])
    expect(run.inputOf('late')).toBe('in')
    run.signal('paid', null, 1)
    expect(run.busy).toEqual(['late'])
  })

  test('no more than so many are kept', () => {
    const run = started(draw('start -> a'))
    for (let index = 0; index < 150; index += 1) run.signal('x', String(index), null)
    expect(run.state.signals).toHaveLength(100)
    expect(started(draw('start -> a')).signal('x', null, 'y'.repeat(5_000_000)).state.signals).toEqual([])
  })
})

describe('approval', () => {
  const graph = draw('start -> ok -approved-> yes; ok -rejected-> no; ok -timeout-> late', {
    ok: { type: 'approval', config: { title: 'Order', approvers: ['ana@example.com'], timeout_ms: 1000 } },
  })

  test.each([
    ['approved', 'yes'],
    ['rejected', 'no'],
  ] as const)('%s goes to %s, with who and when', (decision, node) => {
    const run = started(graph).approve('ok', decision)
    expect(run.busy).toEqual([node])
    expect(run.inputOf(node)).toEqual({ decision, by: 'ana', comment: null, at: '2030-01-01T00:00:00.000Z' })
  })

  test('the first decision stands', () => {
    const run = started(graph).approve('ok', 'approved', 'ana').approve('ok', 'rejected', 'bia').tick(5000)
    expect(run.busy).toEqual(['yes'])
    expect(run.inputOf('yes')).toMatchObject({ by: 'ana' })
  })

  test('nobody decided: it leaves by timeout, and a decision comes too late', () => {
    const run = started(graph).tick(999)
    expect(run.busy).toEqual([])
    run.tick(1).approve('ok', 'approved')
    expect(run.busy).toEqual(['late'])
    expect(run.inputOf('late')).toMatchObject({ decision: 'timeout', by: null })
  })
})

describe('a sub-workflow', () => {
  const graph = draw('start -> sub -> a', { sub: { type: 'workflow', config: { workflow_id: SUB() } } })
  function SUB(): string {
    return '018f0000-0000-7000-8000-000000000002'
  }

  test('its output goes on', () => {
    const run = started(graph).awaitChild('sub')
    expect(run.state.status).toBe('waiting')
    run.crash().endChild('sub', 1, { total: 3 }).endChild('sub', 1, 'again')
    expect(run.inputOf('a')).toEqual({ total: 3 })
  })

  test('that is quicker than the record that it is waited for is not lost', () => {
    const run = started(graph).endChild('sub', 1, 'quick')
    expect(run.busy).toEqual(['sub'])
    run.awaitChild('sub')
    expect(run.inputOf('a')).toBe('quick')
    expect(run.state.childEnds.size).toBe(0)
  })

  test('that fails fails the node, with what is known of it', () => {
    const run = started(graph).awaitChild('sub').endChild('sub', 1, null, 'timeout')
    expect(run.state).toMatchObject({
      status: 'failed',
      error: { code: 'child_failed', node_id: 'sub', body: { status: 'timeout' } },
    })
  })

  test('cancelled while its child waits, or ended while it was being started: the child is known to be left', () => {
    expect(started(graph).awaitChild('sub').cancel().state.orphans).toEqual([{ node_id: 'sub', visit: 1 }])
    expect(started(graph).cancel().state.orphans).toEqual([{ node_id: 'sub', visit: 1 }])
    expect(started(graph).fail('sub').state.orphans).toEqual([{ node_id: 'sub', visit: 1 }])
    expect(started(graph).awaitChild('sub').endChild('sub', 1, 1).cancel().state.orphans).toEqual([])
    expect(started(graph).awaitChild('sub').endChild('sub', 1, 1, 'failed').state.orphans).toEqual([])
  })

  /*
   *   each (2 at once) -body-> sub (starts a child that takes an hour) -> each:next
   */
  test('that waits an hour, inside a loop', () => {
    const sub = { type: 'workflow', config: { workflow_id: SUB() } }
    const loop = { type: 'loop', config: { items: '$trigger', concurrency: 2 } }
    const run = started(
      draw('start -> each -body-> sub -> each:next', { each: loop, sub }, { timeout_ms: 1000 }),
      [1, 2, 3],
    )
    run.awaitChild('sub').awaitChild('sub')
    expect(run.state.status).toBe('waiting')
    run.tick(HOUR_MS).endChild('sub', 2, 'b')
    expect(run.state.status).toBe('running')
    run.awaitChild('sub').tick(HOUR_MS).crash().endChild('sub', 3, 'c').endChild('sub', 1, 'a')
    expect(run.state).toMatchObject({ status: 'completed', output: ['a', 'b', 'c'] })
  })
})

describe('pause', () => {
  // start -> a -> b
  test('finishes what is in flight, starts nothing new, and goes on where it was', () => {
    const run = started(draw('start -> a -> b', {}, { timeout_ms: 1000 }))
      .pause()
      .pause()
    expect(run.state.status).toBe('paused')
    run.succeed('a', 1).tick(HOUR_MS)
    expect([run.state.status, ...run.busy]).toEqual(['paused'])
    run.crash().resume().resume()
    expect([run.state.status, ...run.busy]).toEqual(['running', 'b'])
    expect(run.eventsOf('execution_paused')).toHaveLength(1)
    run.succeed('b', 2)
    expect(run.state).toMatchObject({ status: 'completed', output: 2 })
  })

  test('takes no further attempt, and needs no alarm for one', () => {
    const run = started(draw('start -> a')).pause().fail('a', { retryable: true }).tick(HOUR_MS)
    expect([run.busy, due(run)]).toEqual([[], undefined])
    expect(run.resume().busy).toEqual(['a'])
  })

  test('with the last outcome: the run ends when it is resumed', () => {
    const run = started(draw('start -> a')).pause().succeed('a', 1)
    expect(run.state.status).toBe('paused')
    expect(run.resume().state).toMatchObject({ status: 'completed', output: 1 })
  })

  test('a wait that ends meanwhile has ended', () => {
    const run = started(draw('start -> w -> a', { w: waitFor({ duration_ms: 1000 }) }))
      .pause()
      .tick(1000)
    expect([run.state.status, ...run.busy]).toEqual(['paused'])
    expect(run.resume().busy).toEqual(['a'])
  })

  test('may be cancelled', () => {
    expect(started(draw('start -> a')).pause().cancel().state.status).toBe('cancelled')
  })
})

describe('what a node tells', () => {
  test('is an event, as long as the visit is performed and the run has room', () => {
    const run = started(draw('start -> a'))
    const ref = { node_id: 'a', visit: 1, performance: 1 }
    run.take({ ...ref, type: 'noted', note: { type: 'log', level: 'info', message: 'half', data: { n: 1 } } })
    run.take({ ...ref, type: 'noted', note: { type: 'progress', progress: 0.5 } })
    run.take({ ...ref, performance: 2, type: 'noted', note: { type: 'progress', progress: 1 } })
    const frames = run.events.slice(-2).map((event) => toFrame('e', 1, event))
    expect(frames).toMatchObject([
      { event_type: 'log_message', node_id: 'a', data: { level: 'info', message: 'half', data: { n: 1 } } },
      { event_type: 'node_progress', node_id: 'a', data: { visit: 1, progress: 0.5 } },
    ])
    for (let told = 0; told < 10_100; told += 1) {
      advance(run.machine, run.state, { ...ref, type: 'noted', note: { type: 'progress', progress: told } }, MOMENT)
    }
    expect(run.state.notes).toBe(10_000)
  })
})
