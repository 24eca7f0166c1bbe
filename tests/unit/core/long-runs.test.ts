import { describe, expect, test } from 'vitest'
import { advance, decide, type Machine } from '#core/workflow/advance'
import type { Definition } from '#core/workflow/graph'
import { initialState, type RunState } from '#core/workflow/run'
import type { RunCommand } from '#core/workflow/step'
import type { JsonObject } from '#lib/json'
import { draw } from './graph-builder.ts'
import { machineOf, T0 } from './run-driver.ts'

const moment = { now: T0, random: 0 }

/** Runs pure nodes to the end and counts how often the engine looked a node or an edge up. */
function countLookUps(definition: Definition): { lookUps: number; state: RunState } {
  let lookUps = 0
  const counted = <T extends object>(record: T): T =>
    new Proxy(record, {
      get(target, key, receiver) {
        lookUps += 1
        return Reflect.get(target, key, receiver)
      },
    })
  const machine = machineOf(definition)
  const plan = { ...machine.plan, nodes: counted(machine.plan.nodes), edges: counted(machine.plan.edges) }
  const state = finish({ ...machine, plan })
  return { lookUps, state }
}

function finish(machine: Machine): RunState {
  const state = initialState()
  const pending: RunCommand[] = [...advance(machine, state, { type: 'start', inputs: 0 }, moment).commands]
  for (const command of pending) {
    const outcome = decide(machine, state, command, moment)
    if (outcome !== undefined) pending.push(...advance(machine, state, outcome, moment).commands)
  }
  return state
}

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)
const allPass = (ids: readonly string[]): Record<string, JsonObject & { type: string }> =>
  Object.fromEntries(ids.map((id) => [id, { type: 'pass' }]))

/** start -> p0 -> p1 -> … */
function chain(length: number): Definition {
  const ids = named('p', length)
  return draw(`start -> ${ids.join(' -> ')}`, allPass(ids))
}

/** start -> count -> more -true-> count, this many times */
function cycle(rounds: number): Definition {
  const count = { type: 'set', join: 'any', config: { fields: { n: '{{ ($input.n ?? 0) + 1 }}' } } }
  const more = { type: 'if', config: { condition: `$input.n < ${rounds}` } }
  return draw('start -> count -> more -true-> count', { count, more })
}

/** start -> p0, p1, … -> join */
function fan(width: number): Definition {
  const ids = named('p', width)
  return draw(ids.map((id) => `start -> ${id} -> join`).join(';'), {
    ...allPass(ids),
    join: { type: 'set', config: { fields: {} } },
  })
}

/** start -> p0 -> p1 -> … -> end, and joins that wait for its end from the beginning */
function waitingJoins(size: number): Definition {
  const ids = named('p', size)
  const joins = named('j', size)
  const text = [`start -> ${ids.join(' -> ')}`, ...joins.map((id) => `start -> ${id}; p${size - 1} -> ${id}`)].join(';')
  const sinks = Object.fromEntries(joins.map((id) => [id, { type: 'set', config: { fields: {} } }]))
  return draw(text, { ...allPass(ids), ...sinks })
}

describe('long runs', () => {
  test.each([
    ['a chain', chain, 1000],
    ['a cycle', cycle, 450],
    ['a wide join', fan, 500],
  ])('%s of twice the length takes twice the work', (_, graph, size) => {
    const once = countLookUps(graph(size))
    const twice = countLookUps(graph(size * 2))
    expect([once.state.status, twice.state.status]).toEqual(['completed', 'completed'])
    expect(twice.lookUps / once.lookUps).toBeLessThan(2.2)
  })

  test('joins that wait for a long chain are not searched anew at every step', () => {
    const { lookUps, state } = countLookUps(waitingJoins(300))
    expect(state.status).toBe('completed')
    // Each join is looked at after each visit, and its way back walked once: not once for each visit.
    expect(lookUps).toBeLessThan(300 * 300 * 8)
  })

  test('10,000 visits', () => {
    const state = finish(machineOf(chain(10_000)))
    expect(state).toMatchObject({ status: 'completed', output: 0 })
    expect(state.visits.size).toBe(10_001)
  })
})
