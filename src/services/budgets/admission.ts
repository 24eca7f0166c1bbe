import { and, eq, sql } from 'drizzle-orm'
import { BudgetExceeded } from '#core/budgets/errors'
import { connectWithin, type Db } from '#db/connect'
import type { FinishPart } from '#llm/models'
import { endOf } from './count-spent.ts'

/** For whom a model is asked: what stands in the ledger afterwards. */
export interface Spender {
  readonly agentId: string | null
  readonly workflowId: string | null
  readonly userId: string | null
}

export interface Admission {
  /**
   * Lets a model be asked, or not.
   *
   * @throws BudgetExceeded; DatabaseUnavailable: what cannot be known is not allowed
   */
  admit(this: void, reference: string): Promise<void>
  /** Counts an answer of which the ledger may not know yet. */
  note(this: void, finish: Pick<FinishPart, 'model' | 'cost'>): void
}

interface Stop {
  readonly id: string
  readonly name: string
  readonly model: string | null
  /** US dollars. */
  readonly limit: number
  readonly spent: number
  readonly until: number
}

/**
 * What budgets with `hard_stop` allow in one turn, visit or request: one query where there are none, one for each call
 * where there are some. What this turn has spent itself counts at once, also before the ledger has it; so the limit is
 * exceeded by no more than the calls, and the turns beside it, that are under way.
 */
export function createAdmission(env: Env, workspaceId: string, spender: Spender): Admission {
  const here = new Map<string, number>()
  let first: Map<string, number> | undefined

  function isSpent({ id, model, limit, spent }: Stop): boolean {
    const taken = [...here].reduce((sum, [name, cost]) => (model === null || model === name ? sum + cost : sum), 0)
    return Math.max(spent, (first?.get(id) ?? spent) + taken) >= limit
  }

  return {
    async admit(reference) {
      if (first?.size === 0) return
      const stops = await findStops(connectWithin(env, workspaceId), workspaceId, spender, Date.now())
      first ??= new Map(stops.map(({ id, spent }) => [id, spent]))
      const stop = stops.find((one) => (one.model === null || one.model === reference) && isSpent(one))
      if (stop === undefined) return
      const { name, limit, until } = stop
      throw new BudgetExceeded({ name, limit, until: new Date(until).toISOString() })
    },
    note({ model, cost }) {
      here.set(model, (here.get(model) ?? 0) + (cost ?? 0))
    },
  }
}

async function findStops(db: Db, workspaceId: string, spender: Spender, now: number): Promise<readonly Stop[]> {
  const { budgets, budgetPeriods: periods } = db.tables
  const start = sql`date_trunc(${budgets.period}, ${new Date(now)}::timestamptz, ${budgets.timezone})`
  const { agentId, workflowId, userId } = spender
  const covers = sql`(${budgets.scope} in ('workspace', 'model') or ${budgets.target} = case ${budgets.scope}
    when 'agent' then ${agentId}::text when 'workflow' then ${workflowId}::text else ${userId}::text end)`
  const rows = await db
    .select({
      id: budgets.id,
      name: budgets.name,
      scope: budgets.scope,
      target: budgets.target,
      limit: budgets.limit,
      spent: periods.spent,
      until:
        sql`extract(epoch from (select ${endOf(start)} from (select ${budgets.period} as period, ${budgets.timezone} as timezone) b)) * 1000`.mapWith(
          Number,
        ),
    })
    .from(budgets)
    .leftJoin(periods, and(eq(periods.budget_id, budgets.id), sql`${periods.started_at} = ${start}`))
    .where(and(eq(budgets.workspace_id, workspaceId), eq(budgets.hard_stop, true), covers))
  return rows.map(({ scope, target, spent, ...row }) => ({
    ...row,
    spent: spent ?? 0,
    model: scope === 'model' ? target : null,
  }))
}
