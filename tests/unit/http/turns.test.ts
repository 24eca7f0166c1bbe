import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTurns } from '#http/turns'

const LIMITS = {
  slots: 3,
  slotsPerLane: 2,
  slotsBeside: 1,
  maxWaiting: 10,
  maxWaitingPerLane: 2,
  leaseMs: 1_000,
  patienceMs: 3_000,
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function startTurns(limits = LIMITS) {
  const order: string[] = []
  const open = createTurns(limits)
  return {
    order,
    ask: (lane: string, name = lane) => {
      const turn = open('open')
      const taken = turn.take(lane).then(
        () => void order.push(name),
        (error: unknown) => void order.push(`${name} ${(error as { code: string }).code}`),
      )
      return { turn, taken }
    },
  }
}

test('a flood of one lane waits for itself; another one enters at once', async () => {
  const { ask, order } = startTurns()
  const first = ask('a', 'a1')
  ask('a', 'a2')
  ask('a', 'a3')
  ask('a', 'a4')
  ask('a', 'a5')
  ask('b')
  await vi.advanceTimersByTimeAsync(50)
  expect(order).toEqual(['a1', 'a2', 'a5 too_many_at_once', 'b'])
  first.turn.end()
  first.turn.end()
  await vi.advanceTimersByTimeAsync(50)
  // While somebody else is there, it has less.
  expect(order.at(-1)).toBe('b')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(order.at(-1)).toBe('a4')
})

test('who asks is in the place of the workspace that they asked for last, and keeps it', async () => {
  const open = createTurns({ ...LIMITS, slotsPerLane: 1 })
  const first = open('open')
  await first.takeFor({ name: 'user u', isSure: true })
  expect(first.lane()).toBe('user u')
  await first.take('w')
  first.end()
  const second = open('open')
  await second.takeFor({ name: 'user u', isSure: true })
  expect(second.lane()).toBe('w')
  await second.take('w')
  const unsure = open('open')
  await unsure.takeFor({ name: 'workflow f', isSure: false })
  await Promise.all([vi.advanceTimersByTimeAsync(1_500), unsure.take('w')])
  second.end()
  const again = open('open')
  await again.takeFor({ name: 'workflow f', isSure: false })
  expect(again.lane()).toBe('workflow f')
})

test('a turn that nobody ends is over after its lease', async () => {
  const { ask, order } = startTurns()
  for (const name of ['a1', 'a2', 'a3']) ask('a', name)
  await vi.advanceTimersByTimeAsync(LIMITS.leaseMs - 1)
  expect(order).toEqual(['a1', 'a2'])
  await vi.advanceTimersByTimeAsync(200)
  expect(order).toEqual(['a1', 'a2', 'a3'])
})

test('who waits for too long is refused, and takes up no place', async () => {
  const { ask, order } = startTurns({ ...LIMITS, leaseMs: 60_000 })
  const holder = ask('a', 'a1')
  for (const name of ['a2', 'a3']) ask('a', name)
  await vi.advanceTimersByTimeAsync(LIMITS.patienceMs + 100)
  expect(order).toEqual(['a1', 'a2', 'a3 too_many_at_once'])
  ask('a', 'a4')
  holder.turn.end()
  await vi.advanceTimersByTimeAsync(50)
  expect(order.at(-1)).toBe('a4')
})

/** Two of one lane ask; after 200 ms the first leaves its turn to what it started. */
async function leaveFirstOfTwo(ask: ReturnType<typeof startTurns>['ask']): Promise<void> {
  const first = ask('a', 'a1')
  ask('a', 'a2')
  await vi.advanceTimersByTimeAsync(200)
  first.turn.leaveToWork()
  first.turn.end()
}

test('a turn that is left to an execution goes on for as long again, while others are there', async () => {
  const { ask, order } = startTurns()
  ask('b').turn.end()
  await leaveFirstOfTwo(ask)
  await vi.advanceTimersByTimeAsync(150)
  expect(order).toEqual(['b', 'a1'])
  await vi.advanceTimersByTimeAsync(100)
  expect(order).toEqual(['b', 'a1', 'a2'])
})

test('alone it is given back at once', async () => {
  const { ask, order } = startTurns({ ...LIMITS, slotsPerLane: 1 })
  await leaveFirstOfTwo(ask)
  await vi.advanceTimersByTimeAsync(30)
  expect(order).toEqual(['a1', 'a2'])
})
