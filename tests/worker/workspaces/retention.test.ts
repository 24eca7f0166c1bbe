import { env } from 'cloudflare:workers'
import { and, eq, inArray } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readConfig } from '#config'
import { Workspace } from '#core/workspace/workspace'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import type { MaintenanceCtx } from '#services/maintenance/maintenance-ctx'
import { sweepAudit } from '#services/maintenance/sweep-audit'
import { sweepExecutions } from '#services/maintenance/sweep-executions'
import { sweepOldChats } from '#services/maintenance/sweep-old-chats'
import { sweepOldFiles } from '#services/maintenance/sweep-old-files'
import { call } from '#tests/worker/auth/api'
import { upload } from '#tests/worker/files/support'
import { type Caller, createPerson } from '#tests/worker/security/people'

const DAY_MS = 24 * 60 * 60 * 1000
const db = connect(env)
const { auditLog, chats, chatDeletions, executions, files, objectDeletions } = db.tables

let ana: Caller
let rui: Caller

beforeAll(async () => {
  await call('/auth/me')
  ana = await createPerson()
  rui = await createPerson()
})

const ctx = (): MaintenanceCtx => ({ env, config: readConfig(env), db, now: Date.now })

async function all(batch: (ctx: MaintenanceCtx) => Promise<boolean>): Promise<void> {
  while (await batch(ctx()));
}

const ago = (days: number) => new Date(Date.now() - days * DAY_MS)

const change = (who: Caller, retention: unknown) =>
  who.call(`/api/v1/workspaces/${who.workspaceId}`, { method: 'PATCH', body: { retention } })

describe('PATCH /workspaces/{id} with retention', () => {
  it('changes what it names and keeps the rest; null goes back to the default', async () => {
    const read = async () =>
      Workspace.parse(JSON.parse((await rui.call(`/api/v1/workspaces/${rui.workspaceId}`)).text)).retention
    expect(await read()).toEqual({
      executions_days: null,
      audit_days: null,
      events_days: null,
      files_days: null,
      chats_days: null,
    })
    expect((await change(rui, { executions_days: 7, audit_days: 0 })).status).toBe(200)
    expect((await change(rui, { files_days: 90 })).status).toBe(200)
    expect(await read()).toEqual({
      executions_days: 7,
      audit_days: 0,
      events_days: null,
      files_days: 90,
      chats_days: null,
    })
    await change(rui, { executions_days: null, audit_days: null, files_days: null })
    expect(await read()).toEqual({
      executions_days: null,
      audit_days: null,
      events_days: null,
      files_days: null,
      chats_days: null,
    })
  })

  it.each([
    [{ executions_days: -1 }, '/retention/executions_days'],
    [{ files_days: 1.5 }, '/retention/files_days'],
    [{ audit_days: 29 }, '/retention/audit_days'],
    [{ events: 1 }, '/retention/events'],
    ['all', '/retention'],
  ])('refuses %j', async (retention, pointer) => {
    const answer = await change(rui, retention)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(pointer)
  })

  it('is the owners’: who shortens it deletes', async () => {
    const admin = await createPerson({ workspaceId: ana.workspaceId, role: 'admin' })
    const renamed = await admin.call(`/api/v1/workspaces/${ana.workspaceId}`, {
      method: 'PATCH',
      body: { name: 'Novo' },
    })
    expect(renamed.status).toBe(200)
    const refused = await admin.call(`/api/v1/workspaces/${ana.workspaceId}`, {
      method: 'PATCH',
      body: { retention: { executions_days: 1 } },
    })
    expect(refused.status).toBe(403)
  })
})

async function addExecution(workspace_id: string, finishedDaysAgo: number): Promise<string> {
  const id = newId()
  const at = ago(finishedDaysAgo)
  await db.insert(executions).values({
    id,
    workspace_id,
    workflow_id: newId(),
    version: 1,
    status: 'completed',
    trigger: 'manual',
    created_at: at,
    finished_at: at,
    seq: 1,
    archived_at: at,
  })
  return id
}

