/** Copies our own browser file and those of Swagger UI and ReDoc to where wrangler.toml's [assets] serves them from. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'

const FILES = [
  'swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-dist/favicon-32x32.png',
  'redoc/bundles/redoc.standalone.js',
]

/** Of the pages behind mailed links. */
const OWN = '../src/http/account-pages/browser.js'

const LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg'
const target = join(import.meta.dirname, '../dist/assets/assets')
const { resolve } = createRequire(import.meta.url)
mkdirSync(target, { recursive: true })
writeFileSync(join(target, 'account-pages.js'), readFileSync(join(import.meta.dirname, OWN)))
for (const file of FILES) writeFileSync(join(target, basename(file)), withoutForeignHosts(readFileSync(resolve(file))))

/** ReDoc would fetch its logo from a host of its makers': our pages ask nobody else. */
function withoutForeignHosts(content: Buffer): Buffer {
  const text = content.toString('latin1')
  return text.includes(LOGO) ? Buffer.from(text.replaceAll(LOGO, 'data:,'), 'latin1') : content
}
