/** `/user-variables`, as the web frontends of the former backend call it. */
import { beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { OlderVariable } from '#core/variable/older'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount } from '#tests/worker/support/api'

const MASK = '********'
const SECRET = 'sk-geheim-1234'

let ana: Account
beforeEach(async () => {
  ana = await createAccount()
})

async function create(json: object): Promise<OlderVariable> {
  const answer = await ana.call('/user-variables/', { json })
  expect(answer.status).toBe(201)
  return OlderVariable.parse(answer.body)
}

it('encrypts unless told otherwise, and shows a mask', async () => {
  expect(
    await create({ key: 'TOKEN', value: SECRET, description: null, category: 'api', is_active: true }),
  ).toMatchObject({
    value: MASK,
    is_encrypted: true,
    secret: true,
    category: 'api',
  })
  expect(await create({ key: 'REGION', value: 'europe', is_encrypted: false })).toMatchObject({ value: 'europe' })
  expect(await create({ key: 'N', value: '1' })).toMatchObject({ value: '1', is_encrypted: false })
  const short = await ana.call('/user-variables', { json: { key: 'S', value: '1', is_encrypted: true } })
  expect(problemOf(short)).toMatchObject({ status: 422, pointers: ['/value'] })
})

it('lists them as items and as variables, by skip and limit too', async () => {
  for (const key of ['A', 'B', 'C']) await create({ key, value: 'x', category: key })
  const List = z.looseObject({ items: z.array(OlderVariable), variables: z.array(OlderVariable), total: z.int() })
  const list = async (query: string) => List.parse((await ana.call(`/user-variables/?${query}`)).body)
  const all = await list('skip=0&limit=100&include_values=true&sort_by=key')
  expect(all).toMatchObject({ total: 3, categories: ['C', 'B', 'A'] })
  expect(all.variables).toEqual(all.items)
  expect((await list('skip=2&limit=2')).items.map(({ key }) => key)).toEqual(['A'])
})

it('changes what was typed: a mask or null that comes back leaves the secret as it is', async () => {
  const { id } = await create({ key: 'TOKEN', value: SECRET })
  for (const value of [MASK, null]) {
    const answer = await ana.call(`/user-variables/${id}`, { method: 'PUT', json: { value, is_active: false } })
    expect(answer.body).toMatchObject({ is_encrypted: true, is_active: false, value: MASK })
  }
  const revealed = await ana.call(`/user-variables/${id}`, {
    method: 'PUT',
    json: { value: MASK, is_encrypted: false },
  })
  expect(problemOf(revealed)).toMatchObject({ status: 422 })
  expect((await ana.call(`/user-variables/${id}`, { method: 'DELETE' })).status).toBe(204)
})

it('takes many at once and tells what became of each', async () => {
  await create({ key: 'OLD', value: 'old value', is_encrypted: false })
  const bulk = await ana.call('/user-variables/bulk', {
    json: {
      variables: [
        { key: 'NEW', value: 'new value' },
        { key: 'OLD', value: 'other' },
      ],
    },
  })
  expect(bulk.body).toMatchObject({
    created: ['NEW'],
    errors: [{ key: 'OLD', detail: expect.stringContaining('nome') }],
  })
  const env_content = `# mine\nOLD=newer\nNEW=${MASK}\nPORT=80\nTHIRD="a b c"\n1BAD=x\n`
  const first = await ana.call('/user-variables/import', { json: { env_content } })
  expect(first.body).toMatchObject({
    created: ['PORT', 'THIRD'],
    updated: [],
    skipped: ['OLD', 'NEW'],
    errors: [{ key: '1BAD', detail: expect.stringContaining('letras') }],
  })
  const long = 'A=1\n'.repeat(201)
  const refused = await ana.call('/user-variables/import', { json: { env_content: long } })
  expect(problemOf(refused)).toMatchObject({ status: 422, pointers: ['/env_content'] })
  const second = await ana.call('/user-variables/import', { json: { env_content, overwrite_existing: true } })
  expect(second.body).toMatchObject({ updated: ['OLD', 'PORT', 'THIRD'], skipped: ['NEW'] })
})

it('gives them as text, dictionary and numbers, never a secret', async () => {
  await create({ key: 'TOKEN', value: SECRET })
  await create({ key: 'NAME', value: 'Ana Silva', is_encrypted: false, category: 'people' })
  await create({ key: 'OFF', value: 'off', is_encrypted: false, is_active: false })
  const get = async (path: string) => (await ana.call(`/user-variables/${path}`)).body
  expect(await get('env/dict')).toEqual({ NAME: 'Ana Silva', TOKEN: MASK })
  expect(await get('env/string')).toEqual({ env_string: `NAME="Ana Silva"\nTOKEN="${MASK}"\n` })
  expect(await get('export')).toMatchObject({ format: 'env', total: 3, content: expect.stringContaining('OFF=off') })
  const json = await ana.call('/user-variables/export', { json: { format: 'json', include_sensitive: true } })
  expect(JSON.stringify([json.body, await get('export'), await get('')])).not.toContain('geheim')
  expect(await get('stats/summary')).toMatchObject({
    total_variables: 3,
    active_variables: 2,
    inactive_variables: 1,
    sensitive_variables: 1,
    categories_count: { people: 1 },
  })
})

it('says whether a key will do', async () => {
  const validate = async (key: string) =>
    (await ana.call(`/user-variables/validate?key=${encodeURIComponent(key)}`, { method: 'POST' })).body
  expect(await validate('GOOD_1')).toMatchObject({ is_valid: true, errors: [] })
  expect(await validate('1 bad')).toMatchObject({ is_valid: false, suggestions: ['_1_bad'] })
})
