import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { createSecretBox, versionOf } from '#auth/secret-box'
import { readConfig } from '#config'
import { Variable } from '#core/variable/variable'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, pageOf } from '#tests/worker/support/api'

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
})

const VALUE = 'sk-very-secret-value'
const newKey = (): string => `KEY_${newId().replaceAll('-', '')}`

async function create(more: object = {}, account = ana): Promise<Variable> {
  const answer = await account.call('/variables', { json: { key: newKey(), value: 'plain', ...more } })
  expect(answer.status).toBe(201)
  return Variable.parse(answer.body)
}

const createSecret = (more: object = {}) => create({ secret: true, value: VALUE, ...more })

const patch = (id: string, json: object) => ana.call(`/variables/${id}`, { method: 'PATCH', json })

/** What stands in the database. */
async function stored(id: string) {
  const db = connect(env)
  const [row] = await db.select().from(db.tables.variables).where(eq(db.tables.variables.id, id))
  if (row === undefined) throw new Error('no such row')
  return row
}

async function openStored(id: string): Promise<string> {
  const { workspace_id: workspaceId, value } = await stored(id)
  return createSecretBox(readConfig(env).ENCRYPTION_KEY).open(value, { workspaceId, variableId: id })
}

describe('a variable', () => {
  it('is created with its defaults, read, changed by PUT and PATCH, and deleted', async () => {
    const made = await create({ value: 'eu' })
    expect(made).toMatchObject({ value: 'eu', secret: false, description: null, category: null, is_active: true })
    expect((await ana.call(`/variables/${made.id}`)).body).toEqual(made)
    for (const method of ['PUT', 'PATCH']) {
      const answer = await ana.call(`/variables/${made.id}`, { method, json: { value: method } })
      expect(answer.body).toMatchObject({ key: made.key, value: method })
    }
    expect((await ana.call(`/variables/${made.id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await ana.call(`/variables/${made.id}`)).status).toBe(404)
    expect((await ana.call(`/variables/${made.id}`, { method: 'DELETE' })).status).toBe(404)
  })

  it('takes many changes at once', async () => {
    const { id } = await create({ value: 'x'.repeat(8) })
    const changes = Array.from({ length: 30 }, (_, index) => patch(id, { value: `value ${index}` }))
    const becomes = patch(id, { secret: true })
    const answers = await Promise.all([...changes, becomes])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await openStored(id)).toMatch(/^value \d+$|^x{8}$/)
  })

  it('has a key of its own in the workspace', async () => {
    const [first, second] = [await create(), await create()]
    const again = await ana.call('/variables', { json: { key: first.key, value: 'x' } })
    expect(problemOf(again)).toMatchObject({ status: 409, code: 'variable_exists' })
    expect(problemOf(await patch(second.id, { key: first.key }))).toMatchObject({ code: 'variable_exists' })
    const bia = await createAccount()
    expect((await create({ key: first.key }, bia)).key).toBe(first.key)
  })

  it.each([
    ['a key that is no name', { key: 'a-b' }, '/key'],
    ['a key that begins with a digit', { key: '1A' }, '/key'],
    ['a key that is too long', { key: 'K'.repeat(129) }, '/key'],
    ['a value that is too large', { value: 'ã'.repeat(16_385) }, '/value'],
    ['a secret that is too short', { secret: true, value: 'abc' }, '/value'],
    ['hosts without a secret', { hosts: ['example.com'] }, '/hosts'],
    ['a host with a path', { secret: true, hosts: ['example.com/x'] }, '/hosts/0'],
    ['a host that is everything', { secret: true, hosts: ['*.com'] }, '/hosts/0'],
    ['an unknown field', { workspace_id: newId() }, '/workspace_id'],
  ])('is refused with %s', async (_, wrong, pointer) => {
    const answer = await ana.call('/variables', { json: { key: newKey(), value: VALUE, ...wrong } })
    expect(problemOf(answer)).toMatchObject({ status: 422, pointers: [pointer] })
  })

  it('takes the largest value', async () => {
    expect((await create({ value: 'ã'.repeat(16_384) })).value).toHaveLength(16_384)
  })

  it('is made once for one Idempotency-Key', async () => {
    const request = { json: { key: newKey(), value: VALUE, secret: true }, headers: { 'Idempotency-Key': newId() } }
    const [first, second] = [await ana.call('/variables', request), await ana.call('/variables', request)]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
  })

  it("does not exist for another workspace's people", async () => {
    const [made, bia] = [await create(), await createAccount()]
    expect((await bia.call(`/variables/${made.id}`)).status).toBe(404)
    expect((await bia.call(`/variables/${made.id}`, { method: 'PATCH', json: { value: 'x' } })).status).toBe(404)
    expect((await bia.call(`/variables/${made.id}`, { method: 'DELETE' })).status).toBe(404)
  })
})

describe('the list', () => {
  it('is newest first, and searched and filtered', async () => {
    const bia = await createAccount()
    const made = [
      await create({ key: 'PORT', category: 'net' }, bia),
      await create({ key: 'TOKEN', secret: true, description: 'for the port' }, bia),
      await create({ key: 'OLD', is_active: false }, bia),
    ]
    const keys = async (query: string) =>
      pageOf(Variable)
        .parse((await bia.call(`/variables?${query}`)).body)
        .items.map(({ key }) => key)
    expect(await keys('')).toEqual(made.map(({ key }) => key).toReversed())
    expect(await keys('search=port')).toEqual(['TOKEN', 'PORT'])
    expect(await keys('secret=true')).toEqual(['TOKEN'])
    expect(await keys('category=net')).toEqual(['PORT'])
    expect(await keys('is_active=false')).toEqual(['OLD'])
    expect(await keys('size=1&page=2')).toEqual(['TOKEN'])
  })

  it('ends at a thousand', async () => {
    const bia = await createAccount()
    const { id } = await create({}, bia)
    const { workspace_id } = await stored(id)
    const db = connect(env)
    const row = { workspace_id, is_secret: false, value: '', hosts: [], is_active: true }
    const more = Array.from({ length: 999 }, (_, index) => ({ ...row, id: newId(), key: `K${index}` }))
    await db.insert(db.tables.variables).values(more)
    const answer = await bia.call('/variables', { json: { key: 'ONE_MORE', value: '' } })
    expect(problemOf(answer)).toMatchObject({ status: 409, code: 'too_many_variables' })
  })
})

describe('a secret', () => {
  it('is stored sealed and never read back', async () => {
    const made = await createSecret({ hosts: ['API.Example.com', '*.exämple.com'] })
    expect(made).toMatchObject({ value: null, secret: true, hosts: ['api.example.com', '*.xn--exmple-cua.com'] })
    const { value } = await stored(made.id)
    expect(versionOf(value)).toBe('v1')
    expect(await openStored(made.id)).toBe(VALUE)
    const texts = [
      (await ana.call(`/variables/${made.id}`)).body,
      (await ana.call(`/variables?search=${made.key}`)).body,
      (await patch(made.id, { description: 'x', value: null })).body,
    ].map((body) => JSON.stringify(body))
    for (const text of texts) expect(text).not.toMatch(new RegExp(`${VALUE}|${value}`))
    expect(await openStored(made.id)).toBe(VALUE)
  })

  it('takes a new value', async () => {
    const made = await createSecret()
    await patch(made.id, { value: 'another value' })
    expect(await openStored(made.id)).toBe('another value')
  })

  it('becomes plain only with a new value', async () => {
    const made = await createSecret()
    expect(problemOf(await patch(made.id, { secret: false }))).toMatchObject({ status: 422, pointers: ['/value'] })
    expect((await patch(made.id, { secret: false, value: 'open' })).body).toMatchObject({ value: 'open', hosts: [] })
  })

  it('may come of a plain variable, which is sealed', async () => {
    const made = await create({ value: 'was plain' })
    expect((await patch(made.id, { secret: true })).body).toMatchObject({ secret: true, value: null })
    expect(await openStored(made.id)).toBe('was plain')
    const short = await create({ value: 'abc' })
    expect(problemOf(await patch(short.id, { secret: true }))).toMatchObject({ pointers: ['/value'] })
  })

  it('goes to other hosts only when it is given again', async () => {
    const { id } = await createSecret({ hosts: ['*.example.com'] })
    for (const hosts of [['evil.test'], ['*.example.com', 'evil.test'], [], ['example.com']]) {
      expect(problemOf(await patch(id, { hosts }))).toMatchObject({ status: 422, pointers: ['/value'] })
    }
    expect((await patch(id, { hosts: ['api.example.com'] })).body).toMatchObject({ hosts: ['api.example.com'] })
    expect((await patch(id, { hosts: [], value: VALUE })).body).toMatchObject({ hosts: [] })
  })

  it('does not open in another row', async () => {
    const [mine, other] = [await createSecret(), await createSecret({ value: 'other' })]
    const db = connect(env)
    const { variables } = db.tables
    const { value } = await stored(mine.id)
    await db.update(variables).set({ value }).where(eq(variables.id, other.id))
    await expect(openStored(other.id)).rejects.toThrow('the key v1 does not open it')
  })
})

it('is audited without values', async () => {
  const { id, key } = await createSecret()
  await patch(id, { value: 'another secret', description: 'x' })
  await ana.call(`/variables/${id}`, { method: 'DELETE' })
  const db = connect(env)
  const { auditLog } = db.tables
  const lines = await db
    .select()
    .from(auditLog)
    .where(and(eq(auditLog.resource_type, 'variable'), eq(auditLog.resource_id, id)))
    .orderBy(auditLog.created_at)
  expect(lines.map(({ action, details }) => [action, details])).toEqual([
    ['variable.created', { key, secret: true }],
    ['variable.changed', { key, fields: ['value', 'description'] }],
    ['variable.deleted', null],
  ])
})
