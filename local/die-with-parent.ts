/** Children that end with us even when we are killed: no orphan keeps a port or a file. */
import { spawnSync } from 'node:child_process'

let supported: boolean | undefined

/** util-linux's `setpriv` has the option, busybox's and other systems do not: they recover at the next start. */
function isSupported(): boolean {
  supported ??= process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0
  return supported
}

/** The command, wrapped so that the kernel sends `signal` to it when the process that starts it dies. */
export function dieWithParent(signal: 'INT' | 'KILL', command: readonly [string, ...string[]]): [string, ...string[]] {
  return isSupported() ? ['setpriv', '--pdeathsig', signal, '--', ...command] : [...command]
}
