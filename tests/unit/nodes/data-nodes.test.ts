import { describe, expect, test } from 'vitest'
import type { Json } from '#lib/json'
import { aggregate } from '#nodes/aggregate'
import { code } from '#nodes/code'
import { filter } from '#nodes/filter'
import { sort } from '#nodes/sort'
import { split } from '#nodes/split'
import { template } from '#nodes/template'
import { transform } from '#nodes/transform'
import { validate } from '#nodes/validate'
import { perform } from './node-driver.ts'

type Type = Parameters<typeof perform>[0]

async function outputOf(type: Type, config: Json, input: Json = null): Promise<Json> {
  return (await perform(type, config, { input })).output
}

async function failureOf(type: Type, config: Json, input: Json = null): Promise<unknown> {
  return outputOf(type, config, input).then(
    (output) => output,
    (error: unknown) => error,
  )
}

const orders = [
  { id: 1, city: 'Recife', total: 10.1, tags: ['a'] },
  { id: 2, city: 'Natal', total: null, tags: [] },
  { id: 3, city: 'Recife', total: 3, tags: ['a', 'b'] },
]

describe('transform', () => {
  test.each<[Json, Json]>([
    ['$input.list[0] + 1', 3],
    ['{{ $input.list.map((x) => x * 2) }}', [4, 6]],
    [
      { a: { b: '{{ $input.list.length }}' }, c: ['{{ $input.gone }}'], d: 'text' },
      { a: { b: 2 }, c: [null], d: 'text' },
    ],
    ['$input.gone', null],
  ])('%j', async (expression, expected) => {
    expect(await outputOf(transform, { expression }, { list: [2, 3] })).toEqual(expected)
  })
})

describe('filter', () => {
  test.each<[string, number[]]>([
    ['$item.total > 5', [1]],
    ['{{ $item.total > 5 || $index === 1 }}', [1, 2]],
    ['$item.tags.includes("a")', [1, 3]],
    ['total', [1, 3]],
    ['tags.length', [1, 3]],
    ['true', [1, 2, 3]],
    ['$item.id === $input.orders.length', [3]],
    ['$item.id === Math.max(...$input.orders.map((order) => order.id))', [3]],
    ['$item.gone.deep', []],
  ])('%s', async (condition, ids) => {
    const kept = await outputOf(filter, { items: '$input.orders', condition }, { orders })
    expect(kept).toEqual(orders.filter(({ id }) => ids.includes(id)))
  })

  test('works on its input, and only on lists', async () => {
    expect(await outputOf(filter, { condition: '$item > 1' }, [1, 2, 3])).toEqual([2, 3])
    expect(await outputOf(filter, { condition: '$item' }, [])).toEqual([])
    expect(await failureOf(filter, { condition: '$item' }, { a: 1 })).toMatchObject({ error: { code: 'not_a_list' } })
    expect(await failureOf(filter, { items: '{{ $input.a }}', condition: '$item' }, { a: 'x' })).toMatchObject({
      error: { code: 'not_a_list' },
    })
  })

  test.each(['-$item.tags + 1', 'Math.round($item.tags.x.y.z()) || $item.id.nope()'])(
    'a condition that fails names its item: %s',
    async (condition) => {
      const error = { code: 'expression_failed_at', message: expect.stringContaining('item 0') }
      expect(await failureOf(filter, { condition }, orders)).toMatchObject({ error })
    },
  )

  test('a long expression over many items has an end', async () => {
    const condition = Array.from({ length: 200 }, () => '$item').join(' + ')
    expect(
      await failureOf(
        filter,
        { condition },
        Array.from({ length: 50_000 }, () => 1),
      ),
    ).toMatchObject({
      error: { code: 'expression_failed_at', message: expect.stringContaining('steps') },
    })
  })

  test('its condition is needed', async () => {
    expect(String(await failureOf(filter, { items: '$input' }, []))).toContain('expression_missing')
    expect(String(await failureOf(filter, { condition: 'a {{ $item }}' }, []))).toContain('expression_missing')
  })
})

