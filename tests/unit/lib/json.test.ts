import { describe, expect, test } from 'vitest'
import { isJsonObject, type Json, jsonDepth, JsonTooLarge, MAX_JSON_DEPTH, measureJson, parseJson } from '#lib/json'

function nested(levels: number): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe('measureJson', () => {
  const bytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

  test.each<[string, Json]>([
    ['null', null],
    ['booleans', [true, false]],
    ['numbers', [0, -1.5, 1e21, 123_456_789]],
    ['empty ones', [[], {}, '']],
    ['an object', { a: 1, 'b c': { d: [null, 'x'] } }],
    ['ASCII', 'plain text'],
    ['accents', 'Olá, ação'],
    ['CJK', '日本語'],
    ['emoji', '😀 and 👩‍👩‍👧'],
    ['escapes', 'tab\t line\n quote" back\\ bell\u0007 null\0'],
    ['lone surrogates', 'a\ud800b\udc00c\ud800'],
    ['keys that need escapes', { '"\n\0é😀': 1 }],
  ])('counts what JSON takes: %s', (_, value) => {
    expect(measureJson(value, Number.POSITIVE_INFINITY)).toBe(bytes(value))
  })

  test('passes at the limit and throws beyond it', () => {
    expect(measureJson('abc', 5)).toBe(5)
    expect(() => measureJson('abcd', 5)).toThrow(JsonTooLarge)
    expect(() => measureJson('\0\0', 5)).toThrow(JsonTooLarge)
  })

  test('a small value that refers to a large one many times is found out at once', () => {
    let bomb: Json = 'x'
    for (let level = 0; level < 100; level += 1) bomb = [bomb, bomb, bomb]
    expect(() => measureJson(bomb, 1_000_000)).toThrow(JsonTooLarge)
  })

  test('a value that holds itself is found out too', () => {
    const self: Json[] = []
    self.push(self)
    expect(() => measureJson(self, 1_000_000)).toThrow(JsonTooLarge)
  })

  test('depth is no danger to the stack, and is limited when asked', () => {
    expect(measureJson(nested(100_000), Number.POSITIVE_INFINITY)).toBeGreaterThan(100_000)
    expect(() => measureJson(nested(10), 1000, 10)).not.toThrow()
    expect(() => measureJson(nested(11), 1000, 10)).toThrow(expect.objectContaining({ exceeded: 'depth' }))
  })
})

describe('jsonDepth', () => {
  test.each([
    ['1', 0],
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['[[],[[]],[]]', 3],
    ['"[[[["', 0],
    ['"\\"[["', 0],
    ['["\\\\", [1]]', 2],
    [']]]][[', 0],
    ['', 0],
    ['[[[', 3],
  ])('of %s is %d', (text, depth) => expect(jsonDepth(text)).toBe(depth))
})

describe('parseJson', () => {
  test('up to the limit', () => {
    const text = JSON.stringify(nested(MAX_JSON_DEPTH))
    expect(JSON.stringify(parseJson(text))).toBe(text)
  })

  test.each([JSON.stringify(nested(MAX_JSON_DEPTH + 1)), '', '{', '[1,]', 'undefined', '['.repeat(1_000_000)])(
    'throws a SyntaxError (%#)',
    (text) => expect(() => parseJson(text)).toThrow(SyntaxError),
  )
})

test('isJsonObject', () => {
  expect([{}, { a: 1 }].every(isJsonObject)).toBe(true)
  expect([null, [], 'x', 1, true, undefined].some(isJsonObject)).toBe(false)
})
