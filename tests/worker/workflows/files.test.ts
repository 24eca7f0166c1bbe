import { beforeAll, describe, expect, it, test } from 'vitest'
import { z } from 'zod'
import { Workflow } from '#core/workflow/workflow'
import { ImportAnswer } from '#core/workflow-file/import'
import { newId } from '#lib/ids'
import { exports } from 'cloudflare:workers'
import { problemOf } from '#tests/worker/auth/api'
import { type Account, createAccount, pageOf } from '#tests/worker/support/api'
import { chain, graph, httpNode, trigger } from '#tests/worker/support/graphs'

let ana: Account
let eva: Account

beforeAll(async () => {
  ana = await createAccount()
  eva = await createAccount()
})

async function exportOf(account: Account, id: string, format = 'yaml'): Promise<Response> {
  return exports.default.fetch(
    new Request(`http://synapscale.test/api/v1/workflows/${id}/export?format=${format}`, {
      headers: { Authorization: `Bearer ${account.token}` },
    }),
  )
}

const post = (account: Account, body: string, query = '', type = 'application/yaml', headers = {}) =>
  account.call(`/workflows/import${query}`, { body, headers: { 'Content-Type': type, ...headers } })

async function imported(account: Account, body: string, query = '', type?: string) {
  const answer = await post(account, body, query, type)
  expect(answer).toMatchObject({ status: 200 })
  return ImportAnswer.parse(answer.body)
}

async function findWorkflows(account: Account): Promise<Workflow[]> {
  return pageOf(Workflow).parse((await account.call('/workflows?size=100')).body).items
}

const FILE = `synapscale: 1
slug: pedidos
name: Pedidos
nodes:
  - id: start
    type: trigger.manual
    position: [ 0, 0 ]

  - id: fetch
    type: http.request
    label: Buscar
    position: [ 220, 0 ]
    config:
      url: https://shop.example/orders/{{ $trigger.id }}

  - id: say
    type: set
    config:
      fields:
        text: |-
          Olá, {{ $input.body.name }}!
          Até logo.
edges:
  - start -> fetch
  - fetch:error -> say
`

