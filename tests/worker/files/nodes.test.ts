/** Files in workflows: read and written. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from '#config'
import { StoredFile } from '#core/files/file'
import type { RunHeader } from '#core/workflow/execution'
import { newId } from '#lib/ids'
import type { JsonObject } from '#lib/json'
import { createNodeFiles } from '#services/files/node-files'
import { sealedId } from '#auth/sealed-id'
import { type Account, createAccount, HTTP_URL, pageOf, requestsOf } from '#tests/worker/support/api'
import { chain, trigger } from '#tests/worker/support/graphs'
import { createPerson } from '#tests/worker/security/people'
import { formOf, objectsOf, type Sent } from './support.ts'

let ana: Account
let bia: Account
beforeAll(async () => {
  ;[ana, bia] = [await createAccount(), await createAccount()]
})

async function upload(account: Account, content: string, sent: Sent = {}): Promise<StoredFile> {
  return StoredFile.parse((await account.call('/files/upload', { body: formOf(content, sent) })).body)
}

const reading = (config: JsonObject) =>
  chain([trigger, { id: 'read', type: 'file.read', config, data: { retry: { max_attempts: 1 } } }])
const writing = (config: JsonObject) => chain([trigger, { id: 'write', type: 'file.write', config }])
const BY_TRIGGER = '{{ $trigger.id }}'

describe('file.read', () => {
  test.each([
    ['text', '{"a":1}', '{"a":1}'],
    ['json', '{"a":1}', { a: 1 }],
    ['base64', 'olá', 'b2zDoQ=='],
  ])('gives the content as %s', async (as, content, output) => {
    const { id } = await upload(ana, content)
    expect(await ana.run(reading({ file_id: id, as }))).toMatchObject({ status: 'completed', output })
    expect(await ana.run(reading({ file_id: BY_TRIGGER, as }), { id })).toMatchObject({ output })
  })

  test('of another workspace is told by validate, refused on execute, and not found when it runs', async () => {
    const { id } = await upload(bia, 'segredo')
    const workflow = await ana.createWorkflow(reading({ file_id: id }))
    expect((await ana.call(`/workflows/${workflow.id}/validate`, { json: {} })).body).toMatchObject({
      valid: false,
      problems: [{ code: 'unknown_file', node_id: 'read', path: '/data/config/file_id' }],
    })
    for (const verb of ['publish', 'execute']) {
      expect(await ana.call(`/workflows/${workflow.id}/${verb}`, { json: {} })).toMatchObject({ status: 422 })
    }
    const run = await ana.run(reading({ file_id: BY_TRIGGER }), { id })
    expect(run).toMatchObject({ status: 'failed', error: { code: 'file_missing' } })
    expect(JSON.stringify(run)).not.toContain('segredo')
  })

  test.each([
    ['file_unreadable', '{"a":', 'json'],
    ['file_too_large', 'x'.repeat(26_300_000), 'text'],
  ])('fails with %s and not with a stack', async (code, content, as) => {
    const { id } = await upload(ana, content)
    expect(await ana.run(reading({ file_id: id, as }))).toMatchObject({ status: 'failed', error: { code } })
  })
})

describe('file.write', () => {
  test('gives the file, which is there', async () => {
    const config = {
      name: '../pedido-{{ $trigger.id }}.json',
      content: '{{ $trigger }}',
      folder: 'pedidos',
      tags: ['x'],
    }
    const run = await ana.run(writing(config), { id: 7 })
    expect(run.status).toBe('completed')
    const file = StoredFile.parse(run.output)
    expect(file).toMatchObject({ filename: 'pedido-7.json', folder: 'pedidos/', content_type: 'application/json' })
    expect(file).toMatchObject({ origin: 'workflow', tags: ['x'] })
    expect(await ana.run(reading({ file_id: file.id, as: 'json' }))).toMatchObject({ output: { id: 7 } })
  })

  test('takes bytes as base64', async () => {
    const run = await ana.run(writing({ name: 'a.gif', content: btoa('GIF89a'), encoding: 'base64' }))
    expect(run.output).toMatchObject({ content_type: 'image/gif', size: 6 })
  })

  test('performed again writes the same file, also at the same moment', async () => {
    const { workspaceId } = await createPerson()
    const executionId = sealedId(readConfig(env).SECRET_KEY, Date.now())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the port reads of it
    const header = { executionId, workspaceId, createdBy: null } as RunHeader
    const visit = { node_id: 'w', visit: 1, startedAt: Date.now() }
    const write = (text: string, more = {}) =>
      createNodeFiles(env, header, { ...visit, ...more }).write({ name: 'x', content: new TextEncoder().encode(text) })
    const [one, two] = await Promise.all([write('um'), write('dois')])
    const third = await write('três')
    expect(new Set([one.id, two.id, third.id]).size).toBe(1)
    expect(await objectsOf(workspaceId)).toHaveLength(1)
    expect((await write('um', { visit: 2 })).id).not.toBe(one.id)
    expect((await write('um', { node_id: newId() })).id).not.toBe(one.id)
  })
})

describe('http.request', () => {
  const calling = (path: string, config: JsonObject = {}) =>
    chain([
      trigger,
      {
        id: 'call',
        type: 'http.request',
        config: { url: `${HTTP_URL}${path}`, ...config },
        data: { retry: { max_attempts: 1 } },
      },
    ])

  async function filesOf(account: Account): Promise<StoredFile[]> {
    return pageOf(StoredFile).parse((await account.call('/files')).body).items
  }

  test('stores a large answer as a file', async () => {
    const key = `${newId()}.bin`
    const run = await ana.run(calling(`/fill/${key}?byte=0&count=9000000`, { response_type: 'file' }))
    expect(run).toMatchObject({ status: 'completed', output: { status: 200 } })
    const { body } = z.object({ body: StoredFile }).parse(run.output)
    expect(body).toMatchObject({ filename: key, size: 9_000_000, origin: 'workflow' })
    expect(body.content_type).toBe('application/octet-stream')
    const save_as = { name: 'relatório.txt', folder: 'baixados', tags: ['x'] }
    const named = await ana.run(calling(`/fill/${newId()}?byte=97&count=3`, { response_type: 'file', save_as }))
    expect(named.output).toMatchObject({
      body: { filename: 'relatório.txt', folder: 'baixados/', tags: ['x'], content_type: 'text/plain' },
    })
  })

  test('stores nothing of an answer that refuses', async () => {
    const carla = await createAccount()
    const run = await carla.run(calling(`/script/${newId()}?answers=404`, { response_type: 'file' }))
    expect(run).toMatchObject({ status: 'failed', error: { code: 'http_status', status: 404 } })
    expect(await filesOf(carla)).toEqual([])
  })

  test('stores no secret that a server sends back', async () => {
    await ana.call('/variables', { json: { key: 'FILE_TOKEN', value: 'muito-secreto', secret: true } })
    const auth = { type: 'bearer', token: '{{ $secrets.FILE_TOKEN }}' }
    const key = newId()
    const run = await ana.run(calling(`/mirror/${key}`, { response_type: 'file', auth }))
    const { body } = z.object({ body: StoredFile }).parse(run.output)
    const [sent] = await requestsOf(key)
    expect(sent?.headers.authorization).toBe('Bearer muito-secreto')
    const { output } = await ana.run(reading({ file_id: body.id }))
    expect(output).toContain('Bearer ***')
    expect(output).not.toContain('muito-secreto')
  })

  test('sends files of the workspace as parts, and no others', async () => {
    const { id } = await upload(ana, 'olá', { name: 'nota.csv' })
    const send = (file_id: string, key: string) => {
      const body: JsonObject[] = [
        { name: 'year', value: 2026 },
        { name: 'doc', file_id },
      ]
      return ana.run(calling(`/echo/${key}`, { method: 'POST', body_type: 'multipart', body }))
    }
    const key = newId()
    expect((await send(id, key)).status).toBe('completed')
    const [sent] = await requestsOf(key)
    expect(sent?.body).toContain('name="doc"; filename="nota.csv"\r\nContent-Type: text/csv\r\n\r\nolá\r\n')
    const hers = await upload(bia, 'segredo')
    const other = newId()
    expect(await send(hers.id, other)).toMatchObject({ status: 'failed', error: { code: 'file_missing' } })
    expect(await requestsOf(other)).toEqual([])
  })
})
