import { and, eq, sql } from 'drizzle-orm'
import { hookSecret, type HookKind, isHookMac, readHookToken } from '#auth/hook-token'
import { limitRate } from '#auth/rate-limit'
import { AppError } from '#core/errors'
import { findTriggers } from '#core/triggers/find-triggers'
import type { WebhookConfig } from '#core/triggers/webhook'
import type { Definition } from '#core/workflow/graph'
import { prepareOnce } from '#db/prepared'
import type { PublicCtx } from '#services/context'
import { triggerId } from './trigger-id.ts'

/** A webhook that somebody has called by its address; whether they may is still to be asked. */
export interface Hook {
  readonly kind: HookKind
  readonly triggerId: string
  readonly workspaceId: string
  readonly workflowId: string
  readonly workflowName: string
  readonly nodeId: string
  readonly config: WebhookConfig
  readonly secret: string
  /** When it is written down that it last fired, in Unix milliseconds. */
  readonly firedAt: number | undefined
  /** What a live one runs. A test runs the draft, which is kept as a version when it does. */
  readonly published: { readonly version: number; readonly definition: Definition } | undefined
}

/**
 * The webhook behind an address.
 *
 * @throws AppError `rate_limited`, `too_many_at_once`; `not_found` for an address that nobody has, has no more, or whose workflow is paused
 */
export async function findHook(ctx: PublicCtx, kind: HookKind, token: string): Promise<Hook> {
  const parts = readHookToken(token)
  if (parts === undefined) throw new AppError('not_found')
  await limitRate(ctx, 'hook', token)
  // Whether the address is right is yet to be seen: anybody may name a workflow.
  await ctx.turn.takeFor({ name: `workflow ${parts.workflowId}`, isSure: false })
  const { workflow, rows } = await readWorkflow(ctx, kind, parts.workflowId)
  if (workflow === undefined) throw new AppError('not_found')
  const byNode = new Map(rows.map((row) => [row.node_id, row]))
  const published = kind === 'live' ? publishedOf(workflow) : undefined
  const definition = kind === 'live' ? published?.definition : workflow.definition
  for (const { nodeId, ...trigger } of findTriggers(definition ?? {}).triggers) {
    const row = byNode.get(nodeId)
    if (trigger.kind !== 'webhook') continue
    const node = { workflowId: workflow.id, nodeId }
    const { SECRET_KEY } = ctx.config
    const isThis = isHookMac(SECRET_KEY, kind, { ...node, generation: row?.url_generation ?? 0 }, parts.mac)
    if (!isThis) continue
    return {
      ...node,
      kind,
      triggerId: triggerId(workflow.id, nodeId),
      workspaceId: workflow.workspaceId,
      workflowName: workflow.name,
      config: trigger.config,
      firedAt: row?.last_fired_at?.getTime(),
      secret: hookSecret(SECRET_KEY, { ...node, generation: row?.secret_generation ?? 0 }),
      published,
    }
  }
  throw new AppError('not_found')
}

/** In one statement. Nobody is logged in: the address says which workflow, and its MAC that it may. */
async function readWorkflow(ctx: PublicCtx, kind: HookKind, workflowId: string) {
  const found = await findRows(ctx.db, kind, { workflowId })
  return { workflow: found[0], rows: found.flatMap(({ trigger }) => trigger ?? []) }
}

const findRows = prepareOnce((db, kind: HookKind) => {
  const { workflows, workflowVersions, workflowTriggers: triggers } = db.tables
  const isPublished = and(
    eq(workflowVersions.workflow_id, workflows.id),
    eq(workflowVersions.version, workflows.published_version),
  )
  return db
    .select({
      id: workflows.id,
      workspaceId: workflows.workspace_id,
      name: workflows.name,
      isActive: workflows.is_active,
      version: workflowVersions.version,
      // A graph may be large: of the two the one that runs.
      ...(kind === 'live' ? { definition: workflowVersions.definition } : { definition: workflows.definition }),
      trigger: triggers,
    })
    .from(workflows)
    .leftJoin(workflowVersions, isPublished)
    .leftJoin(triggers, eq(triggers.workflow_id, workflows.id))
    .where(eq(workflows.id, sql.placeholder('workflowId')))
})

interface Published {
  readonly isActive: boolean
  readonly version: number | null
  readonly definition: Definition | null
}

function publishedOf({ isActive, version, definition }: Published): Hook['published'] {
  return isActive && version !== null && definition !== null ? { version, definition } : undefined
}
