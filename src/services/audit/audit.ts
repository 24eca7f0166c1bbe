import { type ColumnsSelection, type QueryPromise, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { WithSubqueryWithSelection } from 'drizzle-orm/pg-core'
import type { TypedQueryBuilder } from 'drizzle-orm/query-builders/query-builder'
import type { AuditAction } from '#core/audit/audit'
import type { Principal } from '#core/principal'
import type { Db } from '#db/connect'
import { newId } from '#lib/ids'
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
  const changed = db.$with('changed').as(change)
  const noted = db.$with('noted').as(auditLine(ctx, db, fact, changed).returning({ id: db.tables.auditLog.id }))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see AnyChange
  const source = changed as unknown as AnyChange
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all columns of the change, read by the same mappers
  return db.with(changed, noted).select().from(source) as unknown as QueryPromise<Rows>
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
  const values = valuesOf(ctx, fact)
  if (fact.resourceId === EACH_ROW) return db.insert(db.tables.auditLog).select(sql`select ${values} from ${changed}`)
  const from = changed === undefined ? sql`` : sql` where exists (select 1 from ${changed})`
  return db.insert(db.tables.auditLog).select(sql`select ${values}${from}`)
}

/** In the order of the table's columns. */
function valuesOf({ principal, client, requestId, now }: AuditCtx, fact: AuditFact): SQL {
  const { action, resourceId, details, userId } = fact
  const kind = principal?.kind ?? (userId === undefined ? 'system' : 'user')
  return sql.join(
    [
      resourceId === EACH_ROW ? sql`gen_random_uuid()` : sql`${newId()}::uuid`,
      sql`${workspaceOf(fact, principal)}::uuid`,
      sql`${kind}::text`,
      sql`${principal?.userId ?? userId ?? null}::uuid`,
      sql`${principal?.kind === 'api_key' ? principal.apiKeyId : null}::uuid`,
      sql`${action}::text`,
      sql`${nounOf(action)}::text`,
      resourceId === EACH_ROW ? sql`"changed"."id"::text` : sql`${resourceId}::text`,
      sql`${client.address ?? null}::text`,
      sql`${client.userAgent ?? null}::text`,
      sql`${requestId}::text`,
      sql`${details === undefined ? null : JSON.stringify(details)}::json`,
      sql`${new Date(now())}::timestamptz`,
    ],
    sql`, `,
  )
}

function nounOf(action: AuditAction): string {
  return action.slice(0, action.indexOf('.'))
}

/** A workspace that is gone has no log that anybody could read, so that its end stands in the installation's. */
function workspaceOf({ action, workspaceId }: AuditFact, principal: Principal | undefined): string | null {
  const isNobodys = ['account', 'session'].includes(nounOf(action)) || action === 'workspace.deleted'
  return isNobodys ? null : (workspaceId ?? principal?.workspaceId ?? null)
}
