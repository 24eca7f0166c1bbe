/**
 * workerd keeps a file of one empty page for every actor that has given all its storage back, for ever. They are taken
 * away while no workerd runs: an open one would write into a file that has no name any more.
 */
import { opendir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const PAGE_BYTES = 4_096
/** In SQLite's file format: how many pages there are, and how many cells the first one, which lists the tables, has. */
const PAGE_COUNT_AT = 28
const CELL_COUNT_AT = 103
const HEADER_BYTES = 108

/**
 * Removes the files of empty actors below a directory of workerd's.
 *
 * @param budgetMs then the start goes on; the next one removes the rest
 * @returns how many were removed
 */
export async function removeEmptyActors(storage: string, budgetMs: number): Promise<number> {
  const until = performance.now() + budgetMs
  let removed = 0
  const directory = await opendir(storage, { recursive: true }).catch(() => undefined)
  if (directory === undefined) return 0
  for await (const entry of directory) {
    if (performance.now() >= until) break
    if (!entry.isFile() || !entry.name.endsWith('.sqlite') || !entry.parentPath.endsWith('WorkflowRun')) continue
    const path = join(entry.parentPath, entry.name)
    if (!(await isEmpty(path))) continue
    await rm(path)
    removed += 1
  }
  return removed
}

/** One page without a table, and no log beside it that might say otherwise. */
async function isEmpty(path: string): Promise<boolean> {
  const [file, log] = await Promise.all([stat(path), stat(`${path}-wal`).catch(() => undefined)])
  if (file.size !== PAGE_BYTES || (log !== undefined && log.size > 0)) return false
  const handle = await open(path)
  try {
    const { buffer } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
    return buffer.readUInt32BE(PAGE_COUNT_AT) === 1 && buffer.readUInt16BE(CELL_COUNT_AT) === 0
  } finally {
    await handle.close()
  }
}
