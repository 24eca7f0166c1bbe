/**
 * A few connections shared by many statements.
 *
 * I1 A statement is answered or has failed within `DEADLINE_MS` of its arrival, or sooner where nobody waits as long;
 *    waiting and connecting included.
 * I2 At most `size` connections and one probe exist at a time.
 * I3 A connection is lent to one run at a time, and never again once it is dead or discarded.
 * I4 Lanes take turns, and with `sizePerLane` one that asks for slow things leaves connections to the others.
 * I5 Nothing is sent twice: a run that failed after its connection was lent is not repeated, since it may have happened.
 */
import { createBreaker } from './breaker.ts'
import type { Connection } from './connection.ts'
import { withDeadline } from './deadline.ts'
import { DatabaseUnavailable } from './errors.ts'
import { createSlots } from './slots.ts'
import type { SharedTransport, Statement } from './wire.ts'

/** Below the 5 s that are promised, with room for the call to the actor that holds the pool. */
const DEADLINE_MS = 4_000
const PROBE_MS = 1_000
const OPEN_MS = 1_000
const MAX_WAITING = 5_000
const MAX_WAITING_PER_LANE = 1_000
/** The statements that a connection has prepared pile up on the server until it closes. */
const LIFETIME_MS = 30 * 60_000
const PROBE: Statement = { sql: 'select 1', params: [] }

export interface PoolOptions {
  readonly create: () => Connection
  readonly size: number
  /** How many connections one lane may use at once: all when absent. */
  readonly sizePerLane?: number
  /** How long an unused connection is kept, and twice that at most. */
  readonly idleMs: number
  /** `createDeadlines()` where many statements pass and a timer that is left behind keeps nobody awake. */
  readonly withinTime?: typeof withDeadline
}

/** Connections that are lent and idle ones, and statements that wait for one. */
export interface PoolStats {
  readonly busy: number
  readonly idle: number
  readonly waiting: number
}

export interface Pool extends SharedTransport {
  stats(): PoolStats
}

interface Idle {
  readonly connection: Connection
  readonly since: number
}

/** The connections nobody uses: the one used last goes first, so that the others age. */
function createIdleList(idleMs: number) {
  let list: Idle[] = []
  let sweeper: ReturnType<typeof setTimeout> | undefined

  function sweep(): void {
    const before = Date.now() - idleMs
    const old = list.filter((idle) => idle.since <= before)
    list = list.filter((idle) => idle.since > before)
    for (const { connection } of old) connection.discard()
    sweeper = list.length > 0 ? setTimeout(sweep, idleMs) : undefined
  }

  return {
    take(): Connection | undefined {
      for (let idle = list.pop(); idle !== undefined; idle = list.pop()) {
        if (idle.connection.isAlive) return idle.connection
      }
      return undefined
    },
    put(connection: Connection): void {
      const now = Date.now()
      if (now - connection.createdAt > LIFETIME_MS) connection.discard()
      if (connection.isAlive) list.push({ connection, since: now })
      sweeper ??= setTimeout(sweep, idleMs)
    },
    size: () => list.length,
    clear(): void {
      for (const { connection } of list.splice(0)) connection.discard()
    },
  }
}

/** Makes a pool; connections open when they are needed. */
export function createPool({ create, size, sizePerLane = size, idleMs, withinTime = withDeadline }: PoolOptions): Pool {
  const idle = createIdleList(idleMs)
  /** When PostgreSQL last answered anything. */
  let heardAt = Number.NEGATIVE_INFINITY
  const slots = createSlots({
    size,
    sizePerLane,
    maxWaiting: MAX_WAITING,
    maxWaitingPerLane: MAX_WAITING_PER_LANE,
  })

  async function probe(): Promise<void> {
    // What is idle may be as dead as the connection that raised the suspicion.
    idle.clear()
    const connection = create()
    // One that pauses, as for a slow disk, is not away before whoever asked just before it had to give up.
    const withinMs = Math.max(PROBE_MS, DEADLINE_MS - (Date.now() - heardAt))
    try {
      await withDeadline(connection.run([PROBE]), withinMs, () => connection.discard())
      heardAt = Date.now()
    } finally {
      connection.discard()
    }
  }

  const breaker = createBreaker({
    probe,
    onOpen: (reason) => slots.turnAway(reason),
    openMs: OPEN_MS,
    now: Date.now,
  })

  return {
    stats() {
      const { taken: busy, waiting } = slots.count()
      return { busy, idle: idle.size(), waiting }
    },
    async run(statements, withinMs = DEADLINE_MS, lane = '') {
      const arrived = Date.now()
      const admitted = breaker.admit()
      if (admitted !== undefined) await withinTime(admitted, Math.min(DEADLINE_MS, withinMs), () => undefined)
      const turn = slots.enter(lane)
      let isOver = false
      let isExpired = false
      let connection: Connection | undefined
      async function work() {
        await turn.ready
        // In the meantime somebody may have begun to doubt the server.
        await breaker.admit()
        if (isOver) throw new DatabaseUnavailable('nobody waits for it any more')
        connection = idle.take() ?? create()
        const rows = await connection.run(statements)
        heardAt = Date.now()
        return rows
      }
      function expire(): void {
        isExpired = true
        connection?.discard()
      }
      try {
        return await withinTime(work(), Math.min(DEADLINE_MS, withinMs) - (Date.now() - arrived), expire)
      } catch (error) {
        // Who waited in vain while others were answered tells of the queue, or of what they asked for.
        const isBusy = isExpired && heardAt > arrived
        if (error instanceof DatabaseUnavailable && connection?.isAlive !== true && !isBusy) breaker.suspect()
        throw error
      } finally {
        isOver = true
        if (connection !== undefined) idle.put(connection)
        turn.leave()
      }
    },
  }
}