describe('the sweep', () => {
  it('keeps executions as long as each workspace wants it', async () => {
    await change(rui, { executions_days: 7 })
    const [old, young] = [await addExecution(rui.workspaceId, 8), await addExecution(rui.workspaceId, 4)]
    const [others, ancient] = [await addExecution(ana.workspaceId, 8), await addExecution(ana.workspaceId, 31)]
    const forEver = await createPerson()
    await change(forEver, { executions_days: 0 })
    const kept = await addExecution(forEver.workspaceId, 4_000)
    await all(sweepExecutions)
    const left = await db
      .select({ id: executions.id })
      .from(executions)
      .where(inArray(executions.id, [old, young, others, ancient, kept]))
    expect(left.map(({ id }) => id).toSorted()).toEqual([young, others, kept].toSorted())
  })

  it('deletes old files with their objects, where a workspace wants it', async () => {
    const [old, young] = [await upload(rui, 'velho'), await upload(rui, 'novo')]
    const others = await upload(ana, 'velho')
    await db
      .update(files)
      .set({ created_at: ago(100) })
      .where(inArray(files.id, [old.id, others.id]))
    await all(sweepOldFiles)
    expect(await db.$count(files, eq(files.id, old.id)), 'kept by default').toBe(1)
    await change(rui, { files_days: 90 })
    await all(sweepOldFiles)
    const left = await db
      .select({ id: files.id })
      .from(files)
      .where(inArray(files.id, [old.id, young.id, others.id]))
    expect(left.map(({ id }) => id).toSorted()).toEqual([young.id, others.id].toSorted())
    const doomed = await db.select().from(objectDeletions)
    expect(doomed.some(({ prefix }) => prefix.includes(`${rui.workspaceId}/files/${old.id}/`))).toBe(true)
    const [line] = await db
      .select()
      .from(auditLog)
      .where(and(eq(auditLog.resource_id, old.id), eq(auditLog.action, 'file.deleted')))
    expect(line).toMatchObject({ actor_kind: 'system', workspace_id: rui.workspaceId })
  })

  it('deletes chats in which nothing was said for so long', async () => {
    const chat = async () => {
      const answer = await rui.call('/api/v1/chat', { method: 'POST', body: { title: 'Oi' } })
      return z.object({ id: z.uuid() }).parse(JSON.parse(answer.text)).id
    }
    const [old, young] = [await chat(), await chat()]
    await db
      .update(chats)
      .set({ updated_at: ago(40) })
      .where(eq(chats.id, old))
    await change(rui, { chats_days: 30 })
    await all(sweepOldChats)
    expect(await db.$count(chats, eq(chats.id, old))).toBe(0)
    expect(await db.$count(chats, eq(chats.id, young))).toBe(1)
    expect(await db.$count(chatDeletions, eq(chatDeletions.chat_id, old)), 'its actor is to be emptied').toBe(1)
  })

  it('deletes old lines of the audit log, which nothing else can', async () => {
    const line = async (workspace_id: string | null, days: number) => {
      const id = newId()
      const what = { actor_kind: 'system', action: 'file.deleted', resource_type: 'file' } as const
      await db.insert(auditLog).values({ id, workspace_id, ...what, created_at: ago(days) })
      return id
    }
    await change(rui, { audit_days: 60 })
    const goes = [
      await line(rui.workspaceId, 61),
      await line(ana.workspaceId, 366),
      await line(null, 366),
      await line(newId(), 366),
    ]
    const stays = [await line(rui.workspaceId, 59), await line(ana.workspaceId, 364), await line(null, 364)]
    await expect(db.delete(auditLog).where(inArray(auditLog.id, goes)).execute()).rejects.toThrow('append-only')
    await all(sweepAudit)
    const left = await db
      .select({ id: auditLog.id })
      .from(auditLog)
      .where(inArray(auditLog.id, [...goes, ...stays]))
    expect(left.map(({ id }) => id).toSorted()).toEqual(stays.toSorted())
  })

  it('works in batches: more than one of them is left for the next', async () => {
    const many = await createPerson()
    await Promise.all(Array.from({ length: 60 }, () => addExecution(many.workspaceId, 40)))
    expect(await sweepExecutions(ctx())).toBe(true)
    expect(await db.$count(executions, eq(executions.workspace_id, many.workspaceId))).toBeLessThan(60)
    await all(sweepExecutions)
    expect(await db.$count(executions, eq(executions.workspace_id, many.workspaceId))).toBe(0)
  })
})
