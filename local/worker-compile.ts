/**
 * Run as a program: `node local/worker-compile.ts <directory>` bundles the worker as `wrangler deploy` would and writes
 * `options.json`, what wrangler.toml means to miniflare. Its own process, for loading wrangler takes seconds and the
 * server needs it only when the code changed.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const config = join(root, 'wrangler.toml')

function bundle(directory: string): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve('wrangler/package.json')
  const args = [
    join(dirname(manifest), 'bin/wrangler.js'),
    'deploy',
    '--dry-run',
    '--config',
    config,
    '--outdir',
    directory,
  ]
  // The banner asks the registry for news, which takes seconds on a machine without internet.
  const quiet = {
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_LOG_PATH: join(root, 'dist/wrangler.log'),
    FORCE_COLOR: '0',
  }
  const wrangler = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 2, 2],
  })
  return new Promise((done, failed) => {
    wrangler.on('error', failed)
    wrangler.on('exit', (code) => (code === 0 ? done() : failed(new Error('wrangler could not bundle the worker'))))
  })
}

async function writeOptions(directory: string): Promise<void> {
  const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import('wrangler')
  const { name, vars } = unstable_readConfig({ config })
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config)
  // wrangler adds what stands in .dev.vars to the vars; secrets do not belong in a build.
  writeFileSync(join(directory, 'options.json'), JSON.stringify({ ...workerOptions, name, bindings: vars }))
}

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: node local/worker-compile.ts <directory>')
await Promise.all([bundle(directory), writeOptions(directory)]).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  },
)
