/** PostgreSQL refuses to run as root: whom it runs as instead. */
import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { StartError } from './start-error.ts'

const run = promisify(execFile)

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Starts PostgreSQL's programs as somebody it accepts. */
export interface PostgresUser {
  /** Who must own what PostgreSQL writes to, as the file system tells it. */
  readonly owner: { readonly uid: number; readonly gid: number }
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess
}

/** Accounts that PostgreSQL may run as, the best first. */
function listAccounts(): Account[] {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((account) => account.uid > 0 && account.gid > 0)
  const rank = (account: Account): number => ['postgres', 'nobody'].indexOf(account.name) >>> 0
  return accounts.toSorted((a, b) => rank(a) - rank(b))
}

async function works(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number },
): Promise<boolean> {
  return run(command, [...args], { ...options, cwd: '/' }).then(
    () => true,
    () => false,
  )
}

/**
 * In a user namespace root looks like somebody else to PostgreSQL and stays root to the file system: the files remain
 * root's, and a home that only root may enter is no obstacle.
 */
function inNamespace(account: Account): PostgresUser {
  const prefix = ['--user', `--map-user=${account.uid}`, '--']
  return {
    owner: { uid: 0, gid: 0 },
    spawn: (program, args, options) => spawn('unshare', [...prefix, program, ...args], options),
  }
}

function asAccount(account: Account): PostgresUser {
  return {
    owner: account,
    spawn: (program, args, options) => spawn(program, args, { ...options, uid: account.uid, gid: account.gid }),
  }
}

/**
 * Chooses whom to run as; only root has a choice to make.
 *
 * @throws StartError when root finds nobody who can
 */
export async function choosePostgresUser(program: string, dataDirectory: string): Promise<PostgresUser> {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  if (uid !== 0 || process.platform === 'win32') return { owner: { uid, gid }, spawn }
  const [account] = listAccounts()
  if (account === undefined) {
    throw new StartError('PostgreSQL refuses to run as root and /etc/passwd has no other user: start as another user')
  }
  const mapped = ['--user', `--map-user=${account.uid}`, '--', program, '--version']
  if (await works('unshare', mapped, {})) return inNamespace(account)
  const canEnter =
    (await works(program, ['--version'], account)) &&
    (await works('/bin/sh', ['-c', 'cd "$1"', 'sh', dataDirectory], account))
  if (canEnter) return asAccount(account)
  throw new StartError(
    `PostgreSQL refuses to run as root, and user "${account.name}" may not enter ${dataDirectory} or ${program}: ` +
      'put the project where every user may enter (say /opt), start as another user, or set DATABASE_URL',
  )
}
