/** The cluster on disk: `<dataDir>/cluster`, and beside it the superuser's password and the server's log. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { dieWithParent } from './die-with-parent.ts'
import type { PostgresUser } from './postgres-user.ts'
import { messageOf, StartError } from './start-error.ts'

export const SUPERUSER = 'synapscale'

/** `builtin` needs no locale of the machine, so that the data can move to another one and its indexes stay valid. */
const INITDB_OPTIONS = [
  `--username=${SUPERUSER}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
]

function chownAll(path: string, owner: PostgresUser['owner']): void {
  chownSync(path, owner.uid, owner.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownAll(join(path, entry.name), owner)
  }
}

/** Root may have run as one user yesterday and as another today; whoever is not root can only use their own files. */
function ensureOwner(directory: string, user: PostgresUser): void {
  const actual = lstatSync(directory).uid
  if (actual === user.owner.uid || process.platform === 'win32') return
  if (process.getuid?.() === 0) return chownAll(directory, user.owner)
  throw new StartError(
    `${directory} belongs to user ${actual}: start as that user, chown it, or set DATA_DIR to another directory`,
  )
}

function checkVersion(cluster: string, major: string): void {
  const found = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim()
  if (found === major) return
  throw new StartError(
    `${cluster} was made by PostgreSQL ${found} and this is ${major}: set DATA_DIR to another directory, ` +
      `or dump it with PostgreSQL ${found} (pg_dump) and load it here`,
  )
}

async function runInitdb(initdb: string, directory: string, user: PostgresUser): Promise<void> {
  const args = ['-D', join(directory, 'cluster'), `--pwfile=${join(directory, 'password')}`, ...INITDB_OPTIONS]
  const [command, ...rest] = dieWithParent('KILL', [initdb, ...args])
  const child = user.spawn(command, rest, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code === 0) return
  const line = complaints.split('\n').find((text) => /error|fatal/i.test(text)) ?? complaints.split('\n')[0]
  throw new StartError(
    `PostgreSQL cannot make a database in ${directory}: ${line || `initdb ended with ${String(code)}`}`,
  )
}

/** Made beside its place and moved there when complete: a crash half way leaves nothing that looks like a cluster. */
async function create(dataDir: string, initdb: string, user: PostgresUser): Promise<void> {
  const draft = `${dataDir}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(join(draft, 'password'), randomBytes(24).toString('base64url'), { mode: 0o600 })
    if (process.getuid?.() === 0) chownAll(draft, user.owner)
    await runInitdb(initdb, draft, user)
    renameSync(draft, dataDir)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    throw error
  }
}

/**
 * Makes the cluster if the directory is new, and checks that this PostgreSQL can use the one that is there.
 *
 * @throws StartError when it belongs to another version or user, or when the directory holds something else
 */
export async function prepareCluster(
  dataDir: string,
  programs: { initdb: string; major: string },
  user: PostgresUser,
): Promise<{ cluster: string; password: string; isNew: boolean }> {
  const cluster = join(dataDir, 'cluster')
  const isNew = !existsSync(dataDir) || readdirSync(dataDir).length === 0
  if (isNew) await create(dataDir, programs.initdb, user)
  else if (!existsSync(join(cluster, 'PG_VERSION'))) {
    throw new StartError(`${dataDir} holds no PostgreSQL data but other files: set DATA_DIR to another directory`)
  }
  ensureOwner(dataDir, user)
  checkVersion(cluster, programs.major)
  try {
    chmodSync(cluster, 0o700)
    return { cluster, password: readFileSync(join(dataDir, 'password'), 'utf8').trim(), isNew }
  } catch (error) {
    throw new StartError(`PostgreSQL's files in ${dataDir} cannot be used: ${messageOf(error)}`)
  }
}
