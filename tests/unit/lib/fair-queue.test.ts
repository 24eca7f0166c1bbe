import { expect, test } from 'vitest'
import { createFairQueue } from '#lib/fair-queue'

const LIMITS = { slots: 3, slotsPerLane: 2, maxWaiting: 5, maxWaitingPerLane: 3 }

function startQueue() {
  const queue = createFairQueue<{ readonly name: string }>(LIMITS)
  const jobs = new Map<string, { readonly name: string }>()
  return {
    ...queue,
    ask(lane: string, name: string) {
      const job = { name }
      jobs.set(name, job)
      return queue.push(lane, job)
    },
    giveUp: (lane: string, name: string) => queue.remove(lane, jobs.get(name) ?? { name }),
    next: () => queue.next()?.job.name,
  }
}

test('lanes take turns, and one never has every slot', () => {
  const queue = startQueue()
  for (const name of ['a1', 'a2', 'a3']) queue.ask('a', name)
  expect([queue.next(), queue.next(), queue.next()]).toEqual(['a1', 'a2', undefined])
  queue.ask('b', 'b1')
  queue.ask('c', 'c1')
  expect([queue.next(), queue.next()]).toEqual(['b1', undefined])
  queue.release('a')
  // `a` could go on, and it waited for longer; but it had its turn.
  expect(queue.next()).toBe('a3')
  queue.release('b')
  expect(queue.next()).toBe('c1')
  expect(queue.count()).toEqual({ taken: 3, waiting: 0 })
})

test('a lane that is full refuses its own, not those of others', () => {
  const queue = startQueue()
  expect(['a1', 'a2', 'a3', 'a4'].map((name) => queue.ask('a', name))).toEqual([true, true, true, false])
  expect(['b1', 'b2', 'b3'].map((name) => queue.ask('b', name))).toEqual([true, true, false])
  expect(queue.giveUp('a', 'a2')).toBe(true)
  expect(queue.giveUp('a', 'a2')).toBe(false)
  expect(queue.ask('b', 'b4')).toBe(true)
  expect([queue.next(), queue.next(), queue.next()]).toEqual(['a1', 'b1', 'a3'])
  expect(queue.clear().map(({ name }) => name)).toEqual(['b2', 'b4'])
  expect(queue.count()).toEqual({ taken: 3, waiting: 0 })
})
