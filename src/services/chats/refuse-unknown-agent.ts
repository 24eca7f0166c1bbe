import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'

/** @throws AppError `not_found` for an agent that is not the workspace's */
export async function refuseUnknownAgent(_ctx: Ctx, agentId: string | null | undefined): Promise<void> {
  if (agentId != null) throw new AppError('not_found')
}
