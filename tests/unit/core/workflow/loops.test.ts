import { describe, expect, test } from 'vitest'
import type { JsonObject } from '#lib/json'
import { draw, problemsOf } from '#tests/unit/core/graph-builder'
import { type RunDriver, started } from '#tests/unit/core/run-driver'

const EACH = 'start -> each -body-> work -> each:next; each -done-> end'

const each = (config: JsonObject = {}) => ({ type: 'loop', config: { items: '$trigger', ...config } })

/** Items that are worked on at this moment. */
function itemsOf(run: RunDriver): number[] {
  return [...run.performing.keys()].flatMap((key) => run.state.visits.get(key)?.item?.index ?? [])
}

describe('loop', () => {
  /*
   *            /-body-> work --\
   *   start -> each <---next---/
   *            \-done-> end
   */
  test('gives what came back in the order of the items, however they end', () => {
    const run = started(draw(EACH, { each: each({ concurrency: 3 }) }), ['a', 'b', 'c', 'd'])
    expect(itemsOf(run)).toEqual([0, 1, 2])
    for (const index of [2, 0, 3, 1]) run.succeedItem('work', index, `done ${index}`)
    expect(run.busy).toEqual(['end'])
    expect(run.inputOf('end')).toEqual(['done 0', 'done 1', 'done 2', 'done 3'])
    run.succeed('end', 'all')
    expect(run.state).toMatchObject({ status: 'completed', output: 'all' })
  })

  test('has one item at a time unless it is told otherwise', () => {
    const run = started(draw(EACH, { each: each() }), [1, 2])
    expect(itemsOf(run)).toEqual([0])
    run.succeed('work')
    expect(itemsOf(run)).toEqual([1])
  })

  test('$item and $index are known to every node of the body', () => {
    const name = { type: 'set', config: { fields: { at: '{{ $index }}', is: '{{ $item.name }}' } } }
    const run = started(
      draw('start -> each -body-> a -> name -> each:next', { each: each(), a: { type: 'pass' }, name }),
      [{ name: 'Ana' }, { name: 'Bia' }],
    )
    expect(run.state).toMatchObject({
      status: 'completed',
      output: [
        { at: 0, is: 'Ana' },
        { at: 1, is: 'Bia' },
      ],
    })
  })

  test('of nothing is done at once', () => {
    const run = started(draw(EACH, { each: each() }), [])
    expect(run.inputOf('end')).toEqual([])
  })

  test('whose body leads straight back gives its items', () => {
    const run = started(draw('start -> each -body-> each:next', { each: each() }), [1, 2, 3])
    expect(run.state.output).toEqual([1, 2, 3])
  })

  /*
   *   each -body-> keep -true-> each:next      what does not come back is not in the list
   *                     -false-> nothing
   */
  test('leaves out what does not come back', () => {
    const keep = { type: 'if', config: { condition: '$item > 1' } }
    const run = started(draw('start -> each -body-> keep -true-> each:next', { each: each(), keep }), [1, 2, 3])
    expect(run.state.output).toEqual([2, 3])
  })

  test('is no list: the node fails', () => {
    const run = started(draw(EACH, { each: each() }), { a: 1 })
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'config_invalid', node_id: 'each' } })
  })

  test('that is disabled hands its input on by done', () => {
    const run = started(draw(EACH, { each: { ...each(), disabled: true } }), [1])
    expect(run.inputOf('end')).toEqual([1])
  })

  test('its body must lie behind it, and the items may be a text without braces', () => {
    expect(problemsOf(draw('start -> each; start -> a -> each:next', { each: each() }))).toMatchObject([
      { code: 'stray_return' },
    ])
    expect(problemsOf(draw(EACH, { each: { type: 'loop', config: { items: 7 } } }))).toMatchObject([
      { code: 'bad_config' },
    ])
  })

  /*
   *             /-> a -\
   *   each -body        -> j -> each:next      both ways of one item meet, never those of two
   *             \-> b -/
   */
  test('joins in the body are made for each item', () => {
    const run = started(
      draw('start -> each -body-> a -> j -> each:next; each -body-> b -> j', { each: each({ concurrency: 2 }) }),
      ['x', 'y'],
    )
    run.succeedItem('a', 0, 'a0').succeedItem('b', 1, 'b1')
    expect(run.busy.toSorted()).toEqual(['a', 'b'])
    run.succeedItem('a', 1, 'a1')
    expect(run.inputOf('j')).toEqual({ a: 'a1', b: 'b1' })
    run.succeedItem('j', 1, 'j1').succeedItem('b', 0, 'b0').succeedItem('j', 0, 'j0')
    expect(run.state.output).toEqual(['j0', 'j1'])
  })

  /*
   *   outer -body-> inner -body-> work -> inner:next
   *                 inner -done-> outer:next
   */
  const NESTED = 'start -> outer -body-> inner -body-> work -> inner:next; inner -done-> outer:next'
  const nested = { outer: each({ concurrency: 2 }), inner: { type: 'loop', config: { items: '$item' } } }

  test('inside a loop', () => {
    const run = started(draw(NESTED, nested), [[1, 2], [3], []])
    for (let step = 0; run.performing.size > 0; step += 1) run.succeed('work', step)
    expect(run.state).toMatchObject({ status: 'completed', output: [[0, 2], [1], []] })
  })

  test('a crash at any moment changes nothing', () => {
    const whole = started(draw(NESTED, nested), [[1, 2], [3, 4], [5]])
    while (whole.performing.size > 0) whole.succeed('work', 'x')
    for (let cut = 1; cut < whole.events.length; cut += 1) {
      const run = started(draw(NESTED, nested), []).become(whole.events.slice(0, cut))
      while (run.performing.size > 0) run.succeed('work', 'x')
      expect(run.state, `after ${cut} events`).toMatchObject({ status: 'completed', output: whole.state.output })
    }
  })
})

