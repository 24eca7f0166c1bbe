import { type ColumnsSelection, sql, type SQL, type SQLWrapper } from 'drizzle-orm'
import type { WithSubqueryWithSelection } from 'drizzle-orm/pg-core'
import type { TypedQueryBuilder } from 'drizzle-orm/query-builders/query-builder'
import type { AuditAction } from '#core/audit/audit'
import type { Principal } from '#core/principal'
import type { Db } from '#db/connect'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import type { PublicCtx } from '#services/context'

/** What happened, to which thing. Details say what a reader cannot look up later, and never a secret. */
export interface AuditFact {
  readonly action: AuditAction
  readonly resourceId: string
  readonly details?: JsonObject
  /** Who did it, where there is no principal: a login, a mailed link. */
  readonly userId?: string
}

/** For drizzle, whose types cannot select from a generic statement; the rows are typed by the change itself. */
type AnyChange = WithSubqueryWithSelection<Record<string, SQL>, 'changed'>

/** From whom and where a request came. */
type AuditCtx = Pick<PublicCtx, 'client' | 'requestId' | 'now'> & { readonly principal?: Principal }

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
  const changed = db.$with('changed').as(change)
  const noted = db.$with('noted').as(auditLine(ctx, db, fact, changed).returning({ id: db.tables.auditLog.id }))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see AnyChange
  const source = changed as unknown as AnyChange
  const rows: unknown = await db.with(changed, noted).select().from(source)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all columns of the change, read by the same mappers
  return rows as Rows
}

/**
 * The statement that writes a line of the audit log, for a `batch` with the change or as a part of its statement.
 * Lines about an account or a session belong to no workspace: write them through `unscopedDb`.
 *
 * @param db the one that the change goes through
 * @param changed written only if this has a row: the change's `returning`, as a subquery or a condition's `select`
 */
export function auditLine(ctx: AuditCtx, db: Db, fact: AuditFact, changed?: SQLWrapper) {
  const from = changed === undefined ? sql`` : sql` where exists (select 1 from ${changed})`
  return db.insert(db.tables.auditLog).select(sql`select ${valuesOf(ctx, fact)}${from}`)
}

/** In the order of the table's columns. */
function valuesOf({ principal, client, requestId, now }: AuditCtx, fact: AuditFact): SQL {
  const { action, resourceId, details, userId } = fact
  const noun = action.slice(0, action.indexOf('.'))
  const ofAccount = noun === 'account' || noun === 'session'
  const kind = principal?.kind ?? (userId === undefined ? 'system' : 'user')
  return sql.join(
    [
      sql`${newId()}::uuid`,
      sql`${ofAccount ? null : (principal?.workspaceId ?? null)}::uuid`,
      sql`${kind}::text`,
      sql`${principal?.userId ?? userId ?? null}::uuid`,
      sql`${principal?.kind === 'api_key' ? principal.apiKeyId : null}::uuid`,
      sql`${action}::text`,
      sql`${noun}::text`,
      sql`${resourceId}::text`,
      sql`${client.address ?? null}::text`,
      sql`${client.userAgent ?? null}::text`,
      sql`${requestId}::text`,
      sql`${details === undefined ? null : JSON.stringify(details)}::json`,
      sql`${new Date(now())}::timestamptz`,
    ],
    sql`, `,
  )
}
