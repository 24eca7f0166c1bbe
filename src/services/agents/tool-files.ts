import { and, desc, eq, ilike, inArray, like } from 'drizzle-orm'
import { ToolFailure } from '#core/agent/tool'
import type { FileScope, ListedFile, ToolFiles } from '#core/agent/tool-type'
import { AppError, ERRORS } from '#core/errors'
import { say } from '#core/messages'
import { containing } from '#db/containing'
import { isUuid } from '#lib/ids'
import { actorFileCtx, type FileCtx } from '#services/files/file-ctx'
import { beginningWith } from '#services/files/list-files'
import { openFile } from '#services/files/open-file'
import type { FileRow } from '#services/files/to-file'
import type { AgentFacts } from './agent-facts.ts'

/** The files of an agent's workspace as its tools read them. */
export function createToolFiles(env: Env, { workspaceId, userId }: AgentFacts): ToolFiles {
  const open = (): FileCtx => actorFileCtx(env, { workspaceId, userId }, workspaceId)
  return {
    list: async (scope, { search, limit }) => {
      const { db } = open()
      const { files } = db.tables
      const { ids, folder } = scope
      const rows = await db
        .select()
        .from(files)
        .where(
          and(
            eq(files.workspace_id, workspaceId),
            ids === undefined ? undefined : inArray(files.id, [...ids]),
            folder === undefined ? undefined : like(files.folder, beginningWith(folder)),
            search === undefined ? undefined : ilike(files.filename, containing(search)),
          ),
        )
        .orderBy(desc(files.created_at), desc(files.id))
        .limit(limit)
      return rows.map(toListed)
    },
    read: (scope, id, range) => explained(id, () => read(open(), scope, id.toLowerCase(), range)),
  }
}

async function read(
  ctx: FileCtx,
  scope: FileScope,
  id: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<ListedFile & { readonly bytes: Uint8Array }> {
  if (!isUuid(id)) throw new AppError('not_found')
  const { file, stream } = await openFile(ctx, id)
  if (!isWithin(scope, file)) throw new AppError('not_found')
  const taken = Math.min(length, Math.max(0, file.size - offset))
  const bytes = taken === 0 ? new Uint8Array() : await new Response(await stream({ offset, length: taken })).bytes()
  return { ...toListed(file), bytes }
}

function isWithin({ ids, folder }: FileScope, file: Pick<FileRow, 'id' | 'folder'>): boolean {
  const isNamed = ids === undefined || ids.some((id) => id.toLowerCase() === file.id)
  return isNamed && (folder === undefined || file.folder.startsWith(folder))
}

function toListed({
  id,
  filename,
  folder,
  content_type: contentType,
  size,
}: Pick<FileRow, 'id' | 'filename' | 'folder' | 'content_type' | 'size'>): ListedFile {
  return { id, filename, folder, contentType, size }
}

/** What is not there, or is another workspace's, or lies outside of the scope, is the same to the model. */
async function explained<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'not_found') throw new ToolFailure('file_missing', `There is no file ${id.slice(0, 100)} here.`)
    throw new ToolFailure(error.code, say(ERRORS[error.code].sentence, 'en', error.params))
  }
}
