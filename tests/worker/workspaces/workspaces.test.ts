import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { workflowRun } from '#actors'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { Workspace } from '#core/workspace/workspace'
import { problemOf } from '#tests/worker/auth/api'
import { HTTP_URL } from '#tests/worker/support/api'
import { chain, httpNode, trigger } from '#tests/worker/support/graphs'
import { createPerson, createTeam, join, personalOf, type Person } from './team.ts'

const db = connect(env)
const Items = z.object({ items: z.array(Workspace), total: z.int() })
const NOT_FOUND = { status: 404, code: 'not_found' }
const FORBIDDEN = { status: 403, code: 'forbidden' }

async function list(person: Person, query = '') {
  return Items.parse((await person.call(`/workspaces${query}`)).body)
}

describe('/workspaces', () => {
  it('lists the personal one, and teams with the own role, newest first', async () => {
    const ana = await createPerson()
    expect((await list(ana)).items).toMatchObject([{ name: 'Ana Silva', is_personal: true, role: 'owner' }])
    const team = await createTeam(ana, '  Vendas   do Sul ')
    expect(team).toMatchObject({ name: 'Vendas do Sul', is_personal: false, role: 'owner' })
    const eva = await join(ana, team.id, 'viewer')
    expect((await list(eva)).items).toMatchObject([
      { is_personal: true, role: 'owner' },
      { id: team.id, role: 'viewer' },
    ])
    expect(await list(eva, '?search=vendas')).toMatchObject({ items: [{ id: team.id }], total: 1 })
    expect(await list(eva, '?search=100%')).toEqual({ items: [], total: 0 })
    expect(await list(eva, '?size=1&page=2')).toMatchObject({ items: [{ id: team.id }], total: 2 })
    expect(await list(eva, '?size=1&page=9')).toEqual({ items: [], total: 2 })
  })

  it('makes one for an Idempotency-Key', async () => {
    const ana = await createPerson()
    const make = (name: string) =>
      ana.call('/workspaces', { json: { name }, headers: { 'Idempotency-Key': 'equipe-1' } })
    const [first, second] = [await make('Equipe'), await make('Equipe')]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect(problemOf(await make('Outra'))).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
    expect((await list(ana)).total).toBe(2)
  })

  it.each([
    [{}, '/name'],
    [{ name: ' ' }, '/name'],
    [{ name: 'a\u0000b' }, '/name'],
    [{ name: 'x', personal_user_id: newId() }, '/personal_user_id'],
  ])('refuses %j', async (json, pointer) => {
    const ana = await createPerson()
    expect(problemOf(await ana.call('/workspaces', { json }))).toMatchObject({ status: 422, pointers: [pointer] })
  })
})

describe('/workspaces/{id}', () => {
  it('is renamed by administrators, read by members, unknown to others', async () => {
    const [ana, rui] = [await createPerson(), await createPerson()]
    const { id } = await createTeam(ana)
    const [adm, eva] = [await join(ana, id, 'admin'), await join(ana, id, 'viewer')]
    const rename = (who: Person, method = 'PATCH') => who.call(`/workspaces/${id}`, { method, json: { name: 'Novo' } })
    expect((await rename(adm)).body).toMatchObject({ id, name: 'Novo', role: 'admin' })
    expect((await rename(ana, 'PUT')).status).toBe(200)
    expect(problemOf(await rename(eva))).toMatchObject(FORBIDDEN)
    expect(problemOf(await rename(rui))).toMatchObject(NOT_FOUND)
    expect((await eva.call(`/workspaces/${id.toUpperCase()}`)).body).toMatchObject({ id, name: 'Novo', role: 'viewer' })
    expect(problemOf(await rui.call(`/workspaces/${id}`))).toMatchObject(NOT_FOUND)
    expect(problemOf(await ana.call('/workspaces/x'))).toMatchObject(NOT_FOUND)
    expect(problemOf(await ana.call(`/workspaces/${newId()}`))).toMatchObject(NOT_FOUND)
  })

  it('is the one of the path, whatever X-Workspace-Id says', async () => {
    const [ana, rui] = [await createPerson(), await createPerson()]
    const { id } = await createTeam(ana, 'Da Ana')
    const own = await createTeam(rui, 'Do Rui')
    const headers = { 'X-Workspace-Id': own.id }
    // An owner elsewhere is nobody here.
    expect(problemOf(await rui.call(`/workspaces/${id}`, { headers }))).toMatchObject(NOT_FOUND)
    const renamed = await rui.call(`/workspaces/${id}`, { method: 'PATCH', json: { name: 'X' }, headers })
    expect(problemOf(renamed)).toMatchObject(NOT_FOUND)
    expect(problemOf(await rui.call(`/workspaces/${id}`, { method: 'DELETE', headers }))).toMatchObject(NOT_FOUND)
    expect((await ana.call(`/workspaces/${id}`, { headers })).body).toMatchObject({ name: 'Da Ana' })
  })

  it('gives the role there, not the role elsewhere', async () => {
    const [ana, rui] = [await createPerson(), await createPerson()]
    const { id } = await createTeam(ana)
    const headers = { 'X-Workspace-Id': id }
    await createTeam(rui)
    const eva = await join(ana, id, 'viewer')
    expect(problemOf(await eva.call(`/workspaces/${id}`, { method: 'DELETE' }))).toMatchObject(FORBIDDEN)
    expect(problemOf(await eva.call('/workflows', { json: { name: 'x' }, headers }))).toMatchObject(FORBIDDEN)
    expect((await eva.call('/workflows', { headers })).status).toBe(200)
  })
})

describe('DELETE /workspaces/{id}', () => {
  it('takes everything along and cancels what runs', async () => {
    const ana = await createPerson()
    const { id } = await createTeam(ana)
    const adm = await join(ana, id, 'admin')
    const headers = { 'X-Workspace-Id': id }
    const definition = chain([trigger, httpNode('fetch', `${HTTP_URL}/hold/${newId()}`)])
    const workflow = await ana.call('/workflows', { json: { name: 'Teste', definition }, headers })
    const { id: workflowId } = z.object({ id: z.uuid() }).parse(workflow.body)
    const started = await ana.call(`/workflows/${workflowId}/execute`, { json: {}, headers })
    const { execution_id: run } = z.object({ execution_id: z.uuid() }).parse(started.body)
    const { executions, workflows } = db.tables
    await vi.waitFor(async () => expect(await db.$count(executions, eq(executions.id, run))).toBe(1), 10_000)

    expect(problemOf(await adm.call(`/workspaces/${id}`, { method: 'DELETE' }))).toMatchObject(FORBIDDEN)
    expect((await ana.call(`/workspaces/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await workflowRun(env, run).describe(id)).toMatchObject({ status: 'cancelled' })
    await vi.waitFor(async () => expect(await db.$count(executions, eq(executions.workspace_id, id))).toBe(0), 10_000)
    expect(await db.$count(workflows, eq(workflows.workspace_id, id))).toBe(0)
    for (const person of [ana, adm]) expect(problemOf(await person.call(`/workspaces/${id}`))).toMatchObject(NOT_FOUND)
  })

  it('never takes a personal one', async () => {
    const ana = await createPerson()
    const answer = await ana.call(`/workspaces/${await personalOf(ana)}`, { method: 'DELETE' })
    expect(problemOf(answer)).toMatchObject({ status: 409, code: 'personal_workspace' })
    expect((await list(ana)).total).toBe(1)
  })
})
