/**
 * `npm run rotate-keys`: new keys from the next start on. Then, with the server running: `-- --secrets` brings what is
 * stored under the new encryption key, `-- --drop` takes the former one away. Step by step: docs/secrets.md.
 */
import { join } from 'node:path'
import { rotateKeys } from './rotate-keys.ts'
import { dropSpentKeys, rotateSecrets } from './rotate-secrets.ts'
import { readSettings } from './settings.ts'
import { StartError } from './start-error.ts'

const root = join(import.meta.dirname, '..')
const file = join(root, '.dev.vars')

function rotate(): void {
  const { kept, dropped, version } = rotateKeys(file, process.env, Date.now())
  console.log(
    `JWT_SECRET_KEY in .dev.vars has a new first key (former keys that verify still: ${kept}, taken away: ${dropped}).\n` +
      `ENCRYPTION_KEY has the new first key ${version}; the former ones decrypt still.\n` +
      'Start the server again within a day. Then: npm run rotate-keys -- --secrets',
  )
}

async function reseal(): Promise<void> {
  const { changed, unreadable, left } = await rotateSecrets(readSettings(root, process.env))
  console.log(`encrypted anew: ${changed}; stored secrets by key: ${describe(left)}`)
  if (unreadable.length === 0) return console.log('Then: npm run rotate-keys -- --drop')
  console.error(`✗ no key opens these variables; give them new values or delete them: ${unreadable.join(', ')}`)
  process.exitCode = 1
}

async function drop(): Promise<void> {
  const isOurs = process.env['ENCRYPTION_KEY'] === undefined || process.env['ENCRYPTION_KEY'] === ''
  const { dropped, needed } = await dropSpentKeys(readSettings(root, process.env), isOurs ? file : undefined)
  const verb = isOurs ? 'taken out of ENCRYPTION_KEY' : 'to be taken out of ENCRYPTION_KEY now'
  console.log(`${verb}: ${dropped.length === 0 ? 'none' : dropped.join(', ')}`)
  if (needed.size === 0) return
  console.error(`✗ still needed: ${describe(needed)}. First: npm run rotate-keys -- --secrets`)
  process.exitCode = 1
}

function describe(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? 'none' : Array.from(counts, ([version, count]) => `${version}: ${count}`).join(', ')
}

const steps: Readonly<Record<string, () => Promise<void> | void>> = { '': rotate, '--secrets': reseal, '--drop': drop }
try {
  const step = steps[process.argv.slice(2).join(' ')]
  if (step === undefined) throw new StartError('npm run rotate-keys [-- --secrets | -- --drop]')
  await step()
} catch (error) {
  console.error(error instanceof StartError ? `✗ ${error.message}` : error)
  process.exitCode = 1
}
