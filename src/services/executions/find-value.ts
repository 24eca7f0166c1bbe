import { AppError } from '#core/errors'
import { pick } from '#core/workflow/value'
import { openValue } from '#files/value-objects'
import type { Json } from '#lib/json'
import type { Ctx } from '#services/context'
import { findRecord } from './find-execution.ts'
import { valueKey } from './run-objects.ts'

/**
 * A large value of an execution, as JSON text: streamed, however large it is.
 *
 * @param index only this member of a list
 * @throws AppError `not_found`, also for another workspace's
 */
export async function findValue(
  ctx: Ctx,
  id: string,
  sha256: string,
  index: number | undefined,
): Promise<ReadableStream | string> {
  const execution = await findRecord(ctx, id)
  const object = await openValue(ctx.env.FILES, [valueKey(ctx.principal.workspaceId, execution.id, sha256)])
  if (object === undefined) throw new AppError('not_found')
  return index === undefined ? object.body : JSON.stringify(pick(await object.json<Json>(), { index }))
}
