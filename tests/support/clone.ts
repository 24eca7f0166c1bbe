/** A copy of the project somewhere else, for what depends on where it lies and on whose it is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** With the builds, so that no copy has to bundle the worker again. */
const PARTS = ['local', 'src', 'durable-objects', 'migrations', 'dist/local', 'dist/assets']
const FILES = ['wrangler.toml', 'package.json', 'package-lock.json', 'tsconfig.json']

export interface User {
  readonly uid: number
  readonly gid: number
}

/** `nobody`, who has an entry in /etc/passwd everywhere; PostgreSQL wants to know its user's name. */
export const NOBODY: User = { uid: 65_534, gid: 65_534 }

/** Why a test cannot run as that user here; undefined when it can. */
export function whyNotAs(user: User): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  const node = spawnSync(process.execPath, ['--version'], { ...user, cwd: '/' })
  return node.status === 0 ? undefined : 'that user may not enter the folder of this project'
}

/** Copies the project to a home that only its owner may enter; the other function removes it. */
export function cloneProject(owner?: User): { readonly root: string; readonly remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'synapscale-home-'))
  const root = join(home, 'synapscale')
  mkdirSync(root)
  for (const part of [...PARTS, ...FILES].filter((path) => existsSync(join(ROOT, path)))) {
    cpSync(join(ROOT, part), join(root, part), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  if (owner !== undefined) execFileSync('chown', ['-hR', `${owner.uid}:${owner.gid}`, home])
  chmodSync(home, 0o700)
  return { root, remove: () => rmSync(home, { recursive: true, force: true }) }
}
