/** `.dev.vars` and the environment. */
import { mkdtempSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONFIG_KEYS } from '#config'
import { MACHINE_KEYS, readSettings } from '#local/settings'

const SECRETS = { SECRET_KEY: 's'.repeat(32), JWT_SECRET_KEY: 'j'.repeat(32), ENCRYPTION_KEY: `v1:${'e'.repeat(43)}=` }

let root = ''
let file = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synapscale-settings-'))
  file = join(root, '.dev.vars')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('makes different secrets for everybody, readable by the owner alone', () => {
  const { vars, madeSecrets } = readSettings(root, {})
  expect(madeSecrets).toBe(true)
  expect(vars['SECRET_KEY']).not.toBe(vars['JWT_SECRET_KEY'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readSettings(root, {}).vars).toEqual(vars)
})

test('completes a file and keeps what it says', () => {
  writeFileSync(file, `# mine\nSECRET_KEY=${SECRETS.SECRET_KEY}`)
  readSettings(root, {})
  const text = readFileSync(file, 'utf8')
  expect(text.startsWith(`# mine\nSECRET_KEY=${SECRETS.SECRET_KEY}\n`)).toBe(true)
  expect(parseEnv(text)).toEqual({
    SECRET_KEY: SECRETS.SECRET_KEY,
    JWT_SECRET_KEY: expect.stringMatching(/^\S{43}$/),
    ENCRYPTION_KEY: expect.stringMatching(/^v1:\S{43}=$/),
  })
})

test('makes no file when the environment has the secrets', () => {
  expect(readSettings(root, SECRETS).vars).toMatchObject(SECRETS)
  expect(existsSync(file)).toBe(false)
})

test('the environment wins over the file, unless it is empty', () => {
  writeFileSync(file, 'CORS_ORIGINS=http://file\nPORT=1234\nDATABASE_SCHEMA=file\n')
  const settings = readSettings(root, { ...SECRETS, DATABASE_SCHEMA: 'env', CORS_ORIGINS: '', PATH: '/bin' })
  expect(settings).toMatchObject({ port: 1234, databaseSchema: 'env', dataDir: join(root, '.data') })
  expect(settings.vars).toEqual({
    ...SECRETS,
    DATABASE_SCHEMA: 'env',
    CORS_ORIGINS: 'http://file',
    PUBLIC_URL: 'http://localhost:1234',
  })
})

test('every setting stands in .dev.vars.example with a comment', () => {
  const lines = readFileSync(join(import.meta.dirname, '../../.dev.vars.example'), 'utf8').split('\n')
  const missing = [...CONFIG_KEYS, ...MACHINE_KEYS].filter((name) => {
    const at = lines.findIndex((line) => line.startsWith(`# ${name}=`) || line.startsWith(`${name}=`))
    return !lines[at - 1]?.startsWith('# ')
  })
  expect(missing).toEqual([])
})
