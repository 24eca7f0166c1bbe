import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createLinePrinter } from '#local/line-printer'

it('prints every line in its order, and those of one turn at once', async () => {
  const written: string[] = []
  const print = createLinePrinter({ write: (text: string) => written.push(text) })
  print('one')
  print('two')
  expect(written).toEqual([])
  await nextTurn()
  print('three')
  await nextTurn()
  expect(written).toEqual(['one\ntwo\n', 'three\n'])
})