describe('sort', () => {
  test.each<[string, Json, Json, Json]>([
    ['numbers', { order: 'asc' }, [10, 9, -1, 2.5], [-1, 2.5, 9, 10]],
    ['descending', { order: 'desc' }, [1, 3, 2], [3, 2, 1]],
    ['texts as readers expect', {}, ['Bia', 'ágata', 'Ada', 'carla'], ['Ada', 'ágata', 'Bia', 'carla']],
    ['booleans', {}, [true, false, true], [false, true, true]],
    ['what is missing last', {}, [null, 2, null, 1], [1, 2, null, null]],
    ['what is missing last, also descending', { order: 'desc' }, [null, 2, 1], [2, 1, null]],
    ['nothing', {}, [], []],
  ])('%s', async (_, config, input, expected) => {
    expect(await outputOf(sort, config, input)).toEqual(expected)
  })

  test('equals stay as they were, either way', async () => {
    const items = [3, 1, 2, 1, 3].map((key, id) => ({ key, id }))
    const idsBy = async (order: string): Promise<Json[]> =>
      ((await outputOf(sort, { by: 'key', order }, items)) as { id: number }[]).map(({ id }) => id)
    expect(await idsBy('asc')).toEqual([1, 3, 2, 0, 4])
    expect(await idsBy('desc')).toEqual([0, 4, 2, 1, 3])
  })

  test.each(['total', '$item.total', '{{ $item.total }}', 'Number($item.total ?? NaN)'])('by %s', async (by) => {
    expect(await outputOf(sort, { by }, orders)).toMatchObject([{ id: 3 }, { id: 1 }, { id: 2 }])
  })

  test.each<[Json, string]>([
    [[1, 'a'], 'Item 1: k is text, a number was expected.'],
    [['a', null, true], 'Item 2: k is a boolean, text was expected.'],
    [[{ a: 1 }], 'Item 0: k is an object, a number or text or a boolean was expected.'],
  ])('%j have no order', async (keys, message_en) => {
    const items = (keys as Json[]).map((k) => ({ k }))
    expect(await failureOf(sort, { by: 'k' }, items)).toMatchObject({ error: { code: 'bad_item', message_en } })
  })
})

describe('aggregate', () => {
  const all = ['count', 'sum', 'avg', 'min', 'max'].map((op) => ({ op, field: 'total' }))

  test('what is missing does not count', async () => {
    expect(await outputOf(aggregate, { operations: [{ op: 'count' }, ...all] }, orders)).toEqual({
      count: 3,
      count_total: 2,
      sum_total: 13.1,
      avg_total: 6.55,
      min_total: 3,
      max_total: 10.1,
    })
  })

  test('of nothing', async () => {
    const none = { count_total: 0, sum_total: 0, avg_total: null, min_total: null, max_total: null }
    expect(await outputOf(aggregate, { operations: all }, [])).toEqual(none)
    expect(await outputOf(aggregate, { operations: all, group_by: 'city' }, [])).toEqual([])
  })

  test('by expressions, with names', async () => {
    const config = {
      items: '{{ $input }}',
      operations: [{ op: 'sum', field: '$item.id * 2', as: 'double' }],
      group_by: '$item.city.toUpperCase()',
      group_as: 'place',
    }
    expect(await outputOf(aggregate, config, orders)).toEqual([
      { place: 'RECIFE', double: 8 },
      { place: 'NATAL', double: 4 },
    ])
  })

  test('sums do not drift with their number or order', async () => {
    const sum = (input: Json): Promise<Json> =>
      outputOf(aggregate, { operations: [{ op: 'sum', field: '$item', as: 's' }] }, input)
    expect(await sum(Array.from({ length: 10_000 }, () => 0.1))).toEqual({ s: 1000 })
    expect(await sum([1, 1e100, 1, -1e100])).toEqual({ s: 2 })
    expect(await sum([0.1, 0.2])).toEqual({ s: 0.30000000000000004 })
  })

  test('a group of any name', async () => {
    const config = { operations: [{ op: 'count', as: '__proto__' }], group_by: '$item' }
    const output = await outputOf(aggregate, config, ['__proto__', '__proto__'])
    expect(JSON.stringify(output)).toBe('[{"group":"__proto__","__proto__":2}]')
  })

  test.each<[Json, Json, string]>([
    [{ operations: [{ op: 'sum', field: 'v' }] }, [{ v: 1 }, { v: '2' }], 'Item 1: v is text, a number was expected.'],
    [{ operations: [{ op: 'sum' }] }, [1], 'The evaluated config is invalid: operations: sum (field)'],
    [
      { operations: [{ op: 'count' }, { op: 'count' }] },
      [1],
      'The evaluated config is invalid: operations: count (as)',
    ],
  ])('%j of %j fails', async (config, input, message_en) => {
    expect(await failureOf(aggregate, config, input)).toMatchObject({ error: { message_en } })
  })
})

