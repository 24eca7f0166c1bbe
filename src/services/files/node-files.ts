import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import type { RunHeader } from '#core/workflow/execution'
import { nodeError, NodeFailure, toNodeError } from '#core/workflow/node-error'
import type { NodeFiles } from '#core/workflow/node-type'
import type { Visit } from '#core/workflow/run'
import { isUuid } from '#lib/ids'
import { derivedId } from '#services/executions/start-child'
import { actorFileCtx } from './file-ctx.ts'
import { openFile } from './open-file.ts'
import { saveFile } from './save-file.ts'

/**
 * The files of a run's workspace as one of its visits may use them. What it writes is one file however often it is
 * performed: its id follows from the visit.
 */
export function createNodeFiles(
  env: Env,
  { executionId, workspaceId, createdBy }: RunHeader,
  { node_id, visit, startedAt }: Pick<Visit, 'node_id' | 'visit' | 'startedAt'>,
): NodeFiles {
  const ctx = () => actorFileCtx(env, { workspaceId, userId: createdBy }, executionId)
  return {
    read: (id, limitBytes) =>
      explained(async () => {
        if (!isUuid(id)) throw missing(id)
        const opened = await openFile(ctx(), id.toLowerCase()).catch((error: unknown) => {
          throw isCode(error, 'not_found') ? missing(id) : error
        })
        const { filename, content_type } = opened.file
        return { filename, content_type, bytes: await opened.bytes(limitBytes) }
      }),
    write: (order) =>
      explained(() => {
        const id = derivedId(env, startedAt, [executionId, node_id, visit, 'file'])
        return saveFile(ctx(), { ...order, id, executionId, origin: 'workflow' })
      }),
  }
}

function missing(id: string): NodeFailure {
  return new NodeFailure(nodeError('file_missing', { id }))
}

function isCode(error: unknown, code: AppError['code']): boolean {
  return error instanceof AppError && error.code === code
}

/** @throws NodeFailure in place of an AppError; tried again while the storage is away */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const { sentence } = ERRORS[error.code]
    const said = { pt: say(sentence, 'pt', error.params), en: say(sentence, 'en', error.params) }
    throw new NodeFailure(toNodeError(error.code, said), { retryable: error.code === 'storage_unavailable' })
  }
}
