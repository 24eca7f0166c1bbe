/** Quota, sizes, a storage that fails, and what a crash leaves. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readConfig } from '#config'
import { FileUsage } from '#core/files/file'
import { connect, connectWithin } from '#db/connect'
import { blobKey } from '#files/object-keys'
import { newId } from '#lib/ids'
import { actorFileCtx, type FileCtx } from '#services/files/file-ctx'
import { openFile } from '#services/files/open-file'
import { saveFile } from '#services/files/save-file'
import type { MaintenanceCtx } from '#services/maintenance/maintenance-ctx'
import { sweepObjects } from '#services/maintenance/sweep-objects'
import { sweepOrphans } from '#services/maintenance/sweep-orphans'
import { sweepUploads } from '#services/maintenance/sweep-uploads'
import { type Caller, createPerson } from '#tests/worker/security/people'
import { hit } from '#tests/worker/security/hit'
import { bytes, objectsOf, outcomeOf, request, send, upload } from './support.ts'

const MIB = 1024 * 1024
const HOUR_MS = 60 * 60 * 1000
const db = connect(env)
const { files, fileUploads, objectDeletions } = db.tables

beforeAll(() => hit('/'))
afterEach(() => {
  vi.restoreAllMocks()
})

const filesOf = ({ workspaceId }: Caller) => db.$count(files, eq(files.workspace_id, workspaceId))
const uploadsOf = ({ workspaceId }: Caller) => db.$count(fileUploads, eq(fileUploads.workspace_id, workspaceId))

/** A workspace with other settings than the server's. */
function ctxOf({ workspaceId, userId }: Caller, settings: Partial<FileCtx['config']> = {}): FileCtx {
  const ctx = actorFileCtx(env, { workspaceId, userId }, 'test')
  return { ...ctx, config: { ...readConfig(env), ...settings } }
}

function save(ctx: FileCtx, content: Uint8Array | AsyncIterable<Uint8Array>, id?: string) {
  return saveFile(ctx, { name: 'x.bin', content, origin: 'chat', ...(id === undefined ? {} : { id }) })
}

describe('the quota', () => {
  test('holds against uploads at the same moment', async () => {
    const ana = await createPerson()
    const ctx = ctxOf(ana, { FILES_QUOTA_MB: 3 })
    const answers = await Promise.allSettled(Array.from({ length: 8 }, (_, seed) => save(ctx, bytes(MIB, seed))))
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
    expect(refused).toHaveLength(5)
    for (const error of refused) expect(error).toMatchObject({ code: 'storage_quota_exceeded' })
    expect([await filesOf(ana), await uploadsOf(ana)]).toEqual([3, 0])
    expect(await objectsOf(ana.workspaceId)).toHaveLength(3)
  })

  test('ends an upload as soon as it does not fit', async () => {
    const ana = await createPerson()
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += MIB
        yield bytes(MIB)
      }
    }
    await expect(save(ctxOf(ana, { FILES_QUOTA_MB: 12 }), endless())).rejects.toMatchObject({
      code: 'storage_quota_exceeded',
    })
    expect(sent).toBe(13 * MIB)
    expect(await objectsOf(ana.workspaceId)).toEqual([])
    expect(await uploadsOf(ana)).toBe(0)
  })

  test('is told, with what is kept', async () => {
    const ana = await createPerson()
    await upload(ana, 'GIF89a')
    await upload(ana, 'abc')
    const usage = FileUsage.parse(await (await request(ana, '/api/v1/files/usage')).json())
    expect(usage).toEqual({
      files: 2,
      bytes: 9,
      quota_bytes: 10_240 * MIB,
      by_kind: [
        { kind: 'image', files: 1, bytes: 6 },
        { kind: 'text', files: 1, bytes: 3 },
      ],
    })
  })
})

test('a file that is too large for its kind is cut off as it comes', async () => {
  const ana = await createPerson()
  const ctx = ctxOf(ana, { FILES_MAX_MB: 9 })
  await expect(save(ctx, bytes(10 * MIB))).rejects.toMatchObject({
    code: 'file_too_large',
    params: { limit: 9 * MIB, kind: 'other' },
  })
  expect(await objectsOf(ana.workspaceId)).toEqual([])
})

test('the same id is the same file', async () => {
  const ana = await createPerson()
  const [ctx, id] = [ctxOf(ana), newId()]
  const made = await Promise.all([save(ctx, bytes(9, 1), id), save(ctx, bytes(9, 2), id), save(ctx, bytes(9, 3), id)])
  expect(new Set(made.map(({ sha256 }) => sha256)).size).toBe(1)
  expect(await objectsOf(ana.workspaceId)).toHaveLength(1)
  expect(await (await openFile(ctx, id)).bytes(9)).toHaveLength(9)
  await expect((await openFile(ctx, id)).bytes(8)).rejects.toMatchObject({ code: 'file_too_large' })
})

