/** Files as a person and a program meet them. */
import { createHash } from 'node:crypto'
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { StoredFile } from '#core/files/file'
import { connect } from '#db/connect'
import { createPerson, createTeam, type Team } from '#tests/worker/security/people'
import { bytes, objectsOf, outcomeOf, request, send, upload } from './support.ts'

const MIB = 1024 * 1024

let team: Team
beforeAll(async () => {
  team = await createTeam()
})

function hashOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

describe('an upload', () => {
  test('gives back what the bytes are, and the bytes', async () => {
    const { editor, viewer } = team.members
    const file = await upload(editor, 'olá, mundo', {
      name: 'Olá mundo.csv',
      fields: { folder: 'notas/2026', tags: 'fiscal, julho', category: 'nf', metadata: '{"n":7}' },
    })
    expect(file).toMatchObject({
      filename: 'Olá mundo.csv',
      folder: 'notas/2026/',
      content_type: 'text/csv',
      size: 11,
      sha256: hashOf('olá, mundo'),
      tags: ['fiscal', 'julho'],
      category: 'nf',
      metadata: { n: 7 },
      origin: 'upload',
      created_by: editor.userId,
    })
    expect(file.url).toBe(`http://localhost:8000/api/v1/files/${file.id}/download`)
    const answer = await request(viewer, `/api/v1/files/${file.id}/download`)
    expect(await answer.text()).toBe('olá, mundo')
    expect(answer.headers.get('Content-Disposition')).toBe(
      `attachment; filename="Ola mundo.csv"; filename*=UTF-8''Ol%C3%A1%20mundo.csv`,
    )
  })

  test('of many parts comes back byte for byte', async () => {
    const content = bytes(20 * MIB + 17)
    const file = await upload(team.members.owner, content, { name: 'dados.bin' })
    expect(file).toMatchObject({
      size: content.byteLength,
      sha256: hashOf(content),
      content_type: 'application/octet-stream',
    })
    const answer = await request(team.members.owner, `/api/v1/files/${file.id}/download`)
    expect(answer.headers.get('Content-Length')).toBe(String(content.byteLength))
    expect(hashOf(new Uint8Array(await answer.arrayBuffer()))).toBe(file.sha256)
  })

  test.each<[string, Record<string, string>]>([
    ['nothing else', {}],
    ['what older clients send', { category: 'avatar', metadata: '{"from":"web"}' }],
    ['fields that were not filled in', { category: '', metadata: '', tags: '', folder: '', filename: '' }],
  ])('comes with %s', async (_, fields) => {
    const file = await upload(team.members.owner, 'abc', { name: 'a.txt', fields })
    expect(file.filename).toBe('a.txt')
    expect([file.id, file.url].every((text) => text !== '')).toBe(true)
    expect(file.category).toBe(fields['category'] || null)
  })

  test('may be empty', async () => {
    const file = await upload(team.members.owner, '')
    expect(file).toMatchObject({ size: 0, content_type: 'text/plain', sha256: hashOf('') })
    expect(await (await request(team.members.owner, `/api/v1/files/${file.id}/download`)).text()).toBe('')
  })

  test.each([
    ['../../etc/passwd', 'passwd'],
    [String.raw`..\..\windows\system32\a.dll`, 'a.dll'],
    ['/absolute/x.txt', 'x.txt'],
    ['..', 'arquivo'],
    ['a\u202Egpj.exe', 'agpj.exe'],
    [`${'é'.repeat(300)}.pdf`, `${'é'.repeat(125)}.pdf`],
  ])('named %j keeps a name and never a path', async (name, kept) => {
    const { owner } = team.members
    const file = await upload(owner, 'x', { name })
    expect(file.filename).toBe(kept)
    const keys = (await objectsOf(team.workspaceId)).filter((key) => key.includes(file.id))
    expect(keys).toEqual([
      expect.stringMatching(/^workspaces\/[0-9a-f-]{36}\/files\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/content$/),
    ])
  })

  test.each([
    ['422 validation_failed /folder', { fields: { folder: '../x' } }],
    ['422 validation_failed /path', { fields: { path: 'a//b' } }],
    ['422 validation_failed /metadata', { fields: { metadata: '[1' } }],
    ['422 validation_failed /workspace_id', { fields: { workspace_id: 'x' } }],
    ['422 validation_failed /role', { fields: { role: 'admin' } }],
  ])('is refused as %s and leaves nothing', async (expected, sent) => {
    const ana = await createPerson()
    expect(await outcomeOf(await send(ana, bytes(9 * MIB), sent))).toBe(expected)
    expect(await objectsOf(ana.workspaceId)).toEqual([])
    expect(await leftOf(ana.workspaceId)).toEqual([0, 0])
  })

  test('takes one file and only one', async () => {
    const ana = await createPerson()
    const two = new FormData()
    two.append('file', new File(['a'], 'a.txt'))
    two.append('file', new File(['b'], 'b.txt'))
    const none = new FormData()
    none.append('tags', 'a')
    for (const body of [two, none]) {
      const answer = await request(ana, '/api/v1/files/upload', { method: 'POST', body })
      expect(await outcomeOf(answer)).toBe('422 validation_failed /file')
    }
    expect(await objectsOf(ana.workspaceId)).toEqual([])
  })

  test.each(['{}', '--x\r\n', '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc', '--x--', ''])(
    'that is %j is no form',
    async (body) => {
      const ana = await createPerson()
      const headers = { 'Content-Type': 'multipart/form-data; boundary=x' }
      const answer = await request(ana, '/api/v1/files/upload', { method: 'POST', body, headers })
      expect(await outcomeOf(answer)).toMatch(
        /^(400 malformed_form|415 unsupported_media_type|422 validation_failed \/file)$/,
      )
      expect(await leftOf(ana.workspaceId)).toEqual([0, 0])
    },
  )

  test('with an Idempotency-Key is made once', async () => {
    const ana = await createPerson()
    const headers = { 'Idempotency-Key': 'uma-vez' }
    const first = await upload(ana, 'abc', { headers })
    expect(await upload(ana, 'abc', { headers })).toEqual(first)
    expect(await outcomeOf(await send(ana, 'xyz', { headers }))).toBe('422 idempotency_key_reused')
    const together = await Promise.all(
      Array.from({ length: 5 }, () => upload(ana, 'abc', { headers: { 'Idempotency-Key': 'juntos' } })),
    )
    expect(new Set(together.map(({ id }) => id)).size).toBe(1)
    expect(await objectsOf(ana.workspaceId)).toHaveLength(2)
    expect(await leftOf(ana.workspaceId)).toEqual([2, 0])
  })
})

