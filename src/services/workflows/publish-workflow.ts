import { and, eq, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { findTriggers, type GraphTrigger } from '#core/triggers/find-triggers'
import type { PublishInput } from '#core/workflow/version'
import type { Workflow } from '#core/workflow/workflow'
import { auditLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { keepTriggers } from '#services/triggers/keep-triggers'
import { expectSchedules, syncSchedules } from '#services/triggers/tell-schedules'
import { triggerId } from '#services/triggers/trigger-id'
import { compileChecked, toRefusal } from './compile-or-refuse.ts'
import { findWorkflow } from './find-workflow.ts'
import { toWorkflow } from './to-workflow.ts'

/**
 * Makes an immutable version of the draft the one that webhooks and schedules run; what runs already goes on with its
 * own. What was compiled is what is published. Publishing the same draft again renews moment and notes.
 *
 * @throws AppError `not_found`; `workflow_invalid` with every problem; `workflow_changed` when somebody saved meanwhile
 */
export async function publishWorkflow(ctx: Ctx, id: string, { notes, version }: PublishInput): Promise<Workflow> {
  const draft = await findWorkflow(ctx, id)
  const changed = (found: number) => new AppError('workflow_changed', { params: { version: found } })
  if (version !== undefined && version !== draft.version) throw changed(draft.version)
  await compileChecked(ctx, draft.definition)
  const { triggers, problems } = findTriggers(draft.definition)
  if (problems.length > 0) throw toRefusal(problems)
  const schedules = triggers.filter(({ kind }) => kind === 'schedule').map(({ nodeId }) => triggerId(id, nodeId))
  const { workflows, workflowVersions } = ctx.db.tables
  const isStill = and(
    eq(workflows.id, id),
    eq(workflows.workspace_id, ctx.principal.workspaceId),
    eq(workflows.version, draft.version),
  )
  const now = new Date(ctx.now())
  const publication = ctx.db
    .update(workflows)
    .set({ status: 'published', published_version: draft.version, updated_at: now })
    .where(isStill)
    .returning()
  // The update holds the row now: the statements behind it see the draft that it saw, or none at all.
  const kept = ctx.db
    .insert(workflowVersions)
    .select((query) =>
      query
        .select({
          workflow_id: workflows.id,
          version: workflows.version,
          workspace_id: workflows.workspace_id,
          definition: workflows.definition,
          created_by: sql`${ctx.principal.userId}::uuid`.as('created_by'),
          created_at: sql`${now}::timestamptz`.as('created_at'),
          published_at: sql`${now}::timestamptz`.as('published_at'),
          published_by: sql`${ctx.principal.userId}::uuid`.as('published_by'),
          notes: sql`${notes ?? null}::text`.as('notes'),
        })
        .from(workflows)
        .where(isStill),
    )
    .onConflictDoUpdate({
      target: [workflowVersions.workflow_id, workflowVersions.version],
      set: {
        published_at: sql`excluded.published_at`,
        published_by: sql`excluded.published_by`,
        ...(notes === undefined ? {} : { notes }),
      },
    })
  const fact = { action: 'workflow.published', resourceId: id, details: { version: draft.version } } as const
  const still = ctx.db.select({ id: workflows.id }).from(workflows).where(isStill)
  await expectSchedules(ctx, schedules)
  const [[row]] = await ctx.db.batch([
    publication,
    kept,
    keepTriggers(ctx, { workflowId: id, triggers: triggers.map(withSource) }, isStill),
    auditLine(ctx, ctx.db, fact, sql`(${still}) as still`),
  ])
  if (row === undefined) throw changed((await findWorkflow(ctx, id)).version)
  await syncSchedules(ctx, schedules)
  return toWorkflow(row)
}

/** An execution's end is looked up by whose execution it is. */
function withSource(trigger: GraphTrigger) {
  return trigger.kind === 'execution' ? { ...trigger, sourceId: trigger.config.workflow_id } : trigger
}