describe('where a body leads elsewhere', () => {
  /*
   *   each -body-> work -> log      what lies outside is run for each item, in its frame
   *   each -done-> log
   */
  test('it takes its frame along: no end of the run, and no join with what is outside', () => {
    const run = started(draw('start -> each -body-> work -> log; each -done-> log', { each: each() }), [1, 2])
    run.succeed('work', 'w').succeed('log', 'l').succeed('work', 'w').succeed('log', 'l')
    expect(run.inputOf('log')).toEqual({ each: [] })
    run.succeed('log', 'end')
    expect(run.state).toMatchObject({ status: 'completed', output: 'end' })
  })

  test('$nodes knows the last output of each node, from the own item outwards', () => {
    const seen = { type: 'set', config: { fields: { work: '{{ $nodes.work }}', start: '{{ $nodes.start[0] }}' } } }
    const text = 'start -> each -body-> work -> seen -> each:next; each -done-> after'
    const after = { type: 'set', config: { fields: { work: '{{ $nodes.work }}' } } }
    const run = started(draw(text, { each: each({ concurrency: 2 }), seen, after }), ['a', 'b'])
    run.succeedItem('work', 1, 'B').succeedItem('work', 0, 'A')
    expect(run.inputOf('after')).toEqual([
      { work: 'A', start: 'a' },
      { work: 'B', start: 'a' },
    ])
    expect(run.state.output).toEqual({ work: 'A' })
  })

  // each -body-> a -> each: each round opens another loop within its item
  test('back to before its loop, it ends by the bound of loops within loops', () => {
    const run = started(draw('start -> each -body-> a -> each', { each: each(), a: { type: 'pass' } }), [1])
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'loops_too_deep' } })
  })
})

describe('an item that fails', () => {
  const policy = (on_item_error: string, more: JsonObject = {}) =>
    draw(EACH, { each: { ...each({ concurrency: 2, on_item_error }), ...more } })

  test('fails the loop, and the run; the others are cancelled', () => {
    const run = started(policy('fail'), [1, 2, 3]).fail('work')
    expect(run.state).toMatchObject({ status: 'failed', error: { code: 'unexpected', node_id: 'work' } })
    expect(run.eventsOf('node_failed').map(({ node_id }) => node_id)).toEqual(['work', 'each'])
  })

  test('fails the loop, which may leave by its own way for errors', () => {
    const graph = draw(`${EACH}; each -error-> sorry`, { each: { ...each({ concurrency: 2 }), on_error: 'branch' } })
    const run = started(graph, [1, 2, 3]).fail('work')
    expect(run.busy).toEqual(['sorry'])
    expect(run.state.items.size).toBe(0)
  })

  test('is left out', () => {
    const run = started(policy('skip'), [1, 2, 3]).fail('work').succeed('work', 'b').succeed('work', 'c')
    expect(run.inputOf('end')).toEqual(['b', 'c'])
  })

  test('stands in the list as its error', () => {
    const run = started(policy('collect'), [1, 2, 3]).fail('work').succeed('work', 'b').succeed('work', 'c')
    expect(run.inputOf('end')).toMatchObject([{ error: { code: 'unexpected' } }, 'b', 'c'])
  })

  test('the last one too', () => {
    const run = started(policy('skip'), [1]).fail('work')
    expect(run.inputOf('end')).toEqual([])
  })

  test('takes what else its item does along, and nothing of the other items', () => {
    const graph = draw('start -> each -body-> a -> each:next; each -body-> b', {
      each: each({ concurrency: 2, on_item_error: 'skip' }),
    })
    const run = started(graph, [1, 2])
    run.failItem('a', 1)
    expect(run.busy).toEqual(['a', 'b'])
    expect(itemsOf(run)).toEqual([0, 0])
    run.succeed('a', 'kept').succeed('b')
    expect(run.state.output).toEqual(['kept'])
  })

  /*
   *   outer (skip) -body-> inner (fail) -body-> work -> inner:next
   */
  test('of an inner loop is one of the outer', () => {
    const graph = draw('start -> outer -body-> inner -body-> work -> inner:next; inner -done-> outer:next', {
      outer: each({ on_item_error: 'collect' }),
      inner: { type: 'loop', config: { items: '$item', concurrency: 2 } },
    })
    const run = started(graph, [[1, 2], [3]])
      .fail('work')
      .succeed('work', 'x')
    expect(run.state).toMatchObject({ status: 'completed', output: [{ error: { node_id: 'work' } }, ['x']] })
  })
})
