import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { maintenance } from '#actors'
import type { Ctx } from '#services/context'

/** So many are added up in no time. */
const FEW = 5_000

/** Has what ended lately counted soon, where it has become much: behind the answer, which is right in any case. */
export function noteUncounted({ db, env, later, principal }: Ctx): void {
  const { executions } = db.tables
  later(async () => {
    const [many] = await db
      .select({ one: sql`1` })
      .from(executions)
      .where(
        and(
          eq(executions.workspace_id, principal.workspaceId),
          isNull(executions.counted_at),
          isNotNull(executions.finished_at),
        ),
      )
      .offset(FEW)
      .limit(1)
    if (many !== undefined) await maintenance(env).sweepSoon()
  })
}
