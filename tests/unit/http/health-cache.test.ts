import { beforeEach, describe, expect, test } from 'vitest'
import { createHealthCache, type HealthCache } from '#http/health/health-cache'

let cache: HealthCache<string>
let time: number
const now = () => time
let probes: PromiseWithResolvers<string>[]
beforeEach(() => {
  cache = createHealthCache()
  time = 1000
  probes = []
})

function ask() {
  return cache.read(now, () => {
    const probe = Promise.withResolvers<string>()
    probes.push(probe)
    return probe.promise
  })
}

async function askAndAnswer(answer: string) {
  const asked = ask()
  probes.at(-1)?.resolve(answer)
  return asked
}

describe('a report', () => {
  test('is used again for a second (I1)', async () => {
    await askAndAnswer('first')
    time += 999
    expect(await ask()).toEqual({ components: 'first', checkedAt: 1000, startedAt: 1000 })
    time += 1
    expect(await askAndAnswer('second')).toEqual({ components: 'second', checkedAt: 2000, startedAt: 1000 })
  })

  test('is not used again when the clock was set back', async () => {
    await askAndAnswer('first')
    time -= 500
    expect((await askAndAnswer('second')).components).toBe('second')
  })

  test('serves the others while one probes (I2)', async () => {
    await askAndAnswer('first')
    time += 1500
    const slow = ask()
    expect((await ask()).components).toBe('first')
    expect(probes).toHaveLength(2)
    probes.at(-1)?.resolve('second')
    expect((await slow).components).toBe('second')
  })

  test('is probed again when the prober never came back (I3)', async () => {
    await askAndAnswer('first')
    time += 1500
    void ask()
    time += 4000
    expect((await askAndAnswer('third')).components).toBe('third')
  })

  test('is waited for by nobody else when there is none yet', async () => {
    const [a, b] = [ask(), ask()]
    expect(probes).toHaveLength(2)
    probes[0]?.resolve('a')
    probes[1]?.resolve('b')
    expect((await a).components).toBe('a')
    expect((await b).components).toBe('b')
  })
})