/** Rows of files and of uploads. */
async function leftOf(workspaceId: string): Promise<number[]> {
  const db = connect(env)
  const { files, fileUploads } = db.tables
  return Promise.all([
    db.$count(files, eq(files.workspace_id, workspaceId)),
    db.$count(fileUploads, eq(fileUploads.workspace_id, workspaceId)),
  ])
}

describe('what a file is', () => {
  test.each([
    ['text/html', '<!doctype html><script>alert(1)</script>', 'foto.png', 'image/png'],
    ['image/gif', 'GIF89a/*<script>alert(1)</script>*/', 'x.html', 'text/html'],
    ['image/svg+xml', '<?xml version="1.0"?><svg xmlns="x" onload="alert(1)"/>', 'a.txt', 'text/plain'],
    ['application/pdf', '%PDF-1.7 <html>', 'a.txt', 'text/plain'],
    ['application/zip', 'PK\u0003\u0004 not really a zip', 'a.png', 'image/png'],
    ['application/octet-stream', '\u0000\u0001\u0002', 'a.txt', 'text/plain'],
    ['text/plain', 'just text', 'a.png', 'image/png'],
    ['application/json', '{"a":1}', 'a.json', ''],
  ])('is %s by its bytes', async (type, content, name, claimed) => {
    expect((await upload(team.members.owner, content, { name, type: claimed })).content_type).toBe(type)
  })

  test('is served to be saved, whatever it is', async () => {
    const { id } = await upload(team.members.owner, '<html><script>alert(1)</script>', { name: 'p.html' })
    const { headers } = await request(team.members.owner, `/api/v1/files/${id}/download`)
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(headers.get('Content-Disposition')).toMatch(/^attachment;/)
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Content-Security-Policy')).toContain('sandbox')
  })
})

