import type { Locale } from '#core/messages'
import { say } from '#core/messages'
import { compile } from '#core/workflow/compile'
import type { Definition } from '#core/workflow/graph'
import { GRAPH_PROBLEMS, type GraphProblem } from '#core/workflow/problems'
import type { GraphProblemView, Validation } from '#core/workflow/workflow'
import { catalog } from '#nodes/catalog'
import type { Ctx } from '#services/context'
import { checkReferences } from './check-references.ts'
import { findWorkflow } from './find-workflow.ts'

/**
 * Every problem of the saved graph at once, ids of what is not the workspace's included.
 *
 * @throws AppError `not_found`
 */
export async function validateWorkflow(ctx: Ctx, id: string): Promise<Validation> {
  const workflow = await findWorkflow(ctx, id)
  const unknown = await checkReferences(ctx, workflow.definition)
  const problems = [
    ...problemsOf(workflow.definition, ctx.locale),
    ...unknown.map((problem) => toProblemView(problem, ctx.locale)),
  ]
  return { valid: problems.length === 0, problems }
}

/** Every problem of a graph that can be seen without the workspace, worded. */
export function problemsOf(definition: Definition, locale: Locale): GraphProblemView[] {
  const compiled = compile(definition, catalog)
  return compiled.ok ? [] : compiled.error.map((problem) => toProblemView(problem, locale))
}

function toProblemView(problem: GraphProblem, locale: Locale): GraphProblemView {
  return {
    code: problem.code,
    message: say(GRAPH_PROBLEMS[problem.code], locale, problem.params),
    node_id: problem.nodeId ?? null,
    edge_id: problem.edgeId ?? null,
    path: problem.path ?? null,
  }
}
