import { describe, expect, test } from 'vitest'
import { draw } from './graph-builder.ts'
import { started } from './run-driver.ts'

/*
 *          /-> a -\
 *   start -        -> j
 *          \-> b -/
 */
const DIAMOND = 'start -> a -> j; start -> b -> j'

describe('join all', () => {
  test('waits for both and gives their outputs by source', () => {
    const run = started(draw(DIAMOND))
    run.succeed('b', 2)
    expect(run.busy).toEqual(['a'])
    run.succeed('a', 1)
    expect(run.busy).toEqual(['j'])
    expect(run.tokensOf('j')).toEqual({ a: 1, b: 1 })
  })

  /*
   *         -yes-> a -\
   *   start -> d       -> j
   *          -no-> b -/
   */
  test('a branch that is not taken is not waited for', () => {
    const run = started(draw('start -> d -yes-> a -> j; d -no-> b -> j'))
    run.succeed('d', 'go', 'yes').succeed('a')
    expect(run.busy).toEqual(['j'])
    run.succeed('j', 'end')
    expect(run.state).toMatchObject({ status: 'completed', output: 'end' })
    expect(run.eventsOf('node_skipped').map((event) => event.node_id)).toEqual(['b'])
  })

  /*
   *          /-> d1 -yes-> a -\
   *   start -                  -> j
   *          \-> slow --------/
   *         d1 -no-> d2 -yes-> b -> j, d2 -no-> nothing
   */
  test('of three, with nested ifs: fires as soon as the last one that can still come has come', () => {
    const run = started(draw('start -> d1 -yes-> a -> j; d1 -no-> d2 -yes-> b -> j; d2 -no-> c; start -> slow -> j'))
    run.succeed('slow')
    expect(run.busy).toEqual(['d1'])
    run.succeed('d1', 1, 'no')
    expect(run.busy).toEqual(['d2'])
    run.succeed('d2', 1, 'no')
    expect(run.busy.toSorted()).toEqual(['c', 'j'])
    expect(run.tokensOf('j')).toEqual({ slow: 1 })
  })

  test('a failed branch that goes on counts as delivered', () => {
    const run = started(draw(DIAMOND, { a: { on_error: 'continue' } }))
    run.succeed('b', 2).fail('a')
    expect(run.busy).toEqual(['j'])
    expect(run.tokensOf('j')).toEqual({ a: 1, b: 1 })
  })

  test('a branch that waits for its next attempt is waited for', () => {
    const run = started(draw(DIAMOND))
    run.succeed('b').fail('a', { retryable: true })
    expect(run.busy).toEqual([])
    run.tick(60_000).succeed('a')
    expect(run.busy).toEqual(['j'])
  })

  test('a branch that the concurrency holds back is waited for', () => {
    const run = started(draw(DIAMOND, {}, { concurrency: 1 }))
    run.succeed('a')
    expect(run.busy).toEqual(['b'])
    run.succeed('b')
    expect(run.tokensOf('j')).toEqual({ a: 1, b: 1 })
  })

  /*
   *   start1 -> a -\
   *                 -> j      one at a time
   *   start2 -> b -/
   */
  test('a start that has not begun is waited for', () => {
    const run = started(draw('start1 -> a -> j; start2 -> b -> j', {}, { concurrency: 1 }))
    run.succeed('a').succeed('b')
    expect(run.tokensOf('j')).toEqual({ a: 1, b: 1 })
  })

  /*
   *   start -> j -> body -> j       (back edge)
   *                 body -no-> end
   */
  test('in a cycle it does not wait for its own way back', () => {
    const run = started(draw('start -> j -> body -> j; body -no-> end'))
    run.succeed('j').succeed('body').succeed('j')
    expect(run.tokensOf('body')).toEqual({ j: 2 })
    run.succeed('body', 1, 'no').succeed('end', 'done')
    expect(run.state).toMatchObject({ status: 'completed', output: 'done' })
  })

  /*
   *   start -> a -> j1 -> k1 -> j2
   *   start -> b -> j2 -> k2 -> j1
   */
  test('two joins that wait for each other: the one that has waited longest fires when nothing else can move', () => {
    const run = started(draw('start -> a -> j1 -> k1 -> j2; start -> b -> j2 -> k2 -> j1; start -> slow'))
    run.succeed('b').succeed('a')
    expect(run.busy).toEqual(['slow'])
    run.succeed('slow')
    expect(run.busy).toEqual(['j2'])
    run.succeed('j2').succeed('k2')
    expect(run.busy).toEqual(['j1'])
    expect(run.tokensOf('j1')).toEqual({ a: 1, k2: 1 })
    // Its own way back leads through the other join, which has fired: it is the end of the line.
    run.succeed('j1').succeed('k1').succeed('j2').succeed('k2')
    expect(run.busy).toEqual(['j1'])
  })

  /*
   *   start -> p -> j          p runs once per arrival, so two tokens come over one edge
   *   start -> x -> p
   *   start -> y -> j
   */
  test('two tokens over one edge make two rounds', () => {
    const run = started(draw('start -> p -> j; start -> x -> p; start -> y -> j', { p: { join: 'each' } }))
    run.succeed('p', 'p1').succeed('x').succeed('p', 'p2')
    expect(run.busy).toEqual(['y'])
    run.succeed('y')
    expect(run.tokensOf('j')).toEqual({ p: 2 })
    expect(run.busy).toEqual(['j', 'j'])
  })

  /*
   *   d -yes-> j, d -no-> j
   */
  test('two edges from one node: only the one that was taken', () => {
    const run = started(draw('start -> d -yes-> j; d -no-> j'))
    run.succeed('d', 7, 'no')
    expect(run.busy).toEqual(['j'])
    expect(run.tokensOf('j')).toEqual({ d: 1 })
  })

  test('an edge to nowhere in particular: a self loop does not hold a node back', () => {
    const run = started(draw('start -> a -yes-> a; a -> end'))
    run.succeed('a', 1, 'yes').succeed('a', 2, 'yes').succeed('a', 3)
    expect(run.busy).toEqual(['end'])
    expect(run.state.visitCounts.get('a')).toBe(3)
  })
})

