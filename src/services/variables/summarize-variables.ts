import type { OlderStats } from '#core/variable/older'
import type { Ctx } from '#services/context'
import { allVariables } from './all-variables.ts'

/** How many variables there are, of which kind. */
export async function summarizeVariables(ctx: Ctx): Promise<OlderStats> {
  const variables = await allVariables(ctx)
  const active = variables.filter(({ is_active }) => is_active).length
  const categories = Object.entries(Object.groupBy(variables, ({ category }) => category ?? ''))
  return {
    total_variables: variables.length,
    active_variables: active,
    inactive_variables: variables.length - active,
    sensitive_variables: variables.filter(({ secret }) => secret).length,
    categories_count: Object.fromEntries(
      categories.flatMap(([name, members]) => (name === '' ? [] : [[name, members?.length ?? 0]])),
    ),
    last_updated:
      variables
        .map(({ updated_at }) => updated_at)
        .toSorted()
        .at(-1) ?? null,
  }
}
