import { type NodeError, nodeError } from '#core/workflow/node-error'
import type { Definition } from '#core/workflow/graph'
import { checkReferences } from './check-references.ts'

/**
 * Why something published may not run any more: an id in it leads nowhere since. For what starts by itself: nobody is
 * there to read a refusal, so the execution begins and fails with this, where its owner looks. A graph without ids
 * costs no query.
 */
export async function findRefusal(
  ctx: Parameters<typeof checkReferences>[0],
  definition: Definition,
): Promise<NodeError | undefined> {
  const [problem] = await checkReferences(ctx, definition)
  if (problem === undefined) return undefined
  const { nodeId, path = '', params } = problem
  const error = nodeError('reference_gone', { path, id: params['id'] ?? '' })
  return nodeId === undefined ? error : { ...error, node_id: nodeId }
}
