/** Copies the browser files of Swagger UI and ReDoc to where wrangler.toml's [assets] serves them from. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

const FILES = [
  'swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-dist/favicon-32x32.png',
  'redoc/bundles/redoc.standalone.js',
]

const target = join(import.meta.dirname, '../dist/assets/assets')
const { resolve } = createRequire(import.meta.url)
mkdirSync(target, { recursive: true })
for (const file of FILES) copyFileSync(resolve(file), join(target, basename(file)))
