/** Every operation that takes a body, with bodies that nobody should send: refused before anything is changed. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import { connect } from '#db/connect'
import { fixtureOf, outcome, prepare } from './calls.ts'
import { FIXTURES } from './fixtures/catalog.ts'
import type { Body } from './fixtures/fixture.ts'
import type { Answer, Hit } from './hit.ts'
import { type Operation, readOperations } from './operations.ts'
import { type Caller, createPerson, createTeam, type Team } from './people.ts'

/** What the server alone may set. */
const ASSIGNED = ['role', 'workspace_id', 'password_hash', 'is_admin', 'is_verified', 'id', 'user_id', 'created_by']
const MIB = 1024 * 1024
/** More than any operation takes as JSON: a workflow may have 4 MiB. */
const HUGE = `{"x":"${'x'.repeat(5 * MIB)}"}`
/** Where other people's clients send conversations with their files: 16 MiB. */
const HUGER = `{"x":"${'x'.repeat(17 * MIB)}"}`

let operations: ReadonlyMap<string, Operation>
let team: Team

beforeAll(async () => {
  operations = await readOperations()
  team = await createTeam()
})

interface Prepared {
  readonly operation: Operation
  readonly keys: ReadonlySet<string>
  readonly body: Body
  readonly caller: Caller
  readonly send: (request: Hit) => Promise<Answer>
}

async function prepared(name: string): Promise<Prepared> {
  const operation = operations.get(name)
  if (operation?.bodyKeys === undefined) throw new Error(`"${name}" takes no body: take it out of its fixture`)
  const { method, bodyKeys: keys } = operation
  // Somebody new each time: some of the bodies end a session, and nobody may send requests without end.
  const caller = await createPerson({ workspaceId: team.workspaceId, role: 'owner' })
  const { path, body = {} } = await prepare(caller, operation)
  return { operation, keys, body, caller, send: (request) => caller.call(path, { method, ...request }) }
}

/** Every change leaves a line in the audit log. */
async function changesBy({ userId }: Caller): Promise<number> {
  const db = connect(env)
  return db.$count(db.tables.auditLog, eq(db.tables.auditLog.user_id, userId))
}

test('every operation with a body is among these', () => {
  const taking = Array.from(operations.values()).flatMap(({ name, bodyKeys }) => (bodyKeys === undefined ? [] : [name]))
  expect(
    taking.filter((name) => fixtureOf(name).body === undefined),
    'give their fixtures a `body`',
  ).toEqual([])
})

describe.each(Object.keys(FIXTURES).filter((name) => fixtureOf(name).body !== undefined))('%s', (name) => {
  test.skipIf(fixtureOf(name).loose)(
    'lets nobody set what the server sets, and changes nothing when somebody tries',
    async () => {
      const { keys, body, caller, send } = await prepared(name)
      const before = await changesBy(caller)
      const assigned = ASSIGNED.filter((key) => !keys.has(key))
      const answer = await send({ body: { ...body, ...Object.fromEntries(assigned.map((key) => [key, 'admin'])) } })
      expect(outcome(answer)).toBe('422 validation_failed')
      expect(answer.pointers.toSorted()).toEqual(assigned.map((key) => `/${key}`).toSorted())
      expect(await changesBy(caller)).toBe(before)
    },
  )

  test.skipIf(fixtureOf(name).loose)('refuses every key that it does not know', async () => {
    const { body, send } = await prepared(name)
    const rest = JSON.stringify(body).slice(1)
    const answers = ['unknown_key', '__proto__', 'constructor', 'prototype', 'toString', ''].map(async (key) => {
      const answer = await send({ body: `{${JSON.stringify(key)}:{"role":"admin"}${rest === '}' ? '' : ','}${rest}` })
      expect([outcome(answer), answer.pointers], key).toEqual(['422 validation_failed', [`/${key}`]])
    })
    await Promise.all(answers)
  })

  test('refuses what is no body of JSON, each with its status', async () => {
    const { body, send } = await prepared(name)
    const text = JSON.stringify({ ...body, x: 1 })
    const cases: readonly (readonly [expected: string, request: Hit])[] = [
      ['400 malformed_json', { body: '{"x":' }],
      ['400 malformed_json', { body: `${text}${text}` }],
      ['400 malformed_json', { body: new Uint8Array([0x22, 0xff, 0x22]) }],
      ['413 body_too_large', { body: fixtureOf(name).loose === undefined ? HUGE : HUGER }],
      ['415 unsupported_media_type', { body: text, headers: { 'Content-Type': 'text/plain' } }],
      ['415 unsupported_media_type', { body: text, headers: { 'Content-Type': '' } }],
      ['415 unsupported_media_type', { body: text, headers: { 'Content-Type': 'text/html, application/json' } }],
      ['422 json_too_deep', { body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }],
      ['422 json_too_deep', { body: `${'{"a":'.repeat(65)}1${'}'.repeat(65)}` }],
      ['422 validation_failed', { body: '[]' }],
      ['422 validation_failed', { body: 'null' }],
      ['422 validation_failed', { body: '"text"' }],
      ['422 validation_failed', { body: '{"\\u0000":1}' }],
      ['422 validation_failed', { body: '{"x":"\\ud800"}' }],
    ]
    const sent = cases.map(async ([expected, request], index) => {
      expect(outcome(await send(request)), `case ${index}`).toBe(expected)
    })
    await Promise.all(sent)
  })

  // Each field has a third of them, another third than its neighbour; `npm run test:faults` sends all kinds of junk.
  test('refuses values of other types in every field', async () => {
    const { operation, keys, send } = await prepared(name)
    const values = [null, true, -1, 1e308, '', 'x'.repeat(70_000), [], {}, [[]], { $ne: null }, '\uFFFF', "' or 1=1 --"]
    const sent = Array.from(keys).flatMap((key, place) =>
      values
        .filter((_, index) => index % 3 === place % 3)
        .map(async (value) => {
          const answer = await send({ body: { [key]: value } })
          // Whatever it says, it says it as promised: `hit` lets no 5xx pass.
          expect([...operation.successes, 400, 401, 403, 404, 409, 422, 429, 503], `${key} ${typeof value}`).toContain(
            answer.status,
          )
        }),
    )
    await Promise.all(sent)
  })
})
