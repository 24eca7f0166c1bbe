import { beforeAll, describe, expect, it, test } from 'vitest'
import { Version, VersionDiff } from '#core/workflow/version'
import { Workflow } from '#core/workflow/workflow'
import { newId } from '#lib/ids'
import { type Answer, problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, HTTP_URL, pageOf, release, requestsOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'

const say = (text: string) => chain([trigger, setNode('end', { said: text })])
const VersionPage = pageOf(Version)

let ana: Account
let eva: Account

beforeAll(async () => {
  ana = await createAccount()
  eva = await createAccount()
})

const post = (path: string, json: object = {}): Promise<Answer> => ana.call(`/workflows/${path}`, { json })
const save = async (id: string, definition: object): Promise<Workflow> =>
  Workflow.parse((await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { definition } })).body)
const versionsOf = async (id: string, query = '') =>
  VersionPage.parse((await ana.call(`/workflows/${id}/versions${query}`)).body)
const numbersOf = async (id: string, query = '') => (await versionsOf(id, query)).items.map(({ version }) => version)

describe('publishing', () => {
  it('keeps the draft as an immutable version, with who, when and notes', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    const published = await post(`${id}/publish`, { notes: 'Primeira' })
    expect(published).toMatchObject({ status: 200, body: { status: 'published', version: 1, published_version: 1 } })
    await save(id, say('dois'))
    expect((await ana.call(`/workflows/${id}`)).body).toMatchObject({ version: 2, published_version: 1 })
    expect((await ana.call(`/workflows/${id}/versions/1`)).body).toMatchObject({
      version: 1,
      notes: 'Primeira',
      is_published: true,
      published_at: expect.any(String),
      published_by: expect.any(String),
      definition: say('um'),
    })
    expect(await post(`${id}/publish`)).toMatchObject({ body: { published_version: 2 } })
    expect(await versionsOf(id)).toMatchObject({
      total: 2,
      items: [
        { version: 2, is_published: true, notes: null },
        { version: 1, is_published: false, notes: 'Primeira' },
      ],
    })
  })

  it('is refused with every problem of the graph, and changes nothing', async () => {
    const broken = graph([trigger, { id: 'odd', type: 'no.such' }], ['start -> odd', 'start -> ghost'])
    const { id } = await ana.createWorkflow(broken)
    const problem = problemOf(await post(`${id}/publish`))
    expect(problem).toMatchObject({ status: 422, code: 'workflow_invalid' })
    expect(problem.pointers).toEqual(['/definition/nodes/odd', '/definition/edges/e2'])
    expect(await versionsOf(id)).toMatchObject({ total: 0 })
    expect((await ana.call(`/workflows/${id}`)).body).toMatchObject({ status: 'draft', published_version: null })
  })

  it('publishes what was seen, or says that it has changed', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    await save(id, say('dois'))
    const late = await post(`${id}/publish`, { version: 1 })
    expect(problemOf(late)).toMatchObject({ status: 409, code: 'workflow_changed' })
    expect(problemOf(late).detail).toContain('2')
    expect((await post(`${id}/publish`, { version: 2 })).status).toBe(200)
  })

  it('twenty times at once, while the draft changes, never publishes what was not compiled', async () => {
    const { id } = await ana.createWorkflow(say('0'))
    const attempts = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0 ? post(`${id}/publish`) : save(id, say(String(n))).then(() => undefined),
    )
    const answers = (await Promise.all(attempts)).filter((answer) => answer !== undefined)
    for (const answer of answers) expect([200, 409]).toContain(answer.status)
    const { version, published_version } = Workflow.parse((await post(`${id}/publish`)).body)
    expect(published_version).toBe(version)
    for (const answer of answers.filter(({ status }) => status === 200)) {
      const { published_version: n, definition } = Workflow.parse(answer.body)
      expect((await ana.call(`/workflows/${id}/versions/${n}`)).body).toMatchObject({ definition })
    }
  })

  it('of the same draft again renews moment and notes, and makes no new version', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    await post(`${id}/publish`, { notes: 'a' })
    await post(`${id}/publish`)
    expect(await versionsOf(id)).toMatchObject({ total: 1, items: [{ notes: 'a' }] })
    await post(`${id}/publish`, { notes: null })
    expect(await versionsOf(id)).toMatchObject({ total: 1, items: [{ notes: null }] })
  })

  it('is taken back by unpublish, as often as one likes; the versions stay', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    await post(`${id}/publish`)
    for (const _ of [1, 2]) {
      expect(await post(`${id}/unpublish`)).toMatchObject({
        status: 200,
        body: { status: 'draft', published_version: null },
      })
    }
    expect(await versionsOf(id, '?published=true')).toMatchObject({ total: 1, items: [{ is_published: false }] })
  })

  it('changes nothing that runs (P7)', async () => {
    const key = newId()
    const slow = (text: string) =>
      chain([trigger, httpNode('call', `${HTTP_URL}/hold/${key}`), setNode('end', { said: text })])
    const { id } = await ana.createWorkflow(slow('antes'))
    await post(`${id}/publish`)
    const started = (await post(`${id}/execute`, { version: 1 })).body as { execution_id: string }
    await expect.poll(async () => (await requestsOf(key)).length).toBe(1)
    await save(id, slow('depois'))
    await post(`${id}/publish`)
    await post(`${id}/versions/1/restore`)
    await release(key)
    const execution = () => ana.execution(started.execution_id)
    await expect.poll(async () => (await execution()).status).toBe('completed')
    expect(await execution()).toMatchObject({ version: 1, output: { said: 'antes' } })
    const next = (version: number) => post(`${id}/execute?wait=10`, { version })
    expect((await next(2)).body).toMatchObject({ version: 2, output: { said: 'depois' } })
    expect((await next(1)).body).toMatchObject({ version: 1, output: { said: 'antes' } })
  })
})

