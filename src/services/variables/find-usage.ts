import { and, asc, eq, or, sql, type SQL } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { can } from '#core/permissions'
import { findUses, type VariablePlace, type VariableUsage } from '#core/variable/usage'
import type { Variable } from '#core/variable/variable'
import { readGraph } from '#core/workflow/graph'
import { listProviders } from '#llm/providers'
import type { Ctx } from '#services/context'
import { findVariable } from './find-variable.ts'

/** Of each: drafts, published versions, agents. */
const MAX_FOUND = 200

/**
 * The workflows (draft and published version) and agents that use a variable, as far as the caller may read them.
 *
 * @throws AppError `not_found`
 */
export async function findUsage(ctx: Ctx, id: string): Promise<VariableUsage> {
  const variable = await findVariable(ctx, id)
  const { key, secret } = variable
  const providers = secret ? [...listProviders(ctx.config).values()] : []
  const found = await Promise.all([
    ...(can(ctx.principal, 'workflows:read') ? [draftsUsing(ctx, variable), publishedUsing(ctx, variable)] : []),
    ...(can(ctx.principal, 'agents:read') ? [agentsUsing(ctx, variable)] : []),
  ])
  return {
    key,
    provider: providers.find(({ keyName }) => keyName === key)?.id ?? null,
    items: found.flatMap(({ places }) => places),
    truncated: found.some(({ isCut }) => isCut),
  }
}

interface Found {
  readonly places: readonly VariablePlace[]
  readonly isCut: boolean
}

function toFound<Row>(rows: readonly Row[], toPlace: (row: Row) => VariablePlace | undefined): Found {
  const places = rows.slice(0, MAX_FOUND).flatMap((row) => toPlace(row) ?? [])
  return { places, isCut: rows.length > MAX_FOUND }
}

async function draftsUsing({ db, principal }: Ctx, variable: Variable): Promise<Found> {
  const { workflows } = db.tables
  const { id, name, version, definition } = workflows
  const rows = await db
    .select({ id, name, version, definition })
    .from(workflows)
    .where(and(eq(workflows.workspace_id, principal.workspaceId), mayUse(variable, definition)))
    .orderBy(asc(name), asc(id))
    .limit(MAX_FOUND + 1)
  return toFound(rows, (row) => inWorkflow(row, 'draft', variable))
}

async function publishedUsing({ db, principal }: Ctx, variable: Variable): Promise<Found> {
  const { workflows, workflowVersions } = db.tables
  const { version, definition } = workflowVersions
  const rows = await db
    .select({ id: workflows.id, name: workflows.name, version, definition })
    .from(workflows)
    .innerJoin(
      workflowVersions,
      and(eq(workflowVersions.workflow_id, workflows.id), eq(version, workflows.published_version)),
    )
    .where(and(eq(workflows.workspace_id, principal.workspaceId), mayUse(variable, definition)))
    .orderBy(asc(workflows.name), asc(workflows.id))
    .limit(MAX_FOUND + 1)
  return toFound(rows, (row) => inWorkflow(row, 'published', variable))
}

function inWorkflow(
  {
    definition,
    ...row
  }: Pick<VariablePlace, 'id' | 'name' | 'version'> & { definition: Parameters<typeof readGraph>[0] },
  state: 'draft' | 'published',
  variable: Variable,
): VariablePlace | undefined {
  const { nodes } = readGraph(definition)
  const uses = findUses(
    nodes.map(({ id, data }) => [id, data['config'] ?? null]),
    variable,
  )
  return uses && { type: 'workflow', ...row, state, ...uses }
}

async function agentsUsing({ db, principal }: Ctx, variable: Variable): Promise<Found> {
  const { agents } = db.tables
  const { id, name, version, instructions, personality, tools } = agents
  const rows = await db
    .select({ id, name, version, instructions, personality, tools })
    .from(agents)
    .where(
      and(
        eq(agents.workspace_id, principal.workspaceId),
        or(mayUse(variable, instructions), mayUse(variable, personality), mayUse(variable, tools)),
      ),
    )
    .orderBy(asc(name), asc(id))
    .limit(MAX_FOUND + 1)
  return toFound(rows, (row) => {
    const uses = findUses(
      [
        ['instructions', row.instructions],
        ['personality', row.personality],
        ...row.tools.map(({ config }, index) => [`tools/${index}`, config] as const),
      ],
      variable,
    )
    return uses && { type: 'agent', id: row.id, name: row.name, version: row.version, state: 'current', ...uses }
  })
}

/** Lets few pass that do not use it, so that few definitions are read: by its name, or by a use that names none. */
function mayUse({ key, secret }: Variable, column: AnyPgColumn): SQL | undefined {
  const root = secret ? 'secrets' : 'vars'
  const text = sql`${column}::text`
  const unnamed = String.raw`\$${root}(?![A-Za-z0-9_])(?!(\?)?\.[A-Za-z_])`
  return or(
    and(sql`position(${`$${root}`} in ${text}) > 0`, sql`position(${key} in ${text}) > 0`),
    sql`${text} ~ ${unnamed}`,
  )
}
