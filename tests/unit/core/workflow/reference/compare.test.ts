import { describe, expect, test } from 'vitest'
import { nodeError } from '#core/workflow/node-error'
import { type ItemRef, type RunEvent, type VisitRef } from '#core/workflow/event'
import { inputOf } from '#core/workflow/input'
import { isFinal, visitKey, visitOf } from '#core/workflow/run'
import { isJsonObject, type Json, type JsonObject } from '#lib/json'
import { findViolations } from '#tests/unit/core/check-log'
import { createChance } from '#tests/unit/core/random'
import { RunDriver } from '#tests/unit/core/run-driver'
import { type Ending, FAILURE, interpret, type SimpleGraph, type Work, type WorkOutcome } from './interpret.ts'
import { randomFlow } from './random-flow.ts'

const SEEDS = Array.from({ length: 250 }, (_, index) => index + 1)
/** After so many visits within a frame a node sends nothing on, so that every cycle ends. */
const LAST_ROUND = 3
const MAX_STEPS = 5_000

/** What a piece of work comes to depends on the seed, on where it is and on what it is given. */
function outcomeFor(seed: number, { path, node, nth, input }: Work): WorkOutcome {
  const name = `${path}/${node}/${nth}`
  const chance = createChance(hash(name, seed))
  if (chance.happens(0.15)) return { fails: true }
  const handle = nth > LAST_ROUND ? 'nowhere' : chance.pick(['out', 'out', 'yes', 'no'])
  return { fails: false, handle, output: hash(`${name}(${JSON.stringify(input)})`, 0) }
}

function hash(text: string, seed: number): number {
  return Array.from(text).reduce((sum, char) => Math.imul(sum, 31) + char.charCodeAt(0), seed) >>> 0
}

function toDefinition(graph: SimpleGraph, concurrency: number): JsonObject {
  const nodes = graph.nodes.map(({ id, kind, join, onError, items, onItemError }): Json => {
    const config: JsonObject = kind === 'loop' ? { items: [...items], on_item_error: onItemError, concurrency } : {}
    const type = kind === 'start' ? 'trigger.manual' : kind
    return { id, type, data: { join, on_error: onError, retry: { max_attempts: 1 }, config } }
  })
  const edges = graph.edges.map(({ from, handle, to, toHandle }, index): Json => {
    return { id: `e${index}`, source: from, sourceHandle: handle, target: to, targetHandle: toHandle }
  })
  return { nodes, edges, settings: { concurrency: 100 } }
}

/** What both interpreters must agree on. */
interface Account {
  readonly status: string
  readonly failedAt: string | undefined
  readonly outputs: Json
  /** Every piece of work that ended, in order, with where it was and what it was given. */
  readonly works: readonly string[]
}

function accountOfReference(seed: number, graph: SimpleGraph): Account {
  const works: string[] = []
  const ending: Ending = interpret(graph, (work) => {
    works.push(describeWork(work))
    return outcomeFor(seed, work)
  })
  const { failedAt, outputs } = ending
  const status = failedAt === undefined ? 'completed' : 'failed'
  return { status, failedAt, outputs: status === 'failed' ? null : sorted(outputs), works }
}

function describeWork({ path, node, nth, input }: Work): string {
  return `${path} ${node}/${nth} ${JSON.stringify(input)}`
}

