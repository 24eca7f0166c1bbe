import { and, eq, inArray, sql } from 'drizzle-orm'
import type { ImportInput } from '#core/workflow-file/file'
import type { ImportAnswer, ImportedWorkflow, ImportOptions } from '#core/workflow-file/import'
import { type AuditFact, auditLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { keepDraft } from '#services/workflow-versions/keep-draft'
import { insertionOf, isSlugTaken } from '#services/workflows/insert-workflow'
import { problemsOf } from '#services/workflows/validate-workflow'
import { planImport, type PlannedWorkflow } from './plan-import.ts'

/**
 * Makes or changes workflows from files, all of them or none. A draft that is replaced is kept as a version first;
 * what is published stays so. Like a draft, a file may still have problems, which are told.
 *
 * @throws AppError `validation_failed` with every name that leads nowhere; `slug_taken` when creating
 */
export async function importWorkflows(
  ctx: Ctx,
  input: ImportInput,
  options: ImportOptions,
  idempotency?: Idempotency,
): Promise<ImportAnswer> {
  const importId = await claimId(ctx, options.dry_run ? undefined : idempotency)
  let planned = await planImport(ctx, input, options, importId)
  if (!options.dry_run) {
    try {
      await write(ctx, planned)
    } catch (error) {
      if (!isSlugTaken(error)) throw error
      // Somebody made one of them in the meantime: now there is something to update, or to refuse.
      planned = await planImport(ctx, input, options, importId)
      await write(ctx, planned)
    }
  }
  return { dry_run: options.dry_run, items: planned.map((item) => toItem(ctx, item, options)) }
}

/** One transaction. It holds the existing ones first, so that no draft is replaced that was not kept. */
async function write(ctx: Ctx, planned: readonly PlannedWorkflow[]): Promise<void> {
  const { workflows } = ctx.db.tables
  const updated = planned.filter(({ action }) => action === 'updated')
  const created = planned.filter(({ action, existing }) => action === 'created' && existing === undefined)
  const held = ctx.db
    .select({ id: workflows.id })
    .from(workflows)
    .where(
      and(
        eq(workflows.workspace_id, ctx.principal.workspaceId),
        inArray(
          workflows.id,
          updated.map(({ id }) => id),
        ),
      ),
    )
    .orderBy(workflows.id)
    .for('update')
  await ctx.db.batch([
    ...(updated.length === 0 ? [] : [held]),
    ...updated.flatMap((item) => changeOf(ctx, item)),
    ...created.flatMap(({ id, slug, content }) => [
      insertionOf(ctx, id, { ...content, slug, is_active: true }),
      auditLine(ctx, ctx.db, {
        action: 'workflow.created',
        resourceId: id,
        details: { name: content.name, imported: true },
      }),
    ]),
  ])
}

function changeOf(ctx: Ctx, { id, content, changedFields }: PlannedWorkflow) {
  const { workflows } = ctx.db.tables
  const isHere = and(eq(workflows.id, id), eq(workflows.workspace_id, ctx.principal.workspaceId))
  const hasNewDefinition = changedFields.includes('definition')
  const { definition, ...rest } = content
  const change = ctx.db
    .update(workflows)
    .set({
      ...rest,
      ...(hasNewDefinition ? { definition, version: sql`${workflows.version} + 1` } : {}),
      updated_at: new Date(ctx.now()),
    })
    .where(isHere)
  const details = { fields: [...changedFields], imported: true }
  const fact: AuditFact = { action: 'workflow.changed', resourceId: id, details }
  const still = ctx.db.select({ id: workflows.id }).from(workflows).where(isHere)
  return [
    ...(hasNewDefinition ? [keepDraft(ctx, id)] : []),
    change,
    auditLine(ctx, ctx.db, fact, sql`(${still}) as still`),
  ]
}

function toItem(ctx: Ctx, planned: PlannedWorkflow, { dry_run }: ImportOptions): ImportedWorkflow {
  const { id, slug, existing, action, changedFields, diff, content } = planned
  const before = existing?.version ?? 1
  return {
    id: dry_run && existing === undefined ? null : id,
    slug,
    name: content.name,
    action,
    version: action === 'updated' && changedFields.includes('definition') ? before + 1 : before,
    published_version: existing?.published_version ?? null,
    changed_fields: [...changedFields],
    diff: diff ?? null,
    problems: problemsOf(content.definition, ctx.locale),
  }
}
