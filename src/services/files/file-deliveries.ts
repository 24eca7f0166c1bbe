/**
 * What an uploaded file is to start is written down with the file, for every live `trigger.file` of the workspace; which
 * of them want it, their settings say when it is delivered (`services/triggers/fire-file.ts`).
 */
import { and, eq, isNotNull, type SQL, sql } from 'drizzle-orm'
import { maintenance } from '#actors'
import type { FileOrigin } from '#core/files/file'
import { formatTraceparent } from '#lib/trace'
import type { FileCtx } from './file-ctx.ts'

/** The triggers that fire now. */
function isLive({ db, principal }: FileCtx): SQL | undefined {
  const { workflowTriggers: triggers, workflows } = db.tables
  return and(
    eq(triggers.workspace_id, principal.workspaceId),
    eq(triggers.kind, 'file'),
    eq(workflows.id, triggers.workflow_id),
    eq(workflows.is_active, true),
    isNotNull(workflows.published_version),
  )
}

/**
 * The statement of the batch that makes a file. What workflows write starts nothing: they would never end.
 *
 * @param isKept a condition on `files`: that this one was made
 */
export function insertDeliveries(
  ctx: FileCtx,
  { id, origin }: { readonly id: string; readonly origin: FileOrigin },
  isKept: SQL | undefined,
) {
  const { fileDeliveries, files, workflowTriggers: triggers, workflows } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const wanted = and(isLive(ctx), isKept, origin === 'upload' ? undefined : sql`false`)
  const traceparent = ctx.trace === undefined ? null : formatTraceparent(ctx.trace)
  // In the order of the table's columns.
  return ctx.db
    .insert(fileDeliveries)
    .select(
      sql`select ${id}::uuid, ${triggers.id}, ${workspaceId}::uuid, ${new Date(ctx.now())}::timestamptz,
        ${traceparent}::text
        from ${triggers}, ${workflows}, ${files} where ${wanted}`,
    )
    .onConflictDoNothing()
}

/**
 * Before the commit: should we crash right behind it, the deliveries are found within seconds. Costs a query where nothing
 * waits for files.
 */
export async function expectDeliveries(ctx: FileCtx): Promise<void> {
  const { workflowTriggers: triggers, workflows } = ctx.db.tables
  const [one] = await ctx.db
    .select({ one: sql`1` })
    .from(triggers)
    .innerJoin(workflows, eq(workflows.id, triggers.workflow_id))
    .where(isLive(ctx))
    .limit(1)
  if (one !== undefined) await maintenance(ctx.env).deliverSoon()
}
