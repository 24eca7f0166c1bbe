import { and, eq, sql } from 'drizzle-orm'
import type { Agent } from '#core/agent/agent'
import { AppError } from '#core/errors'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { checkAgent } from './check-agent.ts'
import { keepVersion } from './keep-version.ts'
import { settingColumns, toAgent } from './to-agent.ts'

/**
 * Makes the settings of a version the agent's again, under a new number. What they name is authorised as when it is saved.
 *
 * @throws AppError `not_found`, `validation_failed`
 */
export async function restoreAgentVersion(ctx: Ctx, agentId: string, version: number): Promise<Agent> {
  const { agents, agentVersions: versions } = ctx.db.tables
  const { workspaceId } = ctx.principal
  const [settings] = await ctx.db
    .select(settingColumns(versions))
    .from(versions)
    .where(and(eq(versions.agent_id, agentId), eq(versions.workspace_id, workspaceId), eq(versions.version, version)))
  if (settings === undefined) throw new AppError('not_found')
  await checkAgent(ctx, settings)
  const change = ctx.db
    .update(agents)
    .set({ ...settings, version: sql`${agents.version} + 1`, updated_at: new Date(ctx.now()) })
    .where(and(eq(agents.id, agentId), eq(agents.workspace_id, workspaceId)))
    .returning()
  const fact = { action: 'agent.restored', resourceId: agentId, details: { version } } as const
  const [[row]] = await ctx.db.batch([withLine(ctx, ctx.db, change, fact), keepVersion(ctx, agentId)])
  if (row === undefined) throw new AppError('not_found')
  return toAgent(row)
}
