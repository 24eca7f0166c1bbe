/** Which encryption keys the running server has, by names that tell nothing of them: nothing is stored under another. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encryptionKeyId, type EncryptionKeys } from '#auth/secret-box'
import { isLocked } from './lock.ts'
import { codeOf, StartError } from './start-error.ts'

const fileOf = (dataDir: string): string => join(dataDir, 'encryption-keys')

/** To be called when the worker has started. */
export function tellKnownKeys(dataDir: string, keys: EncryptionKeys): void {
  writeFileSync(fileOf(dataDir), keys.map(encryptionKeyId).join('\n'), { mode: 0o600 })
}

/** To be called by whoever holds the lock, before the worker starts. */
export function forgetKnownKeys(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true })
}

/**
 * Refuses to go on while a server runs on this machine that does not encrypt with the first of these keys itself.
 *
 * @throws StartError
 */
export function demandKnownKeys(dataDir: string, keys: EncryptionKeys): void {
  if (!isLocked(dataDir)) return
  const known = readKnown(dataDir)
  const [first] = keys
  if (known === undefined) throw new StartError('the server is just starting: try again when it runs')
  if (first === undefined || known[0] === encryptionKeyId(first)) return
  throw new StartError(
    `the running server does not encrypt with ${first.version}, the first key of ENCRYPTION_KEY: start it again, then try again`,
  )
}

function readKnown(dataDir: string): readonly string[] | undefined {
  try {
    return readFileSync(fileOf(dataDir), 'utf8').split('\n')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
