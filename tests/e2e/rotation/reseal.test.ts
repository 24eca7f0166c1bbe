/** Stored secrets come under another key, on a real PostgreSQL. */
import { spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createSecretBox, type EncryptionKeys } from '#auth/secret-box'
import { migrate } from '#local/migrate'
import { countVersions, resealSecrets } from '#local/reseal-secrets'
import { newId } from '#lib/ids'

const ROOT = join(import.meta.dirname, '../../..')
const SCHEMA = `test_${randomUUID().slice(0, 8)}`
const COUNT = 130

const newKeyOf = (version: string) => ({ version, base64: randomBytes(32).toString('base64') })
const [former, next] = [newKeyOf('v1'), newKeyOf('v2')]
const both: EncryptionKeys = [next, former]
const workspaceId = newId()

let sql: Sql

beforeAll(async () => {
  const url = inject('databaseUrl')
  await migrate({ url, schema: SCHEMA, directory: join(ROOT, 'migrations') })
  sql = postgres(url, { max: 4, onnotice: () => undefined })
  await sql`insert into ${sql(SCHEMA)}.workspaces (id, name) values (${workspaceId}, 'w')`
}, 60_000)
afterAll(async () => {
  await sql.unsafe(`drop schema "${SCHEMA}" cascade`)
  await sql.end()
})

beforeEach(async () => {
  await sql`delete from ${sql(SCHEMA)}.variables`
  const box = createSecretBox([former])
  for (let index = 0; index < COUNT; index += 1) {
    const id = newId()
    await insert(id, `S${index}`, await box.seal(`value ${index}`, { workspaceId, variableId: id }))
  }
  await insert(newId(), 'PLAIN', 'v1.plain', false)
})

function insert(id: string, key: string, value: string, is_secret = true) {
  return sql`insert into ${sql(SCHEMA)}.variables
    (id, workspace_id, key, is_secret, value, hosts, is_active) values
    (${id}, ${workspaceId}, ${key}, ${is_secret}, ${value}, '{}', true)`
}

/** Every secret, opened with these keys. */
async function openAll(keys: EncryptionKeys): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ id: string; key: string; value: string }[]>`
    select id, key, value from ${sql(SCHEMA)}.variables where is_secret`
  const box = createSecretBox(keys)
  const open = rows.map(
    async ({ id, key, value }) => [key, await box.open(value, { workspaceId, variableId: id })] as const,
  )
  return new Map(await Promise.all(open))
}

const expected = new Map(Array.from({ length: COUNT }, (_, index) => [`S${index}`, `value ${index}`]))
const versions = async () => Object.fromEntries(await countVersions(sql, SCHEMA))

test('every secret, and nothing else; a second run has nothing to do', async () => {
  const { changed, unreadable, left } = await resealSecrets(sql, SCHEMA, both)
  expect({ changed, unreadable, left: [...left] }).toEqual({ changed: COUNT, unreadable: [], left: [['v2', COUNT]] })
  expect(await openAll([next])).toEqual(expected)
  const [plain] = await sql`select value from ${sql(SCHEMA)}.variables where not is_secret`
  expect(plain).toEqual({ value: 'v1.plain' })
  expect((await resealSecrets(sql, SCHEMA, both)).changed).toBe(0)
})

test('several at once do each secret once', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => resealSecrets(sql, SCHEMA, both)))
  expect(runs.reduce((sum, { changed }) => sum + changed, 0)).toBe(COUNT)
  expect(await openAll([next])).toEqual(expected)
})

test('killed in the middle it leaves both kinds, all readable, and the next run ends it', async () => {
  const code = `
    import postgres from 'postgres'
    import { resealSecrets } from '#local/reseal-secrets'
    const sql = postgres(process.env.URL, { max: 1 })
    await resealSecrets(sql, process.env.SCHEMA, JSON.parse(process.env.KEYS), () => process.kill(process.pid, 'SIGKILL'))`
  const env = { PATH: process.env['PATH'], URL: inject('databaseUrl'), SCHEMA, KEYS: JSON.stringify(both) }
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, env })
  expect([signal, String(stderr)]).toEqual(['SIGKILL', ''])
  expect(await versions()).toEqual({ v1: COUNT - 50, v2: 50 })
  expect(await openAll(both)).toEqual(expected)
  expect((await resealSecrets(sql, SCHEMA, both)).changed).toBe(COUNT - 50)
  expect(await openAll([next])).toEqual(expected)
})

test('a secret that gets a new value meanwhile keeps it', async () => {
  const box = createSecretBox(both)
  await resealSecrets(sql, SCHEMA, both, async () => {
    const [row] = await sql<{ id: string }[]>`select id from ${sql(SCHEMA)}.variables where key = 'S120'`
    const variableId = row?.id ?? ''
    const value = await box.seal('new', { workspaceId, variableId })
    await sql`update ${sql(SCHEMA)}.variables set value = ${value} where id = ${variableId}`
  })
  expect(await openAll([next])).toEqual(new Map(expected).set('S120', 'new'))
})

test('what no key opens is named and left as it is; the others go on', async () => {
  const [lost, moved] = [newId(), newId()]
  await insert(
    lost,
    'LOST',
    await createSecretBox([newKeyOf('v0'.replace('0', '9'))]).seal('gone', { workspaceId, variableId: lost }),
  )
  await insert(moved, 'MOVED', await createSecretBox([former]).seal('of another', { workspaceId, variableId: lost }))
  const { changed, unreadable, left } = await resealSecrets(sql, SCHEMA, both)
  expect({ changed, unreadable }).toEqual({ changed: COUNT, unreadable: [lost, moved].toSorted() })
  expect(Object.fromEntries(left)).toEqual({ v1: 1, v2: COUNT, v9: 1 })
})
