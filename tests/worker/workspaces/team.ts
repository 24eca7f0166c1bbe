/** People in workspaces, as their clients call the worker. */
import { z } from 'zod'
import { Workspace } from '#core/workspace/workspace'
import { type Answer, call, type Call } from '#tests/worker/auth/api'
import { createSession } from '#tests/worker/support/accounts'
import { tokenTo } from '#tests/worker/auth/mail'

export interface Person {
  readonly id: string
  readonly email: string
  readonly token: string
  call(path: string, options?: Call): Promise<Answer>
}

/** A fresh account, logged in. */
export async function createPerson(): Promise<Person> {
  const { access_token: token, user } = await createSession()
  const { id, email } = user
  return { id, email, token, call: (path, options = {}) => call(path, { token, ...options }) }
}

/** A team workspace with its owner. */
export async function createTeam(owner: Person, name = 'Equipe'): Promise<Workspace> {
  return Workspace.parse((await owner.call('/workspaces', { json: { name } })).body)
}

export function invite(by: Person, workspaceId: string, email: string, role = 'editor'): Promise<Answer> {
  return by.call(`/workspaces/${workspaceId}/invitations`, { json: { email, role } })
}

/** The token of the latest invitation that came to this address. */
export function invitationTo(email: string, count = 1): Promise<string> {
  return tokenTo(email, '/accept-invitation', count)
}

/** Somebody new in the workspace, by an invitation of its owner. */
export async function join(owner: Person, workspaceId: string, role: 'admin' | 'editor' | 'viewer'): Promise<Person> {
  const person = await createPerson()
  await invite(owner, workspaceId, person.email, role)
  const answer = await person.call('/invitations/accept', { json: { token: await invitationTo(person.email) } })
  if (answer.status !== 200) throw new Error(`joining answered ${answer.status}`)
  return person
}

/** User id → role. */
export async function rolesIn(seenBy: Person, workspaceId: string): Promise<Record<string, string>> {
  const { body } = await seenBy.call(`/workspaces/${workspaceId}/members?size=100`)
  const { items } = z.object({ items: z.array(z.object({ user_id: z.string(), role: z.string() })) }).parse(body)
  return Object.fromEntries(items.map(({ user_id, role }) => [user_id, role]))
}

export function setRole(by: Person, workspaceId: string, userId: string, role: string): Promise<Answer> {
  return by.call(`/workspaces/${workspaceId}/members/${userId}`, { method: 'PATCH', json: { role } })
}

export function remove(by: Person, workspaceId: string, userId: string): Promise<Answer> {
  return by.call(`/workspaces/${workspaceId}/members/${userId}`, { method: 'DELETE' })
}

export function transfer(by: Person, workspaceId: string, user_id: string): Promise<Answer> {
  return by.call(`/workspaces/${workspaceId}/transfer`, { json: { user_id } })
}

/** The personal workspace. */
export async function personalOf(person: Person): Promise<string> {
  const { body } = await person.call('/workspaces?size=100')
  const items = z.object({ items: z.array(Workspace) }).parse(body).items
  return items.find((workspace) => workspace.is_personal)?.id ?? ''
}

/** The actions of an audit log, newest first. */
export async function actionsIn(seenBy: Person, query: string, workspaceId?: string): Promise<string[]> {
  const headers: Record<string, string> = workspaceId === undefined ? {} : { 'X-Workspace-Id': workspaceId }
  const { body } = await seenBy.call(`/audit?size=100&${query}`, { headers })
  return z
    .object({ items: z.array(z.object({ action: z.string() })) })
    .parse(body)
    .items.map(({ action }) => action)
}
