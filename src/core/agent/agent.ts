import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { Slug } from '#core/workflow/slug'
import { AgentLimits, AgentMemory, ModelReference, ToolSetting } from './snapshot.ts'

export const AGENT_STATUSES = ['active', 'inactive'] as const
const MAX_TOOLS = 64
const MAX_TEXT = 100_000

/** What a version of an agent is made of. */
const SETTINGS = {
  model: ModelReference,
  fallback_models: z.array(ModelReference).max(10).describe('Asked in order when one before is not available'),
  instructions: z.string().max(MAX_TEXT).describe('May hold {{ expressions }}: $now, $vars, $input.user.name …'),
  personality: z.string().max(MAX_TEXT).nullable().describe('Stands behind the instructions'),
  temperature: z.number().min(0).max(2).nullable(),
  top_p: z.number().min(0).max(1).nullable(),
  max_tokens: z.int().min(1).max(10_000_000).nullable().describe('Of one answer'),
  tools: z.array(ToolSetting.strict()).max(MAX_TOOLS),
  memory: AgentMemory.strict(),
  limits: AgentLimits.strict(),
  output_schema: AnyJsonObject.nullable().describe('JSON Schema that the answer follows'),
}
const NAMES = {
  name: z.string().trim().min(1).max(255),
  slug: Slug,
  description: z.string().max(10_000).nullable(),
  agent_type: z.string().max(100).nullable().describe('A word of older clients; nothing follows from it'),
  tags: z.array(z.string().trim().min(1).max(50)).max(50),
  status: z.enum(AGENT_STATUSES).describe('An inactive one takes no new turns'),
}

/** Older clients name provider and model apart. */
const ALIASES = {
  model_provider: z.string().min(1).max(100),
  model_name: z.string().min(1).max(200),
}
const PlainModel = z.string().min(1).max(200)
const older = {
  model: PlainModel.optional().describe(`${ModelReference.description ?? ''}; absent: the installation's default`),
  model_provider: ALIASES.model_provider.optional().describe('Of older clients, with `model_name` or `model`'),
  model_name: ALIASES.model_name.optional(),
}

/** `provider/model` out of whatever names it; undefined where nothing does. */
function modelOf({ model, model_provider: provider, model_name: name }: z.infer<z.ZodObject<typeof older>>) {
  if (provider === undefined) return model ?? name
  const plain = model ?? name
  return plain === undefined || plain.startsWith(`${provider}/`) ? plain : `${provider}/${plain}`
}

function readModel<T extends z.infer<z.ZodObject<typeof older>>>(
  { model: _model, model_provider: _provider, model_name: _name, ...rest }: T,
  named: string | undefined,
  context: z.RefinementCtx,
) {
  if (named === undefined) return rest
  const model = ModelReference.safeParse(named)
  if (model.success) return { ...rest, model: model.data }
  for (const { message } of model.error.issues) context.addIssue({ code: 'custom', path: ['model'], message })
  return z.NEVER
}

const created = z.strictObject({
  name: NAMES.name,
  slug: NAMES.slug.optional().describe('Made of the name where it is left out.'),
  description: NAMES.description.default(null),
  agent_type: NAMES.agent_type.default(null),
  tags: NAMES.tags.default([]),
  status: NAMES.status.default('active'),
  ...older,
  fallback_models: SETTINGS.fallback_models.default([]),
  instructions: SETTINGS.instructions.default(''),
  personality: SETTINGS.personality.default(null),
  temperature: SETTINGS.temperature.default(null),
  top_p: SETTINGS.top_p.default(null),
  max_tokens: SETTINGS.max_tokens.default(null),
  tools: SETTINGS.tools.default([]),
  memory: SETTINGS.memory.prefault({}),
  limits: SETTINGS.limits.prefault({}),
  output_schema: SETTINGS.output_schema.default(null),
})

/** What an agent is made of; everything but the name may be left out. */
export const AgentInput = created
  .transform((input, context) => readModel(input, modelOf(input), context))
  .meta({ id: 'AgentInput' })
export type AgentInput = z.infer<typeof AgentInput>

/** Changes what is given; `memory` and `limits` as a whole. */
export const AgentPatch = z
  .strictObject({ ...NAMES, ...SETTINGS, ...older })
  .partial()
  .transform((patch, context) => readModel(patch, modelOf(patch), context))
  .meta({ id: 'AgentPatch' })
export type AgentPatch = z.infer<typeof AgentPatch>

export const AgentDuplicateInput = z.strictObject({ name: NAMES.name.optional() }).meta({ id: 'AgentDuplicateInput' })
export type AgentDuplicateInput = z.infer<typeof AgentDuplicateInput>

const settings = z.object(SETTINGS).extend({ tools: z.array(ToolSetting), memory: AgentMemory, limits: AgentLimits })

export const Agent = z
  .object({
    id: z.uuid(),
    workspace_id: z.uuid(),
    ...NAMES,
    ...settings.shape,
    ...ALIASES,
    version: z.int().describe('Counts what its settings have been.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Agent' })
export type Agent = z.infer<typeof Agent>

export const AgentFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the name or the description.'),
  status: z.enum(AGENT_STATUSES).optional(),
  tag: z.string().optional(),
  agent_type: z.string().optional(),
})
export type AgentFilter = z.infer<typeof AgentFilter>

/** What an agent was under one number. */
export const AgentVersion = z
  .object({
    agent_id: z.uuid(),
    version: z.int(),
    is_current: z.boolean(),
    ...settings.shape,
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AgentVersion' })
export type AgentVersion = z.infer<typeof AgentVersion>
