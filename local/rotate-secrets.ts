/** The second and third step of a rotation: stored secrets come under the new key, then the former one goes. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import { readConfig } from '#config'
import { openDatabase, reachDatabase, toStartError } from './database.ts'
import { demandKnownKeys } from './known-keys.ts'
import { isLocked, lockDirectory } from './lock.ts'
import { readPidFile } from './postgres-leftover.ts'
import { SUPERUSER } from './postgres-cluster.ts'
import { startPostgres } from './postgres.ts'
import { countVersions, resealSecrets, type Resealed } from './reseal-secrets.ts'
import { dropEncryptionKeys } from './rotate-keys.ts'
import type { Settings } from './settings.ts'
import { StartError } from './start-error.ts'

/**
 * Encrypts every stored secret with the first key; what is done already is left alone.
 *
 * @throws StartError while the running server does not use that key yet
 */
export async function rotateSecrets(settings: Settings): Promise<Resealed> {
  const { ENCRYPTION_KEY: keys } = readConfig(settings.vars)
  demandKnownKeys(settings.dataDir, keys)
  return withDatabase(settings, (sql) => resealSecrets(sql, settings.databaseSchema, keys))
}

export interface Dropped {
  /** Versions that nothing needs any more, and that have been taken out of the file. */
  readonly dropped: readonly string[]
  /** Former versions that stay, with how many secrets need them. */
  readonly needed: ReadonlyMap<string, number>
}

/**
 * Takes away the former encryption keys that no stored secret needs.
 *
 * @param file `.dev.vars`, or undefined to only tell what can go
 * @throws StartError while the running server does not use the first key yet
 */
export async function dropSpentKeys(settings: Settings, file: string | undefined): Promise<Dropped> {
  const { ENCRYPTION_KEY: keys } = readConfig(settings.vars)
  demandKnownKeys(settings.dataDir, keys)
  const left = await withDatabase(settings, (sql) => countVersions(sql, settings.databaseSchema))
  const former = keys.slice(1).map(({ version }) => version)
  const dropped = former.filter((version) => !left.has(version))
  if (file !== undefined && dropped.length > 0) dropEncryptionKeys(file, {}, dropped)
  return {
    dropped,
    needed: new Map(
      former.flatMap((version) => [[version, left.get(version) ?? 0] as const]).filter(([, count]) => count > 0),
    ),
  }
}

/** Of the running server, of `DATABASE_URL`, or the embedded one started for this alone. */
async function withDatabase<T>(settings: Settings, work: (sql: Sql) => Promise<T>): Promise<T> {
  const { url, close } = await reach(settings)
  const sql = openDatabase(url)
  try {
    return await work(sql)
  } catch (error) {
    throw settings.databaseUrl === undefined ? error : toStartError(error, settings.databaseUrl)
  } finally {
    await sql.end({ timeout: 5 })
    await close()
  }
}

async function reach({ databaseUrl, dataDir }: Settings): Promise<{ url: string; close: () => Promise<void> }> {
  if (databaseUrl !== undefined) return reachDatabase(databaseUrl)
  const directory = join(dataDir, 'postgres')
  const cluster = join(directory, 'cluster')
  if (!existsSync(cluster)) throw new StartError(`${directory} holds no database yet: npm start makes one`)
  if (isLocked(dataDir)) {
    const password = readFileSync(join(directory, 'password'), 'utf8').trim()
    const port = readPidFile(cluster)?.port ?? 0
    return { url: `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`, close: () => Promise.resolve() }
  }
  const unlock = await lockDirectory(dataDir)
  try {
    const server = await startPostgres({ dataDir: directory })
    return { url: server.url, close: () => server.stop().finally(unlock) }
  } catch (error) {
    unlock()
    throw error
  }
}
