import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import { WORKFLOW_FIELDS } from '#core/workflow/workflow'
import { readEdgePath } from './edge-path.ts'

/** Counts up when a file of before could be misread. */
export const FILE_FORMAT = 1
const MAX_FILES = 500

/** What a node's `data` may hold and a run or every editor reads, in the order of the file. */
export const DATA_KEYS = ['label', 'disabled', 'join', 'on_error', 'timeout_ms', 'retry', 'config', 'pinned'] as const

const value = AnyJson.optional()

const misplaced = (keys: readonly string[]) => ({
  sentence: {
    pt: 'Estas chaves têm lugar próprio, ao lado: {keys}.',
    en: 'These keys have a place of their own, beside this one: {keys}.',
  },
  values: { keys: keys.join(', ') },
})

function without(...keys: readonly string[]) {
  return AnyJsonObject.refine((object) => keys.every((key) => !Object.hasOwn(object, key)), {
    params: misplaced(keys),
  }).optional()
}

/** A node in a file. What `validate` would complain of may stand here, as in a draft. */
export const FileNode = z.strictObject({
  id: z.string(),
  type: z.string(),
  label: value,
  position: z.tuple([z.number(), z.number()]).optional(),
  disabled: value,
  join: value,
  on_error: value,
  timeout_ms: value,
  retry: value,
  config: value,
  pinned: value,
  data: without(...DATA_KEYS).meta({ description: 'What else stands in `data`.' }),
  ui: without('id', 'type', 'data').meta({ description: 'What only editors know: size, style and so on.' }),
})
export type FileNode = z.infer<typeof FileNode>

const EdgePath = z.string().refine((path) => readEdgePath(path) !== undefined, {
  params: {
    sentence: {
      pt: 'Escreva "origem -> destino" ou "origem:saída -> destino:entrada"; nomes incomuns entre aspas duplas.',
      en: 'Write "source -> target" or "source:handle -> target:handle"; unusual names in double quotes.',
    },
  },
})

export const FileEdge = z.union([EdgePath, z.strictObject({ path: EdgePath, ui: AnyJsonObject })])
export type FileEdge = z.infer<typeof FileEdge>

/** A workflow as a file that people read and git compares: no ids of ours, no times, nothing of one installation. */
export const WorkflowFile = z
  .strictObject({
    synapscale: z.literal(FILE_FORMAT).meta({ description: 'The version of this format.' }),
    slug: WORKFLOW_FIELDS.slug.optional().meta({ description: 'Which workflow it is; made of the name when absent.' }),
    name: WORKFLOW_FIELDS.name,
    description: WORKFLOW_FIELDS.description.default(null),
    category: WORKFLOW_FIELDS.category.default(null),
    tags: WORKFLOW_FIELDS.tags.default([]),
    settings: AnyJsonObject.optional(),
    nodes: z.array(FileNode),
    edges: z.array(FileEdge).default([]),
    ui: without('nodes', 'edges', 'settings').meta({ description: 'What only editors know of the whole graph.' }),
  })
  .meta({ id: 'WorkflowFile' })
export type WorkflowFile = z.infer<typeof WorkflowFile>

export const ImportInput = z
  .strictObject({ workflows: z.array(WorkflowFile).min(1).max(MAX_FILES) })
  .meta({ id: 'WorkflowImportInput' })
export type ImportInput = z.infer<typeof ImportInput>
