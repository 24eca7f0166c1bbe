/** Large files come in parts, to addresses that need no token. */
import { createHash } from 'node:crypto'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { PART_BYTES, Upload } from '#core/files/upload'
import { FileLink, StoredFile } from '#core/files/file'
import { connect } from '#db/connect'
import { type Caller, createPerson, createTeam, type Team } from '#tests/worker/security/people'
import { bytes, objectsOf, outcomeOf, request, upload as uploadFile } from './support.ts'

let team: Team
let content: Uint8Array<ArrayBuffer>
beforeAll(async () => {
  team = await createTeam()
  content = bytes(2 * PART_BYTES + 1_000)
})

const sha256 = (of: Uint8Array) => createHash('sha256').update(of).digest('hex')

function post(caller: Caller, path: string, body: object = {}, headers = {}): Promise<Response> {
  const init = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  }
  return request(caller, `/api/v1/files/uploads${path}`, init)
}

async function begin(caller: Caller, more: object = {}, headers = {}): Promise<Upload> {
  const answer = await post(caller, '', { filename: 'grande.bin', size: content.byteLength, ...more }, headers)
  expect(answer.status).toBe(201)
  return Upload.parse(await answer.json())
}

function partOf(number: number): Uint8Array<ArrayBuffer> {
  return content.slice((number - 1) * PART_BYTES, number * PART_BYTES)
}

/** As a client that knows nothing but the address. */
async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const headers = { 'Content-Length': String(body.byteLength) }
  return outcomeOf(await request(undefined, url, { method: 'PUT', body, headers }))
}

async function putAll(upload: Upload): Promise<void> {
  for (const { number, url } of upload.parts.toReversed()) expect(await put(url, partOf(number))).toBe('204')
}

