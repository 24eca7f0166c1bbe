/** What a start on this machine is told: the process's environment, and `.dev.vars` for what the environment leaves out. */
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { CONFIG_KEYS, ConfigError, readConfig } from '#config'
import { SHOP_PORT } from './demo-shop.ts'
import { messageOf, StartError } from './start-error.ts'

const perMinute = z.coerce.number('a number').int('a whole number').min(1).optional()

const Machine = z.object({
  PORT: z.coerce.number('a number').int('a whole number').min(1).max(65_535).default(8000),
  HOST: z.string().default('0.0.0.0'),
  DATA_DIR: z.string().default('.data'),
  RATE_LIMIT_AUTH: perMinute,
  RATE_LIMIT_USER: perMinute,
  RATE_LIMIT_ADDRESS: perMinute,
  RATE_LIMIT_HOOK: perMinute,
})

/** What a machine alone is told, and the worker not. */
export const MACHINE_KEYS: readonly string[] = Object.keys(Machine.shape)

const DEMO_SHOP = `127.0.0.1:${SHOP_PORT}`
const DEMO_LINES = `# The only internal address that nodes may call: the shop of \`npm run demo\`, which listens while the demo runs.
OUTBOUND_ALLOW=${DEMO_SHOP}
`
const randomText = (): string => randomBytes(32).toString('base64url')
const GENERATED_SECRETS: Readonly<Record<string, () => string>> = {
  SECRET_KEY: randomText,
  JWT_SECRET_KEY: randomText,
  ENCRYPTION_KEY: () => `v1:${randomBytes(32).toString('base64')}`,
}

export interface Settings {
  readonly host: string
  readonly port: number
  readonly dataDir: string
  /** Absent: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
  readonly databaseSchema: string
  /** Requests a minute, where they are not to be those of wrangler.toml: by the name of the setting. */
  readonly rateLimits: Readonly<Record<string, number | undefined>>
  /** What the worker is given, by name; `DATABASE_URL` is still to be added when it is absent. */
  readonly vars: Readonly<Record<string, string>>
  /** Whether this start wrote secrets to `.dev.vars`. */
  readonly madeSecrets: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Known names only, and an empty value counts as absent, as in the worker's configuration. */
function pick(environment: Environment): Record<string, string> {
  const names = [...CONFIG_KEYS, ...MACHINE_KEYS]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name]
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
}

/** Appends the secrets that are named nowhere. What stands in the file stays: a new key would lock out what the old one locked. */
function completeSecrets(file: string, known: Environment): Record<string, string> {
  const missing = Object.entries(GENERATED_SECRETS).filter(([name]) => known[name] === undefined)
  if (missing.length === 0) return {}
  const made: Record<string, string> = Object.fromEntries(missing.map(([name, make]) => [name, make()]))
  const lines = Object.entries(made).map(([name, value]) => `${name}=${value}\n`)
  const isNew = !existsSync(file)
  const endsLine = isNew || /(^|\n)$/.test(readFileSync(file, 'utf8'))
  appendFileSync(
    file,
    `${endsLine ? '' : '\n'}# Made by the first start. Keep them: sessions and stored secrets need them.\n${lines.join('')}${isNew ? DEMO_LINES : ''}`,
    { mode: 0o600 },
  )
  chmodSync(file, 0o600)
  return isNew && known['OUTBOUND_ALLOW'] === undefined ? { ...made, OUTBOUND_ALLOW: DEMO_SHOP } : made
}

function readFileSettings(file: string): Environment {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
}

function check(settings: Record<string, string>): z.infer<typeof Machine> {
  const machine = Machine.safeParse(settings)
  const problems = machine.success
    ? []
    : machine.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  try {
    readConfig(settings)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
  }
  if (!machine.success || problems.length > 0) {
    throw new StartError(`settings (environment or .dev.vars): ${problems.join('; ')}`)
  }
  return machine.data
}

/**
 * Reads the settings, and makes the secrets on the first start.
 *
 * @throws StartError with every setting that cannot be used
 */
export function readSettings(root: string, environment: Environment): Settings {
  const file = join(root, '.dev.vars')
  try {
    const given = { ...pick(readFileSettings(file)), ...pick(environment) }
    const made = completeSecrets(file, given)
    const settings = { ...given, ...made }
    const { PORT: port, HOST: host, DATA_DIR, ...rateLimits } = check(settings)
    const vars = pick({ PUBLIC_URL: `http://localhost:${port}`, ...settings })
    for (const name of MACHINE_KEYS) delete vars[name]
    return {
      host,
      port,
      dataDir: resolve(root, DATA_DIR),
      databaseUrl: settings['DATABASE_URL'],
      databaseSchema: readConfig(settings).DATABASE_SCHEMA,
      rateLimits,
      vars,
      madeSecrets: Object.keys(made).length > 0,
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${file}: ${messageOf(error)}`)
  }
}
