/**
 * Statements that are written once. drizzle writes a statement's text anew for each query, which for those of the busiest
 * routes takes a fifth of the whole request.
 */
import { fillPlaceholders, type Placeholder, type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pg-proxy'
import type { Db } from './connect.ts'
import type { Builder, Remote } from './drizzle-over.ts'
import type { Tables } from './schema.ts'

/** A query of drizzle's that is not sent yet. */
export interface Query<Row> {
  prepare(name: string): { execute(values?: Record<string, unknown>): Promise<Row[]> }
}

/** What a query is written with: it is run with the `Db` of each request. */
export type Writing = Builder & { readonly tables: Tables }

/** What a statement says now, or what it leaves open. */
export type Open<T> = T | Placeholder

let lent: Remote | undefined

const builder = drizzle((...statement) => {
  if (lent === undefined) throw new Error('a prepared query is sent by nobody')
  // Its outcome is not looked into: an error that is thrown here drizzle would wrap, with all parameters.
  return lent(...statement)
})

type Values = Readonly<Record<string, unknown>>
type Way = Pick<Db, 'remote' | 'tables'>

/** Makes it once for each schema and shape. */
function remember<Shape, Written>(write: (db: Writing, shape: Shape) => Written) {
  const written = new WeakMap<Tables, Map<Shape, Written>>()
  return (tables: Tables, shape: Shape): Written => {
    const ofTables = written.get(tables) ?? new Map<Shape, Written>()
    written.set(tables, ofTables)
    const known = ofTables.get(shape) ?? write(Object.assign(builder, { tables }), shape)
    ofTables.set(shape, known)
    return known
  }
}

/**
 * A query with `sql.placeholder`s.
 *
 * @param write is given the shape: each has a statement of its own, so that there must be few
 * @returns runs it through a `Db`, whose rules hold as for any statement, with the placeholders' values. A null must be in
 *   the shape: the column's way of writing values is asked to write every value
 */
export function prepareOnce<Row, Shape extends string = ''>(write: (db: Writing, shape: Shape) => Query<Row>) {
  const find = remember((db, shape: Shape) => write(db, shape).prepare(''))
  return (db: Way, shape: Shape, values: Values): Promise<Row[]> => {
    const query = find(db.tables, shape)
    // drizzle calls it before its first await, so that nobody else's query can come in between.
    lent = db.remote
    try {
      return query.execute({ ...values })
    } finally {
      lent = undefined
    }
  }
}

const dialect = new PgDialect()

/** The same for a statement that is a template; its rows are objects of cells, as those of `Db.execute`. */
export function writeOnce<Shape extends string>(write: (db: Writing, shape: Shape) => SQL) {
  const find = remember((db, shape: Shape) => dialect.sqlToQuery(write(db, shape)))
  return async (db: Way, shape: Shape, values: Values): Promise<readonly unknown[]> => {
    const { sql, params } = find(db.tables, shape)
    const { rows } = await db.remote(sql, fillPlaceholders(params, values), 'execute')
    return rows
  }
}
