import { beforeAll, expect, it } from 'vitest'
import type { JsonObject } from '#lib/json'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, graph, type NodeSpec, setNode, trigger } from '#tests/worker/support/graphs'
import { scriptModel } from '#tests/worker/support/models'

let ana: Account
beforeAll(async () => {
  ana = await createAccount()
})

function ask(model: string, config: JsonObject = {}, data: JsonObject = {}): NodeSpec {
  return { id: 'ask', type: 'llm', config: { model, prompt: 'hi', ...config }, data }
}

async function shownBy(id: string): Promise<string> {
  const frames = await ana.events(id)
  const pieces = frames.filter(({ event_type }) => event_type === 'node_progress').map(({ data }) => data)
  return pieces.map((piece) => JSON.stringify(piece)).join('')
}

it('watchers see the text while it comes', async () => {
  const model = await scriptModel({ kind: 'hold', text: 'the beginning of it and then the end of it' })
  const id = await ana.start(chain([trigger, ask(model.anthropic)]))
  await expect.poll(() => shownBy(id)).toContain('the')
  expect((await ana.execution(id)).status).toBe('running')
  await model.release()
  await expect.poll(async () => (await ana.execution(id)).status).toBe('completed')
  expect((await ana.execution(id)).output).toMatchObject({ text: 'the beginning of it and then the end of it' })
})

it('an answer that breaks off is asked for again by the engine, and only the whole one goes on', async () => {
  const model = await scriptModel(
    { kind: 'cut', after: 'half', text: 'half of it and no more' },
    { kind: 'text', text: 'all of it' },
  )
  const run = await ana.run(chain([trigger, ask(model.google, {}, { retry: { max_attempts: 2, backoff_ms: 1 } })]))
  expect(run).toMatchObject({ status: 'completed', output: { text: 'all of it', cost: 0.000054 } })
  const visit = (await ana.visits(run.id)).find(({ node_id }) => node_id === 'ask')
  expect(visit?.attempts).toBe(2)
})

it('another model stands in', async () => {
  const away = await scriptModel({ kind: 'error', status: 503 })
  const model = await scriptModel({ kind: 'text', text: 'here' })
  const run = await ana.run(
    chain([trigger, ask(away.reference, { fallback_models: ['openai/gpt-5', model.anthropic] })]),
  )
  expect(run).toMatchObject({ status: 'completed', output: { text: 'here', model: model.anthropic } })
  expect((await away.requests()).length).toBe(1)
})

it('a cancelled run stops the model', async () => {
  const model = await scriptModel({ kind: 'hold', text: 'one two three four' })
  const id = await ana.start(chain([trigger, ask(model.reference)]))
  await expect.poll(() => shownBy(id)).toContain('one')
  await ana.call(`/executions/${id}/cancel`, { method: 'POST' })
  await model.clientGone()
  expect((await ana.execution(id)).status).toBe('cancelled')
})

it('classify routes by its label', async () => {
  const model = await scriptModel({ kind: 'text', text: '{"label":"complaint"}' })
  const config = {
    model: model.reference,
    text: '{{ $trigger.message }}',
    labels: [{ handle: 'order' }, { handle: 'complaint' }],
  }
  const nodes = [
    trigger,
    { id: 'sort', type: 'classify', config },
    setNode('a', { was: 'order' }),
    setNode('b', { was: 'complaint' }),
  ]
  const arrows = ['start -> sort', 'sort:order -> a', 'sort:complaint -> b'] as const
  const run = await ana.run(graph(nodes, arrows), { message: 'It is broken' })
  expect(run).toMatchObject({ status: 'completed', output: { was: 'complaint' } })
})

it('fields are taken out of a file, by a model that reads such files', async () => {
  const form = new FormData()
  form.append('file', new File(['%PDF-1.4\n%%EOF\n'], 'nota.pdf'))
  const { id } = (await ana.call('/files/upload', { body: form })).body as { id: string }
  const model = await scriptModel({ kind: 'text', text: '{"total":42}' })
  const schema = { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] }
  const extract = (reference: string, fallback_models: string[] = []): NodeSpec => ({
    id: 'take',
    type: 'extract',
    config: { model: reference, fallback_models, file_id: id, schema },
    data: { retry: { max_attempts: 1 } },
  })
  // The first does not read PDFs, and is not asked.
  const run = await ana.run(chain([trigger, extract('demo/echo', [model.reference])]))
  expect(run).toMatchObject({ status: 'completed', output: { object: { total: 42 } } })
  expect(JSON.stringify(await model.requests())).toContain(btoa('%PDF-1'))
  const blind = await ana.run(chain([trigger, extract('demo/echo')]))
  expect(blind).toMatchObject({ status: 'failed', error: { code: 'model_refused' } })
})
