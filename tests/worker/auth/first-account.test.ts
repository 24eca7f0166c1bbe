import { and, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { createUser } from '#services/users/create-user'
import { useOwnSchema } from '#tests/worker/support/own-schema'
import { newEmail } from '#tests/worker/support/accounts'

const REQUEST = { requestId: 'x', now: Date.now, client: { userAgent: undefined, address: undefined } }

const empty = useOwnSchema('empty')

function createPerson(first_name: string, isOpen?: boolean) {
  const person = { email: newEmail(), username: null, first_name, last_name: '', password_hash: 'x' }
  return createUser({ db: empty.connect(), ...REQUEST }, person, isOpen)
}

describe('the first account', () => {
  // Several rounds, since what is attacked is a race.
  it.each([1, 2, 3, 4, 5])('alone is the administrator, however many come at once (%i)', async () => {
    const made = await Promise.all(
      ['Ana', 'Bia', 'Caio', 'Davi', 'Eva', 'Fabi', 'Gil', 'Hugo'].map((name) => createPerson(name)),
    )
    expect(made.filter(({ role }) => role === 'admin')).toHaveLength(1)
    expect(made.filter(({ role }) => role === 'user')).toHaveLength(7)
    expect((await createPerson('Ivo')).role).toBe('user')
  })

  it.each([1, 2, 3])('alone is made where registration is closed (%i)', async () => {
    const made = await Promise.allSettled(['Ana', 'Bia', 'Caio', 'Davi'].map((name) => createPerson(name, false)))
    expect(made.filter(({ status }) => status === 'fulfilled')).toMatchObject([{ value: { role: 'admin' } }])
    for (const outcome of made.filter(({ status }) => status === 'rejected')) {
      expect(outcome).toMatchObject({ reason: { code: 'registration_closed' } })
    }
    const db = empty.connect()
    expect(await db.select().from(db.tables.users)).toHaveLength(1)
    expect(await db.select().from(db.tables.workspaces)).toHaveLength(1)
  })

  it('like each one owns a personal workspace', async () => {
    await createPerson('Ana')
    const db = empty.connect()
    const { users, workspaces: own, workspaceMembers: members } = db.tables
    const owned = await db
      .select({ role: members.role, name: own.name })
      .from(users)
      .innerJoin(own, eq(own.personal_user_id, users.id))
      .innerJoin(members, and(eq(members.workspace_id, own.id), eq(members.user_id, users.id)))
    expect(owned).toEqual([{ role: 'owner', name: 'Ana' }])
  })
})