describe('the list of versions', () => {
  it('tells those that were published from drafts that were run or replaced', async () => {
    const { id } = await ana.createWorkflow(say('1'))
    await post(`${id}/execute`)
    await save(id, say('2'))
    await post(`${id}/publish`)
    await save(id, say('3'))
    await post(`${id}/versions/1/restore`)
    expect(await numbersOf(id)).toEqual([3, 2, 1])
    expect(await numbersOf(id, '?published=true')).toEqual([2])
    expect(await numbersOf(id, '?published=false')).toEqual([3, 1])
    expect(await numbersOf(id, '?size=1&page=2')).toEqual([2])
    const { items } = await versionsOf(id)
    expect(items[0]).not.toHaveProperty('definition')
  })
})

describe('restoring', () => {
  it('makes a version the draft again under a new number, and loses nothing', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    await post(`${id}/publish`)
    await save(id, say('dois'))
    expect(await post(`${id}/versions/1/restore`)).toMatchObject({
      status: 200,
      body: { version: 3, published_version: 1, status: 'published', definition: say('um') },
    })
    expect((await ana.call(`/workflows/${id}/versions/2`)).body).toMatchObject({ definition: say('dois') })
    expect(problemOf(await post(`${id}/versions/9/restore`))).toMatchObject({ status: 404 })
  })

  it('together with twenty saves keeps every draft that it replaced', async () => {
    const { id } = await ana.createWorkflow(say('um'))
    await post(`${id}/publish`)
    const both = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0 ? save(id, say(`s${n}`)) : post(`${id}/versions/1/restore`).then(({ body }) => Workflow.parse(body)),
    )
    const all = await Promise.all(both)
    expect(new Set(all.map(({ version }) => version)).size).toBe(20)
    const replaced = all.filter((_, n) => n % 2 === 1).map(({ version }) => version - 1)
    expect(await numbersOf(id, '?size=100')).toEqual(expect.arrayContaining(replaced))
  })
})

test('a diff is told from the older to the newer, positions apart', async () => {
  const { id } = await ana.createWorkflow(graph([trigger, httpNode('call', 'https://a.example')], ['start -> call']))
  await post(`${id}/publish`)
  const moved = graph(
    [trigger, httpNode('call', 'https://b.example'), setNode('end', {})],
    ['start -> call', 'call:error -> end'],
    { concurrency: 3 },
  )
  const [first, ...nodes] = moved['nodes'] as { position: object }[]
  await save(id, { ...moved, nodes: [{ ...first, position: { x: 5.4, y: 7 } }, ...nodes] })
  const diff = VersionDiff.parse((await ana.call(`/workflows/${id}/versions/1/diff`)).body)
  expect(diff).toEqual({
    from: 1,
    to: 'draft',
    identical: false,
    nodes: {
      added: [{ id: 'end', type: 'set' }],
      removed: [],
      changed: [
        {
          id: 'call',
          type: 'http.request',
          changes: [{ path: '/config/url', old: 'https://a.example', new: 'https://b.example' }],
        },
      ],
    },
    edges: { added: ['call:error -> end'], removed: [], changed: [] },
    settings: [{ path: '/concurrency', new: 3 }],
    other: [],
    moved: [{ id: 'start', old: [0, 0], new: [5, 7] }],
  })
  await post(`${id}/publish`)
  const [forth, back] = await Promise.all([
    ana.call(`/workflows/${id}/versions/2/diff?against=1`),
    ana.call(`/workflows/${id}/versions/1/diff?against=2`),
  ])
  expect(forth.body).toEqual({ ...diff, to: 2 })
  expect(back.body).toEqual(forth.body)
  expect((await ana.call(`/workflows/${id}/versions/2/diff`)).body).toMatchObject({ identical: true })
  expect((await ana.call(`/workflows/${id}/versions/2/diff?against=x`)).status).toBe(422)
})

