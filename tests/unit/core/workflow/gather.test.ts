import { describe, expect, test } from 'vitest'
import { nodeError } from '#core/workflow/node-error'
import { seedOf } from '#core/workflow/seed'
import { visitKey } from '#core/workflow/run'
import { isLarge, LargeValue } from '#core/workflow/value'
import { draw } from '#tests/unit/core/graph-builder'
import { RunDriver, started, T0 } from '#tests/unit/core/run-driver'

/*
 *            /-body-> work --\
 *   start -> each <---next---/
 *            \-done-> end
 */
const GRAPH = draw('start -> each -body-> work -> each:next; each -done-> end', {
  each: { type: 'loop', config: { items: [1, 2, 3] } },
})
const PIECE = 'x'.repeat(120_000)
const LIST = new LargeValue({ sha256: 'a'.repeat(64), bytes: 360_010, owner: 'e' })

/** All items are through, and what came back is too much for an event. */
function gathering(): RunDriver {
  const run = started(GRAPH)
  for (const index of [0, 1, 2]) run.succeedItem('work', index, PIECE)
  return run
}

function endOf(run: RunDriver) {
  const command = [...run.performing.values()][0]
  if (command === undefined) throw new Error('nothing is performed')
  run.performing.delete(visitKey(command))
  return command
}

describe('what came back to a loop and is too much for an event', () => {
  test('is put together by one more performance of the loop', () => {
    const run = gathering()
    expect(run.busy).toEqual(['each'])
    run.take({ ...endOf(run), type: 'succeeded', output: LIST, handles: ['done'] })
    expect(run.busy).toEqual(['end'])
    expect(run.inputOf('end')).toEqual(LIST)
    run.succeed('end', 'done')
    expect(run.state).toMatchObject({ status: 'completed', output: 'done', largeBytes: 360_010 })
  })

  test('is put together again after a crash, and when storage was away; neither is an attempt', () => {
    const run = gathering().crash()
    run.tick()
    const error = nodeError('storage_unavailable')
    run.take({ ...endOf(run), type: 'failed', error, retryable: true, isOurs: true })
    run.tick(60_000)
    run.take({ ...endOf(run), type: 'succeeded', output: LIST, handles: ['done'] })
    expect(run.state.visits.get('1:each')).toMatchObject({ status: 'completed', attempt: 1 })
  })

  test('is left of what failed then: a retry has all items, and only puts them together', () => {
    const run = gathering()
    run.take({ ...endOf(run), type: 'failed', error: nodeError('output_too_large'), retryable: false })
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'output_too_large', node_id: 'each' } })
    const retried = new RunDriver(GRAPH)
    retried.take({ type: 'start', inputs: null, seed: seedOf(run.machine.plan, run.events, T0) })
    expect(retried.busy).toEqual(['each'])
    retried.take({ ...endOf(retried), type: 'succeeded', output: LIST, handles: ['done'] })
    expect(retried.busy).toEqual(['end'])
  })

  test('of a few large items is a list of what stands for them', () => {
    const run = started(GRAPH)
    const large = new LargeValue({ sha256: 'b'.repeat(64), bytes: 5_000_000, owner: 'e' })
    for (const index of [0, 1, 2]) {
      run.take({ ...endOf(run), type: 'succeeded', output: large, handles: ['out'] })
      expect(run.busy).toEqual([index === 2 ? 'end' : 'work'])
    }
    expect(run.inputOf('end')).toEqual([large, large, large])
    expect([run.state.large.size, run.state.largeBytes]).toEqual([1, 5_000_000])
  })

  test('cannot be forged: JSON that looks like a reference is JSON', () => {
    const run = started(draw('start -> work -> end'))
    const fake = { ref: { sha256: 'c'.repeat(64), bytes: 1, owner: 'e' }, large: [{ at: ['output'], ref: LIST.ref }] }
    run.succeed('work', fake).crash()
    run.tick()
    expect(run.inputOf('end')).toEqual(fake)
    expect(isLarge(run.inputOf('end'))).toBe(false)
  })
})