function sorted(outputs: ReadonlyMap<string, Json>): Json {
  return Object.fromEntries([...outputs].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Makes the machine's outcomes come in the reference's order: innermost first, then by name. */
class Machine {
  readonly works: string[] = []
  readonly run: RunDriver
  readonly #seed: number

  constructor(seed: number, graph: SimpleGraph, concurrency: number) {
    this.#seed = seed
    this.run = new RunDriver(toDefinition(graph, concurrency))
  }

  /** Ends the next piece of work; false when the run is over. */
  step(): boolean {
    const { run } = this
    if (isFinal(run.state.status)) return false
    const [next] = [...run.performing.values()]
      .map((command) => ({ command, work: this.#workOf(command), order: this.#orderOf(command) }))
      .toSorted((a, b) => compare(a.order, b.order))
    if (next === undefined) throw new Error('the run is stuck')
    run.performing.delete(visitKey(next.command))
    this.works.push(describeWork(next.work))
    const outcome = outcomeFor(this.#seed, next.work)
    if (outcome.fails) {
      run.take({ ...next.command, type: 'failed', error: nodeError('unexpected'), retryable: false })
    } else run.take({ ...next.command, type: 'succeeded', output: outcome.output, handles: [outcome.handle] })
    return true
  }

  account(): Account {
    const { state, events } = this.run
    const failed = state.status === 'failed'
    const own = [...state.root.visitCounts.keys()]
    const outputs = own.flatMap((id) => {
      const output = state.root.outputs.get(id)
      return output === undefined ? [] : [[id, plain(output)] as const]
    })
    expect(findViolations(events)).toEqual([])
    return {
      status: state.status,
      failedAt: state.error?.node_id,
      outputs: failed ? null : sorted(new Map(outputs)),
      works: this.works,
    }
  }

  #workOf(ref: VisitRef): Work {
    const { state, machine } = this.run
    const visit = visitOf(state, ref)
    const input = plain(inputOf(machine.plan, state, visit))
    return { path: this.#pathOf(visit.item), node: ref.node_id, nth: this.#nth(ref), input }
  }

  #pathOf(item: ItemRef | undefined): string {
    if (item === undefined) return ''
    const outer = this.#pathOf(visitOf(this.run.state, item).item)
    return `${outer === '' ? '' : `${outer}|`}${item.node_id}/${this.#nth(item)}#${item.index}`
  }

  /** Which visit of its node it is within its frame. */
  #nth(ref: VisitRef): number {
    const { state } = this.run
    const { item } = visitOf(state, ref)
    const same = [...state.visits.values()].filter(
      (visit) => visit.node_id === ref.node_id && JSON.stringify(visit.item) === JSON.stringify(item),
    )
    return same.findIndex(({ visit }) => visit === ref.visit) + 1
  }

  /** Name and number of each loop around it and of itself; what is inside a loop comes before what is beside it. */
  #orderOf(ref: VisitRef): (string | number)[] {
    const { item } = visitOf(this.run.state, ref)
    const own = [ref.node_id, this.#nth(ref)]
    return item === undefined ? ['~', ...own] : [...this.#loopOrder(item), '~', ...own]
  }

  #loopOrder(item: ItemRef): (string | number)[] {
    const outer = visitOf(this.run.state, item).item
    return [...(outer === undefined ? [] : this.#loopOrder(outer)), item.node_id, this.#nth(item), item.index]
  }
}

/** `~` comes after every name: a loop before the work beside it. */
function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, mine] of a.entries()) {
    const theirs = b[index] ?? ''
    if (mine !== theirs) return mine < theirs ? -1 : 1
  }
  return 0
}

/** Errors are told by the machine at length; for the reference a failure is a failure. */
function plain(value: Json): Json {
  if (Array.isArray(value)) return value.map(plain)
  if (!isJsonObject(value)) return value
  if (typeof value['code'] === 'string') return FAILURE
  const { error } = value
  if (isJsonObject(error) && Object.keys(value).length === 1 && typeof error['code'] === 'string') return FAILURE
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}

function withSeed(seed: number, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function finish(machine: Machine): Machine {
  for (let steps = 0; machine.step(); steps += 1) if (steps > MAX_STEPS) throw new Error('the run does not end')
  return machine
}

describe(`the machine and a second interpreter on ${SEEDS.length} random graphs`, { timeout: 60_000 }, () => {
  test('come to the same end by the same way, also with a crash after any step', () => {
    const seen = new Map<string, number>()
    for (const seed of SEEDS) {
      withSeed(seed, () => {
        const chance = createChance(seed)
        const graph = randomFlow(chance)
        const expected = accountOfReference(seed, graph)
        const machine = new Machine(seed, graph, 1 + chance.below(3))
        machine.run.start()
        for (let steps = 0; machine.step(); steps += 1) {
          if (steps > MAX_STEPS) throw new Error('the run does not end')
          if (chance.happens(0.2)) machine.run.crash()
        }
        expect(machine.account()).toEqual(expected)
        for (const kind of kindsOf(expected, machine.run.events)) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      })
    }
    // The graphs are such that everything is met, and often.
    for (const kind of ['completed', 'failed', 'loop', 'inner loop', 'failed item', 'second round']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(10)
    }
  })

  test('a log that ends after any event is a run to go on from', () => {
    for (const seed of SEEDS.slice(0, 80)) {
      withSeed(seed, () => {
        const graph = randomFlow(createChance(seed))
        const whole = new Machine(seed, graph, 2)
        whole.run.start()
        finish(whole)
        const cut = 1 + createChance(seed + 1).below(whole.run.events.length - 1)
        const resumed = new Machine(seed, graph, 2)
        resumed.run.become(whole.run.events.slice(0, cut))
        finish(resumed)
        expect(findViolations(resumed.run.events)).toEqual([])
        expect([resumed.run.state.items.size, resumed.run.state.root.live.size]).toEqual([0, 0])
      })
    }
  })
})

function kindsOf({ status, works }: Account, events: readonly RunEvent[]): string[] {
  return [
    status,
    ...(events.some(({ type }) => type === 'loop_started') ? ['loop'] : []),
    ...(works.some((work) => work.includes('|')) ? ['inner loop'] : []),
    ...(events.some((event) => event.type === 'item_finished' && event.error !== undefined) ? ['failed item'] : []),
    ...(works.some((work) => / \w+\/2 /.test(work)) ? ['second round'] : []),
  ]
}
