import { describe, expect, test } from 'vitest'
import { nodeError } from '#core/workflow/node-error'
import { type ItemRef, type RunEvent, type VisitRef } from '#core/workflow/event'
import { toOutcome } from '#core/workflow/advance'
import { inputOf } from '#core/workflow/input'
import { isPure } from '#core/workflow/node-type'
import { openPerformance } from '#core/workflow/open-performance'
import { prepareVisit } from '#core/workflow/prepare'
import { fill, LargeValue, type Value } from '#core/workflow/value'
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

/** Where every third value lies, as if it were large. */
class Store {
  readonly #values = new Map<string, Json>()

  readonly read = ({ ref }: LargeValue): Json => this.#values.get(ref.sha256) ?? null

  keep(value: Json): Value {
    const number = hash(JSON.stringify(value), 1)
    if (number % 3 !== 0) return value
    const sha256 = number.toString(16).padStart(64, '0')
    this.#values.set(sha256, value)
    return new LargeValue({ sha256, bytes: 300_000, owner: 'e' })
  }
}

/** Makes the machine's outcomes come in the reference's order: innermost first, then by name. */
class Machine {
  readonly works: string[] = []
  /** Visits that the machine could not decide by itself. */
  outside = 0
  readonly run: RunDriver
  readonly #seed: number
  readonly #store = new Store()

  constructor(seed: number, graph: SimpleGraph, concurrency: number) {
    this.#seed = seed
    this.run = new RunDriver(toDefinition(graph, concurrency))
  }

  /** Ends the next piece of work; false when the run is over. */
  async step(): Promise<boolean> {
    const { run } = this
    await this.#performLarge()
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
    } else
      run.take({
        ...next.command,
        type: 'succeeded',
        output: this.#store.keep(outcome.output),
        handles: [outcome.handle],
      })
    return true
  }

  /** Whatever is not for the test to decide, but is given, or comes to, what lies elsewhere. */
  async #performLarge(): Promise<void> {
    const { run } = this
    for (;;) {
      const command = [...run.performing.values()].find(
        ({ node_id }) => !node_id.startsWith('work') && !node_id.startsWith('last'),
      )
      if (command === undefined) return
      run.performing.delete(visitKey(command))
      const opened = openPerformance(run.machine, run.state, command, run.now, () => undefined)
      const decision = await opened.come(this.#store.read, async (visiting) => {
        if (!isPure(visiting.type)) throw new Error(`${command.node_id} is not pure`)
        return visiting.type.decide(prepareVisit(visiting))
      })
      this.outside += 1
      run.take(
        toOutcome(
          command,
          decision.kind === 'emit' ? { ...decision, output: this.#store.keep(decision.output) } : decision,
        ),
      )
    }
  }

  account(): Account {
    const { state, events } = this.run
    const failed = state.status === 'failed'
    const own = [...state.root.visitCounts.keys()]
    const outputs = own.flatMap((id) => {
      const output = state.root.outputs.get(id)
      return output === undefined ? [] : [[id, this.#plain(output)] as const]
    })
    expect(findViolations(events)).toEqual([])
    return {
      status: state.status,
      failedAt: state.error?.node_id,
      outputs: failed ? null : sorted(new Map(outputs)),
      works: this.works,
    }
  }

  #plain(value: Value): Json {
    return plain(fill(value, this.#store.read))
  }

  #workOf(ref: VisitRef): Work {
    const { state, machine } = this.run
    const visit = visitOf(state, ref)
    const input = this.#plain(inputOf(machine.plan, state, visit))
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

async function withSeed(seed: number, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

async function finish(machine: Machine): Promise<Machine> {
  for (let steps = 0; await machine.step(); steps += 1) if (steps > MAX_STEPS) throw new Error('the run does not end')
  return machine
}

describe(`the machine and a second interpreter on ${SEEDS.length} random graphs`, { timeout: 60_000 }, () => {
  test('come to the same end by the same way, also with a crash after any step', async () => {
    const seen = new Map<string, number>()
    for (const seed of SEEDS) {
      await withSeed(seed, async () => {
        const chance = createChance(seed)
        const graph = randomFlow(chance)
        const expected = accountOfReference(seed, graph)
        const machine = new Machine(seed, graph, 1 + chance.below(3))
        machine.run.start()
        for (let steps = 0; await machine.step(); steps += 1) {
          if (steps > MAX_STEPS) throw new Error('the run does not end')
          if (chance.happens(0.2)) machine.run.crash()
        }
        expect(machine.account()).toEqual(expected)
        if (machine.outside > 0) seen.set('outside', (seen.get('outside') ?? 0) + 1)
        for (const kind of kindsOf(expected, machine.run.events)) seen.set(kind, (seen.get(kind) ?? 0) + 1)
      })
    }
    // The graphs are such that everything is met, and often.
    for (const kind of ['completed', 'failed', 'loop', 'inner loop', 'failed item', 'second round', 'outside']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(10)
    }
  })

  test('a log that ends after any event is a run to go on from', async () => {
    for (const seed of SEEDS.slice(0, 80)) {
      await withSeed(seed, async () => {
        const graph = randomFlow(createChance(seed))
        const whole = new Machine(seed, graph, 2)
        whole.run.start()
        await finish(whole)
        const cut = 1 + createChance(seed + 1).below(whole.run.events.length - 1)
        const resumed = new Machine(seed, graph, 2)
        resumed.run.become(whole.run.events.slice(0, cut))
        await finish(resumed)
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
