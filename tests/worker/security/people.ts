/**
 * The people of the suite, made through the database: dozens of accounts would otherwise spend their time on scrypt. All
 * have the same password; a team workspace has one member of each role, a stranger has only the personal one.
 */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { accessTokenSeconds, signAccessToken } from '#auth/access-token'
import { readConfig } from '#config'
import { WORKSPACE_ROLES } from '#core/permissions'
import type { WorkspaceRole } from '#core/principal'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { hashOnce } from '#tests/worker/support/accounts'
import { type Answer, type Hit, hit } from './hit.ts'

const HOUR_MS = 60 * 60 * 1000
const config = readConfig(env)

/** Somebody with credentials, acting in one workspace. */
export interface Caller {
  readonly userId: string
  readonly email: string
  readonly sessionId: string
  /** The workspace of the requests: the team's, or for a stranger the personal one. */
  readonly workspaceId: string
  readonly personalWorkspaceId: string
  readonly token: string
  /** A request in that workspace; headers that are given win. */
  call(path: string, request?: Hit): Promise<Answer>
}

/** An account with a session, and a role in a workspace when one is given. */
export async function createPerson(member?: { readonly workspaceId: string; readonly role: WorkspaceRole }) {
  const { users, workspaces, workspaceMembers, sessions } = connect(env).tables
  const [userId, personalWorkspaceId, sessionId] = [newId(), newId(), newId()]
  const at = new Date()
  const email = `${userId}@example.com`
  const times = { created_at: at, updated_at: at }
  const memberships: { workspace_id: string; role: WorkspaceRole }[] = [
    { workspace_id: personalWorkspaceId, role: 'owner' },
    ...(member ? [{ workspace_id: member.workspaceId, role: member.role }] : []),
  ]
  const password_hash = await hashOnce()
  const db = connect(env)
  await db.batch([
    db
      .insert(users)
      .values({ id: userId, email, first_name: 'Ana', last_name: '', password_hash, role: 'user', ...times }),
    db.insert(workspaces).values({ id: personalWorkspaceId, name: 'Ana', personal_user_id: userId, ...times }),
    db.insert(workspaceMembers).values(memberships.map((one) => ({ ...one, user_id: userId }))),
    db.insert(sessions).values({
      id: sessionId,
      user_id: userId,
      created_at: at,
      last_used_at: at,
      expires_at: new Date(Date.now() + HOUR_MS),
    }),
  ])
  const token = await signAccessToken(config, { userId, sessionId }, Date.now())
  return callerOf({ userId, email, sessionId, personalWorkspaceId, token }, member?.workspaceId ?? personalWorkspaceId)
}

function callerOf(person: Omit<Caller, 'workspaceId' | 'call'>, workspaceId: string): Caller {
  return {
    ...person,
    workspaceId,
    call: (path, { headers = {}, ...request } = {}) =>
      hit(path, { token: person.token, ...request, headers: { 'X-Workspace-Id': workspaceId, ...headers } }),
  }
}

/** The same person with another token, or in another workspace. */
export function as(caller: Caller, change: Partial<Pick<Caller, 'token' | 'workspaceId'>>): Caller {
  return callerOf({ ...caller, ...change }, change.workspaceId ?? caller.workspaceId)
}

export interface Team {
  readonly workspaceId: string
  readonly members: Readonly<Record<WorkspaceRole, Caller>>
  readonly stranger: Caller
}

export async function createTeam(): Promise<Team> {
  // The first request takes seconds; a query would count them against PostgreSQL.
  await hit('/')
  const db = connect(env)
  const [workspaceId, at] = [newId(), new Date()]
  await db.insert(db.tables.workspaces).values({ id: workspaceId, name: 'Time', created_at: at, updated_at: at })
  const made = WORKSPACE_ROLES.map(async (role) => [role, await createPerson({ workspaceId, role })] as const)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the keys
  const members = Object.fromEntries(await Promise.all(made)) as Record<WorkspaceRole, Caller>
  return { workspaceId, members, stranger: await createPerson() }
}

/** Tokens that were good once, or never: `name → token`. */
export async function badTokens({ userId, sessionId }: Caller): Promise<Readonly<Record<string, string>>> {
  const db = connect(env)
  const { sessions } = db.tables
  const revoked = await createPerson()
  const revocation = { revoked_at: new Date(), revoked_reason: 'logout' } as const
  await db.update(sessions).set(revocation).where(eq(sessions.id, revoked.sessionId))
  const closed = await createPerson()
  await db.update(db.tables.users).set({ is_active: false }).where(eq(db.tables.users.id, closed.userId))
  const before = Date.now() - accessTokenSeconds(config) * 1000 - 1000
  return {
    garbage: 'x.y.z',
    'no such key': `sk_${'a'.repeat(43)}`,
    expired: await signAccessToken(config, { userId, sessionId }, before),
    'revoked session': revoked.token,
    'closed account': closed.token,
  }
}
