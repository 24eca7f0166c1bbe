import { z } from 'zod'
import { DefinitionDiff } from '#core/workflow/version'
import { GraphProblemView, Workflow } from '#core/workflow/workflow'

/** What became, or would become, of one file. */
export const ImportedWorkflow = z
  .object({
    id: Workflow.shape.id.nullable().describe('Null for one that a dry run would create.'),
    slug: Workflow.shape.slug,
    name: Workflow.shape.name,
    action: z.enum(['created', 'updated', 'unchanged']),
    version: z.int(),
    published_version: z.int().nullable(),
    changed_fields: z.array(z.enum(['name', 'description', 'category', 'tags', 'definition'])),
    diff: DefinitionDiff.nullable().describe('Of an update: what is different in the draft.'),
    problems: z.array(GraphProblemView).describe('What keeps it from being executed and published.'),
  })
  .meta({ id: 'ImportedWorkflow' })
export type ImportedWorkflow = z.infer<typeof ImportedWorkflow>

export const ImportAnswer = z
  .object({ dry_run: z.boolean(), items: z.array(ImportedWorkflow) })
  .meta({ id: 'WorkflowImportAnswer' })
export type ImportAnswer = z.infer<typeof ImportAnswer>

export const ImportOptions = z.object({
  mode: z.enum(['create', 'upsert']).default('upsert').describe('`create` refuses a slug that is there already.'),
  dry_run: z.stringbool().default(false).describe('Say what would change, and change nothing.'),
})
export type ImportOptions = z.infer<typeof ImportOptions>

export const FILE_SENTENCES = {
  masked: {
    pt: 'Este valor saiu mascarado na exportação e não há o que recuperar aqui: escreva {{ $secrets.NOME }} ou o valor.',
    en: 'This value was masked on export and there is nothing to take it from here: write {{ $secrets.NAME }} or the value.',
  },
  unknown_reference: {
    pt: 'Não há neste workspace nem neste arquivo um workflow {name}.',
    en: 'There is no workflow {name} in this workspace nor in this file.',
  },
  slug_twice: {
    pt: 'O slug {slug} aparece em mais de um arquivo.',
    en: 'The slug {slug} appears in more than one file.',
  },
} as const
