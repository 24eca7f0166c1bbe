import { beforeAll, expect, test } from 'vitest'
import { NodeTypeView } from '#core/workflow/node-type-view'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, pageOf } from '#tests/worker/support/api'

const NodeTypePage = pageOf(NodeTypeView)
let ana: Account

beforeAll(async () => {
  ana = await createAccount()
})

async function typesOf(query = ''): Promise<string[]> {
  return NodeTypePage.parse((await ana.call(`/nodes${query}`)).body).items.map(({ type }) => type)
}

test('the catalog has a row for each type, in pages', async () => {
  const all = await typesOf('?size=100')
  expect(all).toEqual(expect.arrayContaining(['trigger.manual', 'if', 'set', 'llm', 'http.request']))
  expect(NodeTypePage.parse((await ana.call('/nodes/?size=2&page=2')).body)).toMatchObject({
    total: all.length,
    page: 2,
    items: all.slice(2, 4).map((type) => ({ type })),
  })
})

test('it takes a group and a search', async () => {
  expect(await typesOf('?group=io')).toContain('http.request')
  expect(await typesOf('?group=io')).not.toContain('if')
  expect(await typesOf('?search=http')).toContain('http.request')
  expect((await ana.call('/nodes?group=x')).status).toBe(422)
})

test('a type has its title in the reader’s language and its config as JSON Schema', async () => {
  const answer = await ana.call('/nodes/http.request', { headers: { 'Accept-Language': 'en' } })
  expect(answer.body).toMatchObject({
    type: 'http.request',
    group: 'io',
    title: 'HTTP request',
    config: { type: 'object', properties: { url: { type: 'string' } } },
  })
  expect((await ana.call('/nodes/http.request')).body).toMatchObject({ title: 'Requisição HTTP' })
})

test.each(['nothing', '__proto__', 'constructor', 'toString'])('%s is no type', async (type) => {
  expect(problemOf(await ana.call(`/nodes/${type}`))).toMatchObject({ status: 404 })
})
