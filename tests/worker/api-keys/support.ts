/** API keys as their owners make and use them. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { NewApiKey } from '#core/api-keys/api-key'
import type { Scope } from '#core/permissions'
import type { WorkspaceRole } from '#core/principal'
import { connect } from '#db/connect'
import { type Answer, call } from '#tests/worker/auth/api'
import { createSession } from '#tests/worker/support/accounts'

export interface Person {
  readonly id: string
  readonly token: string
  /** The personal one. */
  readonly workspaceId: string
}

/** A fresh account, logged in. */
export async function createPerson(): Promise<Person> {
  const { access_token: token, user } = await createSession()
  const db = connect(env)
  const { workspaces } = db.tables
  const [own] = await db.select().from(workspaces).where(eq(workspaces.personal_user_id, user.id))
  return { id: user.id, token, workspaceId: own?.id ?? '' }
}

/** Makes somebody a member of another's workspace, or changes what they are there. */
export async function join(person: Person, workspaceId: string, role: WorkspaceRole): Promise<void> {
  const db = connect(env)
  const { workspaceMembers: members } = db.tables
  await db
    .insert(members)
    .values({ workspace_id: workspaceId, user_id: person.id, role })
    .onConflictDoUpdate({ target: [members.workspace_id, members.user_id], set: { role } })
}

export function post(token: string, json: object, headers: Record<string, string> = {}): Promise<Answer> {
  return call('/api-keys', { token, json: { name: 'CI', ...json }, headers })
}

/** A key that was made and can be used. */
export async function createKey(
  token: string,
  scopes: readonly Scope[],
  { headers = {}, ...more }: { headers?: Record<string, string>; expires_in_days?: number } = {},
): Promise<NewApiKey & { readonly key: string }> {
  const { key = '', ...made } = NewApiKey.parse((await post(token, { scopes, ...more }, headers)).body)
  return { ...made, key }
}

/** Changes a key's row behind the API's back, e.g. to let time pass. */
export async function setKey(id: string, values: { expires_at?: Date; last_used_at?: Date }): Promise<void> {
  const db = connect(env)
  await db.update(db.tables.apiKeys).set(values).where(eq(db.tables.apiKeys.id, id))
}
