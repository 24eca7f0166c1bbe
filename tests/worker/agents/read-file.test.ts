import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '#lib/json'
import { createPerson } from '#tests/worker/security/people'
import { upload } from '#tests/worker/files/support'
import { createOwner, type Owner } from './support.ts'

let ana: Owner
beforeAll(async () => {
  ana = await createOwner()
})

const readAll = async (config: object, ...inputs: JsonObject[]) =>
  (await ana.outputsOf({ type: 'read_file', config }, 'read_file', ...inputs)).toSorted(byText)
const byText = (one: unknown, other: unknown) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)

describe('a tool that reads files', () => {
  it('lists them and reads text in parts that join again', async () => {
    const text = 'ação €uro 😀 '.repeat(4_000)
    const { id } = await upload(ana, text, { name: 'longo.txt', fields: { folder: 'partes' } })
    const [listed] = await readAll({ folder: '/partes' }, {})
    expect(listed).toMatchObject({ files: [{ file_id: id, filename: 'longo.txt', folder: 'partes/' }] })
    let read = ''
    for (let offset: unknown = 0; offset !== undefined;) {
      const [part] = (await readAll({}, { file_id: id, offset: Number(offset) })) as JsonObject[]
      read += String(part?.['text'])
      offset = part?.['next_offset']
    }
    expect(read).toBe(text)
    expect(await readAll({}, { file_id: id, offset: 9_999_999 })).toMatchObject([{ text: '' }])
  })

  it('keeps to what its owner chose, and to the workspace', async () => {
    const inside = await upload(ana, 'dentro', { name: 'a.txt', fields: { folder: 'docs/x' } })
    const beside = await upload(ana, 'fora', { name: 'b.txt', fields: { folder: 'docs2' } })
    const eva = await createPerson()
    const hers = await upload(eva, 'de Eva', { name: 'eva.txt', fields: { folder: 'docs' } })
    const missing = { code: 'file_missing' }
    expect(
      await readAll({ folder: 'docs' }, { file_id: inside.id }, { file_id: beside.id }, { file_id: hers.id }),
    ).toMatchObject([missing, missing, { text: 'dentro' }])
    expect(await readAll({ file_ids: [beside.id] }, { file_id: beside.id }, { file_id: inside.id }, {})).toMatchObject([
      missing,
      { text: 'fora' },
      { files: [{ file_id: beside.id }] },
    ])
  })

  it('says that a picture is no text', async () => {
    const { id } = await upload(ana, Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), { name: 'x.png' })
    expect(await readAll({}, { file_id: id })).toMatchObject([{ code: 'file_unreadable' }])
  })

  it("is not saved with another workspace's file", async () => {
    const hers = await upload(await createPerson(), 'de Eva', { name: 'eva.txt' })
    const tools = [{ type: 'read_file', config: { file_ids: [hers.id] } }]
    const answer = await ana.call('/api/v1/agents', { method: 'POST', body: { name: 'x', tools } })
    expect([answer.status, answer.pointers]).toEqual([422, ['/tools/0/config/file_ids/0']])
  })
})
