import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { findTriggers } from '#core/triggers/find-triggers'
import type { Definition } from '#core/workflow/graph'
import type { Ctx } from '#services/context'

/** Of a request, or made by an actor for the workspace that it belongs to. */
export type WorkflowCtx = Pick<Ctx, 'db'> & { readonly principal: Pick<Ctx['principal'], 'workspaceId'> }

/** What a workflow has published for chats. */
interface ChatWorkflow {
  readonly name: string
  readonly version: number
  readonly definition: Definition
  /** Its `trigger.chat` nodes: a message begins at each of them. */
  readonly nodeIds: readonly string[]
  /** How many of the messages before they want. */
  readonly history: number
}

/**
 * A workflow that answers chats, as it is published now.
 *
 * @throws AppError `not_found`; `chat_workflow_unpublished`, `chat_workflow_inactive`, `chat_workflow_deaf`
 */
export async function findChatWorkflow({ db, principal }: WorkflowCtx, id: string): Promise<ChatWorkflow> {
  const { workflows, workflowVersions: versions } = db.tables
  const isPublished = and(eq(versions.workflow_id, workflows.id), eq(versions.version, workflows.published_version))
  const [found] = await db
    .select({
      name: workflows.name,
      isActive: workflows.is_active,
      version: versions.version,
      definition: versions.definition,
    })
    .from(workflows)
    .leftJoin(versions, isPublished)
    .where(and(eq(workflows.id, id), eq(workflows.workspace_id, principal.workspaceId)))
  if (found === undefined) throw new AppError('not_found')
  const { name, version, definition } = found
  if (version === null || definition === null) throw new AppError('chat_workflow_unpublished', { params: { name } })
  if (!found.isActive) throw new AppError('chat_workflow_inactive', { params: { name } })
  const triggers = findTriggers(definition).triggers.filter((trigger) => trigger.kind === 'chat')
  if (triggers.length === 0) throw new AppError('chat_workflow_deaf', { params: { name } })
  return {
    name,
    version,
    definition,
    nodeIds: triggers.map(({ nodeId }) => nodeId),
    history: Math.max(...triggers.map(({ config }) => config.history)),
  }
}
