/**
 * A second reading of `engine.md`, made to disagree with the machine if either is wrong. It shares nothing with it: a
 * loop's item is a recursive call, tokens lie in one flat list, and whether an edge can still deliver is found by
 * walking the graph forwards, anew for every question.
 *
 * Of several visits that could end, always the same one does: first pure ones in the order of their start, then a loop
 * with all its items, then work, by name. The test makes the machine's outcomes come in the same order.
 */
import type { Json } from '#lib/json'

export interface SimpleNode {
  readonly id: string
  readonly kind: 'start' | 'pass' | 'work' | 'loop'
  readonly join: 'all' | 'any' | 'each'
  readonly onError: 'fail' | 'continue' | 'branch'
  /** Of a loop. */
  readonly items: readonly Json[]
  readonly onItemError: 'fail' | 'skip' | 'collect'
}

export interface SimpleEdge {
  readonly from: string
  readonly handle: string
  readonly to: string
  readonly toHandle: string
}

export interface SimpleGraph {
  readonly nodes: readonly SimpleNode[]
  readonly edges: readonly SimpleEdge[]
}

/** Where a visit is: `outer/1#0|inner/2#3` for the fourth item of an inner loop; empty outside of loops. */
export type Path = string

export interface Work {
  readonly path: Path
  readonly node: string
  /** Counts from 1 within its path. */
  readonly nth: number
  readonly input: Json
}

export type WorkOutcome =
  | { readonly fails: true }
  | { readonly fails: false; readonly output: Json; readonly handle: string }

/** What became of a run, or of one item. */
export interface Ending {
  readonly failedAt: string | undefined
  readonly outputs: ReadonlyMap<string, Json>
  readonly collected: Json[]
}

interface Parcel {
  readonly edge: SimpleEdge
  readonly value: Json
}

interface Running {
  readonly node: SimpleNode
  readonly nth: number
  readonly input: Json
}

export const FAILURE = 'failure'

