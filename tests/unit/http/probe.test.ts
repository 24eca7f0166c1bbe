import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { probe } from '#http/health/probe'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a part that answers is healthy, whatever it answers', async () => {
  expect(await probe(Date.now, () => Promise.resolve(null))).toEqual({ status: 'healthy', milliseconds: 0 })
  expect(vi.getTimerCount()).toBe(0)
})

test.each([
  ['fails', () => Promise.reject(new Error('away'))],
  [
    'throws at once',
    () => {
      throw new Error('away')
    },
  ],
])('one that %s is not', async (_, ask) => {
  expect((await probe(Date.now, ask)).status).toBe('unhealthy')
})

test('one that is silent is given up after two seconds', async () => {
  const asked = probe(Date.now, () => new Promise(() => undefined))
  await vi.advanceTimersByTimeAsync(2000)
  expect(await asked).toEqual({ status: 'unhealthy', milliseconds: 2000 })
})
