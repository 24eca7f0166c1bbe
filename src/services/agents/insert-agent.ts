import { and, eq, like, or } from 'drizzle-orm'
import type { Agent, AgentInput } from '#core/agent/agent'
import { AppError } from '#core/errors'
import { toSlug } from '#core/workflow/slug'
import { DatabaseError } from '#db/errors'
import { type AuditFact, withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { findAgent } from './find-agent.ts'
import { keepVersion } from './keep-version.ts'
import { toAgent } from './to-agent.ts'

/**
 * Makes an agent and its first version, with the slug that was asked for, or one of its name that nobody has. A repeat
 * with the same id makes nothing.
 *
 * @throws AppError `slug_taken`
 */
export async function insertAgent(
  ctx: Ctx,
  id: string,
  input: AgentInput,
  fact: Omit<AuditFact, 'resourceId'>,
): Promise<Agent> {
  const base = input.slug ?? toSlug(input.name, 'agent')
  const others = input.slug === undefined ? [() => numbered(ctx, base), () => `${base}-${id.slice(-12)}`] : []
  for (const candidate of [() => base, ...others]) {
    const insertion = insertionOf(ctx, id, { ...input, slug: await candidate() })
    const line = withLine(ctx, ctx.db, insertion, { ...fact, resourceId: id })
    const made = await ctx.db.batch([line, keepVersion(ctx, id)]).catch(unlessSlugTaken)
    if (made !== undefined) return made[0][0] === undefined ? findAgent(ctx, id) : toAgent(made[0][0])
  }
  throw new AppError('slug_taken', { params: { slug: base } })
}

function insertionOf(ctx: Ctx, id: string, input: AgentInput & { readonly slug: string }) {
  const { agents } = ctx.db.tables
  const now = new Date(ctx.now())
  const { workspaceId, userId } = ctx.principal
  const made = { id, workspace_id: workspaceId, version: 1, created_by: userId, created_at: now, updated_at: now }
  return ctx.db
    .insert(agents)
    .values({ model: ctx.config.DEFAULT_MODEL, ...input, ...made })
    .onConflictDoNothing({ target: agents.id })
    .returning()
}

/** Whether a write was refused since another agent has the slug. */
export function isSlugTaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.constraint === 'agents_slug_key'
}

function unlessSlugTaken(error: unknown): undefined {
  if (!isSlugTaken(error)) throw error
}

/** `helper-2`, or the first number after it that is free. */
async function numbered(ctx: Ctx, base: string): Promise<string> {
  const { agents } = ctx.db.tables
  const rows = await ctx.db
    .select({ slug: agents.slug })
    .from(agents)
    .where(
      and(
        eq(agents.workspace_id, ctx.principal.workspaceId),
        or(eq(agents.slug, base), like(agents.slug, `${base}-%`)),
      ),
    )
  const taken = new Set(rows.map(({ slug }) => slug))
  let number = 2
  while (taken.has(`${base}-${number}`)) number += 1
  return `${base}-${number}`
}