describe('a storage that fails', () => {
  test.each([
    ['at the first byte', 100],
    ['in the middle', 20 * MIB],
  ])('%s is a 503, and nothing is left', async (_, length) => {
    const ana = await createPerson()
    const full = () => Promise.reject(new Error('put: We encountered an internal error. (10001)'))
    vi.spyOn(env.FILES, 'put').mockImplementation(full)
    const create = env.FILES.createMultipartUpload.bind(env.FILES)
    vi.spyOn(env.FILES, 'createMultipartUpload').mockImplementation(async (...given) => {
      const made = await create(...given)
      let parts = 0
      const uploadPart: R2MultipartUpload['uploadPart'] = (...part) => (++parts > 1 ? full() : made.uploadPart(...part))
      return { key: made.key, uploadId: made.uploadId, uploadPart, abort: () => made.abort(), complete: full }
    })
    await expect(save(ctxOf(ana), bytes(length))).rejects.toMatchObject({ code: 'storage_unavailable' })
    vi.restoreAllMocks()
    expect([await filesOf(ana), await uploadsOf(ana)]).toEqual([0, 0])
    expect(await objectsOf(ana.workspaceId)).toEqual([])
  })

  test('is told to the client with Retry-After', async () => {
    const ana = await createPerson()
    vi.spyOn(env.FILES, 'put').mockRejectedValue(new Error('disk full'))
    const answer = await send(ana, 'abc')
    expect(answer.headers.get('Retry-After')).toBe('5')
    expect(await outcomeOf(answer)).toBe('503 storage_unavailable')
  })
})

describe('the sweep', () => {
  const late = (ms: number): MaintenanceCtx => ({ env, config: readConfig(env), db, now: () => Date.now() + ms })

  test('takes back what a crash left in the middle of an upload', async () => {
    const ana = await createPerson()
    const { workspaceId } = ana
    const [id, fileId] = [newId(), newId()]
    const key = blobKey(workspaceId, fileId, id)
    const multipart = await env.FILES.createMultipartUpload(key)
    await multipart.uploadPart(1, bytes(5 * MIB))
    const at = new Date()
    const row = { id, workspace_id: workspaceId, file_id: fileId, state: 'open' } as const
    await db.insert(fileUploads).values({ ...row, multipart_id: multipart.uploadId, created_at: at, expires_at: at })
    // Another one, which was stored and never became a file.
    const [other, otherFile] = [newId(), newId()]
    await env.FILES.put(blobKey(workspaceId, otherFile, other), 'x')
    await db.insert(fileUploads).values({ ...row, id: other, file_id: otherFile, created_at: at, expires_at: at })
    while (await sweepUploads(late(1_000)));
    expect(await uploadsOf(ana)).toBe(0)
    expect(await objectsOf(workspaceId)).toEqual([])
    await expect(multipart.uploadPart(2, bytes(10))).rejects.toThrow('10024')
  })

  test('leaves uploads alone that go on', async () => {
    const ana = await createPerson()
    const at = new Date(Date.now() + 5 * HOUR_MS)
    const id = newId()
    const row = { id, workspace_id: ana.workspaceId, file_id: newId(), state: 'open' } as const
    await db.insert(fileUploads).values({ ...row, expires_at: at })
    await sweepUploads(late(HOUR_MS))
    expect(await uploadsOf(ana)).toBe(1)
    await db.delete(fileUploads).where(eq(fileUploads.id, id))
  })

  test('an upload that was given up meanwhile makes no file', async () => {
    const ana = await createPerson()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes(9 * MIB)
      const given = { expires_at: new Date(0) }
      await db.update(fileUploads).set(given).where(eq(fileUploads.workspace_id, ana.workspaceId))
      while (await sweepUploads(late(0)));
      yield bytes(10)
    }
    await expect(save(ctxOf(ana), slow())).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect([await filesOf(ana), await uploadsOf(ana)]).toEqual([0, 0])
    expect(await objectsOf(ana.workspaceId)).toEqual([])
  })

  test('finds objects that nobody knows of, and no others', async () => {
    const ana = await createPerson()
    const { id } = await upload(ana, 'abc')
    const lost = blobKey(ana.workspaceId, newId(), newId())
    await env.FILES.put(lost, 'x')
    const all = async (ms: number) => {
      let cursor: string | undefined
      do cursor = await sweepOrphans(late(ms), cursor)
      while (cursor !== undefined)
    }
    await all(HOUR_MS)
    expect(await objectsOf(ana.workspaceId)).toHaveLength(2)
    // Other suites' objects are none of ours: they all have their rows.
    await all(25 * HOUR_MS)
    expect(await objectsOf(ana.workspaceId)).toEqual([expect.stringContaining(id)])
  })

  test('takes along the files of a deleted workspace, and uploads that were under way', async () => {
    const ana = await createPerson()
    const made = await ana.call('/api/v1/workspaces', { method: 'POST', body: { name: 'Some' } })
    const { id: workspaceId } = JSON.parse(made.text) as { id: string }
    const team: Caller = { ...ana, workspaceId }
    await upload(team, bytes(9 * MIB))
    const begun = { method: 'POST', body: JSON.stringify({ filename: 'x', size: 5 }) }
    await request(team, '/api/v1/files/uploads', { ...begun, headers: { 'Content-Type': 'application/json' } })
    expect((await request(team, `/api/v1/workspaces/${workspaceId}`, { method: 'DELETE' })).status).toBe(204)
    expect(await filesOf(team)).toBe(0)
    while (await sweepUploads(late(0)));
    while (await sweepObjects(late(0)));
    expect(await uploadsOf(team)).toBe(0)
    expect(await objectsOf(workspaceId)).toEqual([])
    await expect(save(ctxOf(team), bytes(3))).rejects.toMatchObject({ code: 'upload_over' })
    expect(await objectsOf(workspaceId)).toEqual([])
  })

  test('finishes a deletion that a crash cut', async () => {
    const ana = await createPerson()
    const { id } = await upload(ana, 'abc')
    const [key = ''] = await objectsOf(ana.workspaceId)
    const prefix = key.replace(/content$/, '')
    const scoped = connectWithin(env, ana.workspaceId)
    await scoped.batch([db.insert(objectDeletions).values({ prefix }), db.delete(files).where(eq(files.id, id))])
    while (await sweepObjects(late(0)));
    expect(await objectsOf(ana.workspaceId)).toEqual([])
  })
})
