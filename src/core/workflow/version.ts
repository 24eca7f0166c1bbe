import { z } from 'zod'
import { AnyJson } from '#core/json'
import { Definition } from './graph.ts'

const Notes = z.string().max(10_000)

/** A kept definition without it: it was executed, published, or another took its place. */
export const Version = z
  .object({
    workflow_id: z.uuid(),
    version: z.int(),
    is_published: z.boolean().describe('Whether it is the one that is published now.'),
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    published_at: z.iso.datetime().nullable().describe('When it was last published; null if it never was.'),
    published_by: z.uuid().nullable(),
    notes: Notes.nullable(),
  })
  .meta({ id: 'WorkflowVersion' })
export type Version = z.infer<typeof Version>

export const VersionWithDefinition = Version.extend({ definition: Definition }).meta({
  id: 'WorkflowVersionWithDefinition',
})
export type VersionWithDefinition = z.infer<typeof VersionWithDefinition>

export const VersionFilter = z.object({
  published: z.stringbool().optional().describe('Those that were ever published, or those that never were.'),
})
export type VersionFilter = z.infer<typeof VersionFilter>

/** Versions count like PostgreSQL's integers. */
const Number = z.coerce.number().int().min(1).max(2_147_483_647)

export const ByVersion = z.object({ n: Number })

export const PublishInput = z
  .strictObject({
    notes: Notes.nullable().optional(),
    version: z.int().min(1).optional().describe('Publish only if the draft is this version still.'),
  })
  .meta({ id: 'WorkflowPublishInput' })
export type PublishInput = z.infer<typeof PublishInput>

export const Against = z.object({
  against: z
    .union([z.literal('draft'), Number])
    .default('draft')
    .describe('`draft`, or the number of a version.'),
})
export type Against = z.infer<typeof Against>['against']

const NodeName = z.object({ id: z.string(), type: z.string(), label: AnyJson.optional() })
const Change = z.object({
  path: z.string().describe('JSON Pointer into the node as an export writes it, e.g. `/config/url`.'),
  old: AnyJson.optional().describe('Absent where there was nothing.'),
  new: AnyJson.optional().describe('Absent where there is nothing any more.'),
})
const Point = z.tuple([z.number(), z.number()]).nullable()

/** What is different between two definitions, from the older to the newer. */
export const DefinitionDiff = z
  .object({
    identical: z.boolean().describe('Nothing that a run could notice, and nothing to see.'),
    nodes: z.object({
      added: z.array(NodeName),
      removed: z.array(NodeName),
      changed: z.array(NodeName.extend({ changes: z.array(Change) })),
    }),
    edges: z.object({
      added: z.array(z.string()).describe('`source:handle -> target:handle`, without the handles `out` and `in`.'),
      removed: z.array(z.string()),
      changed: z.array(z.object({ path: z.string(), changes: z.array(Change) })),
    }),
    settings: z.array(Change),
    other: z.array(Change).describe('What only editors know of the whole graph, and the order of nodes and edges.'),
    moved: z.array(z.object({ id: z.string(), old: Point, new: Point })).describe('Nodes that stand elsewhere now.'),
  })
  .meta({ id: 'WorkflowDiff' })
export type DefinitionDiff = z.infer<typeof DefinitionDiff>

const Side = z.union([z.int(), z.literal('draft')])
export const VersionDiff = DefinitionDiff.extend({ from: Side, to: Side }).meta({ id: 'WorkflowVersionDiff' })
export type VersionDiff = z.infer<typeof VersionDiff>
