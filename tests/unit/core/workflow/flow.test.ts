import { describe, expect, test } from 'vitest'
import { draw, problemsOf } from '#tests/unit/core/graph-builder'
import { started } from '#tests/unit/core/run-driver'

const cases = [
  { handle: 'large', condition: '$input.total > 100' },
  { handle: 'medium', condition: '{{ $input.total > 10 }}' },
]

describe('switch', () => {
  /*
   *   start -> pick -large-> a
   *                 -medium-> b
   *                 -rest-> c
   */
  const graph = draw('start -> pick -large-> a; pick -medium-> b; pick -rest-> c', {
    pick: { type: 'switch', config: { cases, fallback: 'rest' } },
  })

  test.each([
    [500, 'a'],
    [50, 'b'],
    [5, 'c'],
  ])('a total of %d goes to %s alone', (total, node) => {
    const run = started(graph, { total })
    expect(run.busy).toEqual([node])
  })

  test('knows the handles of its cases and no others', () => {
    const pick = { pick: { type: 'switch', config: { cases } } }
    expect(problemsOf(draw('start -> pick -huge-> a', pick))).toMatchObject([{ code: 'unknown_handle' }])
    expect(problemsOf(draw('start -> pick -fallback-> a', pick))).toEqual([])
  })

  test('a case with an empty condition, or with text around one, is a problem', () => {
    const pick = {
      type: 'switch',
      config: {
        cases: [
          { handle: 'a', condition: ' ' },
          { handle: 'b', condition: 'x {{ 1 }}' },
        ],
      },
    }
    expect(problemsOf(draw('start -> pick', { pick }))).toMatchObject([
      { code: 'expression_missing', path: '/data/config/cases/0/condition' },
      { code: 'expression_missing', path: '/data/config/cases/1/condition' },
    ])
  })
})

describe('merge', () => {
  /*
   *          /-> a -\
   *   start -        -> m
   *          \-> b -/
   */
  test.each([
    ['object', { a: 1, b: 2 }],
    ['list', [1, 2]],
    ['first', 1],
  ])('as %s, whatever comes first', (mode, output) => {
    const run = started(draw('start -> a -> m; start -> b -> m', { m: { type: 'merge', config: { mode } } }))
    run.succeed('b', 2).succeed('a', 1)
    expect(run.state).toMatchObject({ status: 'completed', output })
  })

  test('of one edge is an object too', () => {
    const run = started(draw('start -> m', { m: { type: 'merge' } }), 7)
    expect(run.state.output).toEqual({ start: 7 })
  })
})

describe('stop', () => {
  /*
   *          /-> a
   *   start -
   *          \-> b -> end (stop)
   */
  const graph = (config: object) =>
    draw('start -> a; start -> b -> end', { end: { type: 'stop', config: { ...config } } })

  test('ends the execution at once with its output, by default its input', () => {
    const run = started(graph({})).succeed('b', 'enough')
    expect(run.state).toMatchObject({ status: 'completed', output: 'enough' })
    expect(run.state.visits.get('1:a')?.status).toBe('cancelled')
    expect(run.aborted).toBe(true)
  })

  test('as a failure says why', () => {
    const run = started(graph({ status: 'failed', message: 'no stock' })).succeed('b')
    expect(run.state).toMatchObject({
      status: 'failed',
      output: null,
      error: { code: 'stopped', message: 'A execução foi parada: no stock', node_id: 'end' },
    })
  })
})

describe('respond', () => {
  // start -> answer -> a -> again
  test('in the middle: its answer is there, and the run goes on with the input; only the first counts', () => {
    const run = started(
      draw('start -> answer -> a -> again', {
        answer: { type: 'respond', config: { status: 202, headers: { 'x-order': '{{ $input.id }}' }, body: 'ok' } },
        again: { type: 'respond' },
      }),
      { id: '7' },
    )
    const response = { status: 202, headers: { 'x-order': '7' }, body: 'ok' }
    expect(run.state).toMatchObject({ status: 'running', response })
    expect(run.busy).toEqual(['a'])
    run.crash().succeed('a', 'end')
    expect(run.state).toMatchObject({ status: 'completed', output: 'end', response })
  })
})

describe('while', () => {
  /*
   *   start -> more -body-> add -> more:next
   *                 -done-> end
   */
  test('goes round while its condition holds, by its own return', () => {
    const run = started(
      draw('start -> more -body-> add -> more:next; more -done-> end', {
        more: { type: 'while', config: { condition: '$input.n < 4' } },
        add: { type: 'set', config: { fields: { n: '{{ $input.n + 1 }}' } } },
      }),
      { n: 0 },
    )
    run.succeed('end', 'out')
    expect(run.state).toMatchObject({ status: 'completed', output: 'out' })
    expect(run.state.visitCounts.get('add')).toBe(4)
  })

  test('without end it ends at its limit, which the settings may lower', () => {
    const graph = draw(
      'start -> more -body-> more:next',
      { more: { type: 'while', config: { condition: 'true' } } },
      {
        max_node_visits: 20,
      },
    )
    expect(started(graph).state).toMatchObject({
      status: 'failed',
      error: { code: 'too_many_visits', node_id: 'more' },
    })
  })
})