describe('an upload in parts', () => {
  test('takes them in any order and becomes the file', async () => {
    const { editor } = team.members
    const upload = await begin(editor, { folder: 'a', tags: ['x'] })
    expect(upload.parts.map(({ number, size }) => [number, size])).toEqual([
      [1, PART_BYTES],
      [2, PART_BYTES],
      [3, 1_000],
    ])
    await putAll(upload)
    const answer = await post(editor, `/${upload.id}/complete`)
    const file = StoredFile.parse(await answer.json())
    expect(file).toMatchObject({ filename: 'grande.bin', folder: 'a/', tags: ['x'], size: content.byteLength })
    expect(file.sha256).toBe(sha256(content))
    const download = await request(editor, `/api/v1/files/${file.id}/download`)
    expect(sha256(new Uint8Array(await download.arrayBuffer()))).toBe(file.sha256)
    // A repeat, and reading it afterwards, give the same file.
    expect(await (await post(editor, `/${upload.id}/complete`)).json()).toEqual(file)
    const after = await request(editor, `/api/v1/files/uploads/${upload.id}`)
    expect(Upload.parse(await after.json()).file).toEqual(file)
  })

  test('goes on after a cut, and says what is missing', async () => {
    const { owner } = team.members
    const { id, parts } = await begin(owner)
    await put(parts[1]?.url ?? '', partOf(2))
    expect(await outcomeOf(await post(owner, `/${id}/complete`))).toBe('409 upload_incomplete')
    const again = Upload.parse(await (await request(owner, `/api/v1/files/uploads/${id}`)).json())
    expect(again.parts.map(({ received }) => received)).toEqual([false, true, false])
    for (const { number, url, received } of again.parts) if (!received) await put(url, partOf(number))
    expect((await post(owner, `/${id}/complete`)).status).toBe(200)
  })

  test('completed twice at once is one file', async () => {
    const ana = await createPerson()
    const upload = await begin(ana)
    await putAll(upload)
    const answers = await Promise.all([post(ana, `/${upload.id}/complete`), post(ana, `/${upload.id}/complete`)])
    const done = answers.filter(({ status }) => status === 200)
    expect(done.length).toBeGreaterThan(0)
    const files = await Promise.all(done.map(async (answer) => StoredFile.parse(await answer.json()).id))
    expect(new Set(files).size).toBe(1)
    expect(await objectsOf(ana.workspaceId)).toHaveLength(1)
  })

  test('that is given up leaves nothing', async () => {
    const ana = await createPerson()
    const { id, parts } = await begin(ana)
    await put(parts[0]?.url ?? '', partOf(1))
    expect((await request(ana, `/api/v1/files/uploads/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await outcomeOf(await request(ana, `/api/v1/files/uploads/${id}`))).toBe('404 not_found')
    expect(await put(parts[1]?.url ?? '', partOf(2))).toBe('409 upload_over')
    expect(await objectsOf(ana.workspaceId)).toEqual([])
    expect(await rowsOf(ana.workspaceId)).toBe(0)
  })

  test('whose bytes are others than announced leaves nothing', async () => {
    const ana = await createPerson()
    const upload = await begin(ana, { sha256: '0'.repeat(64) })
    await putAll(upload)
    expect(await outcomeOf(await post(ana, `/${upload.id}/complete`))).toBe('422 checksum_mismatch')
    expect(await objectsOf(ana.workspaceId)).toEqual([])
    expect(await rowsOf(ana.workspaceId)).toBe(0)
  })

  test('begun again with the same Idempotency-Key is the same', async () => {
    const headers = { 'Idempotency-Key': 'grande' }
    const ana = await createPerson()
    const first = await begin(ana, {}, headers)
    expect((await begin(ana, {}, headers)).id).toBe(first.id)
  })

  test('larger than may be is refused before it begins', async () => {
    const answer = await post(team.members.owner, '', { filename: 'x', size: 3 * 1024 ** 3 })
    expect(await outcomeOf(answer)).toBe('413 file_too_large')
  })
})

describe('the address of a part', () => {
  test('takes exactly its bytes', async () => {
    const { parts } = await begin(team.members.owner)
    const [first] = parts
    expect(await put(first?.url ?? '', bytes(10))).toBe('422 part_size_mismatch')
    expect(await put((first?.url ?? '').replace(/1$/, '4'), bytes(10))).toBe('404 not_found')
    expect(await put((first?.url ?? '').replace(/1$/, '0'), bytes(10))).toBe('404 not_found')
  })

  test('is of one upload, and no link to a file', async () => {
    const { owner } = team.members
    const { id } = await uploadFile(owner, 'x')
    const link = await request(owner, `/api/v1/files/${id}/url`)
    const { url } = FileLink.parse(await link.json())
    const token = url.split('/').at(-1) ?? ''
    expect(await put(`/files/uploads/${token}/1`, bytes(10))).toBe('400 invalid_token')
    const { parts } = await begin(owner)
    const part = (parts[0]?.url ?? '').split('/').at(-2) ?? ''
    expect(await outcomeOf(await request(undefined, `/files/${part}`))).toBe('400 invalid_token')
    expect(await put(`/files/uploads/${part.slice(0, -3)}abc/1`, bytes(10))).toBe('400 invalid_token')
  })

  test('tells another workspace nothing', async () => {
    const { id } = await begin(team.members.owner)
    const { stranger } = team
    expect(await outcomeOf(await request(stranger, `/api/v1/files/uploads/${id}`))).toBe('404 not_found')
    expect(await outcomeOf(await post(stranger, `/${id}/complete`))).toBe('404 not_found')
    const abort = request(stranger, `/api/v1/files/uploads/${id}`, { method: 'DELETE' })
    expect(await outcomeOf(await abort)).toBe('404 not_found')
  })
})

async function rowsOf(workspaceId: string): Promise<number> {
  const db = connect(env)
  return db.$count(db.tables.fileUploads, eq(db.tables.fileUploads.workspace_id, workspaceId))
}
