/** An uploaded file starts what waits for it: once, also across a crash, and never in a circle. */
import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StoredFile } from '#core/files/file'
import { Execution } from '#core/workflow/execution'
import { connect } from '#db/connect'
import type { JsonObject } from '#lib/json'
import { deliverFiles } from '#services/triggers/fire-file'
import { newId } from '#lib/ids'
import { type Account, createAccount, HTTP_URL, pageOf, requestsOf } from '#tests/worker/support/api'
import { chain, httpNode, setNode } from '#tests/worker/support/graphs'
import { triggersOf } from '#tests/worker/triggers/support'
import { formOf, type Sent } from './support.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const db = connect(env)
const { fileDeliveries } = db.tables

let ana: Account
beforeEach(async () => {
  ana = await createAccount()
})

async function upload(content: string, sent: Sent = {}): Promise<StoredFile> {
  return StoredFile.parse((await ana.call('/files/upload', { body: formOf(content, sent) })).body)
}

const waiting = (config: JsonObject = {}, name = 'end') =>
  chain([{ id: 'file', type: 'trigger.file', config }, setNode(name, { name: '{{ $trigger.file.filename }}' })])

async function publish(definition: JsonObject): Promise<string> {
  const { id } = await ana.createWorkflow(definition)
  expect((await ana.call(`/workflows/${id}/publish`, { json: {} })).status).toBe(200)
  return id
}

async function runsOf(workflowId: string): Promise<Execution[]> {
  const { body } = await ana.call(`/workflows/${workflowId}/executions?size=100`)
  return pageOf(Execution).parse(body).items
}

const left = (fileId: string) => db.$count(fileDeliveries, eq(fileDeliveries.file_id, fileId))

describe('trigger.file', () => {
  test('starts what is published, with the file', async () => {
    const id = await publish(waiting())
    const draft = await ana.createWorkflow(waiting())
    const file = await upload('abc', { name: 'nota.txt', fields: { tags: 'a' } })
    await expect.poll(() => runsOf(id)).toMatchObject([{ status: 'completed', trigger: 'file', version: 1 }])
    const [run] = await runsOf(id)
    expect(await ana.execution(run?.id ?? '')).toMatchObject({
      output: { name: 'nota.txt' },
      inputs: { type: 'file', file: { id: file.id, tags: ['a'], content_type: 'text/plain' } },
    })
    expect(await runsOf(draft.id)).toEqual([])
    const [shown] = await triggersOf(ana, id)
    expect(shown).toMatchObject({ kind: 'file', status: 'live', url: null, secret: null })
    await expect.poll(async () => (await triggersOf(ana, id))[0]?.last_execution_id).toBe(run?.id)
    expect(await left(file.id)).toBe(0)
  })

  test('goes on with the trace of the upload', async () => {
    const key = newId()
    const file = { id: 'file', type: 'trigger.file', config: {} }
    await publish(chain([file, httpNode('call', `${HTTP_URL}/script/${key}`)]))
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`
    await ana.call('/files/upload', { body: formOf('abc'), headers: { traceparent } })
    await expect.poll(() => requestsOf(key)).toHaveLength(1)
    const [sent] = await requestsOf(key)
    expect(sent?.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-01$`))
  })

  test('starts only for what it waits for', async () => {
    const filters: [string, JsonObject][] = [
      ['folder', { folder: 'notas' }],
      ['type', { content_type: 'image/*' }],
      ['tags', { tags: ['a', 'b'] }],
      ['all', {}],
    ]
    const ids = new Map<string, string>()
    for (const [name, config] of filters) ids.set(name, await publish(waiting(config)))
    const names = async (name: string) => {
      const runs = await Promise.all((await runsOf(ids.get(name) ?? '')).map(({ id }) => ana.execution(id)))
      return runs.map(({ output }) => z.object({ name: z.string() }).parse(output).name).toSorted()
    }
    await upload('x', { name: '1.txt', fields: { folder: 'notas/julho', tags: 'a' } })
    await upload('GIF89a', { name: '2.gif', fields: { folder: 'notasx', tags: 'b,a,c' } })
    await expect.poll(() => runsOf(ids.get('all') ?? '')).toHaveLength(2)
    await expect.poll(() => names('all')).toEqual(['1.txt', '2.gif'])
    expect(await names('folder')).toEqual(['1.txt'])
    expect(await names('type')).toEqual(['2.gif'])
    expect(await names('tags')).toEqual(['2.gif'])
  })

  test('a bad filter is refused on publish', async () => {
    const { id } = await ana.createWorkflow(waiting({ content_type: 'everything' }))
    expect((await ana.call(`/workflows/${id}/publish`, { json: {} })).status).toBe(422)
  })

  test('that is paused or of another workspace starts nothing', async () => {
    const id = await publish(waiting())
    await ana.call(`/workflows/${id}`, { method: 'PATCH', json: { is_active: false } })
    const bia = await createAccount()
    const { id: hers } = await bia.createWorkflow(waiting())
    await bia.call(`/workflows/${hers}/publish`, { json: {} })
    const file = await upload('abc')
    expect(await left(file.id)).toBe(0)
    expect(await runsOf(id)).toEqual([])
  })

  test('starts once, however often it is delivered, and after a crash', async () => {
    const id = await publish(waiting())
    // What is to be delivered behind the answer never is: the process dies.
    const crash = vi.spyOn(scheduler, 'wait').mockRejectedValue(new Error('crashed'))
    const file = await upload('abc')
    crash.mockRestore()
    const [delivery] = await db.select().from(fileDeliveries).where(eq(fileDeliveries.file_id, file.id))
    expect(delivery).toBeDefined()
    expect(await runsOf(id)).toEqual([])
    // The alarm was set before the file was there.
    await runDurableObjectAlarm(env.MAINTENANCE.getByName('maintenance'))
    await expect.poll(() => runsOf(id)).toHaveLength(1)
    expect(await left(file.id)).toBe(0)
    // The row was deleted too late: told again.
    if (delivery !== undefined) await db.insert(fileDeliveries).values(delivery)
    await Promise.all([deliverFiles({ env, db }, file.id), deliverFiles({ env, db }, file.id)])
    expect(await runsOf(id)).toHaveLength(1)
    expect(await left(file.id)).toBe(0)
  })

  test('is not set off by what workflows write', async () => {
    const config = { name: 'de novo', content: 'x' }
    const id = await publish(
      chain([
        { id: 'file', type: 'trigger.file' },
        { id: 'write', type: 'file.write', config },
      ]),
    )
    await upload('abc')
    await expect.poll(() => runsOf(id)).toMatchObject([{ status: 'completed' }])
    const { body } = await ana.call('/files')
    expect(
      pageOf(StoredFile)
        .parse(body)
        .items.map(({ origin }) => origin),
    ).toEqual(['workflow', 'upload'])
    await deliverFiles({ env, db })
    expect(await runsOf(id)).toHaveLength(1)
  })
})
