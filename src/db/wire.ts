/**
 * What travels between drizzle and PostgreSQL. Parameters are text, as in PostgreSQL's own protocol: drizzle has
 * already written them as the column wants them, and nothing between may write or read them a second time.
 */

export interface Statement {
  readonly sql: string
  readonly params: readonly (string | null)[]
}

/** Dates, JSON, `numeric` and `int8` are text, which drizzle's columns read; arrays are one-dimensional. */
export type Cell = string | number | boolean | null | readonly (string | null)[]

export interface RowSet {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** How statements reach PostgreSQL: over Hyperdrive or through the pool actor. */
export interface Transport {
  /**
   * One row set for each statement; several statements are one transaction: all or nothing.
   *
   * @param withinMs how long somebody waits for it, where that is less than usual
   */
  run(statements: readonly Statement[], withinMs?: number): Promise<readonly RowSet[]>
}

/** The same for statements of many, of which nobody's may hold up those of the others. */
export interface SharedTransport {
  /** @param lane who waits for it: a workspace's id, for one; `''` is the server itself */
  run(statements: readonly Statement[], withinMs?: number, lane?: string): Promise<readonly RowSet[]>
}

/** The protocol counts them in 16 bits; postgres.js stops one earlier. */
const PARAMS_MAX = 65_533

/**
 * Writes parameters as PostgreSQL's text. Most come as text from drizzle's columns; the others come from `sql` templates.
 *
 * @throws TypeError for what has no one text form, such as a list or an object: `sql.param(value, column)` gives it one
 */
export function toStatement(sql: string, params: readonly unknown[]): Statement {
  if (params.length > PARAMS_MAX) throw new RangeError(`${params.length} parameters in one statement`)
  return { sql, params: params.map(toText) }
}

function toText(value: unknown, index: number): string | null {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Date) return value.toISOString()
  throw new TypeError(`parameter ${index + 1} is ${typeof value}, which has no text form`)
}

/** Rows as objects, for statements that drizzle does not map. */
export function toObjects({ columns, rows }: RowSet): Record<string, Cell>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])))
}

const ARRAY_ELEMENT = /"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs

/** Reads `{a,"b c",NULL}`. drizzle's own reader loses every backslash, that of postgres.js reads NULL as text. */
export function parseArray(text: string): (string | null)[] {
  return Array.from(text.matchAll(ARRAY_ELEMENT), ([, quoted, bare]) => {
    if (quoted !== undefined) return quoted.replace(/\\(.)/gs, '$1')
    return bare === undefined || bare === 'NULL' ? null : bare
  })
}
