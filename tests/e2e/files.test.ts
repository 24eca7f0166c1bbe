/** Files against the real server: what a network does to an upload, and what comes back. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { FileLink, StoredFile } from '#core/files/file'
import { startServer, type TestServer } from '#tests/support/server'
import { type Client, createClient } from './support/client.ts'

const MIB = 1024 * 1024
const BOUNDARY = 'corte'

let server: TestServer
let ana: Client
let bia: Client
let sql: postgres.Sql

beforeAll(async () => {
  server = await startServer()
  ;[ana, bia] = [await createClient(server.url), await createClient(server.url)]
  sql = postgres(server.databaseUrl, { max: 1 })
})

afterAll(async () => {
  await sql?.end()
  await server?.remove()
})

/** Bytes of objects and of parts under the data directory. */
function storedBytes(): number {
  const at = join(server.dataDir, 'storage')
  const root = existsSync(at) ? at : server.dataDir
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('blobs'))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

async function rows(table: 'files' | 'file_uploads'): Promise<number> {
  const [row] = await sql.unsafe<{ count: number }[]>(`select count(*)::int as count from synapscale_db.${table}`)
  return row?.count ?? 0
}

const head = (length: number) =>
  [
    'POST /api/v1/files/upload HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${ana.token}`,
    `Content-Type: multipart/form-data; boundary=${BOUNDARY}`,
    `Content-Length: ${length}`,
    '',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="cortado.bin"',
    '',
    '',
  ].join('\r\n')

async function open(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
  await new Promise<void>((opened) => socket.once('connect', opened))
  return socket
}

function write(socket: Socket, bytes: Buffer | string): Promise<void> {
  return new Promise((done) => socket.write(bytes, () => done()))
}

async function upload(client: Client, content: Uint8Array<ArrayBuffer>, name: string, type = ''): Promise<Response> {
  const form = new FormData()
  form.append('file', new File([content], name, { type }))
  const headers = { Authorization: `Bearer ${client.token}` }
  return fetch(`${server.url}/api/v1/files/upload`, { method: 'POST', body: form, headers })
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const get = (client: Client, path: string, headers = {}) =>
  fetch(server.url + path, { headers: { Authorization: `Bearer ${client.token}`, ...headers } })

describe('an upload', () => {
  test.each([
    ['before the first part', 1, 0],
    ['behind some parts', 30, 8 * MIB],
  ])('that is cut %s leaves no row, no object and no part', async (_, size, stored) => {
    const before = { files: await rows('files'), bytes: storedBytes() }
    const socket = await open()
    await write(socket, head(100 * MIB))
    for (let sent = 0; sent < size; sent += 1) await write(socket, randomBytes(MIB))
    // It has begun.
    await expect.poll(() => rows('file_uploads')).toBe(1)
    await expect.poll(() => storedBytes() - before.bytes).toBeGreaterThanOrEqual(stored)
    socket.destroy()
    await expect.poll(() => rows('file_uploads')).toBe(0)
    expect(await rows('files')).toBe(before.files)
    await expect.poll(storedBytes).toBe(before.bytes)
  })

  test('that the server does not outlive is swept up after the restart', async () => {
    const before = storedBytes()
    const socket = await open()
    await write(socket, head(100 * MIB))
    for (let sent = 0; sent < 20; sent += 1) await write(socket, randomBytes(MIB))
    await expect.poll(() => storedBytes() - before).toBe(16 * MIB)
    // Two parts are there. What the simulated R2 is itself writing when it is killed, only it could take back.
    await new Promise((settled) => setTimeout(settled, 500))
    await server.kill()
    socket.destroy()
    await server.restart()
    await sql.end()
    sql = postgres(server.databaseUrl, { max: 1 })
    expect(await rows('file_uploads')).toBe(1)
    // An hour later; and a deleted workspace has the sweep come within seconds.
    await sql`update synapscale_db.file_uploads set expires_at = now() - interval '1 second'`
    const made = await ana.call('/workspaces', { name: 'Some' })
    const { id } = z.object({ id: z.uuid() }).parse(made.body)
    expect((await ana.call(`/workspaces/${id}`, undefined, 'DELETE')).status).toBe(204)
    await expect.poll(() => rows('file_uploads'), { timeout: 20_000 }).toBe(0)
    await expect.poll(storedBytes).toBe(before)
  })

  test('of 60 MiB streams through and comes back, also in pieces', async () => {
    const content = new Uint8Array(randomBytes(60 * MIB))
    const answer = await upload(ana, content, 'grande.bin')
    expect(answer.status).toBe(201)
    const file = StoredFile.parse(await answer.json())
    expect(file).toMatchObject({ size: content.byteLength, sha256: sha256(content) })
    const whole = await get(ana, `/api/v1/files/${file.id}/download`)
    expect(whole.headers.get('content-length')).toBe(String(content.byteLength))
    expect(sha256(new Uint8Array(await whole.arrayBuffer()))).toBe(file.sha256)
    const middle = await get(ana, `/api/v1/files/${file.id}/download`, { Range: 'bytes=30000000-30000999' })
    expect([middle.status, middle.headers.get('content-range')]).toEqual([206, `bytes 30000000-30000999/${60 * MIB}`])
    expect(Buffer.from(await middle.arrayBuffer())).toEqual(Buffer.from(content.subarray(30_000_000, 30_001_000)))
    expect((await get(bia, `/api/v1/files/${file.id}/download`)).status).toBe(404)
    const known = await get(ana, `/api/v1/files/${file.id}/download`, { 'If-None-Match': `"${file.sha256}"` })
    expect(known.status).toBe(304)
    const probe = await fetch(`${server.url}/api/v1/files/${file.id}/download`, {
      method: 'HEAD',
      headers: { Authorization: `Bearer ${ana.token}` },
    })
    expect(probe.headers.get('content-length')).toBe(String(content.byteLength))
  })

  test('outlives a kill, and opens by its link afterwards', async () => {
    const content = Uint8Array.from(Buffer.from('<script>alert(1)</script>'))
    const file = StoredFile.parse(await (await upload(ana, content, 'p.html', 'image/png')).json())
    expect(file.content_type).toBe('text/html')
    await server.kill()
    await server.restart()
    const { url } = FileLink.parse(await (await get(ana, `/api/v1/files/${file.id}/url`)).json())
    const answer = await fetch(server.url + new URL(url).pathname)
    expect(await answer.text()).toBe('<script>alert(1)</script>')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
    await sql.end()
    sql = postgres(server.databaseUrl, { max: 1 })
  })

  test('that is refused is told so, though it still sends', async () => {
    const before = storedBytes()
    const form = new FormData()
    form.append('file', new File([new Uint8Array(randomBytes(9 * MIB))], 'a.bin'))
    form.append('other', 'x'.repeat(30 * MIB))
    const headers = { Authorization: `Bearer ${ana.token}` }
    const answer = await fetch(`${server.url}/api/v1/files/upload`, { method: 'POST', body: form, headers })
    expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining('"/other"')])
    await expect.poll(storedBytes).toBe(before)
  })
})
