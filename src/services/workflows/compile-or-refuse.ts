import { AppError, type InputProblem } from '#core/errors'
import { compile } from '#core/workflow/compile'
import type { Definition } from '#core/workflow/graph'
import type { Plan } from '#core/workflow/plan'
import { GRAPH_PROBLEMS, type GraphProblem } from '#core/workflow/problems'
import { catalog } from '#nodes/catalog'
import { checkReferences } from './check-references.ts'

/** @throws AppError `workflow_invalid` with every problem of the graph */
export function compileOrRefuse(definition: Definition): Plan {
  const compiled = compile(definition, catalog)
  if (compiled.ok) return compiled.value
  throw toRefusal(compiled.error)
}

export function toRefusal(problems: readonly GraphProblem[]): AppError {
  return new AppError('workflow_invalid', { problems: problems.map(toInputProblem) })
}

/**
 * The plan of a graph whose references are the workspace's too.
 *
 * @throws AppError `workflow_invalid` with every problem of the graph
 */
export async function compileChecked(
  ctx: Parameters<typeof checkReferences>[0],
  definition: Definition,
): Promise<Plan> {
  const plan = compileOrRefuse(definition)
  const problems = await checkReferences(ctx, definition)
  if (problems.length > 0) throw toRefusal(problems)
  return plan
}

function toInputProblem({ code, params, nodeId, edgeId, path = '' }: GraphProblem): InputProblem {
  const place = nodeId === undefined ? (edgeId === undefined ? '' : `/edges/${edgeId}`) : `/nodes/${nodeId}`
  return { pointer: `/definition${place}${path}`, sentence: GRAPH_PROBLEMS[code], params }
}
