/**
 * Every operation of `/openapi.json`, called by everybody: who may is what `core/permissions.ts` says, and who calls is
 * asked before what they sent. `fixtures/fixture.ts` says what a new route must add.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { type Permission, roleHas, WORKSPACE_ROLES } from '#core/permissions'
import type { WorkspaceRole } from '#core/principal'
import { callAs, expectedOf, fixtureOf, garbageFor, outcome } from './calls.ts'
import { FIXTURES } from './fixtures/catalog.ts'
import { hit } from './hit.ts'
import { fillPath, garbagePath, type Operation, readOperations } from './operations.ts'
import { as, badTokens, type Caller, createPerson, createTeam, type Team } from './people.ts'

/** Read by people and compared by hand: whoever opens a door adds it here, too. */
const PUBLIC = [
  'GET /',
  'GET /health',
  'POST /api/v1/approvals/decide',
  'POST /api/v1/approvals/preview',
  'POST /api/v1/auth/forgot-password',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
  'POST /api/v1/auth/request-password-reset',
  'POST /api/v1/auth/reset-password',
  'POST /api/v1/auth/verify-email',
  'POST /api/v1/invitations/preview',
]

let operations: ReadonlyMap<string, Operation>
let team: Team
let tokens: Readonly<Record<string, string>>

beforeAll(async () => {
  operations = await readOperations()
  team = await createTeam()
  tokens = await badTokens(team.members.owner)
})

function operationOf(name: string): Operation {
  const operation = operations.get(name)
  if (operation === undefined) throw new Error(`no route for the entry "${name}"`)
  return operation
}

/** One that takes a permission. */
function guarded(name: string): Operation & { readonly permission: Permission } {
  const { permission, ...operation } = operationOf(name)
  if (permission === undefined) throw new Error(`${name} takes no permission`)
  return { ...operation, permission }
}

/** Of that role, and for this call alone where the call ends something of the caller's. */
function member(role: WorkspaceRole, name: string): Promise<Caller> {
  return fixtureOf(name).disposable
    ? createPerson({ workspaceId: team.workspaceId, role })
    : Promise.resolve(team.members[role])
}

describe('the table of fixtures', () => {
  test('has every operation of the document', () => {
    const missing = [...operations.keys()].filter((name) => FIXTURES[name] === undefined)
    const help = 'add how to call them to tests/worker/security/fixtures/<noun>.ts, as fixtures/fixture.ts explains'
    expect(missing, help).toEqual([])
  })

  test('has nothing else', () => {
    const stale = Object.keys(FIXTURES).filter((name) => !operations.has(name))
    expect(stale, 'no route answers them: take them out of tests/worker/security/fixtures').toEqual([])
  })
})

describe('the document', () => {
  test('names these public operations and no others', () => {
    const open = Array.from(operations.values()).flatMap(({ isPublic, name }) => (isPublic ? [name] : []))
    expect(open.toSorted()).toEqual(PUBLIC)
  })

  test('says of every other one which permission it takes', () => {
    const unnamed = Array.from(operations.values()).filter(({ isPublic, permission }) => isPublic !== !permission)
    expect(unnamed).toEqual([])
  })
})

const names = Object.keys(FIXTURES)

describe.each(names.filter((name) => PUBLIC.includes(name)))('%s', (name) => {
  test.each(['without a token', 'with a bad one'])('answers as promised %s', async (how) => {
    const operation = operationOf(name)
    const { members } = team
    const nobody = how === 'with a bad one' ? { token: 'x.y.z', headers: { 'X-Workspace-Id': 'x' } } : {}
    const caller = { ...members.owner, call: (path: string, request = {}) => hit(path, { ...request, ...nobody }) }
    const answer = await callAs(caller, members.owner, operation)
    expect(expectedOf(operation), outcome(answer)).toContain(answer.status)
  })
})

describe.each(names.filter((name) => !PUBLIC.includes(name)))('%s', (name) => {
  test('is 401 for whoever is nobody, whatever else is wrong', async () => {
    const { path, method } = operationOf(name)
    const at = fillPath(path)
    const garbage = garbageFor(method)
    const headers = { ...garbage.headers, 'X-Workspace-Id': 'x' }
    expect(outcome(await hit(at, { method, ...garbage, headers }))).toBe('401 not_authenticated')
    const refused = Object.entries(tokens).map(async ([kind, token]) => {
      const answer = await hit(at, { method, token, ...garbage, headers })
      expect(outcome(answer), kind).toBe('401 invalid_credentials')
      expect(answer.headers.get('WWW-Authenticate'), kind).toBe('Bearer')
    })
    await Promise.all(refused)
  })

  test('is 404 in a workspace that is not the caller’s', async () => {
    const { workspaceId } = team.stranger
    const operation = operationOf(name)
    const { method } = operation
    const caller = as(team.members.owner, { workspaceId })
    expect(outcome(await caller.call(garbagePath(operation, workspaceId), { method, ...garbageFor(method) }))).toBe(
      '404 not_found',
    )
  })

  test('is 403 for the roles without its permission, whatever else is wrong', async () => {
    const operation = guarded(name)
    const { method, permissions } = operation
    const at = garbagePath(operation, team.workspaceId)
    const calls = WORKSPACE_ROLES.filter((role) => !permissions.some((one) => roleHas(role, one))).map(async (role) => {
      const answer = await team.members[role].call(at, { method, ...garbageFor(method) })
      expect(outcome(answer), role).toBe('403 forbidden')
    })
    await Promise.all(calls)
  })

  test('does its work for those who have it', async () => {
    const operation = guarded(name)
    const { permission } = operation
    // One after the other: passwords are hashed on the one thread, and the database would seem to be away meanwhile.
    for (const role of WORKSPACE_ROLES.filter((one) => roleHas(one, permission))) {
      const caller = await member(role, name)
      const maker = fixtureOf(name).own ? caller : team.members.owner
      const answer = await callAs(caller, maker, operation)
      expect(expectedOf(operation), `${role}: ${outcome(answer)} ${answer.text}`).toContain(answer.status)
    }
  })
})

/** Things in the path that belong to a workspace or an account. */
const owned = names.filter((name) => fixtureOf(name).params !== undefined && fixtureOf(name).shared === undefined)

test.each(owned.filter((name) => !PUBLIC.includes(name)))('%s is 404 for what another workspace has', async (name) => {
  const answer = await callAs(team.stranger, team.members.owner, operationOf(name))
  expect(outcome(answer)).toBe('404 not_found')
})