describe('join any', () => {
  const ANY = { j: { join: 'any' } }

  test('the first wins, the later one is ignored', () => {
    const run = started(draw(DIAMOND, ANY))
    run.succeed('b', 'fast')
    expect(run.busy).toEqual(['a', 'j'])
    expect(run.tokensOf('j')).toEqual({ b: 1 })
    run.succeed('a').succeed('j', 'won')
    expect(run.state).toMatchObject({ status: 'completed', output: 'won' })
    expect(run.state.visitCounts.get('j')).toBe(1)
  })

  test('a branch not taken wins nothing and leaves nothing behind', () => {
    const run = started(draw('start -> d -yes-> a -> j; d -no-> b -> j', ANY))
    run.succeed('d', 1, 'no').succeed('b').succeed('j', 'end')
    expect(run.state).toMatchObject({ status: 'completed', output: 'end' })
    expect(run.state.root.ignored.size).toBe(0)
  })

  /*
   *   start -> j -> s -> a -> j      (both back edges of each round meet at j, which takes the first)
   *                 s -> b -> j
   *                 b -no-> end
   */
  test('inside a cycle every round has its own winner', () => {
    const run = started(draw('start -> j -> s -> a -> j; s -> b -> j; b -no-> end', ANY))
    for (let round = 1; round <= 3; round += 1) {
      run.succeed('j').succeed('s').succeed('a').succeed('b')
      expect(run.busy, `round ${round}`).toEqual(['j'])
    }
    run.succeed('j').succeed('s').succeed('b', 1, 'no').succeed('end').succeed('a').succeed('j').succeed('s')
    expect(run.busy).toEqual(['a', 'b'])
  })

  /*
   *         /-> a -\
   *   start -> b -> d -yes-> j
   *         \------------/
   */
  test('what was ignored in advance and never comes is forgotten', () => {
    const run = started(
      draw('start -> a -> j; start -> d -yes-> j; d -no-> end; j -> w -> d', {
        j: { join: 'any' },
        d: { join: 'each' },
      }),
    )
    run.succeed('a')
    expect([...run.state.root.ignored.keys()]).toEqual(['d:yes>j'])
    run.succeed('d', 1, 'no')
    expect(run.state.root.ignored.size).toBe(0)
    run.succeed('end').succeed('j').succeed('w').succeed('d', 1, 'yes')
    expect(run.busy).toEqual(['j'])
  })
})

describe('join each', () => {
  test('runs once per arrival', () => {
    const run = started(draw(DIAMOND, { j: { join: 'each' } }))
    run.succeed('a').succeed('b')
    expect(run.busy).toEqual(['j', 'j'])
    run.succeed('j', 'first').succeed('j', 'second')
    expect(run.state).toMatchObject({ status: 'completed', output: 'second' })
    expect(run.state.visitCounts.get('j')).toBe(2)
  })
})

describe('the input behind a join', () => {
  test.each(['any', 'each'])('%s is the one value that came, not an object by source', (join) => {
    const j = { type: 'set', join, config: { fields: { got: '{{ $input }}' } } }
    const run = started(draw(DIAMOND, { j }))
    run.succeed('b', 2)
    expect(run.state.root.outputs.get('j')).toEqual({ got: 2 })
  })
})
