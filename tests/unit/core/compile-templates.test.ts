import { describe, expect, test } from 'vitest'
import type { JsonObject } from '#lib/json'
import { draw, problemsOf } from './graph-builder.ts'

const set = (config: JsonObject): JsonObject => ({ type: 'set', config })
const deep = (levels: number): string => `${'['.repeat(levels)}1${']'.repeat(levels)}`

describe('templates before the run', () => {
  test('a template may stand where the schema wants a number', () => {
    const ask = { type: 'llm', config: { model: 'demo/echo', prompt: '{{ $input }}', temperature: '{{ $input.t }}' } }
    expect(problemsOf(draw('start -> ask', { ask }))).toEqual([])
  })

  test('in an object whose kind is not known yet', () => {
    const http = {
      type: 'http.request',
      config: { url: 'https://x.example', auth: '{{ $input.auth }}', query: { n: '{{ 1 }}' } },
    }
    expect(problemsOf(draw('start -> http', { http }))).toEqual([])
  })

  test('a key that does not exist is wrong whatever its value', () => {
    const http = { type: 'http.request', config: { url: 'https://x.example', wrong: '{{ 1 }}' } }
    expect(problemsOf(draw('start -> http', { http }))).toMatchObject([{ code: 'bad_config', nodeId: 'http' }])
  })

  test('a field that is an expression needs no braces, and is checked like one', () => {
    const fork = { type: 'if', config: { condition: '$input.a >' } }
    expect(problemsOf(draw('start -> fork', { fork }))).toMatchObject([
      { code: 'expression_syntax', path: '/data/config/condition' },
    ])
  })

  test.each([
    ['text around an expression, which is always true', { condition: '{{ $input.n }} > 100' }],
    ['nothing between the quotes', { condition: ' ' }],
    ['no field at all', {}],
  ])('a field that is an expression may not be %s', (_, config) => {
    expect(problemsOf(draw('start -> fork', { fork: { type: 'if', config } }))).toMatchObject([
      { code: 'expression_missing', nodeId: 'fork', path: '/data/config/condition' },
    ])
  })

  test.each([
    ['nested too deeply', `{{ ${deep(2000)} }}`],
    ['a long row of terms', `{{ ${'1+'.repeat(3000)}1 }}`],
    ['many signs', `{{ ${'!'.repeat(7000)}1 }}`],
    ['a long path', `{{ $input${'.a'.repeat(3000)} }}`],
    ['longer than it may be', `{{ "${'a'.repeat(9000)}" }}`],
    ['never closed', '{{ $input'],
    ['closed by a comment', '{{ 1 // }}'],
  ])('%s is a problem, not an exception', (_, text) => {
    const found = problemsOf(draw('start -> a', { a: set({ fields: { text } }) }))
    expect(found).toHaveLength(1)
    expect(found[0]?.code).toMatch(/^expression_(syntax|unsupported)$/)
    expect(JSON.stringify(found)).not.toMatch(/RangeError|call stack/)
    expect(JSON.stringify(found).length).toBeLessThan(1000)
  })

  test('a text full of broken holes is soon given up', () => {
    const text = '{{/[}}\n'.repeat(50_000)
    const found = problemsOf(draw('start -> a', { a: set({ fields: { text } }) }))
    expect(found.length).toBeGreaterThan(0)
    expect(found.length).toBeLessThanOrEqual(20)
  })

  test('a graph that is wrong all over is told a thousand problems', () => {
    const text = `{{ [${Array.from({ length: 600 }, (_, index) => `$nodes.n${index}`).join()}] }}`
    expect(problemsOf(draw('start -> a', { a: set({ fields: { text, again: text } }) }))).toHaveLength(1000)
  })
})

describe('secrets before the run', () => {
  const http = (headers: JsonObject): JsonObject => ({
    type: 'http.request',
    config: { url: 'https://x.example', headers },
  })

  test.each([
    '$secrets.A',
    '$secrets?.A',
    "$secrets['A']",
    "['Key', $secrets.A].join(' ')",
    'encodeURIComponent($secrets.A)',
  ])('stand where they leave, also for the sandbox: %s', (expression) => {
    expect(problemsOf(draw('start -> a', { a: http({ x: `{{ ${expression} }}` }) }))).toEqual([])
  })

  test.each(['Object.values($secrets)', '(({ A }) => A)($secrets)', '$secrets[$input]', '[$secrets].length'])(
    'are named: %s',
    (expression) => {
      const found = problemsOf(draw('start -> a', { a: http({ x: `{{ ${expression} }}` }) }))
      expect(found).toMatchObject([{ code: 'secret_not_named' }])
    },
  )

  test.each([
    ['in the body of a function', { type: 'code', config: { code: 'return $secrets.A' } }, 'code'],
    ['per item', { type: 'filter', config: { condition: '$secrets.A === $item' } }, 'condition'],
    ['written otherwise', set({ fields: { x: '{{ $\\u0073ecrets.A }}' } }), 'fields'],
  ])('do not stand elsewhere: %s', (_, a, field) => {
    expect(problemsOf(draw('start -> a', { a }))).toMatchObject([{ code: 'secret_not_here', params: { field } }])
  })
})
