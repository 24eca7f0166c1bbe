import { diffDefinitions } from '#core/workflow/diff'
import type { Against, VersionDiff } from '#core/workflow/version'
import type { Ctx } from '#services/context'
import { findWorkflow } from '#services/workflows/find-workflow'
import { findVersion } from './find-version.ts'

/**
 * What changed between a version and another or the draft, always told from the older to the newer.
 *
 * @throws AppError `not_found`
 */
export async function diffVersions(ctx: Ctx, workflowId: string, n: number, against: Against): Promise<VersionDiff> {
  const [version, other] = await Promise.all([
    findVersion(ctx, workflowId, n),
    against === 'draft' ? findWorkflow(ctx, workflowId) : findVersion(ctx, workflowId, against),
  ])
  const isOlder = against === 'draft' || n <= against
  const [from, to] = isOlder ? [version, other] : [other, version]
  return {
    from: isOlder ? n : against,
    to: isOlder ? against : n,
    ...diffDefinitions(from.definition, to.definition),
  }
}
