import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { advance, type Machine } from '#core/workflow/advance'
import { apply, replay } from '#core/workflow/apply'
import { inputOf } from '#core/workflow/input'
import type { Definition } from '#core/workflow/graph'
import { nodeError } from '#core/workflow/node-error'
import type { ChildEnd, RunEvent } from '#core/workflow/event'
import { initialState, isFinal, type RunState, visitKey } from '#core/workflow/run'
import { StoredEvent, toStored } from '#core/workflow/stored-event'
import type { RunCommand, RunInput } from '#core/workflow/step'
import type { Value } from '#core/workflow/value'
import type { Json } from '#lib/json'
import { planOf, testCatalog } from './graph-builder.ts'

type Perform = RunCommand & { readonly type: 'perform' }
type Failing = { readonly retryable?: boolean; readonly retryAfterMs?: number; readonly code?: 'unexpected' }

/** The time at which every run of these tests begins. */
export const T0 = Date.UTC(2030, 0, 1)

export function machineOf(definition: Definition): Machine {
  const facts = { workspaceId: 'ws', execution: { id: 'e' }, workflow: { id: 'w', name: 'Orders', version: 1 } }
  return { plan: planOf(definition), catalog: testCatalog, facts }
}

/** Events as storage gives them back. */
export function stored(events: readonly RunEvent[]): RunEvent[] {
  return events.map((event) => StoredEvent.parse(JSON.parse(JSON.stringify(toStored(event)))))
}

/** A run in the hand of a test: it performs nothing itself, and checks I1 and I4 after every step. */
export class RunDriver {
  readonly machine: Machine
  readonly events: RunEvent[] = []
  /** What the run has asked for and not yet been told the outcome of. */
  readonly performing = new Map<string, Perform>()
  state: RunState = initialState()
  now = T0
  random = 0.5
  aborted = false
  /** The fold of what was stored, event by event. */
  readonly #shadow = initialState()

  constructor(definition: Definition) {
    this.machine = machineOf(definition)
  }

