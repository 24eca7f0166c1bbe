import type { RunHeader } from '#core/workflow/execution'
import type { LargeRef } from '#core/workflow/value'
import { copyValue } from '#files/value-objects'
import { logLine } from '#lib/log'
import { valueKey } from './run-objects.ts'

/**
 * Copies the large values that a run has been given by another one (its parent, its child, the run that it goes on
 * from), so that it needs that one no more. May be repeated.
 *
 * @throws whatever R2 throws: then it is tried again
 */
export async function adoptValues(
  { FILES }: Pick<Env, 'FILES'>,
  { workspaceId, executionId }: RunHeader,
  refs: Iterable<LargeRef>,
): Promise<void> {
  for (const { sha256, owner } of refs) {
    if (owner === executionId) continue
    const from = valueKey(workspaceId, owner, sha256)
    if (await copyValue(FILES, from, valueKey(workspaceId, executionId, sha256))) continue
    // The other one was deleted first: trying again does not help.
    logLine('warn', { event: 'value_missing', execution_id: executionId, owner, sha256 })
  }
}
