import { and, eq, like, or, sql } from 'drizzle-orm'
import type { PgInsertValue } from 'drizzle-orm/pg-core'
import { AppError } from '#core/errors'
import { toSlug } from '#core/workflow/slug'
import type { Workflow, WorkflowInput } from '#core/workflow/workflow'
import { DatabaseError } from '#db/errors'
import type { Writing } from '#db/prepared'
import type { Tables } from '#db/schema'
import { type AuditFact, auditedOnce } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findWorkflow } from './find-workflow.ts'
import { toWorkflow } from './to-workflow.ts'

type NewWorkflow = WorkflowInput & { readonly slug: string }

/** The statement that makes a workflow; a repeat with the same id makes nothing. */
export function insertionOf(ctx: Ctx, id: string, input: NewWorkflow) {
  return inserting(ctx.db, rowOf(ctx, id, input))
}

function rowOf(ctx: Ctx, id: string, input: NewWorkflow) {
  const now = new Date(ctx.now())
  return {
    ...input,
    id,
    workspace_id: ctx.principal.workspaceId,
    status: 'draft' as const,
    version: 1,
    created_by: ctx.principal.userId,
    created_at: now,
    updated_at: now,
  }
}

function inserting(db: Writing, row: PgInsertValue<Tables['workflows']>) {
  const { workflows } = db.tables
  return db.insert(workflows).values(row).onConflictDoNothing({ target: workflows.id }).returning()
}

/** The columns that a new row gives, and after `null:` those that it leaves empty. */
type Given = `${string} null:${string}`

function shapeOf(row: object): Given {
  const given = Object.entries(row).filter(([, value]) => value !== undefined)
  const names = (isNull: boolean): string =>
    given
      .filter(([, value]) => (value === null) === isNull)
      .map(([name]) => name)
      .join()
  return `${names(false)} null:${names(true)}`
}

const insertOnce = auditedOnce((db, given: Given) => {
  const [names = '', nulls = ''] = given.split(' null:')
  const open = names.split(',').map((name) => [name, sql.placeholder(name)])
  const empty = nulls.split(',').flatMap((name) => (name === '' ? [] : [[name, null]]))
  const row: unknown = Object.fromEntries([...open, ...empty])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns of a row that `shapeOf` was given
  return inserting(db, row as PgInsertValue<Tables['workflows']>)
})

/**
 * Makes a workflow with the slug that was asked for, or one of its name that nobody has.
 *
 * @throws AppError `slug_taken`
 */
export async function insertWorkflow(
  ctx: Ctx,
  id: string,
  input: WorkflowInput,
  fact: Omit<AuditFact, 'resourceId'>,
): Promise<Workflow> {
  const base = input.slug ?? toSlug(input.name)
  const others = input.slug === undefined ? [() => numbered(ctx, base), () => `${base}-${id.slice(-12)}`] : []
  for (const candidate of [() => base, ...others]) {
    const row = rowOf(ctx, id, { ...input, slug: await candidate() })
    const rows = await insertOnce(ctx, shapeOf(row), row, { ...fact, resourceId: id }).catch(unlessSlugTaken)
    if (rows !== undefined) return rows[0] === undefined ? findWorkflow(ctx, id) : toWorkflow(rows[0])
  }
  throw new AppError('slug_taken', { params: { slug: base } })
}

/** Whether a write was refused since another workflow has the slug. */
export function isSlugTaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.constraint === 'workflows_slug_key'
}

function unlessSlugTaken(error: unknown): undefined {
  if (!isSlugTaken(error)) throw error
}

/** `orders-2`, or the first number after it that is free. */
async function numbered(ctx: Ctx, base: string): Promise<string> {
  const { workflows } = ctx.db.tables
  const rows = await ctx.db
    .select({ slug: workflows.slug })
    .from(workflows)
    .where(
      and(
        eq(workflows.workspace_id, ctx.principal.workspaceId),
        or(eq(workflows.slug, base), like(workflows.slug, `${base}-%`)),
      ),
    )
  const taken = new Set(rows.map(({ slug }) => slug))
  let number = 2
  while (taken.has(`${base}-${number}`)) number += 1
  return `${base}-${number}`
}
