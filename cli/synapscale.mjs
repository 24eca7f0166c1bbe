#!/usr/bin/env node
// Node 22.18 and newer run TypeScript as it is. For an older one, or out of node_modules, there is the bundle of
// `npm run build:cli`, made anew wherever it can be.
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const main = new URL('main.ts', import.meta.url)
if (process.features.typescript && !main.pathname.includes('/node_modules/')) {
  await import(main.href)
} else {
  const bundle = fileURLToPath(new URL('../dist/cli/synapscale.mjs', import.meta.url))
  try {
    const { buildCli } = await import('./build.mjs')
    await buildCli(bundle)
  } catch (error) {
    if (!existsSync(bundle)) throw error
  }
  await import(pathToFileURL(bundle).href)
}
