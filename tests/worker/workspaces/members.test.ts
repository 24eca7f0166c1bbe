import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { problemOf } from '#tests/worker/auth/api'
import {
  actionsIn,
  createPerson,
  createTeam,
  invitationTo,
  invite,
  join,
  personalOf,
  type Person,
  remove,
  rolesIn,
  setRole,
  transfer,
} from './team.ts'

const db = connect(env)
const NOT_FOUND = { status: 404, code: 'not_found' }
const FORBIDDEN = { status: 403, code: 'forbidden' }
const LAST_OWNER = { status: 409, code: 'last_owner' }

let ana: Person
let id: string
beforeEach(async () => {
  ana = await createPerson()
  ;({ id } = await createTeam(ana, 'Vendas'))
})

describe('members', () => {
  it('are listed for every member, with name, address and role', async () => {
    const eva = await join(ana, id, 'viewer')
    const { body } = await eva.call(`/workspaces/${id}/members`)
    const [first, second] = [eva, ana].map(({ id: user_id, email }) => ({ user_id, email, name: 'Ana Silva' }))
    const items = [
      { ...first, role: 'viewer' },
      { ...second, role: 'owner' },
    ]
    expect(body).toMatchObject({ total: 2, items })
    expect(Object.keys((body as { items: [object] }).items[0])).toEqual([
      'user_id',
      'name',
      'email',
      'role',
      'joined_at',
    ])
    const found = await eva.call(`/workspaces/${id}/members?search=${ana.email}&role=owner`)
    expect(found.body).toMatchObject({ total: 1, items: [{ user_id: ana.id }] })
    expect(problemOf(await (await createPerson()).call(`/workspaces/${id}/members`))).toMatchObject(NOT_FOUND)
  })

  it('get another role at once', async () => {
    const eva = await join(ana, id, 'viewer')
    const headers = { 'X-Workspace-Id': id }
    const make = () => eva.call('/workflows', { json: { name: 'x' }, headers })
    expect(problemOf(await make())).toMatchObject(FORBIDDEN)
    expect((await setRole(ana, id, eva.id, 'editor')).body).toMatchObject({ user_id: eva.id, role: 'editor' })
    expect((await make()).status).toBe(201)
    await setRole(ana, id, eva.id, 'viewer')
    expect(problemOf(await make())).toMatchObject(FORBIDDEN)
  })

  it('are removed at once, with their API keys, and leave by themselves in every role', async () => {
    const [eva, rui] = [await join(ana, id, 'viewer'), await join(ana, id, 'editor')]
    const { apiKeys } = db.tables
    const key = { id: newId(), workspace_id: id, user_id: rui.id, name: 'k', prefix: 'sk', scopes: [] }
    await db.insert(apiKeys).values({ ...key, key_hash: newId() })
    expect((await remove(eva, id, eva.id)).status).toBe(204)
    expect((await remove(ana, id, rui.id)).status).toBe(204)
    expect(await db.$count(apiKeys, eq(apiKeys.id, key.id))).toBe(0)
    for (const person of [eva, rui])
      expect(problemOf(await person.call('/workflows', { headers: { 'X-Workspace-Id': id } }))).toMatchObject(NOT_FOUND)
    expect(await rolesIn(ana, id)).toEqual({ [ana.id]: 'owner' })
    expect(await actionsIn(ana, 'resource_type=member', id)).toEqual([
      'member.removed',
      'member.left',
      'member.joined',
      'member.joined',
    ])
    expect(problemOf(await remove(ana, id, rui.id))).toMatchObject(NOT_FOUND)
  })
})

describe('an administrator', () => {
  it('neither touches owners nor makes any', async () => {
    const [adm, eva] = [await join(ana, id, 'admin'), await join(ana, id, 'viewer')]
    expect(problemOf(await setRole(adm, id, ana.id, 'viewer'))).toMatchObject(FORBIDDEN)
    expect(problemOf(await remove(adm, id, ana.id))).toMatchObject(FORBIDDEN)
    expect(problemOf(await setRole(adm, id, eva.id, 'owner'))).toMatchObject(FORBIDDEN)
    expect(problemOf(await setRole(adm, id, adm.id, 'owner'))).toMatchObject(FORBIDDEN)
    expect(problemOf(await transfer(adm, id, adm.id))).toMatchObject(FORBIDDEN)
    expect(problemOf(await invite(adm, id, 'x@example.com', 'owner'))).toMatchObject({ pointers: ['/role'] })
    expect((await setRole(adm, id, eva.id, 'admin')).status).toBe(200)
    expect((await remove(adm, id, eva.id)).status).toBe(204)
    expect(await rolesIn(ana, id)).toEqual({ [ana.id]: 'owner', [adm.id]: 'admin' })
  })
})

