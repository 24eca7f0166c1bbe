import { inArray } from 'drizzle-orm'
import { readBlobKey, WORKSPACES } from '#files/object-keys'
import { stored } from '#files/stored'
import { logLine } from '#lib/log'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const OBJECTS_AT_ONCE = 500
/** Younger ones may be of an upload whose row we read too early. */
const MIN_AGE_MS = 24 * 60 * 60 * 1000

/**
 * Looks through all objects, some in each sweep, for those of files of which neither a file nor an upload knows: there
 * are none unless something went wrong that nobody thought of, so that each is told on the log, and goes.
 *
 * @param after the key that the last call ended with
 * @returns the key to go on behind, undefined at the end
 */
export async function sweepOrphans(
  { env, db, now }: MaintenanceCtx,
  after: string | undefined,
): Promise<string | undefined> {
  const place = after === undefined ? {} : { startAfter: after }
  const { objects, truncated } = await stored(env.FILES.list({ prefix: WORKSPACES, limit: OBJECTS_AT_ONCE, ...place }))
  const candidates = objects.flatMap(({ key, uploaded }) => {
    const blob = uploaded.getTime() < now() - MIN_AGE_MS ? readBlobKey(key) : undefined
    return blob === undefined ? [] : [{ key, ...blob }]
  })
  if (candidates.length > 0) {
    const { files, fileUploads: uploads } = db.tables
    const ids = (name: 'fileId' | 'blobId') => [...new Set(candidates.map((one) => one[name]))]
    const [kept, coming] = await db.batch([
      db
        .select({ id: files.blob_id })
        .from(files)
        .where(inArray(files.id, ids('fileId'))),
      db
        .select({ id: uploads.id })
        .from(uploads)
        .where(inArray(uploads.id, ids('blobId'))),
    ])
    const known = new Set([...kept, ...coming].map(({ id }) => id))
    const orphans = candidates.filter(({ blobId }) => !known.has(blobId)).map(({ key }) => key)
    if (orphans.length > 0) {
      logLine('warn', { event: 'orphaned_objects', count: orphans.length })
      await stored(env.FILES.delete(orphans))
    }
  }
  return truncated ? objects.at(-1)?.key : undefined
}
