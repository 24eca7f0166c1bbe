import { env } from 'cloudflare:workers'
import { eq, inArray } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { workflowRun } from '#actors'
import { hashPassword } from '#auth/passwords'
import { readConfig } from '#config'
import { connect } from '#db/connect'
import { useOwnSchema } from '#tests/worker/support/own-schema'
import { newId } from '#lib/ids'
import type { Ctx } from '#services/context'
import { createUser } from '#services/users/create-user'
import { deleteAccount } from '#services/users/delete-account'
import { createAccount as createOwner, HTTP_URL } from '#tests/worker/support/api'
import { chain, httpNode, trigger } from '#tests/worker/support/graphs'
import { call, INVALID, logIn, problemOf } from './api.ts'
import { createAccount, createSession, newEmail, PASSWORD } from '#tests/worker/support/accounts'

const db = connect(env)
const { users, workspaces, executions, executionVisits, workflows } = db.tables

function remove(token: string, json: object = { password: PASSWORD }) {
  return call('/auth/account', { method: 'DELETE', token, json })
}

async function personalWorkspaceOf(token: string): Promise<string> {
  const { id } = (await call('/auth/me', { token })).body as { id: string }
  const [own] = await db.select().from(workspaces).where(eq(workspaces.personal_user_id, id))
  return own?.id ?? ''
}

describe('DELETE /auth/account', () => {
  it('asks for the password', async () => {
    const { access_token } = await createSession()
    expect(problemOf(await remove(access_token, {}))).toMatchObject({ status: 422, pointers: ['/password'] })
    const wrong = problemOf(await remove(access_token, { password: 'wrong password' }))
    expect(wrong).toMatchObject({ status: 403, code: 'wrong_password' })
    const more = await remove(access_token, { password: PASSWORD, user_id: newId() })
    expect(problemOf(more)).toMatchObject({ status: 422, pointers: ['/user_id'] })
    expect((await call('/auth/me', { token: access_token })).status).toBe(200)
  })

  it('ends every session and frees the address', async () => {
    const { email, id } = await createAccount()
    const [here, there] = [await logIn(email), await logIn(email)]
    expect((await remove(here.access_token)).status).toBe(204)
    for (const { access_token, refresh_token } of [here, there]) {
      expect(problemOf(await call('/auth/me', { token: access_token }))).toEqual(INVALID)
      expect(problemOf(await call('/auth/refresh', { json: { refresh_token } }))).toEqual(INVALID)
    }
    expect(problemOf(await call('/auth/login', { json: { email, password: PASSWORD } }))).toEqual(INVALID)
    expect(await db.select().from(users).where(eq(users.id, id))).toEqual([])
    expect((await call('/auth/register', { json: { email, password: PASSWORD, name: 'Ana' } })).status).toBe(201)
  })

  it('takes the personal workspace along, finished executions and running ones, and leaves other people’s', async () => {
    const [ana, eva] = [await createOwner(), await createOwner()]
    const key = newId()
    const done = await ana.run(chain([trigger, httpNode('fetch', `${HTTP_URL}/echo/${newId()}`)]))
    const running = await ana.start(chain([trigger, httpNode('fetch', `${HTTP_URL}/hold/${key}`)]))
    const theirs = await eva.run(chain([trigger, httpNode('fetch', `${HTTP_URL}/echo/${newId()}`)]))
    const workspaceId = await personalWorkspaceOf(ana.token)
    await vi.waitFor(async () => {
      const rows = await db
        .select()
        .from(executions)
        .where(inArray(executions.id, [done.id, running, theirs.id]))
      expect(rows).toHaveLength(3)
    }, 10_000)

    expect((await remove(ana.token)).status).toBe(204)
    expect(await workflowRun(env, running).describe(workspaceId)).toMatchObject({ status: 'cancelled' })
    // What the cancelled one projects at its end is dropped.
    await vi.waitFor(async () => {
      const isTheirs = eq(executions.workspace_id, workspaceId)
      expect(await db.select().from(executions).where(isTheirs)).toEqual([])
      expect(await db.select().from(executionVisits).where(eq(executionVisits.workspace_id, workspaceId))).toEqual([])
    }, 10_000)
    expect(await db.select().from(workflows).where(eq(workflows.workspace_id, workspaceId))).toEqual([])
    expect((await eva.execution(theirs.id)).status).toBe('completed')
  })

  it('happens once, also of several at once', async () => {
    const { access_token } = await createSession()
    const answers = await Promise.all([1, 2, 3].map(() => remove(access_token)))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(2)
  })
})

describe('the last administrator', () => {
  const own = useOwnSchema('admins')
  const REQUEST = { requestId: 'x', now: Date.now, client: { userAgent: undefined, address: undefined } }

  async function createPerson(role?: 'admin'): Promise<string> {
    const ownDb = own.connect()
    const password_hash = await hashPassword(PASSWORD)
    const person = { email: newEmail(), username: null, first_name: 'Ana', last_name: '', password_hash }
    const { id } = await createUser({ db: ownDb, ...REQUEST }, person)
    if (role !== undefined) await ownDb.update(ownDb.tables.users).set({ role }).where(eq(ownDb.tables.users.id, id))
    return id
  }

  function leave(userId: string): Promise<void> {
    const principal = { userId } as Ctx['principal']
    const given = { env, config: readConfig(env), db: own.connect(), unscopedDb: own.connect() }
    const ctx = { ...given, ...REQUEST, principal, later: () => undefined } as unknown as Ctx
    return deleteAccount(ctx, { password: PASSWORD })
  }

  async function countAdmins(): Promise<number> {
    const ownDb = own.connect()
    return (await ownDb.select().from(ownDb.tables.users).where(eq(ownDb.tables.users.role, 'admin'))).length
  }

  it('stays while there are others', async () => {
    const admin = await createPerson()
    const user = await createPerson()
    await expect(leave(admin)).rejects.toMatchObject({ code: 'last_admin' })
    await leave(user)
    await leave(admin)
    expect(await countAdmins()).toBe(0)
    // Whoever comes next is the first again.
    await createPerson()
    expect(await countAdmins()).toBe(1)
  })

  it('is one of two who leave at once, or leaves before somebody registers', async () => {
    const [ana, eva] = [await createPerson(), await createPerson('admin')]
    await createPerson()
    const left = await Promise.allSettled([leave(ana), leave(eva)])
    expect(left.map(({ status }) => status).toSorted((a, b) => a.localeCompare(b))).toEqual(['fulfilled', 'rejected'])
    expect(await countAdmins()).toBe(1)
  })

  it.each([1, 2, 3])('leaves somebody in charge who registers meanwhile (%i)', async () => {
    const admin = await createPerson()
    await Promise.allSettled([leave(admin), createPerson()])
    expect(await countAdmins()).toBe(1)
  })
})
