import { type ColumnsSelection, type QueryPromise, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { WithSubqueryWithSelection } from 'drizzle-orm/pg-core'
import type { TypedQueryBuilder } from 'drizzle-orm/query-builders/query-builder'
import type { AuditAction } from '#core/audit/audit'
import type { Principal } from '#core/principal'
import type { Db } from '#db/connect'
import { newId } from '#lib/ids'
import { type Open, prepareOnce, type Query, type Writing } from '#db/prepared'
import type { JsonObject } from '#lib/json'
import type { PublicCtx } from '#services/context'

/** A line for each changed row, about the thing that its `id` names. */
export const EACH_ROW = Symbol('each row')

/** What happened, to which thing. Details say what a reader cannot look up later, and never a secret. */
export interface AuditFact {
  readonly action: AuditAction
  readonly resourceId: string | typeof EACH_ROW
  readonly details?: JsonObject
  /** Who did it, where there is no principal: a login, a mailed link. With `EACH_ROW` a column of `changed` may say it. */
  readonly userId?: string | SQL
  /** In whose log it stands, where that is not the principal's workspace. */
  readonly workspaceId?: string
}

/** For drizzle, whose types cannot select from a generic statement; the rows are typed by the change itself. */
type AnyChange = WithSubqueryWithSelection<Record<string, SQL>, 'changed'>

/** From whom and where a request came. */
export type AuditCtx = Pick<PublicCtx, 'client' | 'requestId' | 'now'> & { readonly principal?: Principal }

/**
 * Makes a change and writes its line into the audit log, in one statement: neither is ever there without the other.
 *
 * @param change an insert, update or delete with `returning`; when it changes no row, nothing is written
 * @param db the one that the change was built from: `unscopedDb` for an account's or a session's
 * @returns the changed rows
 */
export async function audited<Selection extends ColumnsSelection, Rows>(
  ctx: AuditCtx & Pick<PublicCtx, 'db'>,
  change: TypedQueryBuilder<Selection, Rows>,
  fact: AuditFact,
  db = ctx.db,
): Promise<Rows> {
  return withLine(ctx, db, change, fact)
}

/** The statement of `audited`, for a batch. */
export function withLine<Selection extends ColumnsSelection, Rows>(
  ctx: AuditCtx,
  db: Db,
  change: TypedQueryBuilder<Selection, Rows>,
  fact: AuditFact,
): QueryPromise<Rows> {
  const noting = noteChange(db, change, (changed) => auditLine(ctx, db, fact, changed))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all columns of the change, read by the same mappers
  return noting as unknown as QueryPromise<Rows>
}

function noteChange<Selection extends ColumnsSelection>(
  db: Writing,
  change: TypedQueryBuilder<Selection>,
  toLine: (changed: SQLWrapper) => ReturnType<typeof auditLine>,
) {
  const changed = db.$with('changed').as(change)
  const noted = db.$with('noted').as(toLine(changed).returning({ id: db.tables.auditLog.id }))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see AnyChange
  const source = changed as unknown as AnyChange
  return db.with(changed, noted).select().from(source)
}

/**
 * The statement that writes a line of the audit log, for a `batch` with the change or as a part of its statement.
 * Lines about an account or a session belong to no workspace: write them through `unscopedDb`.
 *
 * @param db the one that the change goes through
 * @param changed written only if this has a row, and with `EACH_ROW` for each one: the change's `returning` or a
 *   condition's `select`, as a subquery named `changed`
 */
export function auditLine(ctx: AuditCtx, db: Db, fact: AuditFact, changed?: SQLWrapper) {
  const line = lineOf(ctx, fact)
  const values = writeLine((name) => line[name])
  if (fact.resourceId === EACH_ROW) return db.insert(db.tables.auditLog).select(sql`select ${values} from ${changed}`)
  return insertLine(db, values, changed)
}

function insertLine(db: Writing, values: SQL, changed: SQLWrapper | undefined) {
  const from = changed === undefined ? sql`` : sql` where exists (select 1 from ${changed})`
  return db.insert(db.tables.auditLog).select(sql`select ${values}${from}`)
}

/** In the order of the table's columns, each with its type. */
const LINE = [
  ['id', 'uuid'],
  ['workspace', 'uuid'],
  ['kind', 'text'],
  ['user', 'uuid'],
  ['apiKey', 'uuid'],
  ['action', 'text'],
  ['noun', 'text'],
  ['resource', 'text'],
  ['address', 'text'],
  ['userAgent', 'text'],
  ['request', 'text'],
  ['details', 'json'],
  ['at', 'timestamptz'],
] as const
type Line = Readonly<Record<(typeof LINE)[number][0], string | null | Date | SQL>>

function lineOf({ principal, client, requestId, now }: AuditCtx, fact: AuditFact): Line {
  const { action, resourceId, details, userId } = fact
  return {
    id: resourceId === EACH_ROW ? sql`gen_random_uuid()` : newId(),
    workspace: workspaceOf(fact, principal),
    kind: principal?.kind ?? (userId === undefined ? 'system' : 'user'),
    user: principal?.userId ?? userId ?? null,
    apiKey: principal?.kind === 'api_key' ? principal.apiKeyId : null,
    action,
    noun: nounOf(action),
    resource: resourceId === EACH_ROW ? sql`"changed"."id"` : resourceId,
    address: client.address ?? null,
    userAgent: client.userAgent ?? null,
    request: requestId,
    details: details === undefined ? null : JSON.stringify(details),
    at: new Date(now()),
  }
}

function writeLine(valueOf: (name: keyof Line) => Open<Line[keyof Line]>): SQL {
  return sql.join(
    LINE.map(([name, type]) => sql`${valueOf(name)}::${sql.raw(type)}`),
    sql`, `,
  )
}

/**
 * What `audited` does, for a change of one thing whose statement is written once.
 *
 * @param write the change, with `sql.placeholder`s
 */
export function auditedOnce<Row, Shape extends string>(
  write: (db: Writing, shape: Shape) => TypedQueryBuilder<ColumnsSelection, Row[]>,
) {
  const run = prepareOnce((db, shape: Shape) => {
    const line = writeLine((name) => sql.placeholder(`audit.${name}`))
    const noting = noteChange(db, write(db, shape), (changed) => insertLine(db, line, changed))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all columns of the change, read by the same mappers
    return noting as unknown as Query<Row>
  })
  return (ctx: AuditCtx & Pick<PublicCtx, 'db'>, shape: Shape, values: object, fact: AuditFact): Promise<Row[]> => {
    const line = Object.entries(lineOf(ctx, fact)).map(([name, value]) => [`audit.${name}`, value])
    return run(ctx.db, shape, { ...values, ...Object.fromEntries(line) })
  }
}

function nounOf(action: AuditAction): string {
  return action.slice(0, action.indexOf('.'))
}

/** A workspace that is gone has no log that anybody could read, so that its end stands in the installation's. */
function workspaceOf({ action, workspaceId }: AuditFact, principal: Principal | undefined): string | null {
  const isNobodys = ['account', 'session'].includes(nounOf(action)) || action === 'workspace.deleted'
  return isNobodys ? null : (workspaceId ?? principal?.workspaceId ?? null)
}
