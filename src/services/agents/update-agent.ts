import { and, eq, sql } from 'drizzle-orm'
import type { Agent, AgentPatch } from '#core/agent/agent'
import { AppError } from '#core/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { checkAgent } from './check-agent.ts'
import { isSlugTaken } from './insert-agent.ts'
import { keepVersion } from './keep-version.ts'
import { settingColumns, toAgent } from './to-agent.ts'

/**
 * Changes what is given. A change of a setting is a new version; turns go on with the one that they began with.
 *
 * @throws AppError `validation_failed`, `not_found`, `slug_taken`
 */
export async function updateAgent(ctx: Ctx, id: string, patch: AgentPatch): Promise<Agent> {
  await checkAgent(ctx, patch)
  const { agents } = ctx.db.tables
  const fields = Object.keys(patch)
  const isNewVersion = fields.some((field) => field in settingColumns(agents))
  const change = ctx.db
    .update(agents)
    .set({ ...patch, ...(isNewVersion && { version: sql`${agents.version} + 1` }), updated_at: new Date(ctx.now()) })
    .where(and(eq(agents.id, id), eq(agents.workspace_id, ctx.principal.workspaceId)))
    .returning()
  const line = withLine(ctx, ctx.db, change, { action: 'agent.changed', resourceId: id, details: { fields } })
  const [[row]] = await ctx.db.batch([line, keepVersion(ctx, id)]).catch((error: unknown) => {
    throw isSlugTaken(error) ? new AppError('slug_taken', { params: { slug: patch.slug ?? '' } }) : error
  })
  if (row === undefined) throw new AppError('not_found')
  return toAgent(row)
}
