import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DatabaseUnavailable } from '#db/errors'
import { createPatience } from '#db/patience'
import type { Transport } from '#db/wire'

const ASK = [{ sql: 'ask', params: [] }]

/** Answers after so long, or fails when nobody waits any more. */
function createSlow(takesMs: number): { transport: Transport; given: (number | undefined)[] } {
  const given: (number | undefined)[] = []
  const run: Transport['run'] = (_, withinMs = Infinity) => {
    given.push(withinMs)
    return new Promise((answer, fail) => {
      if (takesMs <= withinMs) setTimeout(() => answer([]), takesMs)
      else setTimeout(() => fail(new DatabaseUnavailable('too late')), withinMs)
    })
  }
  return { transport: { run }, given }
}

async function settle(work: Promise<unknown>): Promise<unknown> {
  const settled = work.then(
    () => 'answered',
    (error: unknown) => error,
  )
  await vi.advanceTimersByTimeAsync(10_000)
  return settled
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a request', () => {
  it('waits for all its queries together no longer than for one', async () => {
    const { transport, given } = createSlow(1_500)
    const request = createPatience()(transport)
    const outcomes = [
      await settle(request.run(ASK)),
      await settle(request.run(ASK)),
      await settle(request.run(ASK)),
      await settle(request.run(ASK)),
    ]
    expect(outcomes.slice(0, 2)).toEqual(['answered', 'answered'])
    for (const outcome of outcomes.slice(2)) expect(outcome).toBeInstanceOf(DatabaseUnavailable)
    // The fourth is not even sent.
    expect(given).toEqual([4_000, 2_500, 1_000])
  })

  it('may take its time with other things', async () => {
    const request = createPatience()(createSlow(100).transport)
    await settle(request.run(ASK))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await settle(request.run(ASK))).toBe('answered')
  })

  it('has one patience, whichever way it asks', async () => {
    const { transport, given } = createSlow(1_000)
    const patience = createPatience()
    await settle(patience(transport).run(ASK))
    await settle(patience(transport).run(ASK))
    expect(given).toEqual([4_000, 3_000])
  })
})
