import { describe, expect, test } from 'vitest'
import { isFinal, type RunCommand, type RunEvent, visitKey } from '#core/workflow/run'
import { nextTick } from '#core/workflow/transition'
import { problemsOf } from './graph-builder.ts'
import { type Chance, createChance } from './random.ts'
import { randomGraph } from './random-graph.ts'
import { RunDriver } from './run-driver.ts'

const SEEDS = Array.from({ length: 400 }, (_, index) => index + 1)
/** After so many visits a node of these tests sends nothing on, so that every cycle ends. */
const LAST_ROUND = 3
const MAX_STEPS = 3_000

/** A run of the seed's graph. */
function runOf(seed: number): { run: RunDriver; chance: Chance } {
  const chance = createChance(seed)
  const definition = randomGraph(chance)
  expect(problemsOf(definition), `seed ${seed}`).toEqual([])
  return { run: new RunDriver(definition), chance }
}

/** Says which seed it was when something fails. */
function withSeed(seed: number, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** The handle that a visit leaves by depends on the seed and the visit alone. */
function handleOf(seed: number, { node_id, visit }: { node_id: string; visit: number }): string {
  if (visit > LAST_ROUND) return 'nowhere'
  const mixed = [...`${node_id}/${visit}`].reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), seed)
  return createChance(mixed).pick(['out', 'out', 'yes', 'no'])
}

/** Every node succeeds, always the visit that comes first by name, whatever order they were asked for in. */
function finish(seed: number, run: RunDriver, crashes: Chance | undefined): void {
  run.start()
  for (let step = 0; !isFinal(run.state.status); step += 1) {
    if (step > MAX_STEPS) throw new Error('the run does not end')
    if (crashes?.happens(0.3) === true) run.crash()
    const [key] = [...run.performing.keys()].toSorted()
    const command = run.performing.get(key ?? '')
    if (command === undefined || command.type !== 'perform') throw new Error('the run is stuck')
    run.performing.delete(visitKey(command))
    const output = `${command.node_id}/${command.visit}`
    run.take({ ...command, type: 'succeeded', output, handles: [handleOf(seed, command)] })
  }
}

/** Everything happens to a run that can happen: outcomes, failures, late results, crashes, time. */
function torment(run: RunDriver, chance: Chance): void {
  const stale: (RunCommand & { type: 'perform' })[] = []
  run.start()
  for (let step = 0; !isFinal(run.state.status); step += 1) {
    if (step > MAX_STEPS) throw new Error('the run does not end')
    expect(run.state.live.size, 'concurrency').toBeLessThanOrEqual(run.machine.plan.settings.concurrency)
    run.random = chance.next()
    const command = run.performing.size === 0 ? undefined : chance.pick([...run.performing.values()])
    if (chance.happens(0.1)) {
      stale.push(...run.performing.values())
      run.crash()
    } else if (chance.happens(0.1) && stale.length > 0) {
      const late = chance.pick(stale)
      const before = run.events.length
      if (run.performing.get(visitKey(late))?.performance !== late.performance) {
        run.take({ ...late, type: 'succeeded', output: 'late', handles: ['out'] })
        // Another visit may have become due; the late outcome itself is not recorded (I2).
        expect(
          run.events.slice(before).filter((event) => event.type === 'node_completed' && event.output === 'late'),
        ).toEqual([])
      }
    } else if (command === undefined) {
      const due = nextTick(run.machine.plan, run.state)
      if (due === undefined) throw new Error('the run is stuck')
      run.tick(Math.max(0, due - run.now))
    } else if (chance.happens(0.3)) {
      run.fail(command.node_id, { retryable: chance.happens(0.6) })
      stale.push(command)
    } else {
      const handle = command.visit > LAST_ROUND ? 'nowhere' : chance.pick(['out', 'out', 'yes', 'no'])
      run.succeed(command.node_id, command.visit, handle)
      stale.push(command)
    }
    if (chance.happens(0.002)) run.cancel()
  }
}

const FINAL = new Set<RunEvent['type']>(['execution_completed', 'execution_failed', 'execution_cancelled'])

function checkLog(events: readonly RunEvent[]): void {
  const open = new Map<string, { attempt: number; performance: number }>()
  const ended = new Set<string>()
  const counts = new Map<string, number>()
  for (const [index, event] of events.entries()) {
    if (FINAL.has(event.type)) expect(index, 'I4').toBe(events.length - 1)
    if (!('visit' in event)) continue
    const key = visitKey(event)
    expect(ended.has(key), 'I3').toBe(false)
    const known = open.get(key)
    if (event.type === 'node_started') {
      if (known === undefined) {
        expect(event.visit).toBe((counts.get(event.node_id) ?? 0) + 1)
        counts.set(event.node_id, event.visit)
      } else expect(event.performance).toBe(known.performance + 1)
      open.set(key, event)
      continue
    }
    expect(event.performance, 'I2').toBe(known?.performance)
    if (event.type === 'node_retrying') {
      // I5: a crash uses up no attempt, a failure one.
      expect(event.attempt).toBe((known?.attempt ?? 0) + (event.error.code === 'interrupted' ? 0 : 1))
      open.set(key, event)
    } else {
      ended.add(key)
      open.delete(key)
    }
  }
  const last = events.at(-1)
  expect(last && FINAL.has(last.type), 'I4').toBe(true)
  if (last?.type === 'execution_completed') expect(open.size, 'I3').toBe(0)
}

describe(`${SEEDS.length} random graphs`, () => {
  test('whatever happens, the invariants hold and the run ends', () => {
    const ends = new Map<string, number>()
    for (const seed of SEEDS) {
      withSeed(seed, () => {
        const { run, chance } = runOf(seed)
        torment(run, chance)
        checkLog(run.events)
        expect([run.state.live.size, run.state.arrivals.size]).toEqual([0, 0])
        ends.set(run.state.status, (ends.get(run.state.status) ?? 0) + 1)
      })
    }
    // The graphs are such that every kind of end is met.
    expect([...ends.keys()].toSorted()).toEqual(expect.arrayContaining(['cancelled', 'completed', 'failed']))
  })

  test('a run that crashes time and again comes to the same end as one that does not', () => {
    for (const seed of SEEDS) {
      withSeed(seed, () => {
        const { run: calm } = runOf(seed)
        finish(seed, calm, undefined)
        const { run: shaken } = runOf(seed)
        finish(seed, shaken, createChance(seed + 7))
        expect(outcomeOf(shaken)).toEqual(outcomeOf(calm))
        checkLog(shaken.events)
      })
    }
  })

  test('the log read up to any event is a state to go on from', () => {
    for (const seed of SEEDS.slice(0, 100)) {
      withSeed(seed, () => {
        const { run } = runOf(seed)
        finish(seed, run, undefined)
        const cut = createChance(seed).below(run.events.length)
        const { run: resumed } = runOf(seed)
        resumed.resumeFrom(run.events.slice(0, cut))
        finish(seed, resumed, undefined)
        expect(outcomeOf(resumed)).toEqual(outcomeOf(run))
      })
    }
  })
})

function outcomeOf(run: RunDriver) {
  const visits = run.eventsOf('node_completed').map(({ node_id, visit, output }) => ({ node_id, visit, output }))
  return {
    status: run.state.status,
    output: run.state.output,
    visits: visits.map((visit) => JSON.stringify(visit)).toSorted(),
  }
}
