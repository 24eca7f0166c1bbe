/** `npm run rotate-keys`: signs access tokens with a new key from the next start on, and logs nobody out. */
import { join } from 'node:path'
import { rotateKeys } from './rotate-keys.ts'
import { StartError } from './start-error.ts'

try {
  const { kept, dropped } = rotateKeys(join(import.meta.dirname, '../.dev.vars'), process.env, Date.now())
  console.log(
    `JWT_SECRET_KEY in .dev.vars has a new first key (former keys that verify still: ${kept}, taken away: ${dropped}). ` +
      'Start the server again within a day.',
  )
} catch (error) {
  console.error(error instanceof StartError ? `✗ ${error.message}` : error)
  process.exitCode = 1
}
