/** Statements that are written once are, for each request, what they would be if it had written them itself. */
import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { connect, connectWithin } from '#db/connect'
import { DatabaseError } from '#db/errors'
import { prepareOnce, writeOnce } from '#db/prepared'
import { WorkspaceForgotten } from '#db/tenant-guard'
import { newId } from '#lib/ids'
import { call } from '#tests/worker/auth/api'

beforeAll(() => call('/auth/me'))

const db = connect(env)

const echo = prepareOnce((writing, shape: 'a' | 'b') =>
  writing
    .select({ said: sql<string>`${sql.raw(`'${shape}'`)} || ${sql.placeholder('text')}::text` })
    .from(writing.tables.workspaces)
    .rightJoin(sql`(select 1) as one`, sql`false`),
)

const find = prepareOnce((writing) => {
  const { workflows } = writing.tables
  return writing
    .select({ id: workflows.id })
    .from(workflows)
    .where(eq(workflows.workspace_id, sql.placeholder('workspaceId')))
})

const divide = writeOnce((_, shape: 'div' | 'mod') =>
  shape === 'div'
    ? sql`select 7 / ${sql.placeholder('by')}::int as result`
    : sql`select 7 % ${sql.placeholder('by')}::int as result`,
)

it('gives each of many at once its own rows', async () => {
  const asked = Array.from({ length: 50 }, (_, n) => ({ shape: n % 2 === 0 ? ('a' as const) : ('b' as const), n }))
  const answers = await Promise.all(asked.map(({ shape, n }) => echo(connect(env), shape, { text: String(n) })))
  expect(answers).toEqual(asked.map(({ shape, n }) => [{ said: `${shape}${n}` }]))
})

it('goes through the rules of the one who runs it', async () => {
  const workspaceId = newId()
  expect(await find(connectWithin(env, workspaceId), '', { workspaceId })).toEqual([])
  await expect(find(connectWithin(env, newId()), '', { workspaceId })).rejects.toBeInstanceOf(WorkspaceForgotten)
  expect(await find(db, '', { workspaceId })).toEqual([])
})

it('fails as any statement does, with nothing of its values in the error', async () => {
  const [first, second] = [divide(db, 'div', { by: 0 }), divide(db, 'mod', { by: 4 })]
  await expect(first).rejects.toBeInstanceOf(DatabaseError)
  expect(await second).toEqual([{ result: 3 }])
  const refused = await find(db, '', { workspaceId: 'secret' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(DatabaseError)
  expect(String(refused)).not.toContain('secret')
})

it('wants every value', async () => {
  await expect(find(db, '', {})).rejects.toThrow(/workspaceId/)
})