/** Runs a whole graph, or with `parcels` the inside of one item. */
export function interpret(
  graph: SimpleGraph,
  work: (work: Work) => WorkOutcome,
  path: Path = '',
  parcels: readonly Parcel[] = [],
  loopId = '',
): Ending {
  const nodeOf = (id: string): SimpleNode => graph.nodes.find((node) => node.id === id) ?? missing(id)
  const isWithin = ({ handle, toHandle }: SimpleEdge): boolean => handle !== 'body' && toHandle !== 'next'
  const incomingOf = (id: string) => graph.edges.filter((edge) => edge.to === id && edge.toHandle !== 'next')
  const lying: Parcel[] = []
  /** Nodes with parcels before them; who has waited longest comes first. */
  let queue: string[] = []
  let running: Running[] = []
  let debts: SimpleEdge[] = []
  let failedAt: string | undefined
  const counts = new Map<string, number>()
  const outputs = new Map<string, Json>()
  const collected: Json[] = []

  for (const parcel of parcels) deliver(parcel)
  if (path === '') for (const node of graph.nodes) if (node.kind === 'start') begin(node, null)
  for (;;) {
    startAll()
    const next = choose()
    if (next === undefined || failedAt !== undefined) return { failedAt, outputs, collected }
    running = running.filter((one) => one !== next)
    if (next.node.kind === 'loop') endLoop(next)
    else if (next.node.kind === 'work') endWork(next)
    else succeed(next, next.input, 'out')
  }

  function deliver(parcel: Parcel): void {
    const { edge } = parcel
    if (edge.toHandle === 'next') {
      if (edge.to === loopId) collected.push(parcel.value)
      return
    }
    const debt = debts.indexOf(edge)
    if (debt !== -1) return void debts.splice(debt, 1)
    lying.push(parcel)
    if (!queue.includes(edge.to)) queue.push(edge.to)
  }

  function send(node: SimpleNode, handle: string, value: Json): void {
    for (const edge of graph.edges) if (edge.from === node.id && edge.handle === handle) deliver({ edge, value })
    debts = debts.filter((edge) => canStillCome(edge))
  }

  /** Walks forwards from everything that is alive. */
  function canStillCome(edge: SimpleEdge): boolean {
    if (!isWithin(edge)) return false
    const alive = [...running.map(({ node }) => node.id), ...lying.map((parcel) => parcel.edge.to)]
    return alive.some((id) => walk(id, edge, new Set()))
  }

  function walk(at: string, edge: SimpleEdge, seen: Set<string>): boolean {
    if (at === edge.to || seen.has(at)) return false
    if (at === edge.from) return true
    seen.add(at)
    return graph.edges.some((way) => way.from === at && isWithin(way) && walk(way.to, edge, seen))
  }

  function startAll(): void {
    for (;;) {
      const complete = queue.find((id) => isComplete(nodeOf(id)))
      const id = complete ?? (running.length === 0 ? queue[0] : undefined)
      if (id === undefined) return
      fire(nodeOf(id))
    }
  }

  function isComplete(node: SimpleNode): boolean {
    if (node.join !== 'all') return true
    return incomingOf(node.id).every((edge) => lying.some((parcel) => parcel.edge === edge) || !canStillCome(edge))
  }

  function fire(node: SimpleNode): void {
    const edges = incomingOf(node.id)
    const first = lying.find((parcel) => parcel.edge.to === node.id)
    const firsts = edges.flatMap((edge) => lying.find((parcel) => parcel.edge === edge) ?? [])
    const used = node.join === 'all' ? firsts : first === undefined ? [] : [first]
    const gone = node.join === 'any' ? [...used, ...firsts.filter(({ edge }) => edge !== first?.edge)] : used
    for (const parcel of gone) lying.splice(lying.indexOf(parcel), 1)
    queue = queue.filter((id) => id !== node.id)
    const single = edges.length === 1 || node.join !== 'all'
    const input = single
      ? (used[0]?.value ?? null)
      : Object.fromEntries(used.map(({ edge, value }) => [edge.from, value]))
    if (node.join === 'any') {
      const others = edges.filter((edge) => !gone.some((parcel) => parcel.edge === edge))
      // Asked as the machine does: before what is left over lies there again.
      const left = lying.filter((parcel) => parcel.edge.to === node.id)
      begin(node, input)
      debts.push(...others.filter((edge) => canStillCome(edge)))
      if (left.length > 0) queue.push(node.id)
      return
    }
    if (lying.some((parcel) => parcel.edge.to === node.id)) queue.push(node.id)
    begin(node, input)
  }

  function begin(node: SimpleNode, input: Json): void {
    const nth = (counts.get(node.id) ?? 0) + 1
    counts.set(node.id, nth)
    running.push({ node, nth, input })
  }

  function choose(): Running | undefined {
    const byName = (kind: SimpleNode['kind']) =>
      running
        .filter(({ node }) => node.kind === kind)
        .toSorted((a, b) => (a.node.id === b.node.id ? a.nth - b.nth : a.node.id < b.node.id ? -1 : 1))[0]
    return running.find(({ node }) => node.kind === 'pass' || node.kind === 'start') ?? byName('loop') ?? byName('work')
  }

  function succeed({ node }: Running, output: Json, handle: string): void {
    outputs.set(node.id, output)
    send(node, handle, output)
  }

  function fail({ node }: Running, at: string): void {
    if (node.onError === 'fail') failedAt = at
    else if (node.onError === 'branch') send(node, 'error', FAILURE)
    else {
      outputs.set(node.id, null)
      send(node, node.kind === 'loop' ? 'done' : 'out', null)
    }
  }

  function endWork(one: Running): void {
    const outcome = work({ path, node: one.node.id, nth: one.nth, input: one.input })
    if (outcome.fails) fail(one, one.node.id)
    else succeed(one, outcome.output, outcome.handle)
  }

  function endLoop(one: Running): void {
    const { node } = one
    const list: Json[] = []
    for (const [index, item] of node.items.entries()) {
      const inside = `${path === '' ? '' : `${path}|`}${node.id}/${one.nth}#${index}`
      const body = graph.edges.filter((edge) => edge.from === node.id && edge.handle === 'body')
      const ending = interpret(
        graph,
        work,
        inside,
        body.map((edge) => ({ edge, value: item })),
        node.id,
      )
      if (ending.failedAt === undefined) list.push(...ending.collected)
      else if (node.onItemError === 'fail') return fail(one, ending.failedAt)
      else if (node.onItemError === 'collect') list.push(FAILURE)
    }
    succeed(one, list, 'done')
  }
}

function missing(id: string): never {
  throw new Error(`no node ${id}`)
}