it.each(['viewer', 'editor'] as const)('a %s changes nobody', async (role) => {
  const eva = await join(ana, id, role)
  expect(problemOf(await setRole(eva, id, eva.id, 'admin'))).toMatchObject(FORBIDDEN)
  expect(problemOf(await remove(eva, id, ana.id))).toMatchObject(FORBIDDEN)
  expect(problemOf(await transfer(eva, id, eva.id))).toMatchObject(FORBIDDEN)
  expect(problemOf(await invite(eva, id, 'x@example.com'))).toMatchObject(FORBIDDEN)
  expect(problemOf(await eva.call(`/workspaces/${id}/invitations`))).toMatchObject(FORBIDDEN)
})

describe('the last owner', () => {
  it('stays, in the role', async () => {
    await join(ana, id, 'admin')
    for (const answer of [await setRole(ana, id, ana.id, 'admin'), await remove(ana, id, ana.id)]) {
      expect(problemOf(answer)).toMatchObject(LAST_OWNER)
      expect(problemOf(answer).detail).toContain('Vendas')
    }
    expect(problemOf(await remove(ana, await personalOf(ana), ana.id))).toMatchObject(LAST_OWNER)
  })

  it.each([1, 2, 3])('is one of two who leave at once (%i)', async () => {
    const eva = await join(ana, id, 'editor')
    await setRole(ana, id, eva.id, 'owner')
    const answers = await Promise.all([remove(ana, id, ana.id), remove(eva, id, eva.id)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409])
  })

  it.each([1, 2, 3])('is one of two who put each other down at once (%i)', async () => {
    const eva = await join(ana, id, 'editor')
    await setRole(ana, id, eva.id, 'owner')
    await Promise.all([setRole(ana, id, eva.id, 'viewer'), setRole(eva, id, ana.id, 'viewer')])
    const { workspaceMembers: members } = db.tables
    expect(await db.$count(members, and(eq(members.workspace_id, id), eq(members.role, 'owner')))).toBe(1)
  })
})

describe('POST /workspaces/{id}/transfer', () => {
  it('makes a member the owner and the owner an administrator', async () => {
    const eva = await join(ana, id, 'viewer')
    expect((await transfer(ana, id, eva.id)).body).toMatchObject({ user_id: eva.id, role: 'owner' })
    expect(await rolesIn(ana, id)).toEqual({ [ana.id]: 'admin', [eva.id]: 'owner' })
    expect(problemOf(await transfer(ana, id, ana.id))).toMatchObject(FORBIDDEN)
    expect((await remove(ana, id, ana.id)).status).toBe(204)
  })

  it('takes a member, and another one', async () => {
    const stranger = await createPerson()
    expect(problemOf(await transfer(ana, id, stranger.id))).toMatchObject(NOT_FOUND)
    expect(problemOf(await transfer(ana, id, ana.id))).toMatchObject({ status: 422, pointers: ['/user_id'] })
    expect(problemOf(await transfer(ana, await personalOf(ana), stranger.id))).toMatchObject(NOT_FOUND)
  })

  it('happens once of two at once', async () => {
    const [eva, rui] = [await join(ana, id, 'viewer'), await join(ana, id, 'viewer')]
    const answers = await Promise.all([transfer(ana, id, eva.id), transfer(ana, id, rui.id)])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403])
    expect(Object.values(await rolesIn(ana, id)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'admin',
      'owner',
      'viewer',
    ])
  })
})

it('an invitation of a member who was removed since opens nothing', async () => {
  const adm = await join(ana, id, 'admin')
  const [one, two] = [await createPerson(), await createPerson()]
  await invite(adm, id, one.email, 'admin')
  await invite(adm, id, two.email, 'admin')
  await setRole(ana, id, adm.id, 'editor')
  const bad = { status: 400, code: 'invalid_token' }
  const accept = async (who: Person) =>
    problemOf(await who.call('/invitations/accept', { json: { token: await invitationTo(who.email) } }))
  expect(await accept(one)).toMatchObject(bad)
  await remove(ana, id, adm.id)
  expect(await accept(two)).toMatchObject(bad)
  expect((await ana.call(`/workspaces/${id}/invitations`)).body).toMatchObject({ total: 0 })
})
