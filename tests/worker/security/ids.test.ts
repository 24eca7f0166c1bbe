/** Ids that come in bodies, headers and queries are authorised like those in the path: when saved and when run. */
import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { openSocket } from '#tests/worker/support/socket'
import { outcome } from './calls.ts'
import { execution, heldExecution } from './fixtures/executions.ts'
import { made } from './fixtures/fixture.ts'
import { workflow } from './fixtures/workflows.ts'
import type { Answer } from './hit.ts'
import { as, type Caller, createPerson, createTeam, type Team } from './people.ts'

const Id = z.object({ id: z.string() })
const ExecutionId = z.object({ execution_id: z.string() })
const Ticket = z.object({ ticket: z.string() })
const Page = z.object({ items: z.array(Id) })

let team: Team
let owner: Caller
let stranger: Caller

beforeAll(async () => {
  team = await createTeam()
  owner = team.members.owner
  stranger = team.stranger
})

function post(caller: Caller, path: string, body: Record<string, unknown> = {}, headers = {}): Promise<Answer> {
  return caller.call(`/api/v1${path}`, { method: 'POST', body, headers })
}

async function idsAt(caller: Caller, path: string): Promise<string[]> {
  const answer = await caller.call(`/api/v1${path}`)
  return Page.parse(JSON.parse(answer.text)).items.map(({ id }) => id)
}

function idOf<T>(answer: Answer, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(answer.text))
}

/** The owner of the team, in the personal workspace. */
const atHome = () => as(owner, { workspaceId: owner.personalWorkspaceId })

describe('a workflow of another workspace', () => {
  test('is not executed, by a stranger or from another workspace of one’s own', async () => {
    const { id } = await workflow(owner)
    for (const caller of [stranger, atHome()]) {
      for (const more of [{}, { version: 1 }, { inputs: { workspace_id: team.workspaceId } }]) {
        expect(outcome(await post(caller, '/executions', { workflow_id: id, ...more }))).toBe('404 not_found')
        expect(outcome(await post(caller, `/workflows/${id}/execute`, more))).toBe('404 not_found')
      }
      expect(await idsAt(caller, '/executions')).toEqual([])
    }
    expect(await idsAt(owner, `/workflows/${id}/executions`)).toEqual([])
  })

  test('is found by no filter', async () => {
    const { id } = await execution(owner)
    const { workflow_id } = idOf(await owner.call(`/api/v1/executions/${id}`), z.object({ workflow_id: z.string() }))
    expect(await idsAt(stranger, `/executions?workflow_id=${workflow_id}`)).toEqual([])
    expect(await idsAt(atHome(), `/executions?workflow_id=${workflow_id}`)).toEqual([])
    expect(await idsAt(stranger, '/workflows?search=Suite')).toEqual([])
  })
})

test('a version is one of the workflow that is executed', async () => {
  const [one, many] = [await workflow(owner), await workflow(owner)]
  const definition = { nodes: [], edges: [], viewport: { zoom: 2 } }
  await owner.call(`/api/v1/workflows/${many.id}`, { method: 'PATCH', body: { definition } })
  await post(owner, `/workflows/${many.id}/execute`)
  expect(outcome(await post(owner, `/workflows/${one.id}/execute`, { version: 2 }))).toBe('404 not_found')
})

describe('a ticket', () => {
  test('is not given for an execution of another workspace', async () => {
    const { id } = await execution(owner)
    for (const caller of [stranger, atHome()]) {
      expect(outcome(await post(caller, '/ws/tickets', { resource: 'execution', id }))).toBe('404 not_found')
    }
  })

  test('opens nothing once its owner has left the workspace', async () => {
    const leaver = await createPerson({ workspaceId: team.workspaceId, role: 'viewer' })
    const { id } = await execution(owner)
    const { ticket } = idOf(await post(leaver, '/ws/tickets', { resource: 'execution', id }), Ticket)
    await remove(leaver)
    expect(await (await openSocket(`/api/v1/ws/execution/${id}?ticket=${ticket}`)).closed).toMatchObject({ code: 4004 })
  })
})

describe('a socket', () => {
  test('with a token of another workspace is a 4004 or a 4001, and no frame', async () => {
    const { id } = await execution(owner)
    const queries = [
      `token=${stranger.token}`,
      `token=${stranger.token}&workspace_id=${team.workspaceId}`,
      `token=${owner.token}`,
      `token=${owner.token}&workspace_id=${stranger.workspaceId}`,
      `token=${owner.token}&workspace_id=x`,
    ]
    for (const query of queries) {
      const socket = await openSocket(`/api/v1/ws/execution/${id}?${query}`)
      expect([4001, 4004], query.replace(/token=[^&]+/, '')).toContain((await socket.closed).code)
      expect(socket.frames).toEqual([])
    }
    const own = await openSocket(`/api/v1/ws/execution/${id}?token=${owner.token}&workspace_id=${team.workspaceId}`)
    await own.until(({ event_type }) => event_type === 'execution_completed')
  })
})