describe('a download', () => {
  const CONTENT = 'abcdefghij'

  async function get(headers: Record<string, string>, method = 'GET') {
    const { id } = await upload(team.members.owner, CONTENT)
    const answer = await request(team.members.viewer, `/api/v1/files/${id}/download`, { method, headers })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  }

  test.each([
    ['bytes=0-3', 206, 'abcd', 'bytes 0-3/10'],
    ['bytes=8-', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-3', 206, 'hij', 'bytes 7-9/10'],
    ['bytes=2-99', 206, 'cdefghij', 'bytes 2-9/10'],
    ['bytes=5-2', 200, CONTENT, null],
    ['bytes=0-1,4-5', 200, CONTENT, null],
    ['lines=0-1', 200, CONTENT, null],
  ])('with Range %s', async (range, status, text, said) => {
    const answer = await get({ Range: range })
    expect([answer.status, answer.text, answer.headers.get('Content-Range')]).toEqual([status, text, said])
    expect(answer.headers.get('Content-Length')).toBe(String(text.length))
  })

  test('behind the end is 416', async () => {
    expect(await get({ Range: 'bytes=10-' })).toMatchObject({ status: 416, text: expect.stringContaining('10 bytes') })
  })

  test('is not sent to who has it', async () => {
    const tag = `"${hashOf(CONTENT)}"`
    expect((await get({})).headers.get('ETag')).toBe(tag)
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      expect(await get({ 'If-None-Match': known }), known).toMatchObject({ status: 304, text: '' })
    }
    expect((await get({ 'If-None-Match': '"x"' })).status).toBe(200)
  })

  test('goes on only with the same version', async () => {
    const range = { Range: 'bytes=4-' }
    expect(await get({ ...range, 'If-Range': `"${hashOf(CONTENT)}"` })).toMatchObject({ status: 206, text: 'efghij' })
    expect(await get({ ...range, 'If-Range': '"x"' })).toMatchObject({ status: 200, text: CONTENT })
  })

  test('answers HEAD with the length alone', async () => {
    const { status, text, headers } = await get({}, 'HEAD')
    expect([status, text, headers.get('Content-Length'), headers.get('Accept-Ranges')]).toEqual([
      200,
      '',
      '10',
      'bytes',
    ])
  })
})

describe('a list', () => {
  const Page = z.object({ items: z.array(StoredFile), total: z.int() })

  test('finds by name, tag, folder and type, newest first', async () => {
    const ana = await createPerson()
    const names = async (query: string) => {
      const answer = await request(ana, `/api/v1/files?${query}`)
      return Page.parse(await answer.json()).items.map(({ filename }) => filename)
    }
    await upload(ana, 'a', { name: 'um_100%.txt', fields: { folder: 'a/b', tags: 'x' } })
    await upload(ana, '{}', { name: 'dois.json', fields: { folder: 'a', tags: '["x","y"]' } })
    await upload(ana, 'GIF89a', { name: 'três.gif', fields: { path: '/ab/' } })
    expect(await names('')).toEqual(['três.gif', 'dois.json', 'um_100%.txt'])
    expect(await names('search=TRÊS')).toEqual(['três.gif'])
    expect(await names('search=_100%25')).toEqual(['um_100%.txt'])
    expect(await names('tag=x')).toEqual(['dois.json', 'um_100%.txt'])
    expect(await names('folder=a')).toEqual(['dois.json', 'um_100%.txt'])
    expect(await names('folder=a/b/')).toEqual(['um_100%.txt'])
    expect(await names('content_type=image/*')).toEqual(['três.gif'])
    expect(await names('content_type=application/json')).toEqual(['dois.json'])
    expect(await names('size=1&page=3')).toEqual(['um_100%.txt'])
  })

  test('shows and opens nothing of another workspace', async () => {
    const { id } = await upload(team.members.owner, 'segredo')
    const { stranger } = team
    const paths = ['', '/download', '/url'].map((rest) => `/api/v1/files/${id}${rest}`)
    for (const path of paths) expect(await outcomeOf(await request(stranger, path)), path).toBe('404 not_found')
    for (const method of ['PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? { body: '{"tags":[]}', headers: { 'Content-Type': 'application/json' } } : {}
      expect(await outcomeOf(await request(stranger, `/api/v1/files/${id}`, { method, ...body }))).toBe('404 not_found')
    }
    expect(Page.parse(await (await request(stranger, '/api/v1/files')).json())).toEqual({ items: [], total: 0 })
    expect((await request(team.members.viewer, paths[1] ?? '')).status).toBe(200)
  })
})

test('a file is renamed, moved and tagged; its bytes stay', async () => {
  const { owner } = team.members
  const { id, sha256 } = await upload(owner, 'abc')
  const body = JSON.stringify({ filename: '../novo.txt', folder: '/x/y', tags: ['a', 'a', 'b'] })
  const headers = { 'Content-Type': 'application/json' }
  const answer = await request(owner, `/api/v1/files/${id}`, { method: 'PATCH', body, headers })
  expect(await answer.json()).toMatchObject({ filename: 'novo.txt', folder: 'x/y/', tags: ['a', 'b'], sha256 })
})

test('a deleted file is gone, with its object', async () => {
  const ana = await createPerson()
  const { id } = await upload(ana, bytes(9 * MIB))
  expect((await request(ana, `/api/v1/files/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect(await outcomeOf(await request(ana, `/api/v1/files/${id}`, { method: 'DELETE' }))).toBe('404 not_found')
  expect(await outcomeOf(await request(ana, `/api/v1/files/${id}/download`))).toBe('404 not_found')
  await expect.poll(() => objectsOf(ana.workspaceId)).toEqual([])
})
