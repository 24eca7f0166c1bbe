import { and, eq, inArray } from 'drizzle-orm'
import { AGENT_PROBLEMS, type AgentReference, checkAgentSettings } from '#core/agent/check-agent'
import type { AgentPatch } from '#core/agent/agent'
import { AppError, type InputProblem } from '#core/errors'
import { NodeFailure } from '#core/workflow/node-error'
import { toReferenceProblem } from '#core/workflow/references'
import { GRAPH_PROBLEMS } from '#core/workflow/problems'
import { createSandbox } from '#sandbox/client'
import type { Ctx } from '#services/context'
import { findKnownIds } from '#services/workflows/find-known-ids'
import { toolCatalog } from '#tools/catalog'

/** @throws AppError `validation_failed` with every problem: expressions, tools, and what they name that is not here */
export async function checkAgent(
  ctx: Ctx,
  settings: Pick<AgentPatch, 'instructions' | 'personality' | 'tools' | 'output_schema'>,
): Promise<void> {
  const { problems, references } = checkAgentSettings(settings, toolCatalog)
  const unknown = await Promise.all(
    [...Map.groupBy(references, ({ kind }) => kind)].map(([kind, found]) => findUnknown(ctx, kind, found)),
  )
  const all = [...problems, ...unknown.flat(), ...(await checkSchema(ctx, settings.output_schema))]
  if (all.length > 0) throw new AppError('validation_failed', { problems: all })
}

async function findUnknown(
  ctx: Ctx,
  kind: AgentReference['kind'],
  references: readonly AgentReference[],
): Promise<InputProblem[]> {
  const ids = [...new Set(references.map(({ id }) => id))]
  const known = kind === 'secret' ? await findSecrets(ctx, ids) : await findKnownIds(ctx, kind, ids)
  return references
    .filter(({ id }) => !known.has(id))
    .map(({ id, pointer }) => {
      if (kind === 'secret') return { pointer, sentence: AGENT_PROBLEMS.unknown_secret, params: { name: id } }
      const { code, params } = toReferenceProblem({ kind, id, path: pointer })
      return { pointer, sentence: GRAPH_PROBLEMS[code], ...(params && { params }) }
    })
}

async function findSecrets({ db, principal }: Ctx, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { variables } = db.tables
  const rows = await db
    .select({ key: variables.key })
    .from(variables)
    .where(
      and(
        eq(variables.workspace_id, principal.workspaceId),
        eq(variables.is_secret, true),
        inArray(variables.key, [...names]),
      ),
    )
  return new Set(rows.map(({ key }) => key))
}

/** The sandbox knows what a schema is: it checks answers with it later. */
async function checkSchema(ctx: Ctx, schema: AgentPatch['output_schema']): Promise<InputProblem[]> {
  if (schema === undefined || schema === null) return []
  try {
    await createSandbox(ctx.env.SANDBOX, ctx.principal.workspaceId).validate(schema, null)
    return []
  } catch (error) {
    if (!(error instanceof NodeFailure)) throw error
    if (error.retryable) throw new AppError('busy', { cause: error })
    const sentence = AGENT_PROBLEMS.bad_schema
    return [{ pointer: '/output_schema', sentence, params: { detail: error.error.message } }]
  }
}
