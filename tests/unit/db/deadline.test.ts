import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDeadlines, withDeadline } from '#db/deadline'
import { DatabaseUnavailable } from '#db/errors'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const never = new Promise<never>(() => undefined)
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

describe.each([
  ['withDeadline', () => withDeadline],
  ['createDeadlines', createDeadlines],
])('%s', (_, create) => {
  it('gives the outcome of what ends in time', async () => {
    const within = create()
    expect(await within(Promise.resolve(1), 10, () => undefined)).toBe(1)
    expect(await failure(within(Promise.reject(new Error('no')), 10, () => undefined))).toEqual(new Error('no'))
    await vi.advanceTimersByTimeAsync(1_000)
  })

  it('ends each wait at its own time, whichever began first', async () => {
    const within = create()
    const expired: number[] = []
    const waits = [300, 100, 200].map((ms) => failure(within(never, ms, () => expired.push(ms))))
    await vi.advanceTimersByTimeAsync(99)
    expect(expired).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(expired).toEqual([100])
    await vi.advanceTimersByTimeAsync(150)
    expect(expired).toEqual([100, 200])
    await vi.advanceTimersByTimeAsync(50)
    expect(expired).toEqual([100, 200, 300])
    for (const error of await Promise.all(waits)) expect(error).toBeInstanceOf(DatabaseUnavailable)
  })

  it('takes no notice of what has ended', async () => {
    const within = create()
    const onExpire = vi.fn<() => void>()
    await within(Promise.resolve(), 100, onExpire)
    const later = failure(within(never, 500, () => undefined))
    await vi.advanceTimersByTimeAsync(499)
    expect(onExpire).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await later).toBeInstanceOf(DatabaseUnavailable)
  })

  it('waits a little longer once where this thread stood still', async () => {
    const within = create()
    const { promise, resolve } = Promise.withResolvers<string>()
    const onExpire = vi.fn<() => void>()
    const read = within(promise, 100, onExpire)
    vi.setSystemTime(Date.now() + 1_000)
    await vi.advanceTimersByTimeAsync(100)
    expect(onExpire).not.toHaveBeenCalled()
    resolve('unread')
    expect(await read).toBe('unread')
    const lost = failure(within(never, 100, onExpire))
    vi.setSystemTime(Date.now() + 1_000)
    await vi.advanceTimersByTimeAsync(300)
    expect(onExpire).toHaveBeenCalledOnce()
    expect(await lost).toBeInstanceOf(DatabaseUnavailable)
  })
})
