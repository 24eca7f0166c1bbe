/**
 * The doorkeeper of a workspace: knows every open socket and ends those whose holder may no longer have them.
 *
 * H1  A socket is written down before PostgreSQL is asked about it, and shows nothing before the answer: an end that
 *     was committed before the question is in the answer, and one that comes later finds the socket written down.
 * H2  PostgreSQL alone says who may: a recheck asks it again, so it may come late, twice or for nothing.
 * H3  What must be closed is marked first and forgotten when its actor has closed it, over any crash.
 * H4  While anything is written down an alarm is set: a recheck of all within a minute makes up for one that got lost.
 * H5  Nothing stays written down for ever: not beyond its token, nor when its actor does not know it at the roll call.
 */
import type { SocketActor } from '#actors'
import { type Connection, judge, type SocketResource, type Standing, type Verdict } from '#core/hub/connection'
import type { SocketHolder } from '#core/socket'
import { describeError, logLine } from '#lib/log'
import { CLOSE } from '#lib/refuse-socket'
import type { Connections, Group } from './connections.ts'
import { gather } from './gather.ts'

/** Of one workspace: at some 500 bytes each their book fits into any actor. */
const MAX_SOCKETS = 5_000
const RECHECK_MS = 60_000
const FIRST_RETRY_MS = 1_000
/** The roll call wakes actors that sleep, so not often and not all at once; where no place is left it is urgent. */
const ROLL_CALL_MS = 5 * 60_000
const URGENT_ROLL_CALL_MS = 10_000
const ACTORS_PER_CALL = 50
/** One invocation may make a thousand calls at the edge. */
const ACTORS_PER_CLOSING = 500
const NEXT_CALL_MS = 1_000
const ACTORS_AT_ONCE = 20
/** After its token's end a socket is closed by its own actor. */
const GRACE_MS = 60_000

export interface DoorkeeperPorts {
  /** How these stand in PostgreSQL now; who is missing has ended. */
  readonly verify: (holders: readonly SocketHolder[]) => Promise<ReadonlyMap<string, Standing>>
  readonly actorOf: (resource: SocketResource, id: string) => SocketActor
  readonly now: () => number
}

export interface Doorkeeper {
  /** @throws DatabaseUnavailable, and then the socket is not written down */
  register(connection: Connection): Promise<Verdict>
  release(id: string): void
  /** Of one user or of all. A failure is tried again by the alarm: see `nextRing`. */
  recheck(userId?: string): Promise<void>
  /** Everything that time brings. */
  ring(): Promise<void>
  /** When `ring` wants to be called, in Unix milliseconds. */
  nextRing(): number | undefined
}

export function createDoorkeeper(connections: Connections, { verify, actorOf, now }: DoorkeeperPorts): Doorkeeper {
  // Unknown to a hub that has just woken: the alarm that was set knows it.
  let checkedAt: number | undefined
  let failures = 0
  let retryAt: number | undefined
  let callAt: number | undefined

  const isPast = (time: number | undefined): boolean => time !== undefined && now() >= time

  const verifyOne = gather(verify)
  const isFull = (): boolean => connections.size() >= MAX_SOCKETS

  function fail(event: string, error: unknown): void {
    failures += 1
    retryAt = now() + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), RECHECK_MS)
    logLine('warn', { event, error: describeError(error) })
  }

  async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    for (let start = 0; start < items.length; start += ACTORS_AT_ONCE) {
      const answers = await Promise.allSettled(items.slice(start, start + ACTORS_AT_ONCE).map(work))
      for (const answer of answers) if (answer.status === 'rejected') fail('socket_actor_failed', answer.reason)
    }
  }

  async function judgeAll(userId?: string): Promise<void> {
    const open = connections.open(userId)
    if (open.length === 0) return
    const standings = await verify(open.map(({ holder }) => holder))
    for (const { id, resource, holder } of open) {
      const verdict = judge(resource, standings.get(holder.id))
      if (verdict !== 'ok') connections.markClosing([id], verdict === 'ended' ? CLOSE.credentials : CLOSE.forbidden)
    }
  }

  function closeMarked(): Promise<void> {
    const groups = connections.closing(ACTORS_PER_CLOSING)
    if (groups.length === ACTORS_PER_CLOSING) retryAt = now() + FIRST_RETRY_MS
    return inGroups(groups, async ({ resource, resourceId, ids, code }: Group) => {
      await actorOf(resource, resourceId).endSockets(
        ids,
        code,
        code === CLOSE.credentials ? 'session ended' : 'not allowed',
      )
      connections.remove(ids)
    })
  }

  function callRoll(): Promise<void> {
    const age = isFull() ? URGENT_ROLL_CALL_MS : ROLL_CALL_MS
    const groups = connections.unseen(now() - age, ACTORS_PER_CALL)
    callAt = groups.length === ACTORS_PER_CALL ? now() + NEXT_CALL_MS : undefined
    return inGroups(groups, async ({ resource, resourceId, ids }) => {
      const present = new Set(await actorOf(resource, resourceId).openSockets())
      connections.remove(ids.filter((id) => !present.has(id)))
      connections.markSeen(
        ids.filter((id) => present.has(id)),
        now(),
      )
    })
  }

  async function recheck(userId?: string): Promise<void> {
    try {
      await judgeAll(userId)
      if (userId === undefined) checkedAt = now()
    } catch (error) {
      fail('recheck_failed', error)
    }
    await closeMarked()
  }

  return {
    recheck,
    async register(connection) {
      const { id, resource, holder } = connection
      if (isFull()) {
        callAt ??= now() + NEXT_CALL_MS
        return 'too_many'
      }
      connections.add(connection, now())
      try {
        const verdict = judge(resource, (await verifyOne(holder)).get(holder.id))
        if (verdict === 'ok') return connections.isOpen(id) ? 'ok' : 'ended'
        connections.remove([id])
        return verdict
      } catch (error) {
        connections.remove([id])
        throw error
      }
    },
    release: (id) => connections.remove([id]),
    async ring() {
      const isDue = checkedAt === undefined || isPast(checkedAt + RECHECK_MS) || isPast(retryAt)
      if (!isDue) return isPast(callAt) ? callRoll() : undefined
      const before = failures
      retryAt = undefined
      connections.expire(now() - GRACE_MS)
      await recheck()
      await callRoll()
      if (failures === before) failures = 0
    },
    nextRing() {
      if (connections.size() === 0) return undefined
      return Math.min((checkedAt ?? now()) + RECHECK_MS, retryAt ?? Infinity, callAt ?? Infinity)
    },
  }
}
