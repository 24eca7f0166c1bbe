import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connection } from '#db/connection'
import { DatabaseUnavailable } from '#db/errors'
import { createPool } from '#db/pool'
import type { RowSet, Statement } from '#db/wire'

const IDLE_MS = 60_000
const ASK: readonly Statement[] = [{ sql: 'ask', params: [] }]

interface Fake {
  readonly sent: string[]
  readonly die: () => void
  readonly isAlive: () => boolean
}

/** Connections that answer at once, or never. */
function startPool() {
  const fakes: Fake[] = []
  const world = { isFrozen: false }
  function create(): Connection {
    let isAlive = true
    const { promise: ended, reject } = Promise.withResolvers<never>()
    ended.catch(() => undefined)
    const die = () => {
      isAlive = false
      reject(new DatabaseUnavailable('dead'))
    }
    const sent: string[] = []
    fakes.push({ sent, die, isAlive: () => isAlive })
    return {
      createdAt: Date.now(),
      get isAlive() {
        return isAlive
      },
      discard: die,
      run(statements) {
        sent.push(...statements.map(({ sql }) => sql))
        const rows: RowSet[] = statements.map(() => ({ columns: [], rows: [] }))
        return world.isFrozen ? ended : Promise.resolve(rows)
      },
    }
  }
  return { pool: createPool({ create, size: 2, idleMs: IDLE_MS }), fakes, world }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a connection serves one run after the other, and one that has died none', async () => {
  const { pool, fakes } = startPool()
  await pool.run(ASK)
  await pool.run(ASK)
  expect(fakes.map(({ sent }) => sent)).toEqual([['ask', 'ask']])
  fakes[0]?.die()
  await pool.run(ASK)
  expect(fakes.map(({ sent }) => sent.length)).toEqual([2, 1])
})

test('what nobody uses is closed, and so is what has grown old', async () => {
  const { pool, fakes } = startPool()
  await pool.run(ASK)
  await vi.advanceTimersByTimeAsync(IDLE_MS - 1)
  expect(fakes[0]?.isAlive()).toBe(true)
  await vi.advanceTimersByTimeAsync(IDLE_MS)
  expect(fakes[0]?.isAlive()).toBe(false)
  for (let minute = 0; minute <= 31; minute += 0.5) {
    await pool.run(ASK)
    await vi.advanceTimersByTimeAsync(30_000)
  }
  expect(fakes.map(({ isAlive }) => isAlive())).toEqual([false, false, true])
})

test('frozen: everybody has failed by the deadline, and nothing is sent twice', async () => {
  const { pool, fakes, world } = startPool()
  world.isFrozen = true
  const outcomes = Promise.all([1, 2, 3].map(() => pool.run(ASK).catch((error: unknown) => error)))
  await vi.advanceTimersByTimeAsync(4_000)
  expect(await outcomes).toEqual(Array.from({ length: 3 }, () => expect.any(DatabaseUnavailable)))
  // Two connections and the probe; the third caller never had one.
  expect(fakes.map(({ sent }) => sent)).toEqual([['ask'], ['ask'], ['select 1']])
  expect(fakes.filter(({ isAlive }) => isAlive())).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(pool.run(ASK)).rejects.toThrow(DatabaseUnavailable)
  expect(fakes).toHaveLength(3)
  world.isFrozen = false
  await vi.advanceTimersByTimeAsync(1_000)
  await pool.run(ASK)
})
