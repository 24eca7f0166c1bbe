import { expect, it } from 'vitest'
import { gather } from '#durable-objects/workspace-hub/gather'

it('asks what has come meanwhile in one question, never before it came', async () => {
  const asked: { readonly questions: readonly number[]; readonly gate: PromiseWithResolvers<string> }[] = []
  const ask = gather((questions: readonly number[]) => {
    const gate = Promise.withResolvers<string>()
    asked.push({ questions: [...questions], gate })
    return gate.promise
  })
  const first = ask(1)
  await expect.poll(() => asked.length).toBe(1)
  const second = [ask(2), ask(3)]
  expect(asked.map(({ questions }) => questions)).toEqual([[1]])
  asked[0]?.gate.reject(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect.poll(() => asked.length).toBe(2)
  const third = ask(4)
  asked[1]?.gate.resolve('b')
  expect(await Promise.all(second)).toEqual(['b', 'b'])
  await expect.poll(() => asked.map(({ questions }) => questions)).toEqual([[1], [2, 3], [4]])
  asked[2]?.gate.resolve('c')
  expect(await third).toBe('c')
})
