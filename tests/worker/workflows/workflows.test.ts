import { beforeAll, describe, expect, it, test } from 'vitest'
import { Workflow } from '#core/workflow/workflow'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, pageOf } from '#tests/worker/support/api'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'

const GRAPH = chain([trigger, setNode('end', { ok: true })])
const WorkflowPage = pageOf(Workflow)

let ana: Account
let eva: Account

beforeAll(async () => {
  ana = await createAccount()
  eva = await createAccount()
})

async function list(account: Account, query = '') {
  return WorkflowPage.parse((await account.call(`/workflows${query}`)).body)
}

async function namesOf(account: Account, query: string): Promise<string[]> {
  return (await list(account, query)).items.map(({ name }) => name)
}

describe('a workflow', () => {
  it('needs a name alone, and comes back as it was made', async () => {
    const made = await ana.call('/workflows', { json: { name: '  Mínimo ' } })
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'Mínimo',
        description: null,
        definition: { nodes: [], edges: [] },
        tags: [],
        category: null,
        status: 'draft',
        version: 1,
        is_active: true,
      },
    })
    const { id } = Workflow.parse(made.body)
    expect((await ana.call(`/workflows/${id}`)).body).toEqual(made.body)
  })

  it('keeps what only an editor knows', async () => {
    const definition = {
      ...GRAPH,
      viewport: { x: 1, zoom: 0.5 },
      nodes: [{ id: 'n', type: 'note', width: 7, odd: null }],
    }
    const { id } = await ana.createWorkflow(definition)
    expect((await ana.call(`/workflows/${id}`)).body).toMatchObject({ definition })
  })

  it.each(['PUT', 'PATCH'])('is changed in part by %s; a new definition is a new version', async (method) => {
    const made = await ana.createWorkflow(GRAPH, { tags: ['a'], category: 'c' })
    const change = async (json: object) => (await ana.call(`/workflows/${made.id}`, { method, json })).body
    expect(await change({ name: 'Outro' })).toMatchObject({ name: 'Outro', version: 1, tags: ['a'], category: 'c' })
    expect(await change({ definition: chain([trigger]) })).toMatchObject({ name: 'Outro', version: 2 })
    expect(await change({ definition: GRAPH, category: null })).toMatchObject({ version: 3, category: null })
    const before = Workflow.parse(await change({}))
    expect(before).toMatchObject({ version: 3, created_at: made.created_at })
    expect(before.updated_at >= made.updated_at).toBe(true)
  })

  it('counts every one of many changes at once', async () => {
    const { id } = await ana.createWorkflow(GRAPH)
    const changes = Array.from({ length: 20 }, () =>
      ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition: GRAPH } }),
    )
    const versions = (await Promise.all(changes)).map(({ body }) => Workflow.parse(body).version)
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2))
  })

  it('is gone when it is deleted', async () => {
    const { id } = await ana.createWorkflow(GRAPH)
    expect(await ana.call(`/workflows/${id}`, { method: 'DELETE' })).toMatchObject({ status: 204, body: undefined })
    for (const method of ['GET', 'DELETE']) {
      expect(problemOf(await ana.call(`/workflows/${id}`, { method }))).toMatchObject({ status: 404 })
    }
  })

  it('is addressed with and without a trailing slash', async () => {
    const made = await ana.call('/workflows/', { json: { name: 'Barra' } })
    expect(made.status).toBe(201)
    const { id } = Workflow.parse(made.body)
    expect((await ana.call(`/workflows/${id}/`)).body).toEqual(made.body)
    expect((await ana.call('/workflows/')).status).toBe(200)
  })

  it('may take 4 MiB, and no more', async () => {
    const text = 'x'.repeat(3_900_000)
    const large = await ana.call('/workflows', { json: { name: 'Grande', definition: { ...GRAPH, text } } })
    expect(large.status).toBe(201)
    expect(JSON.stringify(large.body)).toContain(text)
    const definition = { ...GRAPH, text: 'x'.repeat(4 * 1024 * 1024) }
    const tooLarge = await ana.call('/workflows', { json: { name: 'Demais', definition } })
    expect(problemOf(tooLarge)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it.each([
    [{}, ['/name']],
    [{ name: ' ' }, ['/name']],
    [{ name: 'x'.repeat(256) }, ['/name']],
    [{ name: 'x', workspace_id: newId() }, ['/workspace_id']],
    [{ name: 'x', status: 'published', version: 9 }, ['/status', '/version']],
    [{ name: 'x', definition: [] }, ['/definition']],
    [{ name: 'x', tags: ['a', ''] }, ['/tags/1']],
    [{ name: 'x', is_active: 'yes' }, ['/is_active']],
  ])('is refused with %j', async (json, pointers) => {
    expect(problemOf(await ana.call('/workflows', { json }))).toMatchObject({ status: 422, pointers })
  })

  it.each([[{ name: null }], [{ created_by: newId() }], [{ version: 7 }]])('is not changed by %j', async (json) => {
    const { id } = await ana.createWorkflow(GRAPH)
    expect((await ana.call(`/workflows/${id}`, { method: 'PATCH', json })).status).toBe(422)
  })

  it('does not exist for anybody else', async () => {
    const { id } = await ana.createWorkflow(GRAPH)
    const attempts = [
      eva.call(`/workflows/${id}`),
      eva.call(`/workflows/${id}`, { method: 'PATCH', json: { name: 'Meu' } }),
      eva.call(`/workflows/${id}`, { method: 'PUT', json: { definition: {} } }),
      eva.call(`/workflows/${id}`, { method: 'DELETE' }),
      eva.call(`/workflows/${id}/validate`, { method: 'POST' }),
      eva.call(`/workflows/${id}/execute`, { method: 'POST' }),
      eva.call(`/workflows/${id}/executions`),
      eva.call('/executions', { json: { workflow_id: id } }),
    ]
    for (const answer of await Promise.all(attempts)) expect(problemOf(answer)).toMatchObject({ status: 404 })
    expect((await ana.call(`/workflows/${id}`)).body).toMatchObject({ name: 'Teste', version: 1 })
  })
})

describe('the list', () => {
  let rui: Account

  beforeAll(async () => {
    rui = await createAccount()
    await rui.createWorkflow(GRAPH, { name: 'Alfa 100%', tags: ['x', 'y'], category: 'vendas' })
    await rui.createWorkflow(GRAPH, { name: 'beta_1', description: 'Diz ALFA', is_active: false })
    await rui.createWorkflow(GRAPH, { name: 'Gama 1000', tags: ['y'] })
  })

  it('is empty for a new account', async () => {
    expect(await list(eva)).toEqual({ items: [], total: 0, page: 1, size: 20, pages: 0 })
  })

  it.each([
    ['', ['Gama 1000', 'beta_1', 'Alfa 100%']],
    ['?search=alfa', ['beta_1', 'Alfa 100%']],
    ['?search=%25', ['Alfa 100%']],
    ['?search=100%25', ['Alfa 100%']],
    ['?search=_', ['beta_1']],
    ['?search=%5C', []],
    ["?search='", []],
    ['?tag=y', ['Gama 1000', 'Alfa 100%']],
    ['?tag=y&category=vendas', ['Alfa 100%']],
    ['?is_active=false', ['beta_1']],
    ['?status=published', []],
    ['?status=draft&is_active=true', ['Gama 1000', 'Alfa 100%']],
  ])('%s', async (query, names) => {
    expect(await namesOf(rui, query)).toEqual(names)
  })

  it('comes in pages, and behind the last one is nothing', async () => {
    expect(await list(rui, '?size=2&page=2')).toMatchObject({ total: 3, page: 2, size: 2, pages: 2 })
    expect(await namesOf(rui, '?size=2&page=2')).toEqual(['Alfa 100%'])
    expect(await list(rui, '?size=2&page=9')).toMatchObject({ items: [], total: 3, page: 9, pages: 2 })
    expect(await list(rui, '?size=100&page=1000000')).toMatchObject({ items: [], total: 3 })
  })

  it.each(['page=0', 'size=0', 'size=101', 'page=x', 'page=1.5', 'status=x', 'is_active=maybe', 'search='])(
    'refuses %s',
    async (query) => {
      expect((await rui.call(`/workflows?${query}`)).status).toBe(422)
    },
  )
})

describe('validate', () => {
  const broken: JsonObject = {
    nodes: [
      { id: 'start', type: 'trigger.manual' },
      { id: 'odd', type: 'no.such' },
      { id: 'call', type: 'http.request', data: { config: { url: '{{ $nodes.nowhere.x }}', wrong: 1 } } },
    ],
    edges: [{ id: 'e1', source: 'start', target: 'ghost' }],
  }

  it('finds nothing wrong with a good graph', async () => {
    const { id } = await ana.createWorkflow(GRAPH)
    const answer = await ana.call(`/workflows/${id}/validate`, { method: 'POST' })
    expect(answer).toMatchObject({ status: 200, body: { valid: true, problems: [] } })
  })

  it.each([
    ['pt', 'O tipo de nó no.such não existe.', 'Configuração inválida: Campo desconhecido.'],
    ['en', 'The node type no.such does not exist.', 'Invalid config: Unknown field.'],
  ])('lists every problem of a draft in %s', async (language, message, unknown) => {
    const { id } = await ana.createWorkflow(broken)
    const headers = { 'Accept-Language': language }
    const answer = await ana.call(`/workflows/${id}/validate`, { method: 'POST', headers })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        valid: false,
        problems: expect.arrayContaining([
          { code: 'unknown_type', message, node_id: 'odd', edge_id: null, path: null },
          expect.objectContaining({ message: unknown, node_id: 'call', path: '/data/config/wrong' }),
          expect.objectContaining({ code: 'dangling_edge', edge_id: 'e1' }),
          expect.objectContaining({ code: 'expression_unknown_node', node_id: 'call', path: '/data/config/url' }),
          expect.objectContaining({ code: 'unreachable_node', node_id: 'call' }),
        ]),
      },
    })
  })
})

describe('Idempotency-Key', () => {
  const post = (account: Account, key: string, json: object, path = '/workflows') =>
    account.call(path, { json, headers: { 'Idempotency-Key': key } })

  it('makes one workflow out of twenty at once', async () => {
    const rui = await createAccount()
    const key = newId()
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(rui, key, { name: 'Um' })))
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(await list(rui)).toMatchObject({ total: 1 })
  })

  it('is refused with another body or path, and is each account’s own', async () => {
    const key = newId()
    const first = await post(ana, key, { name: 'Um' })
    const reused = { status: 422, code: 'idempotency_key_reused' }
    expect(problemOf(await post(ana, key, { name: 'Dois' }))).toMatchObject(reused)
    const id = Workflow.parse(first.body).id
    expect(problemOf(await post(ana, key, {}, `/workflows/${id}/execute`))).toMatchObject(reused)
    expect((await post(eva, key, { name: 'Dois' })).status).toBe(201)
    expect((await post(ana, key, { name: 'Um' }, '/workflows/')).body).toEqual(first.body)
  })

  test.each(['', 'é', 'x'.repeat(256)])('%j is none', async (key) => {
    const { status } = await post(ana, key, { name: 'Um' })
    expect(status).toBe(400)
  })
})
