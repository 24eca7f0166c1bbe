/** Files in workflows: read, written, and starting them. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { StoredFile } from '#core/files/file'
import { connect } from '#db/connect'
import type { JsonObject } from '#lib/json'
import { deliverFiles } from '#services/triggers/fire-file'
import { type Account, createAccount } from '#tests/worker/support/api'
import { chain, graph, setNode, trigger } from '#tests/worker/support/graphs'
import { formOf, type Sent } from './support.ts'

const db = connect(env)
const { fileDeliveries } = db.tables

let ana: Account
let bia: Account
beforeAll(async () => {
  ;[ana, bia] = [await createAccount(), await createAccount()]
})

async function upload(account: Account, content: string, sent: Sent = {}): Promise<StoredFile> {
  return StoredFile.parse((await account.call('/files/upload', { body: formOf(content, sent) })).body)
}

const read = (config: JsonObject) => chain([trigger, { id: 'read', type: 'file.read', config }])

describe('file.read', () => {
  test.each([
    ['text', '{"a":1}', '{"a":1}'],
    ['json', '{"a":1}', { a: 1 }],
    ['base64', 'olá', 'b2zDoQ=='],
  ])('gives the content as %s', async (as, content, output) => {
    const { id } = await upload(ana, content)
    const run = await ana.run(read({ file_id: '{{ $trigger.id }}', as }), { id })
    expect(run.status).toBe('failed')
    const known = await ana.run(read({ file_id: id, as }))
    expect(known).toMatchObject({ status: 'completed', output })
  })
})
