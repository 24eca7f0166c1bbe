import { describe, expect, it } from 'vitest'
import { createTurnstile } from '#auth/turnstile'

/** A clock that moves by hand, and the sleeps that wait on it. */
function createWorld() {
  let time = 0
  const sleepers = new Set<{ at: number; wake: () => void }>()
  const world = {
    now: () => time,
    sleep: (ms: number) => new Promise<void>((wake) => void sleepers.add({ at: time + ms, wake })),
    /** One poll of 10 ms; `stopped` sleepers never wake, as in a request that was dropped. */
    async tick(count = 1) {
      for (let round = 0; round < count; round += 1) {
        time += 10
        for (const sleeper of sleepers) {
          if (sleeper.at > time) continue
          sleepers.delete(sleeper)
          sleeper.wake()
        }
        await settle()
      }
    },
    dropAll: () => sleepers.clear(),
  }
  return world
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

function createGate(world: ReturnType<typeof createWorld>) {
  return createTurnstile({ slots: 2, places: 1, pollMs: 10, leaseMs: 100, now: world.now, sleep: world.sleep })
}

/** Enters and notes it. */
function visit(gate: ReturnType<typeof createGate>) {
  const visitor = { inside: false, leave: () => {}, error: undefined as unknown }
  gate.enter().then(
    (leave) => Object.assign(visitor, { inside: true, leave }),
    (error: unknown) => Object.assign(visitor, { error }),
  )
  return visitor
}

describe('turnstile', () => {
  it('I1: lets in no more than there are slots', async () => {
    const world = createWorld()
    const gate = createGate(world)
    const [a, b, c] = [visit(gate), visit(gate), visit(gate)]
    await world.tick(5)
    expect([a.inside, b.inside, c.inside]).toEqual([true, true, false])
    a.leave()
    a.leave()
    await world.tick(2)
    expect(c.inside).toBe(true)
  })

  it('I2: refuses at once whoever finds no place', async () => {
    const world = createWorld()
    const gate = createGate(world)
    const visitors = [visit(gate), visit(gate), visit(gate), visit(gate)]
    await settle()
    expect(visitors[3]?.error).toMatchObject({ code: 'busy', retryAfterSeconds: 1 })
    expect(visitors.slice(0, 3).map((visitor) => visitor.error)).toEqual([undefined, undefined, undefined])
  })

  it('lets the event loop turn once before the work begins', async () => {
    const world = createWorld()
    const first = visit(createGate(world))
    await settle()
    expect(first.inside).toBe(false)
    await world.tick()
    expect(first.inside).toBe(true)
  })

  it('I3: forgets dropped visitors after their lease', async () => {
    const world = createWorld()
    const gate = createGate(world)
    visit(gate)
    visit(gate)
    visit(gate)
    await settle()
    world.dropAll()
    await world.tick(10)
    expect(await gate.enter().catch((error: unknown) => error)).toMatchObject({ code: 'busy' })
    await world.tick()
    const late = visit(gate)
    await world.tick(2)
    expect(late.inside).toBe(true)
  })
})