  take(input: RunInput): readonly RunCommand[] {
    const wasFinal = isFinal(this.state.status)
    const { events, commands } = advance(this.machine, this.state, input, { now: this.now, random: this.random })
    if (wasFinal) expect(events, 'I4').toEqual([])
    this.events.push(...events)
    // Those that were cancelled with their loop's item are aborted.
    for (const [key] of this.performing)
      if (this.state.visits.get(key)?.status !== 'running') this.performing.delete(key)
    for (const command of commands) {
      if (command.type === 'perform') this.performing.set(visitKey(command), command)
      else this.aborted = true
    }
    for (const event of stored(events)) apply(this.machine.plan, this.#shadow, event)
    // The quick comparison first: the other one is there to show the difference.
    if (!isDeepStrictEqual(this.#shadow, this.state)) expect(this.#shadow, 'I1').toEqual(this.state)
    return commands
  }

  start(inputs: Json = null): this {
    this.take({ type: 'start', inputs })
    return this
  }

  /** The oldest performance of a node ends well. */
  succeed(nodeId: string, output: Json = nodeId, handle = 'out'): this {
    this.take({ ...this.#end(nodeId), type: 'succeeded', output, handles: [handle] })
    return this
  }

  fail(nodeId: string, { retryable = false, retryAfterMs, code = 'unexpected' }: Failing = {}): this {
    this.take({ ...this.#end(nodeId), type: 'failed', error: nodeError(code), retryable, retryAfterMs })
    return this
  }

  /** Something of ours that a node needs is away. */
  miss(nodeId: string): this {
    const error = nodeError('database_unavailable')
    this.take({ ...this.#end(nodeId), type: 'failed', error, retryable: true, isOurs: true })
    return this
  }

  /** The same for the visit that belongs to this item of the innermost loop. */
  succeedItem(nodeId: string, index: number, output: Json = nodeId): this {
    this.take({ ...this.#end(nodeId, index), type: 'succeeded', output, handles: ['out'] })
    return this
  }

  failItem(nodeId: string, index: number): this {
    this.take({ ...this.#end(nodeId, index), type: 'failed', error: nodeError('unexpected'), retryable: false })
    return this
  }

  /** The machine stops: the state is read again from the log, and whatever was performed is lost. */
  crash(): this {
    this.state = replay(this.machine.plan, stored(this.events))
    const running = [...this.state.live].flatMap((key) => this.state.visits.get(key) ?? [])
    this.performing.clear()
    for (const visit of running) {
      if (visit.status === 'running') this.take({ ...visit, type: 'lost' })
    }
    return this
  }

  /** The machine stopped right after these events were written. */
  resumeFrom(events: readonly RunEvent[]): this {
    this.events.push(...events)
    for (const event of stored(events)) apply(this.machine.plan, this.#shadow, event)
    return this.crash()
  }

  /** Another machine has only these events. */
  become(events: readonly RunEvent[]): this {
    this.events.splice(0, this.events.length, ...events)
    Object.assign(this.#shadow, replay(this.machine.plan, stored(events)))
    this.crash()
    if (this.performing.size === 0) this.tick()
    return this
  }

  tick(afterMs = 0): this {
    this.now += afterMs
    this.take({ type: 'tick' })
    return this
  }

  signal(name: string, key: string | null, body: Json, id = `${name}/${String(key)}`): this {
    this.take({ type: 'signal', signal: { id, name, key, body } })
    return this
  }

  approve(nodeId: string, decision: 'approved' | 'rejected', by = 'ana', visit = 1): this {
    this.take({ type: 'approve', node_id: nodeId, visit, decision, by, comment: null })
    return this
  }

  /** The child that a visit waits for has ended. */
  endChild(nodeId: string, visit: number, output: Json, status: ChildEnd['status'] = 'completed'): this {
    const end = { execution_id: `child of ${nodeId} ${visit}`, status, output, error: null }
    this.take({ type: 'child_finished', node_id: nodeId, visit, end })
    return this
  }

  /** The node has started a child, and waits for it. */
  awaitChild(nodeId: string): this {
    const ref = this.#end(nodeId)
    const execution_id = `child of ${nodeId} ${ref.visit}`
    const wait = { for: 'execution', execution_id, workflow_id: 'w', until: null } as const
    this.take({ ...ref, type: 'decided', decision: { kind: 'wait', wait } })
    return this
  }

  pause(): this {
    this.take({ type: 'pause', by: 'ana' })
    return this
  }

  resume(): this {
    this.take({ type: 'resume', by: 'ana' })
    return this
  }

  cancel(by: string | null = 'ana'): this {
    this.take({ type: 'cancel', by })
    return this
  }

  /** Nodes that are being performed, oldest first. */
  get busy(): string[] {
    return [...this.performing.values()].map((command) => command.node_id)
  }

  /** Nodes in the order in which their visits ended well. */
  get completed(): string[] {
    return this.events.flatMap((event) => (event.type === 'node_completed' ? [event.node_id] : []))
  }

  /** What a node was given at its last visit, as `{ source: visit }`. */
  tokensOf(nodeId: string): Record<string, number> {
    const visit = [...this.state.visits.values()].findLast(({ node_id }) => node_id === nodeId)
    return Object.fromEntries((visit?.tokens ?? []).map(({ from }) => [from.node_id, from.visit]))
  }

  /** The value that a node was given at its last visit. */
  inputOf(nodeId: string): Value {
    const visit = [...this.state.visits.values()].findLast(({ node_id }) => node_id === nodeId)
    return visit === undefined ? null : inputOf(this.machine.plan, this.state, visit)
  }

  eventsOf<Type extends RunEvent['type']>(type: Type): (RunEvent & { type: Type })[] {
    return this.events.filter((event): event is RunEvent & { type: Type } => event.type === type)
  }

  #end(nodeId: string, index?: number): Pick<Perform, 'node_id' | 'visit' | 'performance'> {
    const command = [...this.performing.entries()].find(
      ([key, { node_id }]) =>
        node_id === nodeId && (index === undefined || this.state.visits.get(key)?.item?.index === index),
    )?.[1]
    if (command === undefined) throw new Error(`${nodeId} is not being performed, but ${this.busy.join()}`)
    this.performing.delete(visitKey(command))
    return { node_id: command.node_id, visit: command.visit, performance: command.performance }
  }
}

/** A run that has begun. */
export function started(definition: Definition, inputs: Json = null): RunDriver {
  return new RunDriver(definition).start(inputs)
}
