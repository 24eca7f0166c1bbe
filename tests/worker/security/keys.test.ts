/** Every operation by an API key: with its scope, with every other one, by an owner whose role may not. */
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Permission, roleHas, SCOPES, WORKSPACE_ROLES } from '#core/permissions'
import type { WorkspaceRole } from '#core/principal'
import { callAs, expectedOf, fixtureOf, garbageFor, outcome } from './calls.ts'
import { FIXTURES } from './fixtures/catalog.ts'
import { garbagePath, type Operation, readOperations } from './operations.ts'
import { as, type Caller, createPerson, createTeam, type Team } from './people.ts'

const Created = z.object({ key: z.string() })

let operations: ReadonlyMap<string, Operation>
let team: Team
/** By which whoever made it may do everything that a key may. */
let everything: Readonly<Record<WorkspaceRole, Caller>>

beforeAll(async () => {
  operations = await readOperations()
  team = await createTeam()
  const made = WORKSPACE_ROLES.map(async (role) => {
    const member = team.members[role]
    const scopes = SCOPES.filter((scope) => roleHas(role, scope))
    return [role, await withKey(member, scopes)] as const
  })
  everything = Object.fromEntries(await Promise.all(made)) as Record<WorkspaceRole, Caller>
})

/** The same person by an API key of the workspace with these scopes. */
async function withKey(caller: Caller, scopes: readonly Permission[]): Promise<Caller> {
  const answer = await caller.call('/api/v1/api-keys', { method: 'POST', body: { name: 'Suite', scopes } })
  return as(caller, { token: Created.parse(JSON.parse(answer.text)).key })
}

/** Somebody new for each call: people may have a hundred keys, and some calls end their caller's account. */
function newOwner(): Promise<Caller> {
  return createPerson({ workspaceId: team.workspaceId, role: 'owner' })
}

function guarded(name: string): Operation & { readonly permission: Permission } {
  const { permission, ...operation } = operations.get(name) ?? {}
  if (permission === undefined) throw new Error(`${name} takes no permission`)
  return { ...(operation as Operation), permission }
}

const isOpen = (name: string) =>
  /auth\/(register|login|refresh|(forgot|reset)-password|request-|verify)|preview|approvals\/decide/.test(name)
const names = Object.keys(FIXTURES).filter((name) => name.includes(' /api/') && !isOpen(name))

describe.each(names)('%s by an API key', (name) => {
  test('with the scope does its work, or says that it takes a session', async () => {
    const operation = guarded(name)
    const { permission } = operation
    const person = await newOwner()
    // A key makes none that can do more: that of the fixture reads workflows.
    const scopes = permission === 'account:write' ? SCOPES : [permission, 'workflows:read' as const]
    const answer = await callAs(await withKey(person, [...new Set(scopes)]), person, operation)
    const takesSession = permission === 'account:write' || fixtureOf(name).session
    const { byKey } = fixtureOf(name)
    const expected = byKey === undefined ? expectedOf(operation) : [byKey]
    expect(takesSession ? ['403 session_required'] : expected.map(String)).toContain(
      takesSession ? outcome(answer) : String(answer.status),
    )
  })

  test('with every scope but this one is 403, whatever else is wrong', async () => {
    const operation = guarded(name)
    const { permission, permissions, method } = operation
    const caller = await withKey(
      await newOwner(),
      SCOPES.filter((scope) => !permissions.includes(scope)),
    )
    const answer = await caller.call(garbagePath(operation, team.workspaceId), { method, ...garbageFor(method) })
    expect(outcome(answer)).toBe(permission === 'account:write' ? '403 session_required' : '403 insufficient_scope')
  })

  test('of somebody whose role does not have the permission is 403', async () => {
    const operation = guarded(name)
    const { permissions, method } = operation
    const refused = WORKSPACE_ROLES.filter((role) => !permissions.some((one) => roleHas(role, one))).map(
      async (role) => {
        const at = garbagePath(operation, team.workspaceId)
        const answer = await everything[role].call(at, { method, ...garbageFor(method) })
        expect(outcome(answer), role).toBe('403 forbidden')
      },
    )
    await Promise.all(refused)
  })

  test('of another workspace is 404', async () => {
    const operation = guarded(name)
    const { method } = operation
    const { workspaceId } = team.stranger
    for (const elsewhere of [workspaceId, team.members.owner.personalWorkspaceId]) {
      const caller = as(everything.owner, { workspaceId: elsewhere })
      const answer = await caller.call(garbagePath(operation, elsewhere), { method, ...garbageFor(method) })
      expect(outcome(answer)).toBe('404 not_found')
    }
  })
})