describe('an Idempotency-Key', () => {
  test('of somebody else makes one’s own thing, in the same workspace too', async () => {
    const { id } = await workflow(owner)
    const key = { 'Idempotency-Key': newId() }
    const start = async (caller: Caller) =>
      idOf(await post(caller, `/workflows/${id}/execute`, {}, key), ExecutionId).execution_id
    const { owner: ana, admin, editor } = team.members
    const started = [await start(ana), await start(admin), await start(editor)]
    expect(new Set(started).size).toBe(3)
    expect([await start(ana), await start(admin), await start(editor)]).toEqual(started)
  })

  test('counts in its own workspace alone', async () => {
    const key = { 'Idempotency-Key': newId() }
    const create = async (caller: Caller) => idOf(await post(caller, '/workflows', { name: 'Um' }, key), Id).id
    const ids = [await create(owner), await create(atHome()), await create(stranger)]
    expect(new Set(ids).size).toBe(3)
    expect(await idsAt(atHome(), '/workflows?search=Um')).toEqual([ids[1]])
    expect(await idsAt(stranger, '/workflows?search=Um')).toEqual([ids[2]])
  })

  test('of a request that was refused gives the next one nothing', async () => {
    const { id } = await workflow(owner)
    const key = { 'Idempotency-Key': newId() }
    const body = { workflow_id: id }
    for (let time = 0; time < 2; time += 1) {
      expect(outcome(await post(stranger, '/executions', body, key))).toBe('404 not_found')
    }
    expect((await post(owner, '/executions', body, key)).status).toBe(202)
    expect(outcome(await post(stranger, '/executions', body, key))).toBe('404 not_found')
  })
})

describe('X-Workspace-Id', () => {
  test('shows of one’s own workspaces only the one that it names', async () => {
    const ana = await createPerson({ workspaceId: team.workspaceId, role: 'editor' })
    const home = as(ana, { workspaceId: ana.personalWorkspaceId })
    const [there, here] = [await execution(ana), await execution(home)]
    const [thatFlow, thisFlow] = [await workflow(ana), await workflow(home)]
    // Lists may lag by moments.
    await expect.poll(() => idsAt(home, '/executions')).toEqual([here.id])
    expect(await idsAt(home, '/workflows?size=100')).not.toContain(thatFlow.id)
    expect(await idsAt(ana, '/workflows?size=100')).not.toContain(thisFlow.id)
    for (const path of [`/executions/${there.id}`, `/executions/${there.id}/events`, `/workflows/${thatFlow.id}`]) {
      expect(outcome(await home.call(`/api/v1${path}`)), path).toBe('404 not_found')
      expect((await ana.call(`/api/v1${path}`)).status, path).toBe(200)
    }
  })

  test.each(['', 'x', '00000000-0000-0000-0000-000000000000', '%00', "' or true --", '../', 'null', '*'])(
    'that is %j is nobody’s',
    async (id) => {
      const answer = await owner.call('/api/v1/workflows', { headers: { 'X-Workspace-Id': id } })
      expect(outcome(answer)).toBe('404 not_found')
    },
  )

  test('is one: two of them are nobody’s', async () => {
    const both = `${team.workspaceId}, ${stranger.workspaceId}`
    expect(outcome(await owner.call('/api/v1/workflows', { headers: { 'X-Workspace-Id': both } }))).toBe(
      '404 not_found',
    )
  })
})

describe('a membership', () => {
  test('that has ended opens nothing from that moment on', async () => {
    const leaver = await createPerson({ workspaceId: team.workspaceId, role: 'owner' })
    const { id } = await heldExecution(leaver)
    await remove(leaver)
    for (const path of ['/workflows', `/executions/${id}`, '/auth/me']) {
      expect(outcome(await leaver.call(`/api/v1${path}`)), path).toBe('404 not_found')
    }
    expect(outcome(await post(leaver, `/executions/${id}/cancel`))).toBe('404 not_found')
    expect(
      outcome(await post(as(leaver, { workspaceId: leaver.personalWorkspaceId }), `/executions/${id}/cancel`)),
    ).toBe('404 not_found')
    expect((await post(owner, `/executions/${id}/cancel`)).status).toBe(200)
  })

  test('counts with the role that it has now', async () => {
    const ana = await createPerson({ workspaceId: team.workspaceId, role: 'editor' })
    const { id } = await made(ana, '/api/v1/workflows', { name: 'Antes' })
    const { workspaceMembers } = connect(env).tables
    const own = and(eq(workspaceMembers.user_id, ana.userId), eq(workspaceMembers.workspace_id, team.workspaceId))
    await connect(env).update(workspaceMembers).set({ role: 'viewer' }).where(own)
    expect(outcome(await post(ana, `/workflows/${id}/execute`))).toBe('403 forbidden')
    expect((await ana.call(`/api/v1/workflows/${id}`)).status).toBe(200)
  })
})

async function remove({ userId }: Caller): Promise<void> {
  const { workspaceMembers } = connect(env).tables
  const own = and(eq(workspaceMembers.user_id, userId), eq(workspaceMembers.workspace_id, team.workspaceId))
  await connect(env).delete(workspaceMembers).where(own)
}
