/** What becomes of team workspaces when the account of one who is in them is deleted. */
import { expect, it } from 'vitest'
import { problemOf } from '#tests/worker/auth/api'
import { PASSWORD } from '#tests/worker/support/accounts'
import {
  createPerson,
  createTeam,
  invitationTo,
  invite,
  join,
  type Person,
  remove,
  rolesIn,
  setRole,
  transfer,
} from './team.ts'

function leave(person: Person) {
  return person.call('/auth/account', { method: 'DELETE', json: { password: PASSWORD } })
}

it('who is the only owner of others’ workspaces stays, and learns which', async () => {
  const ana = await createPerson()
  const [sales, support] = [await createTeam(ana, 'Vendas'), await createTeam(ana, 'Suporte')]
  await createTeam(ana, 'Sozinha')
  const [eva, rui] = [await join(ana, sales.id, 'editor'), await join(ana, support.id, 'viewer')]
  const refused = problemOf(await leave(ana))
  expect(refused).toMatchObject({ status: 409, code: 'last_owner' })
  expect(refused.detail).toContain('Suporte, Vendas.')
  expect((await ana.call('/workspaces')).body).toMatchObject({ total: 4 })

  await transfer(ana, sales.id, eva.id)
  await remove(ana, support.id, rui.id)
  expect((await leave(ana)).status).toBe(204)
  expect(await rolesIn(eva, sales.id)).toEqual({ [eva.id]: 'owner' })
  expect((await rui.call(`/workspaces/${support.id}`)).status).toBe(404)
})

it('a workspace with another owner loses a member and nothing else', async () => {
  const ana = await createPerson()
  const { id } = await createTeam(ana)
  const eva = await join(ana, id, 'editor')
  await setRole(ana, id, eva.id, 'owner')
  const headers = { 'X-Workspace-Id': id }
  const made = await ana.call('/workflows', { json: { name: 'Da Ana' }, headers })
  expect(made.status).toBe(201)
  expect((await leave(ana)).status).toBe(204)
  expect(await rolesIn(eva, id)).toEqual({ [eva.id]: 'owner' })
  expect((await eva.call('/workflows', { headers })).body).toMatchObject({ items: [{ name: 'Da Ana' }] })
})

it.each([1, 2, 3])('two owners who leave at once leave nobody without an owner (%i)', async () => {
  const ana = await createPerson()
  const { id } = await createTeam(ana)
  const [eva, rui] = [await join(ana, id, 'editor'), await join(ana, id, 'viewer')]
  await setRole(ana, id, eva.id, 'owner')
  const answers = await Promise.all([leave(ana), leave(eva)])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409])
  expect(Object.values(await rolesIn(rui, id))).toContain('owner')
})

it.each([1, 2, 3])('nobody joins a workspace that goes with its owner’s account (%i)', async () => {
  const [ana, eva] = [await createPerson(), await createPerson()]
  const { id } = await createTeam(ana)
  await invite(ana, id, eva.email)
  const json = { token: await invitationTo(eva.email) }
  const [left, joined] = await Promise.all([leave(ana), eva.call('/invitations/accept', { json })])
  const isThere = (await eva.call(`/workspaces/${id}`)).status === 200
  expect([left.status, joined.status, isThere]).toEqual(joined.status === 200 ? [409, 200, true] : [204, 400, false])
})