describe('a copy', () => {
  it('has the draft, a name and a slug of its own', async () => {
    const { id, slug } = await ana.createWorkflow(say('um'), { name: 'Original', tags: ['a'] })
    await post(`${id}/publish`)
    const copy = await post(`${id}/duplicate`)
    expect(copy).toMatchObject({
      status: 201,
      body: {
        name: 'Original (cópia)',
        slug: `${slug}-copia`,
        status: 'draft',
        version: 1,
        published_version: null,
        tags: ['a'],
      },
    })
    expect(Workflow.parse(copy.body).definition).toEqual(say('um'))
    const headers = { 'Accept-Language': 'en' }
    const english = await ana.call(`/workflows/${id}/duplicate`, { json: {}, headers })
    expect(english.body).toMatchObject({ name: 'Original (copy)' })
    expect((await post(`${id}/duplicate`, { name: 'Outro' })).body).toMatchObject({ name: 'Outro', slug: 'outro' })
  })

  it('is made once for one Idempotency-Key, and fits where the name is as long as can be', async () => {
    const { id } = await ana.createWorkflow(say('um'), { name: '🚀'.repeat(127) })
    const headers = { 'Idempotency-Key': newId() }
    const twice = await Promise.all([1, 2].map(() => ana.call(`/workflows/${id}/duplicate`, { json: {}, headers })))
    expect(twice.map(({ status }) => status)).toEqual([201, 201])
    expect(twice[0]?.body).toEqual(twice[1]?.body)
  })
})

describe('a slug', () => {
  it('is made of the name, is the only one, and can be chosen', async () => {
    const rui = await createAccount()
    const slugOf = async (json: object) => Workflow.parse((await rui.call('/workflows', { json })).body).slug
    expect(await slugOf({ name: 'Ação & Reação — nº 5' })).toBe('acao-reacao-no-5')
    expect(await slugOf({ name: 'Pedidos' })).toBe('pedidos')
    expect(await slugOf({ name: 'pedidos!' })).toBe('pedidos-2')
    expect(await slugOf({ name: '日本' })).toBe('workflow')
    expect(await slugOf({ name: 'x', slug: 'meu-slug' })).toBe('meu-slug')
    const taken = await rui.call('/workflows', { json: { name: 'y', slug: 'meu-slug' } })
    expect(problemOf(taken)).toMatchObject({ status: 409, code: 'slug_taken' })
    const { id } = await ana.createWorkflow(say('x'), { slug: 'meu-slug' })
    await ana.createWorkflow(say('x'), { slug: 'outro-slug' })
    const change = (slug: string) => ana.call(`/workflows/${id}`, { method: 'PATCH', json: { slug } })
    expect(problemOf(await change('outro-slug'))).toMatchObject({ status: 409, code: 'slug_taken' })
    expect((await change('novo')).body).toMatchObject({ slug: 'novo' })
    expect(problemOf(await change('Com Espaço'))).toMatchObject({ status: 422, pointers: ['/slug'] })
  })

  it('is each one’s own when many of one name are made at once', async () => {
    const rui = await createAccount()
    const many = await Promise.all(Array.from({ length: 15 }, () => rui.createWorkflow(say('x'), { name: 'Igual' })))
    expect(new Set(many.map(({ slug }) => slug)).size).toBe(15)
  })
})

test('nobody else gets at any of it', async () => {
  const { id } = await ana.createWorkflow(say('um'))
  await post(`${id}/publish`)
  const attempts = [
    eva.call(`/workflows/${id}/publish`, { method: 'POST' }),
    eva.call(`/workflows/${id}/unpublish`, { method: 'POST' }),
    eva.call(`/workflows/${id}/duplicate`, { method: 'POST' }),
    eva.call(`/workflows/${id}/versions`),
    eva.call(`/workflows/${id}/versions/1`),
    eva.call(`/workflows/${id}/versions/1/diff`),
    eva.call(`/workflows/${id}/versions/1/restore`, { method: 'POST' }),
    eva.call(`/workflows/${id}/export`),
  ]
  for (const answer of await Promise.all(attempts)) expect(problemOf(answer)).toMatchObject({ status: 404 })
  expect(await versionsOf(id)).toMatchObject({ total: 1 })
})
