import { replay } from '#core/workflow/apply'
import type { RunEvent } from '#core/workflow/event'
import type { RunState } from '#core/workflow/run'
import type { PublicCtx } from '#services/context'
import { findArchive } from './find-archive.ts'

/** How an execution stood at its end whose actor is emptied; undefined for any other. */
export async function findArchivedState(
  ctx: Pick<PublicCtx, 'env' | 'db'>,
  workspaceId: string,
  id: string,
): Promise<RunState | undefined> {
  const archive = await findArchive(ctx, workspaceId, id)
  if (archive === undefined) return undefined
  const events: RunEvent[] = []
  for await (const { event } of archive.events(0)) events.push(event)
  return replay(archive.run.plan, events)
}
