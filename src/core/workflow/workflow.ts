import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { Definition } from './graph.ts'
import { Slug } from './slug.ts'

const WORKFLOW_STATUSES = ['draft', 'published', 'archived'] as const

export const WORKFLOW_FIELDS = {
  name: z.string().trim().min(1).max(255),
  slug: Slug,
  description: z.string().max(10_000).nullable(),
  definition: Definition,
  tags: z.array(z.string().trim().min(1).max(50)).max(50),
  category: z.string().trim().max(100).nullable(),
  is_active: z.boolean(),
}

/** What a workflow is made of; everything but the name may be left out. */
export const WorkflowInput = z
  .strictObject({
    name: WORKFLOW_FIELDS.name,
    slug: WORKFLOW_FIELDS.slug.optional().describe('Made of the name where it is left out.'),
    description: WORKFLOW_FIELDS.description.default(null),
    definition: WORKFLOW_FIELDS.definition.default({ nodes: [], edges: [] }),
    tags: WORKFLOW_FIELDS.tags.default([]),
    category: WORKFLOW_FIELDS.category.default(null),
    is_active: WORKFLOW_FIELDS.is_active.default(true),
  })
  .meta({ id: 'WorkflowInput' })
export type WorkflowInput = z.infer<typeof WorkflowInput>

export const WorkflowPatch = z.strictObject(WORKFLOW_FIELDS).partial().meta({ id: 'WorkflowPatch' })
export type WorkflowPatch = z.infer<typeof WorkflowPatch>

export const DuplicateInput = z
  .strictObject({ name: WORKFLOW_FIELDS.name.optional() })
  .meta({ id: 'WorkflowDuplicateInput' })
export type DuplicateInput = z.infer<typeof DuplicateInput>

export const Workflow = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    ...WORKFLOW_FIELDS,
    status: z.enum(WORKFLOW_STATUSES),
    version: z.int().describe('Counts the saved definitions.'),
    published_version: z
      .int()
      .nullable()
      .describe('What webhooks and schedules run; below `version` the draft has changes that are not published.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Workflow' })
export type Workflow = z.infer<typeof Workflow>

export const WorkflowFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the name or the description.'),
  status: z.enum(WORKFLOW_STATUSES).optional(),
  category: z.string().optional(),
  tag: z.string().optional(),
  is_active: z.stringbool().optional(),
})
export type WorkflowFilter = z.infer<typeof WorkflowFilter>

/** A problem of a graph as clients read it. */
export const GraphProblemView = z
  .object({
    code: z.string(),
    message: z.string(),
    node_id: z.string().nullable(),
    edge_id: z.string().nullable(),
    path: z.string().nullable().describe('JSON Pointer into the node, or into the definition for its settings.'),
  })
  .meta({ id: 'GraphProblem' })
export type GraphProblemView = z.infer<typeof GraphProblemView>

export const Validation = z
  .object({ valid: z.boolean(), problems: z.array(GraphProblemView) })
  .meta({ id: 'Validation' })
export type Validation = z.infer<typeof Validation>

const NodeId = z.string().min(1).max(200)

/** What an execution is started with. */
export const ExecuteInput = z
  .strictObject({
    inputs: AnyJsonObject.default({}),
    version: z.int().min(1).optional(),
    start_at: NodeId.optional().describe('The node where it begins, with the pinned outputs of those before it.'),
    stop_at: NodeId.optional().describe('The last node that runs; only what leads there runs at all.'),
    pinned: z.record(NodeId, AnyJson).optional().describe('Outputs by node id: these nodes are not performed.'),
  })
  .meta({ id: 'ExecuteInput' })
export type ExecuteInput = z.infer<typeof ExecuteInput>
