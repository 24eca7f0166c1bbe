import { expect, test } from 'vitest'
import { showText } from '#durable-objects/workflow-run/show-text'

function watch() {
  const pieces: string[] = []
  let now = 1_000_000
  const shown = showText(
    (text) => pieces.push(text),
    () => now,
  )
  return { pieces, shown, pass: (ms: number) => (now += ms) }
}

test('the first word at once, then what has gathered in a fifth of a second, and the rest at the end', () => {
  const { pieces, shown, pass } = watch()
  for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) {
    shown.add(word)
    pass(70)
  }
  shown.end()
  expect(pieces).toEqual(['a', 'bcd', 'ef'])
})

test('a fast answer comes in pieces of a kibibyte', () => {
  const { pieces, shown } = watch()
  for (let i = 0; i < 4_096; i += 1) shown.add('x')
  shown.end()
  expect(pieces.map(({ length }) => length)).toEqual([1, 1_024, 1_024, 1_024, 1_023])
})

test.each([
  ['slow', 300, 'word '],
  ['large', 0, 'x'.repeat(10_000)],
])('of an answer without end (%s) only the beginning is shown', (_what, ms, text) => {
  const { pieces, shown, pass } = watch()
  for (let i = 0; i < 5_000; i += 1) {
    shown.add(text)
    pass(ms)
  }
  shown.end()
  expect(pieces.length).toBeLessThanOrEqual(250)
  expect(pieces.join('').length).toBeLessThanOrEqual(64 * 1024)
  expect(pieces.join('').startsWith(text)).toBe(true)
})