describe('an exported file', () => {
  it('reads like this', async () => {
    const definition = graph(
      [
        trigger,
        { ...httpNode('fetch', 'https://shop.example/'), data: { label: 'Buscar', retry: { max_attempts: 2 } } },
      ],
      ['start -> fetch'],
      { concurrency: 2 },
    )
    const { id } = await ana.createWorkflow(
      { ...definition, viewport: { zoom: 3 } },
      { name: 'Ler', description: 'Uma linha\nOutra linha', tags: ['a'] },
    )
    const answer = await exportOf(ana, id)
    expect(answer.headers.get('Content-Type')).toBe('application/yaml; charset=utf-8')
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="ler.yaml"')
    expect(await answer.text()).toBe(`synapscale: 1
slug: ler
name: Ler
description: |-
  Uma linha
  Outra linha
tags:
  - a
settings:
  concurrency: 2
nodes:
  - id: start
    type: trigger.manual
    position: [ 0, 0 ]
    config: {}

  - id: fetch
    type: http.request
    label: Buscar
    position: [ 200, 0 ]
    retry:
      max_attempts: 2
    config:
      url: https://shop.example/
edges:
  - start -> fetch
`)
    const json = await exportOf(ana, id, 'json')
    expect(json.headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(await json.json()).toMatchObject({ synapscale: 1, slug: 'ler', edges: ['start -> fetch'] })
  })

  it.each(['yaml', 'json'])('goes elsewhere and comes back the same, byte by byte, in %s', async (format) => {
    const name = `Chamado ${format}`
    const child = await ana.createWorkflow(chain([trigger]), { name })
    const { id } = await ana.createWorkflow(
      {
        nodes: [
          { id: 'start', type: 'trigger.manual', position: { x: 0.4, y: 9 } },
          { id: 'sub', type: 'workflow', data: { config: { workflow_id: child.id, inputs: {} } } },
          { id: 'nota', type: 'note', width: 300, style: { color: 'red' }, data: { text: 'Não\nrodar' } },
        ],
        edges: [{ id: 'x', source: 'start', target: 'sub', animated: true }],
        settings: { error_workflow_id: child.id },
      },
      { name: `Pai ${format}` },
    )
    const text = await (await exportOf(ana, id, format)).text()
    expect(text).not.toContain(child.id)
    const elsewhere = await createAccount()
    const childText = await (await exportOf(ana, child.id, format)).text()
    const type = `application/${format}`
    await imported(elsewhere, childText, '', type)
    const { items } = await imported(elsewhere, text, '', type)
    expect(items).toMatchObject([{ action: 'created', version: 1 }])
    expect(await (await exportOf(elsewhere, items[0]?.id ?? '', format)).text()).toBe(text)
    const there = (await findWorkflows(elsewhere)).find(({ slug }) => slug === `chamado-${format}`)
    expect(there?.id).not.toBe(child.id)
    expect((await elsewhere.call(`/workflows/${items[0]?.id}`)).body).toMatchObject({
      definition: { settings: { error_workflow_id: there?.id } },
    })
  })
})

describe('credentials written out in a graph', () => {
  const secretGraph = (token: string) =>
    chain([
      trigger,
      {
        id: 'call',
        type: 'http.request',
        config: {
          url: 'https://api.example/',
          headers: { Authorization: `Bearer ${token}`, 'X-Api-Key': '{{ $secrets.KEY }}', Accept: 'text/plain' },
          auth: { type: 'header', name: 'X-Mine', value: token },
        },
      },
    ])

  it('leave masked, and the same workflow keeps what it has', async () => {
    const { id } = await ana.createWorkflow(secretGraph('abc123def'), { name: 'Segredos' })
    const text = await (await exportOf(ana, id)).text()
    expect(text).not.toContain('abc123def')
    expect(text).toContain('Authorization: <masked>')
    expect(text).toContain('X-Api-Key: "{{ $secrets.KEY }}"')
    expect(await imported(ana, text)).toMatchObject({ items: [{ action: 'unchanged' }] })
    await imported(ana, text.replace('api.example', 'b.example'))
    const { body } = await ana.call(`/workflows/${id}`)
    expect(JSON.stringify(body)).toContain('https://b.example/')
    expect(JSON.stringify(body)).toContain('Bearer abc123def')
  })

  it('are asked for elsewhere, each by its place', async () => {
    const { id } = await ana.createWorkflow(secretGraph('abc123def'), { name: 'Segredos 2' })
    const text = await (await exportOf(ana, id)).text()
    expect(problemOf(await post(eva, text))).toMatchObject({
      status: 422,
      pointers: ['/workflows/0/nodes/1/config/headers/Authorization', '/workflows/0/nodes/1/config/auth/value'],
    })
  })
})

describe('import', () => {
  it('makes what is not there, changes what is, and leaves alone what is the same', async () => {
    const rui = await createAccount()
    expect(await imported(rui, FILE)).toMatchObject({
      dry_run: false,
      items: [{ slug: 'pedidos', action: 'created', version: 1, problems: [] }],
    })
    expect(await imported(rui, FILE)).toMatchObject({ items: [{ action: 'unchanged', changed_fields: [] }] })
    const changed = FILE.replace('name: Pedidos', 'name: Pedidos novos').replace('label: Buscar', 'label: Ler')
    const dry = await imported(rui, changed, '?dry_run=true')
    const [before] = await findWorkflows(rui)
    expect(before).toMatchObject({ name: 'Pedidos', version: 1 })
    const wet = await imported(rui, changed)
    expect(wet.items).toEqual(dry.items)
    expect(wet).toMatchObject({
      items: [
        {
          id: before?.id,
          action: 'updated',
          version: 2,
          changed_fields: ['name', 'definition'],
          diff: { nodes: { changed: [{ id: 'fetch', changes: [{ path: '/label', old: 'Buscar', new: 'Ler' }] }] } },
        },
      ],
    })
    // The draft that went is kept.
    const former = await rui.call(`/workflows/${before?.id}/versions/1`)
    expect(former.body).toMatchObject({ definition: before?.definition })
    expect(await findWorkflows(rui)).toMatchObject([{ name: 'Pedidos novos', version: 2 }])
  })

  it('takes several that name each other', async () => {
    const rui = await createAccount()
    const calls = (slug: string, other: string) =>
      `synapscale: 1\nslug: ${slug}\nname: ${slug}\nnodes:\n  - { id: s, type: workflow, config: { workflow: ${other} } }\n`
    const { items } = await imported(rui, `${calls('a', 'b')}---\n${calls('b', 'a')}`)
    expect(items).toMatchObject([
      { slug: 'a', problems: [] },
      { slug: 'b', problems: [] },
    ])
    const all = await findWorkflows(rui)
    const configOf = (slug: string) => all.find((one) => one.slug === slug)?.definition
    expect(configOf('a')).toMatchObject({ nodes: [{ data: { config: { workflow_id: items[1]?.id } } }] })
    expect(configOf('b')).toMatchObject({ nodes: [{ data: { config: { workflow_id: items[0]?.id } } }] })
  })

  it('makes all or none', async () => {
    const rui = await createAccount()
    const bad = FILE.replace('pedidos', 'dois')
      .replace('type: set', 'type: workflow')
      .replace('fields:', 'workflow: nenhum')
    const problem = problemOf(await post(rui, `${FILE}\n---\n${bad.replaceAll(/\n {8}text[^]*?\nedges/g, '\nedges')}`))
    expect(problem).toMatchObject({ status: 422, pointers: ['/workflows/1/nodes/2/config/workflow'] })
    expect(await findWorkflows(rui)).toEqual([])
  })

  it('does not reach into another workspace by an id', async () => {
    const { id } = await eva.createWorkflow(chain([trigger]))
    const file = { synapscale: 1, name: 'x', nodes: [{ id: 's', type: 'workflow', config: { workflow_id: id } }] }
    const answer = await post(ana, JSON.stringify(file), '', 'application/json')
    expect(problemOf(answer)).toMatchObject({ pointers: ['/workflows/0/nodes/0/config/workflow_id'] })
  })

  it('only creates when told so, once for one Idempotency-Key', async () => {
    const rui = await createAccount()
    const headers = { 'Idempotency-Key': newId() }
    const many = await Promise.all(
      Array.from({ length: 5 }, () => post(rui, FILE, '?mode=create', 'application/yaml', headers)),
    )
    for (const answer of many) {
      expect(answer).toMatchObject({ status: 200, body: { items: [{ action: 'created' }] } })
      expect(answer.body).toEqual(many[0]?.body)
    }
    expect(problemOf(await post(rui, FILE, '?mode=create'))).toMatchObject({ status: 409, code: 'slug_taken' })
    expect(await findWorkflows(rui)).toHaveLength(1)
  })

  it('ten times at once makes one workflow', async () => {
    const rui = await createAccount()
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(rui, FILE)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(await findWorkflows(rui)).toHaveLength(1)
  })
})

test('what a viewer may read, a viewer may export; the document says both media types', async () => {
  const Operation = z.looseObject({ 'x-permission': z.string() })
  const response = await exports.default.fetch(new Request('http://synapscale.test/openapi.json'))
  const { paths } = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.looseObject({}))) })
    .parse(await response.json())
  const operation = paths['/api/v1/workflows/{id}/export']?.['get']
  expect(Operation.parse(operation)).toMatchObject({
    'x-permission': 'workflows:read',
    responses: { 200: { content: { 'application/yaml': {}, 'application/json': {} } } },
  })
  expect(paths['/api/v1/workflows/import']?.['post']).toMatchObject({
    requestBody: { content: { 'application/yaml': {}, 'application/json': {} } },
  })
})
