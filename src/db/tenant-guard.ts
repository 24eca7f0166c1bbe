/**
 * Makes the workspace impossible to forget: a statement that reads, changes or deletes what workspaces own goes through
 * only when it names this workspace in a condition on `workspace_id`; one that inserts, only when it writes this one.
 * What forgets it throws before it is sent, in the first test that runs it and in production alike.
 */
import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import type { Tables } from './schema.ts'
import type { Statement, Transport } from './wire.ts'

/** A bug of ours: a statement that would reach into every workspace. */
export class WorkspaceForgotten extends Error {
  override readonly name = 'WorkspaceForgotten'
}

/** How a statement touches tables that have a `workspace_id`, as drizzle writes it. */
interface Owned {
  readonly reached: RegExp
  readonly inserted: RegExp
}

/** The same transport for one workspace alone. */
export function guardTenant(transport: Transport, tables: Tables, workspaceId: string): Transport {
  const owned = ownedBy(tables)
  return {
    run(statements) {
      for (const statement of statements) refuseForgotten(statement, owned, workspaceId)
      return transport.run(statements)
    },
  }
}

const known = new WeakMap<Tables, Owned>()

function ownedBy(tables: Tables): Owned {
  const owned = known.get(tables) ?? buildOwned(tables)
  known.set(tables, owned)
  return owned
}

function buildOwned(tables: Tables): Owned {
  const names = Object.values(tables).flatMap((table) =>
    is(table, PgTable) && 'workspace_id' in getTableColumns(table) ? [getTableName(table)] : [],
  )
  const table = `"${tables.schema.schemaName}"\\."(${names.join('|')})"`
  return { reached: new RegExp(`\\b(?:from|join|update|using) ${table}`), inserted: new RegExp(`insert into ${table}`) }
}

function refuseForgotten({ sql, params }: Statement, { reached, inserted }: Owned, workspaceId: string): void {
  const table = reached.exec(sql)?.[1]
  if (table !== undefined && !isConditioned(sql, params, workspaceId)) throw forgotten(table)
  const target = inserted.exec(sql)?.[1]
  if (target !== undefined && !params.includes(workspaceId)) throw forgotten(target)
}

function isConditioned(sql: string, params: Statement['params'], workspaceId: string): boolean {
  const positions = Array.from(sql.matchAll(/"workspace_id" = \$(\d+)/g), ([, position]) => Number(position))
  return positions.some((position) => params[position - 1] === workspaceId)
}

function forgotten(table: string): WorkspaceForgotten {
  return new WorkspaceForgotten(`a statement on ${table} does not name the caller's workspace`)
}