describe('split', () => {
  test.each<[Json, Json, Json]>([
    [{}, 'a\r\nb\n\nc\n', ['a', 'b', 'c']],
    [{ keep_empty: true }, 'a\n\nb', ['a', '', 'b']],
    [{ separator: ',' }, 'a,b,,c', ['a', 'b', 'c']],
    [{ size: 10 }, 'one two three four', ['one two ', 'three four']],
    [{ size: 3 }, 'abcdefgh', ['abc', 'def', 'gh']],
    [{ size: 2 }, 'a😀b😀', ['a', '😀', 'b', '😀']],
    [{ size: 1 }, '😀😀', ['😀', '😀']],
    [{ size: 4, separator: '\n' }, 'ab cd ef\ngh', ['ab ', 'cd ', 'ef', 'gh']],
    [{ size: 2 }, [1, 2, 3], [[1, 2], [3]]],
    [{}, [1, 2], [[1], [2]]],
    [{ value: '{{ $input.x }}' }, { x: 'a\nb' }, ['a', 'b']],
    [{}, '', []],
  ])('%j of %j', async (config, input, expected) => expect(await outputOf(split, config, input)).toEqual(expected))

  test('nothing is lost', async () => {
    const text = 'Lorem ipsum dolor sit amet, '.repeat(40)
    const pieces = (await outputOf(split, { size: 50 }, text)) as string[]
    expect(pieces.join('')).toBe(text)
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(50)
  })

  test('of anything else', async () => {
    expect(await failureOf(split, {}, 7)).toMatchObject({ error: { code: 'not_text_or_list' } })
  })
})

test.each<[string, Json]>([
  ['{{ $input.n }}', '7'],
  ['  {{ $input.n }}\n', '  7\n'],
  ['{{ $input.o }}{{ $input.gone }}', '{"a":1}'],
  ['{{ $input.o.a.toFixed(2) }} €', '1.00 €'],
  ['no expression', 'no expression'],
])('template %j is text', async (text, expected) => {
  expect(await outputOf(template, { template: text }, { n: 7, o: { a: 1 } })).toBe(expected)
})

describe('code', () => {
  test('braces in it are just JavaScript', async () => {
    expect(await outputOf(code, { code: 'const f = () => {{ return { a: {b: 1}} }}\nreturn f()' })).toEqual({
      a: { b: 1 },
    })
  })

  test('without a return there is no output', async () =>
    expect(await outputOf(code, { code: '$input' }, 1)).toBeNull())

  test('what it throws is told with its line', async () => {
    expect(await failureOf(code, { code: '\nthrow new Error("no")' })).toMatchObject({
      error: { code: 'code_failed', message_en: 'The code failed: Error: no (line 2)' },
    })
  })

  test.each<Json>([{}, { code: 7 }, { code: 'return (' }, { code: 'return proces' }])(
    '%j is refused',
    async (config) => {
      expect(String(await failureOf(code, config))).toMatch(/expression_(missing|syntax|unknown_name)/)
    },
  )
})

describe('validate', () => {
  const schema = {
    type: 'object',
    properties: { age: { type: 'integer', minimum: 18 }, email: { type: 'string', pattern: '@' } },
    required: ['email'],
  }

  test('leaves by valid with the value', async () => {
    const input = { email: 'a@b', age: 20 }
    expect(await perform(validate, { schema }, { input })).toEqual({ output: input, handles: ['valid'] })
    expect(await perform(validate, { schema: true, value: '{{ $input.age }}' }, { input })).toMatchObject({
      output: 20,
    })
  })

  test('leaves by invalid with the errors', async () => {
    const input = { age: 3 }
    const { output, handles } = await perform(validate, { schema }, { input })
    expect(handles).toEqual(['invalid'])
    expect(output).toMatchObject({
      value: input,
      errors: expect.arrayContaining([expect.objectContaining({ path: '/age' })]),
    })
  })

  test('or fails', async () => {
    const config = { schema: { type: 'string' }, on_invalid: 'fail' }
    expect(await failureOf(validate, config, 7)).toMatchObject({ error: { code: 'value_invalid' }, retryable: false })
  })
})
