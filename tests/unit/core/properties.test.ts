import { describe, expect, test } from 'vitest'
import { nodeError } from '#core/workflow/node-error'
import { nextTick } from '#core/workflow/deadline'
import { isFinal, visitKey } from '#core/workflow/run'
import type { RunCommand } from '#core/workflow/step'
import { findViolations } from './check-log.ts'
import { problemsOf } from './graph-builder.ts'
import { type Chance, createChance } from './random.ts'
import { randomGraph } from './random-graph.ts'
import { RunDriver } from './run-driver.ts'

const SEEDS = Array.from({ length: 400 }, (_, index) => index + 1)
/** After so many visits a node of these tests sends nothing on, so that every cycle ends. */
const LAST_ROUND = 3
const MAX_STEPS = 3_000

type Perform = RunCommand & { readonly type: 'perform' }

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
  const mixed = Array.from(`${node_id}/${visit}`).reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), seed)
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
  const stale: Perform[] = []
  const { concurrency } = run.machine.plan.settings
  run.start()
  for (let step = 0; !isFinal(run.state.status); step += 1) {
    if (step > MAX_STEPS) throw new Error('the run does not end')
    if (run.state.live.size > concurrency) throw new Error(`${run.state.live.size} at once`)
    run.random = chance.next()
    const moves = [happenNext, happenNext, happenNext, happenNext, happenNext, happenNext, crash, tellLate, tellLate]
    chance.pick(moves)(run, chance, stale)
    if (chance.happens(0.002)) run.cancel()
  }
}

function crash(run: RunDriver, _chance: Chance, stale: Perform[]): void {
  stale.push(...run.performing.values())
  run.crash()
}

/** The outcome of a performance that nobody waits for any more is not recorded (I2). */
function tellLate(run: RunDriver, chance: Chance, stale: readonly Perform[]): void {
  if (stale.length === 0) return
  const late = chance.pick(stale)
  if (run.performing.get(visitKey(late))?.performance === late.performance) return
  run.take({ ...late, type: 'succeeded', output: 'late', handles: ['out'] })
  if (run.state.visits.get(visitKey(late))?.output === 'late') throw new Error('I2: a late outcome counts')
}

/** One of the visits ends, or time passes until something is due. */
function happenNext(run: RunDriver, chance: Chance, stale: Perform[]): void {
  if (run.performing.size === 0) {
    const due = nextTick(run.machine.plan, run.state)
    if (due === undefined || run.state.live.size === 0) throw new Error('the run is stuck')
    run.tick(Math.max(0, due - run.now))
    return
  }
  const command = chance.pick([...run.performing.values()])
  stale.push(command)
  run.performing.delete(visitKey(command))
  if (chance.happens(0.3)) {
    run.take({ ...command, type: 'failed', error: nodeError('unexpected'), retryable: chance.happens(0.6) })
    return
  }
  const handle = command.visit > LAST_ROUND ? 'nowhere' : chance.pick(['out', 'out', 'yes', 'no'])
  run.take({ ...command, type: 'succeeded', output: command.visit, handles: [handle] })
}

describe(`${SEEDS.length} random graphs`, () => {
  test('whatever happens, the invariants hold and the run ends', () => {
    const ends = new Map<string, number>()
    for (const seed of SEEDS) {
      withSeed(seed, () => {
        const { run, chance } = runOf(seed)
        torment(run, chance)
        expect(findViolations(run.events)).toEqual([])
        expect([run.state.live.size, run.state.root.arrivals.size]).toEqual([0, 0])
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
        expect(findViolations(shaken.events)).toEqual([])
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
