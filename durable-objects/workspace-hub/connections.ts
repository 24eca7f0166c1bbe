import { z } from 'zod'
import { Connection, SOCKET_RESOURCES, type SocketResource } from '#core/hub/connection'

/** `closing` is the code that the socket is to be closed with; null while it may stay. */
export const CONNECTIONS_SCHEMA = `
  CREATE TABLE connections (
    id TEXT PRIMARY KEY, resource TEXT NOT NULL, resource_id TEXT NOT NULL, user_id TEXT NOT NULL, holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, closing INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX connections_user ON connections (user_id);
  CREATE INDEX connections_seen ON connections (seen_at);
`

const Row = z.object({
  id: z.string(),
  resource: z.enum(SOCKET_RESOURCES),
  resource_id: z.string(),
  holder: z.string(),
  expires_at: z.number(),
})

/** Some sockets of one actor, and the code to close them with. */
export interface Group {
  readonly resource: SocketResource
  readonly resourceId: string
  readonly code: number
  readonly ids: readonly string[]
}

/** The book of a workspace's open sockets. */
export interface Connections {
  add(connection: Connection, now: number): void
  remove(ids: readonly string[]): void
  /** Those that may stay as far as we know: of one user or of all. */
  open(userId?: string): Connection[]
  isOpen(id: string): boolean
  /** Everything that is written down of such actors. */
  idsOf(resource: SocketResource): string[]
  /** How many are written down. */
  size(): number
  counts(): { readonly total: number; readonly users: number } & Readonly<Record<SocketResource, number>>
  markClosing(ids: readonly string[], code: number): void
  /** What is still to be closed, of at most `limit` actors. */
  closing(limit: number): Group[]
  /** Actors whose sockets nobody has confirmed since `time`, at most `limit` of them. */
  unseen(time: number, limit: number): Omit<Group, 'code'>[]
  markSeen(ids: readonly string[], now: number): void
  /** Forgets those whose token ended before `time`. */
  expire(time: number): void
}

export function createConnections(sql: SqlStorage): Connections {
  const each = (statement: string, ids: readonly string[], ...values: number[]): void => {
    for (const id of ids) sql.exec(statement, ...values, id)
  }
  const toIds = (ids: string): string[] => z.array(z.string()).parse(JSON.parse(ids))
  return {
    add({ id, resource, resourceId, holder, expiresAt }, now) {
      sql.exec(
        'INSERT INTO connections VALUES (?, ?, ?, ?, ?, ?, ?, NULL)',
        id,
        resource,
        resourceId,
        holder.userId,
        JSON.stringify(holder),
        expiresAt,
        now,
      )
    },
    remove: (ids) => each('DELETE FROM connections WHERE id = ?', ids),
    open(userId) {
      const all = 'SELECT * FROM connections WHERE closing IS NULL'
      const rows = userId === undefined ? sql.exec(all) : sql.exec(`${all} AND user_id = ?`, userId)
      return rows.toArray().map(toConnection)
    },
    idsOf: (resource) =>
      sql
        .exec<{ id: string }>('SELECT id FROM connections WHERE resource = ?', resource)
        .toArray()
        .map(({ id }) => id),
    size: () => sql.exec<{ size: number }>('SELECT count(*) AS size FROM connections').one().size,
    isOpen: (id) => sql.exec('SELECT 1 FROM connections WHERE id = ? AND closing IS NULL', id).toArray().length > 0,
    counts() {
      return sql
        .exec<{
          total: number
          users: number
          execution: number
          workspace: number
          chat: number
          chat_reader: number
        }>(
          `SELECT count(*) AS total, count(DISTINCT user_id) AS users,
             count(*) FILTER (WHERE resource = 'execution') AS execution,
             count(*) FILTER (WHERE resource = 'workspace') AS workspace,
             count(*) FILTER (WHERE resource = 'chat') AS chat,
             count(*) FILTER (WHERE resource = 'chat_reader') AS chat_reader
           FROM connections WHERE closing IS NULL`,
        )
        .one()
    },
    markClosing: (ids, code) => each('UPDATE connections SET closing = ? WHERE id = ?', ids, code),
    closing: (limit) =>
      sql
        .exec<{ resource: SocketResource; resource_id: string; code: number; ids: string }>(
          `SELECT resource, resource_id, closing AS code, json_group_array(id) AS ids FROM connections
           WHERE closing IS NOT NULL GROUP BY 1, 2, 3 LIMIT ?`,
          limit,
        )
        .toArray()
        .map(({ resource, resource_id: resourceId, code, ids }) => ({ resource, resourceId, code, ids: toIds(ids) })),
    unseen: (time, limit) =>
      sql
        .exec<{ resource: SocketResource; resource_id: string; ids: string }>(
          `SELECT resource, resource_id, json_group_array(id) AS ids FROM connections
           WHERE seen_at <= ? AND closing IS NULL GROUP BY 1, 2 ORDER BY min(seen_at) LIMIT ?`,
          time,
          limit,
        )
        .toArray()
        .map(({ resource, resource_id: resourceId, ids }) => ({ resource, resourceId, ids: toIds(ids) })),
    markSeen: (ids, now) => each('UPDATE connections SET seen_at = ? WHERE id = ?', ids, now),
    expire: (time) => void sql.exec('DELETE FROM connections WHERE expires_at < ?', time),
  }
}

function toConnection(stored: unknown): Connection {
  const { id, resource, resource_id: resourceId, holder, expires_at: expiresAt } = Row.parse(stored)
  return Connection.parse({ id, resource, resourceId, expiresAt, holder: JSON.parse(holder) })
}
