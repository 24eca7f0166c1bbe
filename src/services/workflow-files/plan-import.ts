import { and, eq, inArray, or } from 'drizzle-orm'
import { createHash } from 'node:crypto'
import { AppError, type InputProblem } from '#core/errors'
import { diffDefinitions } from '#core/workflow/diff'
import type { Definition } from '#core/workflow/graph'
import { toSlug } from '#core/workflow/slug'
import type { DefinitionDiff } from '#core/workflow/version'
import type { Workflow } from '#core/workflow/workflow'
import type { ImportInput, WorkflowFile } from '#core/workflow-file/file'
import { FILE_SENTENCES, type ImportedWorkflow, type ImportOptions } from '#core/workflow-file/import'
import { type FileProblem, toDefinition } from '#core/workflow-file/read-file'
import { referencesIn } from '#core/workflow-file/references'
import { formatUuid, isUuid } from '#lib/ids'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'
import { toWorkflow } from '#services/workflows/to-workflow'

export type ChangedField = ImportedWorkflow['changed_fields'][number]

/** A file as it would be stored, and how that differs from what is there. */
export interface PlannedWorkflow {
  readonly id: string
  readonly slug: string
  readonly existing: Workflow | undefined
  readonly action: ImportedWorkflow['action']
  readonly changedFields: readonly ChangedField[]
  readonly diff: DefinitionDiff | undefined
  readonly content: Pick<Workflow, 'name' | 'description' | 'category' | 'tags' | 'definition'>
}

/**
 * What an import will do, all files together: they may name each other.
 *
 * @param importId ids of new workflows are made of it, so that a repeat of the request makes the same
 * @throws AppError `validation_failed` with every unknown reference and mask; `slug_taken` when creating
 */
export async function planImport(
  ctx: Ctx,
  { workflows: files }: ImportInput,
  { mode }: ImportOptions,
  importId: string,
): Promise<PlannedWorkflow[]> {
  const named = files.map((file) => ({ file, slug: file.slug ?? toSlug(file.name) }))
  const known = await findNamed(
    ctx,
    files,
    named.map(({ slug }) => slug),
  )
  const bySlug = new Map(known.map((workflow) => [workflow.slug, workflow]))
  const ids = new Map(known.map(({ slug, id }) => [slug, id]))
  for (const { slug } of named) if (!ids.has(slug)) ids.set(slug, deriveId(importId, slug))
  const ofWorkspace = new Set(known.map(({ id }) => id))
  const resolver = { catalog, idOf: (slug: string) => ids.get(slug), isKnown: (id: string) => ofWorkspace.has(id) }
  const problems: InputProblem[] = findDoubles(named.map(({ slug }) => slug))
  const planned = named.map(({ file, slug }, index): PlannedWorkflow => {
    const existing = bySlug.get(slug)
    const id = ids.get(slug) ?? ''
    // A repeat of the request that made it is no second creation.
    const isRepeat = existing?.id === deriveId(importId, slug)
    if (mode === 'create' && existing !== undefined && !isRepeat) throw new AppError('slug_taken', { params: { slug } })
    const read = toDefinition(file, resolver, existing?.definition)
    problems.push(...read.problems.map((problem) => toInputProblem(problem, index)))
    return isRepeat
      ? { ...compare(file, slug, id, undefined, read.definition), existing }
      : compare(file, slug, id, existing, read.definition)
  })
  if (problems.length > 0) throw new AppError('validation_failed', { problems })
  return planned
}

function compare(
  { name, description, category, tags }: WorkflowFile,
  slug: string,
  id: string,
  existing: Workflow | undefined,
  definition: Definition,
): PlannedWorkflow {
  const content = { name, description, category, tags, definition }
  if (existing === undefined) {
    return { id, slug, existing, content, action: 'created', changedFields: [], diff: undefined }
  }
  const diff = diffDefinitions(existing.definition, definition)
  const fields = (['name', 'description', 'category', 'tags'] as const).filter(
    (field) => JSON.stringify(existing[field]) !== JSON.stringify(content[field]),
  )
  const changedFields: ChangedField[] = diff.identical ? fields : [...fields, 'definition']
  const action = changedFields.length === 0 ? 'unchanged' : 'updated'
  return { id, slug, existing, content, action, changedFields, diff }
}

/** The workflows that the files are, and those that they name by slug or id. */
async function findNamed(ctx: Ctx, files: readonly WorkflowFile[], own: readonly string[]): Promise<Workflow[]> {
  const { workflows } = ctx.db.tables
  const mentioned = files.flatMap((file) => referencesIn(catalog, file.nodes, file.settings))
  const ids = mentioned.filter(isUuid).map((id) => id.toLowerCase())
  const slugs = [...new Set([...own, ...mentioned])]
  const rows = await ctx.db
    .select()
    .from(workflows)
    .where(
      and(
        eq(workflows.workspace_id, ctx.principal.workspaceId),
        or(inArray(workflows.slug, slugs), ids.length === 0 ? undefined : inArray(workflows.id, ids)),
      ),
    )
  return rows.map(toWorkflow)
}

/** A UUIDv7 of the same moment whose random part says which slug it is for. */
function deriveId(importId: string, slug: string): string {
  const bytes = createHash('sha256').update(`${importId}/${slug}`).digest().subarray(0, 16)
  const hash = formatUuid(bytes)
  return `${importId.slice(0, 15)}${hash.slice(15, 19)}${importId.slice(19, 20)}${hash.slice(20)}`
}

function findDoubles(slugs: readonly string[]): InputProblem[] {
  return slugs.flatMap((slug, index) =>
    slugs.indexOf(slug) === index
      ? []
      : [{ pointer: `/workflows/${index}/slug`, sentence: FILE_SENTENCES.slug_twice, params: { slug } }],
  )
}

function toInputProblem(problem: FileProblem, index: number): InputProblem {
  const at = { pointer: `/workflows/${index}${problem.pointer}`, sentence: FILE_SENTENCES[problem.kind] }
  return problem.kind === 'unknown_reference' ? { ...at, params: { name: problem.name } } : at
}
