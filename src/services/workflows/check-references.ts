import type { Definition } from '#core/workflow/graph'
import type { GraphProblem } from '#core/workflow/problems'
import { findReferences, toReferenceProblem } from '#core/workflow/references'
import { catalog } from '#nodes/catalog'
import { findKnownIds } from './find-known-ids.ts'

/** A problem for each id in the graph that is not of a thing of this workspace. */
export async function checkReferences(
  ctx: Parameters<typeof findKnownIds>[0],
  definition: Definition,
): Promise<GraphProblem[]> {
  const references = findReferences(definition, catalog)
  const byKind = Map.groupBy(references, ({ kind }) => kind)
  const problems = await Promise.all(
    [...byKind].map(async ([kind, found]) => {
      const known = await findKnownIds(ctx, kind, [...new Set(found.map(({ id }) => id))])
      return found.filter(({ id }) => !known.has(id)).map(toReferenceProblem)
    }),
  )
  return problems.flat()
}
