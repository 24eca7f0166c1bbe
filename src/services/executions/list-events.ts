import { AppError } from '#core/errors'
import type { ExecutionFrame } from '#core/workflow/execution'
import { toFrame } from '#core/workflow/frame'
import type { RunArchive } from '#files/run-archive'
import type { Ctx } from '#services/context'
import { findArchive } from './find-archive.ts'
import { findActor } from './find-execution.ts'

/** Of one answer, as the actor does it: few events when they are large. */
const ANSWER_CHARS = 8_000_000

/**
 * The execution's events behind `after`, in order: from its actor, or from the archive once that is emptied.
 *
 * @throws AppError `not_found`
 */
export async function listEvents(ctx: Ctx, id: string, after: number, limit: number): Promise<ExecutionFrame[]> {
  const { workspaceId } = ctx.principal
  const archive = await findArchive(ctx, workspaceId, id)
  if (archive !== undefined) return readFrames(archive, after, limit)
  const frames = await findActor(ctx, id)?.events(workspaceId, after, limit)
  if (frames !== undefined) return frames
  // It may have been emptied between the two questions.
  const late = await findArchive(ctx, workspaceId, id)
  if (late === undefined) throw new AppError('not_found')
  return readFrames(late, after, limit)
}

async function readFrames({ run, events }: RunArchive, after: number, limit: number): Promise<ExecutionFrame[]> {
  const frames: ExecutionFrame[] = []
  let length = 0
  for await (const { seq, event, chars } of events(after)) {
    length += chars
    if (frames.length > 0 && length > ANSWER_CHARS) break
    frames.push(toFrame(run.header.executionId, seq, event))
    if (frames.length === limit) break
  }
  return frames
}
