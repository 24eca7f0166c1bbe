import { and, desc, eq, gte, isNull, lte, sql } from 'drizzle-orm'
import { AuditAction, type AuditEntry, type AuditFilter } from '#core/audit/audit'
import { AppError } from '#core/errors'
import { type Page, type Paging, toPage } from '#core/page'
import type { Tables } from '#db/schema'
import { demandSession } from '#services/auth/demand'
import type { Ctx } from '#services/context'

/**
 * What was done in the workspace, newest first; or, for the installation's administrators, to accounts and sessions.
 *
 * @throws AppError `forbidden` or `session_required` for the installation's log
 */
export async function listAudit(ctx: Ctx, filter: AuditFilter & Paging): Promise<Page<AuditEntry>> {
  const isWorkspaces = filter.scope === 'workspace'
  if (!isWorkspaces && demandSession(ctx.principal).role !== 'admin') throw new AppError('forbidden')
  // The installation's lines belong to no workspace.
  const db = isWorkspaces ? ctx.db : ctx.unscopedDb
  const { auditLog: log } = db.tables
  const { page, size, action, resource_type, resource_id, user_id, from, to } = filter
  const wanted = and(
    isWorkspaces ? eq(log.workspace_id, ctx.principal.workspaceId) : isNull(log.workspace_id),
    action === undefined ? undefined : eq(log.action, action),
    resource_type === undefined ? undefined : eq(log.resource_type, resource_type),
    resource_id === undefined ? undefined : eq(log.resource_id, resource_id),
    user_id === undefined ? undefined : eq(log.user_id, user_id),
    from === undefined ? undefined : gte(log.created_at, new Date(from)),
    to === undefined ? undefined : lte(log.created_at, new Date(to)),
  )
  const total = db.$count(log, wanted)
  const rows = await db
    .select({ row: log, total: sql`${total}`.mapWith(Number) })
    .from(log)
    .where(wanted)
    .orderBy(desc(log.created_at), desc(log.id))
    .limit(size)
    .offset((page - 1) * size)
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toEntry(row)),
    count,
    filter,
  )
}

function toEntry(row: Tables['auditLog']['$inferSelect']): AuditEntry {
  const { id, resource_type, resource_id, address, user_agent, request_id, details } = row
  return {
    id,
    action: AuditAction.parse(row.action),
    resource_type,
    resource_id,
    actor: { kind: row.actor_kind, user_id: row.user_id, api_key_id: row.api_key_id },
    address,
    user_agent,
    request_id,
    details,
    created_at: row.created_at.toISOString(),
  }
}
