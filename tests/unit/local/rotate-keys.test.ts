import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '#config'
import { dropEncryptionKeys, rotateKeys } from '#local/rotate-keys'
import { signAccessToken, verifyAccessToken } from '#auth/access-token'
import { newId } from '#lib/ids'

const NOW = Date.UTC(2026, 0, 1)
const DAY_MS = 24 * 60 * 60 * 1000
const FIRST = 'first-key-first-key-first-key-1234'
const FORMER = `v7:${'e'.repeat(43)}=`
const SECRET = `SECRET_KEY=${'s'.repeat(32)}\nENCRYPTION_KEY=${FORMER}`
const session = { userId: newId(), sessionId: newId() }

let root = ''
let file = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synapscale-keys-'))
  file = join(root, '.dev.vars')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function configNow() {
  return readConfig({ ...parseEnv(readFileSync(file, 'utf8')) })
}

test('puts a new key first, keeps the former one, and nothing else changes', async () => {
  writeFileSync(file, `# mine\n${SECRET}\nJWT_SECRET_KEY="${FIRST}"\nPORT=1234`)
  const former = await signAccessToken(configNow(), session, NOW)
  expect(rotateKeys(file, { JWT_SECRET_KEY: '' }, NOW)).toEqual({ kept: 1, dropped: 0, version: 'v8' })
  expect(configNow().JWT_SECRET_KEY).toEqual([expect.stringMatching(/^[\w-]{43}$/), FIRST])
  expect(readFileSync(file, 'utf8')).toMatch(
    /^# mine\nSECRET_KEY=s+\nENCRYPTION_KEY=\S+\n# Keys that .*\nJWT_SECRET_KEY=\S+\nPORT=1234$/,
  )
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(root)).toEqual(['.dev.vars'])
  const config = { ...configNow() }
  expect(await verifyAccessToken(config, former, NOW)).toMatchObject(session)
  expect(await verifyAccessToken(config, await signAccessToken(config, session, NOW), NOW)).toMatchObject(session)
})

test('takes a key away once no token of it can live any more', () => {
  writeFileSync(file, `${SECRET}\nJWT_SECRET_KEY=${FIRST}\n`)
  rotateKeys(file, {}, NOW)
  const [second] = configNow().JWT_SECRET_KEY
  expect(rotateKeys(file, {}, NOW + DAY_MS)).toMatchObject({ kept: 2, dropped: 0 })
  // A day to start the server again, and then the 30 minutes of a token.
  expect(rotateKeys(file, {}, NOW + DAY_MS + 30 * 60_000)).toMatchObject({ kept: 2, dropped: 1 })
  const keys = configNow().JWT_SECRET_KEY
  expect(keys).not.toContain(FIRST)
  expect(keys.at(-1)).toBe(second)
  expect(readFileSync(file, 'utf8').match(/^# Keys that/gm)).toHaveLength(1)
})

test('puts a new encryption key first and keeps every former one until it is dropped', () => {
  writeFileSync(file, `${SECRET}\nJWT_SECRET_KEY=${FIRST}\n`)
  rotateKeys(file, {}, NOW)
  rotateKeys(file, {}, NOW)
  const versions = () => configNow().ENCRYPTION_KEY.map(({ version }) => version)
  expect(versions()).toEqual(['v9', 'v8', 'v7'])
  expect(new Set(configNow().ENCRYPTION_KEY.map(({ base64 }) => base64)).size).toBe(3)
  dropEncryptionKeys(file, {}, ['v7', 'v9'])
  expect(versions()).toEqual(['v9', 'v8'])
})

test('keeps a key that somebody has put there by hand', () => {
  const other = 'by-hand-by-hand-by-hand-by-hand-12'
  writeFileSync(file, `${SECRET}\nJWT_SECRET_KEY=${FIRST},${other}\n`)
  expect(rotateKeys(file, {}, NOW)).toMatchObject({ kept: 2, dropped: 0 })
  expect(configNow().JWT_SECRET_KEY.slice(1)).toEqual([FIRST, other])
})

test.each([
  ['the environment has the keys', `${SECRET}\nJWT_SECRET_KEY=${FIRST}\n`, { JWT_SECRET_KEY: FIRST }],
  ['there is no file', undefined, {}],
  ['there is no key', SECRET, {}],
  ['the environment has the encryption keys', `${SECRET}\nJWT_SECRET_KEY=${FIRST}\n`, { ENCRYPTION_KEY: FORMER }],
  ['the key is too short', `${SECRET}\nJWT_SECRET_KEY=short`, {}],
])('changes nothing when %s', (_, text, environment) => {
  if (text !== undefined) writeFileSync(file, text)
  expect(() => rotateKeys(file, environment, NOW)).toThrow(/JWT_SECRET_KEY|ENCRYPTION_KEY|npm start/)
  expect(text === undefined ? [] : readFileSync(file, 'utf8')).toEqual(text ?? [])
})
