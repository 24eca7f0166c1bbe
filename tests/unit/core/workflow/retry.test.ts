import { describe, expect, test } from 'vitest'
import { seedOf } from '#core/workflow/seed'
import type { JsonObject } from '#lib/json'
import { draw } from '#tests/unit/core/graph-builder'
import { RunDriver, stored, started, T0 } from '#tests/unit/core/run-driver'

/** A new run that goes on from where this one has ended. */
function retry(
  run: RunDriver,
  definition: Parameters<typeof draw>[0],
  specs: Parameters<typeof draw>[1] = {},
): RunDriver {
  const next = new RunDriver(draw(definition, specs))
  next.now = T0 + 5000
  const seed = stored(seedOf(next.machine.plan, run.events, next.now))
  next.take({ type: 'start', inputs: null, seed })
  return next
}

describe('a retry from failure', () => {
  /*
   *          /-> a -\
   *   start -        -> j -> end
   *          \-> b -/
   */
  const DIAMOND = 'start -> a -> j; start -> b -> j; j -> end'

  test('performs what failed and what follows, and nothing else', () => {
    const failed = started(draw(DIAMOND), { n: 1 }).succeed('a', 'kept').fail('b')
    const run = retry(failed, DIAMOND)
    expect(run.busy).toEqual(['b'])
    expect(run.state).toMatchObject({ status: 'running', inputs: { n: 1 }, error: undefined })
    run.crash().succeed('b', 'now').succeed('j').succeed('end', 'well')
    expect(run.state).toMatchObject({ status: 'completed', output: 'well' })
    expect(
      run
        .eventsOf('node_completed')
        .filter(({ reused }) => reused)
        .map(({ node_id }) => node_id),
    ).toEqual(['start', 'a'])
  })

  test('performs also what was cancelled with it, with all its attempts', () => {
    const failed = started(draw(DIAMOND)).fail('a', { retryable: true }).fail('b')
    const run = retry(failed, DIAMOND)
    expect([...run.performing.values()]).toMatchObject([
      { node_id: 'a', attempt: 1, performance: 1 },
      { node_id: 'b', attempt: 1, performance: 1 },
    ])
  })

  test('of a retry, and of a run that was cancelled or took too long', () => {
    const cancelled = started(draw(DIAMOND)).succeed('a', 'kept').cancel()
    const again = retry(cancelled, DIAMOND).fail('b')
    expect(retry(again, DIAMOND).busy).toEqual(['b'])
    const late = started(draw(DIAMOND)).succeed('a').tick(3_600_000)
    expect(late.state.status).toBe('timeout')
    expect(retry(late, DIAMOND).busy).toEqual(['b'])
  })

  test('of a stop is the stop itself', () => {
    const specs = { end: { type: 'stop', config: { status: 'failed' } } }
    const run = retry(started(draw('start -> a -> end', specs)).succeed('a', 1), 'start -> a -> end', specs)
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'stopped' } })
  })

  test('of the first node begins there', () => {
    const run = retry(started(draw('one; two')).succeed('two').fail('one'), 'one; two')
    expect(run.busy).toEqual(['one'])
  })

  /*
   *   each (2 at once) -body-> work -> each:next
   */
  test('inside a loop keeps the items that have finished', () => {
    const LOOP = 'start -> each -body-> work -> each:next'
    const specs = { each: { type: 'loop', config: { items: '$trigger', concurrency: 2 } } }
    const failed = started(draw(LOOP, specs), ['a', 'b', 'c']).succeedItem('work', 0, 'A').failItem('work', 1)
    const run = retry(failed, LOOP, specs)
    expect(run.busy).toEqual(['work', 'work'])
    run.succeedItem('work', 1, 'B').succeedItem('work', 2, 'C')
    expect(run.state).toMatchObject({ status: 'completed', output: ['A', 'B', 'C'] })
  })

  test('a wait keeps its moment, a person is asked anew', () => {
    const text = 'start -> w; start -> ok; start -> a'
    const specs: Record<string, JsonObject & { type: string }> = {
      w: { type: 'wait', config: { duration_ms: 60_000 } },
      ok: { type: 'approval', config: { title: 'x', timeout_ms: 60_000 } },
    }
    const run = retry(started(draw(text, specs)).fail('a'), text, specs)
    expect(run.state.visits.get('1:w')?.wait?.until).toBe(T0 + 60_000)
    expect(run.state.visits.get('1:ok')?.wait?.until).toBe(T0 + 65_000)
  })
})
