/**
 * What a run is while it lives: the state that its events add up to.
 *
 * I1  State is the fold of the events: `replay(plan, events)` equals the state that `transition` left.
 * I2  A visit's outcome is recorded once: an outcome whose `performance` is not the visit's current one is ignored.
 * I3  Every visit is running, retrying or waiting until exactly one of node_completed, node_failed, the end of its
 *     loop's item or the end of the run.
 * I4  After a final event nothing is appended.
 * I5  A crash of ours raises `performance`, never `attempt`.
 * I6  A token stays within its frame: only a loop opens one, and closes it when nothing in it can move.
 */
import type { ChildEnd, ItemRef, RunResponse, Signal, Token, VisitRef, Wait } from './event.ts'
import type { NodeError } from './node-error.ts'
import type { LargeRef, LargeValue, Value } from './value.ts'

export const EXECUTION_STATUSES = [
  'pending',
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timeout',
] as const
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number]
const FINAL: ReadonlySet<ExecutionStatus> = new Set(['completed', 'failed', 'cancelled', 'timeout'])

export function isFinal(status: ExecutionStatus): boolean {
  return FINAL.has(status)
}

export type VisitStatus = 'running' | 'retrying' | 'waiting' | 'completed' | 'failed' | 'cancelled'

export interface Visit {
  readonly node_id: string
  readonly visit: number
  readonly tokens: readonly Token[]
  /** The item of a loop that it belongs to. */
  readonly item: ItemRef | undefined
  readonly startedAt: number
  status: VisitStatus
  /** Attempts that the retry policy counts. */
  attempt: number
  /** Fences late results (I2): raised every time the visit is performed, also after a crash. */
  performance: number
  /** How often a crash of ours has interrupted it. */
  losses: number
  resumeAt: number | undefined
  /** What it waits for, or waited for. */
  wait: Wait | undefined
  /** There while a loop goes through its items, and afterwards. */
  loop: Loop | undefined
  /** What its edges carry on. */
  output: Value
  error: NodeError | undefined
  finishedAt: number | undefined
}

/** A loop's visit while it goes through its items. */
export interface Loop {
  readonly items: readonly Value[] | LargeValue
  readonly total: number
  /** The performance that began it: later ones put together what came back. */
  readonly performance: number
  readonly concurrency: number
  readonly onItemError: 'fail' | 'skip' | 'collect'
  /** How many items have begun, in order. */
  opened: number
  finished: number
  /** What came back of each item that has finished. */
  readonly results: Value[][]
}

/** The tokens that wait at a node for its join. */
export interface Arrivals {
  /** In order of arrival. */
  tokens: Token[]
  /** How many of them came over each edge. */
  readonly byEdge: Map<string, number>
}

/** A place where tokens move and joins are made: the run itself, or one item of a loop. */
export interface Frame {
  /** undefined for the run itself. */
  readonly item: ItemRef | undefined
  readonly parent: Frame | undefined
  /** Visits that have begun and not ended, a loop that waits for its items among them. */
  readonly live: Set<string>
  /** Nodes at which tokens wait; the one that has waited longest comes first. */
  readonly arrivals: Map<string, Arrivals>
  /** Edges whose next token a join `any` has already decided against, and how many. */
  readonly ignored: Map<string, number>
  /** How often each node was visited in here. */
  readonly visitCounts: Map<string, number>
  /** The last output of each node in here. */
  readonly outputs: Map<string, Value>
  /** The same for `$nodes`: what the items that have finished within it have put out is among it. */
  readonly heard: Map<string, Value>
  /** What came back to the loop. */
  readonly collected: Value[]
}

/** Owned by one run: `apply` changes it in place, since copying it per event would make long runs quadratic. */
export interface RunState {
  status: ExecutionStatus
  paused: boolean
  inputs: Value
  output: Value
  error: NodeError | undefined
  /** What the first `respond` node said. */
  response: RunResponse | undefined
  startedAt: number | undefined
  finishedAt: number | undefined
  /** For the time limit, which does not count what was waited or paused: since when it runs, and for how long before. */
  runningSince: number | undefined
  ranMs: number
  /** Every visit in the order of their start. */
  readonly visits: Map<string, Visit>
  /** How often each node was visited. */
  readonly visitCounts: Map<string, number>
  /** How many of the plan's starts have begun. */
  begun: number
  /** What the outputs of all visits, and the items of loops, take as JSON in the events. */
  outputBytes: number
  /** The large values, by their hash, and what they take together. */
  readonly large: Map<string, LargeRef>
  largeBytes: number
  readonly root: Frame
  /** The items that loops are at, by `itemKey`. */
  readonly items: Map<string, Frame>
  /** Visits that take a place of the concurrency: they run, or are about to take their next attempt. */
  readonly live: Set<string>
  /** Loops that are at their items. */
  readonly loops: Set<string>
  /** Visits that wait. */
  readonly waiting: Set<string>
  /** Signals that nobody has waited for yet, oldest first, and the ids of all that ever came. */
  signals: readonly Signal[]
  readonly signalIds: Set<string>
  /** Ends of children that were quicker than the record that they are waited for. */
  readonly childEnds: Map<string, ChildEnd>
  /** Cancelled visits that may have started an execution. */
  readonly orphans: VisitRef[]
  /** How many events were told by nodes themselves. */
  notes: number
}

export function createFrame(item?: ItemRef, parent?: Frame): Frame {
  return {
    item,
    parent,
    live: new Set(),
    arrivals: new Map(),
    ignored: new Map(),
    visitCounts: new Map(),
    outputs: new Map(),
    heard: new Map(),
    collected: [],
  }
}

export function initialState(): RunState {
  return {
    status: 'pending',
    paused: false,
    inputs: null,
    output: null,
    error: undefined,
    response: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    runningSince: undefined,
    ranMs: 0,
    visits: new Map(),
    visitCounts: new Map(),
    begun: 0,
    outputBytes: 0,
    large: new Map(),
    largeBytes: 0,
    root: createFrame(),
    items: new Map(),
    live: new Set(),
    loops: new Set(),
    waiting: new Set(),
    signals: [],
    signalIds: new Set(),
    childEnds: new Map(),
    orphans: [],
    notes: 0,
  }
}

export function visitKey(ref: VisitRef): string {
  return `${ref.visit}:${ref.node_id}`
}

export function itemKey(item: ItemRef): string {
  return `${item.index}#${visitKey(item)}`
}

/** A visit that the events have started; anything else is a bug of ours. */
export function visitOf(state: RunState, ref: VisitRef): Visit {
  const visit = state.visits.get(visitKey(ref))
  if (visit === undefined) throw new Error(`no visit ${visitKey(ref)}`)
  return visit
}

/** The frame of an item that is not finished, or the run's own; anything else is a bug of ours. */
export function frameOf(state: RunState, item: ItemRef | undefined): Frame {
  if (item === undefined) return state.root
  const frame = state.items.get(itemKey(item))
  if (frame === undefined) throw new Error(`no item ${itemKey(item)}`)
  return frame
}
