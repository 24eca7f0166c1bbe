import { describe, expect, test } from 'vitest'
import type { Json } from '#lib/json'
import { ifNode } from '#nodes/if'
import { setNode } from '#nodes/set'
import { triggerManual } from '#nodes/trigger-manual'
import { perform } from './node-driver.ts'

describe('if', () => {
  test.each<[Json, 'true' | 'false']>([
    ['$input.total > 100', 'true'],
    ['$input.total > 1000', 'false'],
    ['{{ $input.total }}', 'true'],
    ['{{ $input.missing }}', 'false'],
    ['$input.missing.too', 'false'],
    ['false', 'false'],
    ['0', 'false'],
    ['""', 'false'],
    ['null', 'false'],
    ['0 / 0', 'false'],
    ['"false"', 'true'],
    ['"0"', 'true'],
    ['[]', 'true'],
    ['{}', 'true'],
    [true, 'true'],
    [false, 'false'],
    [0, 'false'],
  ])('%j goes by %s', async (condition, handle) => {
    const input = { total: 250 }
    expect(await perform(ifNode, { condition }, { input })).toEqual({ output: input, handles: [handle] })
  })

  test('a large value is a condition like any other', async () => {
    const input = Array.from({ length: 50_000 }, (_, index) => ({ index }))
    expect(await perform(ifNode, { condition: '$input' }, { input })).toMatchObject({ handles: ['true'] })
  })
})

describe('set', () => {
  const input = { a: 1, b: { c: 2 } }
  const fields = { a: '{{ $input.a + 1 }}', gone: '{{ $input.x }}', none: null, text: 'b is {{ $input.b }}' }

  test('makes an object of its fields; what gives nothing is left out', async () => {
    const { output } = await perform(setNode, { fields }, { input })
    expect(output).toStrictEqual({ a: 2, none: null, text: 'b is {"c":2}' })
  })

  test('keep_input starts from the input and leaves that as it was', async () => {
    const { output } = await perform(setNode, { fields: { a: 9 }, keep_input: true }, { input })
    expect(output).toEqual({ a: 9, b: { c: 2 } })
    expect(input).toEqual({ a: 1, b: { c: 2 } })
  })

  test.each<Json>([null, 'text', 7, [1, 2]])('keep_input with %j, which has no fields', async (value) => {
    expect(await perform(setNode, { fields: { a: 1 }, keep_input: true }, { input: value })).toMatchObject({
      output: { a: 1 },
    })
  })

  test.each<Json>([{}, { fields: 'x' }, { fields: {}, other: 1 }])('refuses %j', async (config) => {
    await expect(perform(setNode, config)).rejects.toMatchObject({ name: 'ZodError' })
  })
})

test('trigger.manual gives what the execution was started with', async () => {
  expect(await perform(triggerManual, {}, { trigger: { order: 1 } })).toEqual({
    output: { order: 1 },
    handles: ['out'],
  })
})
