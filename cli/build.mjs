/** `npm run build:cli`: the command line as one file for Node 20 and newer, to be copied wherever it is needed. */
import { rename } from 'node:fs/promises'
import { argv, pid } from 'node:process'
import { fileURLToPath } from 'node:url'

/** @param {string} outfile */
export async function buildCli(outfile) {
  const { build } = await import('esbuild')
  // Whole or not at all: several may be called at once.
  const unfinished = `${outfile}.${pid}`
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile: unfinished,
    inject: [fileURLToPath(new URL('node20.mjs', import.meta.url))],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    // A dependency is CommonJS and asks for modules of Node.
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    logLevel: 'warning',
  })
  await rename(unfinished, outfile)
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const outfile = fileURLToPath(new URL('../dist/cli/synapscale.mjs', import.meta.url))
  await buildCli(outfile)
  console.log(outfile)
}
