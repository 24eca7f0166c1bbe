import { expect, test } from 'vitest'
import { createBreaker } from '#db/breaker'
import { DatabaseUnavailable } from '#db/errors'
import { createSlots } from '#db/slots'

const OPEN_MS = 1_000
const away = new DatabaseUnavailable('away')

function startBreaker() {
  const probes: PromiseWithResolvers<unknown>[] = []
  const world = { time: 0, opened: 0 }
  const breaker = createBreaker({
    probe() {
      const probe = Promise.withResolvers<unknown>()
      probes.push(probe)
      return probe.promise
    },
    onOpen: () => (world.opened += 1),
    openMs: OPEN_MS,
    now: () => world.time,
  })
  return { breaker, probes, world }
}

test('a suspicion lets callers wait for one probe; its success lets them in', async () => {
  const { breaker, probes, world } = startBreaker()
  await breaker.admit()
  breaker.suspect()
  breaker.suspect()
  const admitted = Promise.all([breaker.admit(), breaker.admit()])
  expect(probes).toHaveLength(1)
  probes[0]?.resolve(undefined)
  await admitted
  expect(world.opened).toBe(0)
})

test('a failed probe opens it, and after a while the next caller probes again', async () => {
  const { breaker, probes, world } = startBreaker()
  breaker.suspect()
  const waiting = breaker.admit()
  probes[0]?.reject(away)
  await expect(waiting).rejects.toThrow('away')
  world.time = OPEN_MS - 1
  await expect(breaker.admit()).rejects.toThrow('away')
  expect(probes).toHaveLength(1)
  world.time = OPEN_MS
  const again = breaker.admit()
  probes[1]?.resolve(undefined)
  await again
  await breaker.admit()
  expect(probes).toHaveLength(2)
  expect(world.opened).toBe(1)
})

test('slots let in as many as there are, then the queue in its order', async () => {
  const slots = createSlots({ size: 1, sizePerLane: 1, maxWaiting: 2, maxWaitingPerLane: 2 })
  const order: string[] = []
  const first = slots.enter('a')
  const second = slots.enter('a')
  const third = slots.enter('a')
  void second.ready.then(() => order.push('second'))
  void third.ready.then(() => order.push('third'))
  expect(() => slots.enter('a')).toThrow(DatabaseUnavailable)
  await first.ready
  first.leave()
  first.leave()
  await second.ready
  expect(order).toEqual(['second'])
  second.leave()
  await third.ready
})

test('who leaves the queue frees no slot; who is turned away is told', async () => {
  const slots = createSlots({ size: 1, sizePerLane: 1, maxWaiting: 3, maxWaitingPerLane: 3 })
  const holder = slots.enter('a')
  slots.enter('a').leave()
  const waiting = slots.enter('a')
  slots.turnAway(away)
  await expect(waiting.ready).rejects.toBe(away)
  waiting.leave()
  const next = slots.enter('a')
  holder.leave()
  await next.ready
})
