import { count, eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '#db/connect'
import type { Tables } from '#db/schema'
import { newId } from '#lib/ids'
import type { Json } from '#lib/json'
import { DATABASE_URL, WAYS } from './ways.ts'

type NewExecution = Tables['executions']['$inferInsert']

function executionRow(fields: Partial<NewExecution> = {}): NewExecution {
  return {
    id: newId(),
    workspace_id: newId(),
    workflow_id: newId(),
    version: 1,
    status: 'running',
    trigger: 'manual',
    created_at: new Date(),
    seq: 1,
    ...fields,
  }
}

async function storeAndRead(db: Db, fields: Partial<NewExecution>) {
  const { executions } = db.tables
  const row = executionRow(fields)
  const [returned] = await db.insert(executions).values(row).returning()
  const [read] = await db.select().from(executions).where(eq(executions.id, row.id))
  expect(returned).toEqual(read)
  return read
}

async function storeTags(db: Db, tags: string[]): Promise<string[] | undefined> {
  const { workflows, workspaces } = db.tables
  const workspace_id = newId()
  await db.insert(workspaces).values({ id: workspace_id, name: 'w' })
  const definition = { nodes: [], edges: [], settings: {} }
  await db
    .insert(workflows)
    .values({ id: newId(), workspace_id, name: 'n', definition, tags, status: 'draft', version: 1, is_active: true })
  const [row] = await db.select().from(workflows).where(eq(workflows.workspace_id, workspace_id))
  expect(row).toMatchObject({ definition, is_active: true, description: null })
  return row?.tags
}

const DOCUMENTS: readonly Json[] = [
  '123',
  'null',
  '"quoted"',
  '{"a":1}',
  '',
  123,
  -0.5,
  1e21,
  true,
  false,
  null,
  [],
  {},
  [1, '1', [null]],
  { 'key "with" \\': 'tab\t, line\n, nul \u0000, é, 🦀', nested: { deep: ['2026-11-22T00:00:00Z'] } },
]

const TAGS = [
  '',
  'a',
  'two words',
  'NULL',
  'null',
  'com,ma',
  'quo"te',
  'back\\slash',
  '\\',
  '{brace}',
  'line\nfeed',
  'é🦀',
]

describe.each(WAYS)('values through $name', ({ connectTo }) => {
  const db = connectTo(DATABASE_URL)
  // The first use of the test runtime takes seconds.
  beforeAll(async () => void (await db.execute(sql`select 1`)))

  test.each(DOCUMENTS)('json comes back as it was: %j', async (document) => {
    expect(await storeAndRead(db, { inputs: document, output: { document } })).toMatchObject({
      inputs: document,
      output: { document },
    })
  })

  test('json is stored as json, not as a text that contains json', async () => {
    const { executions } = db.tables
    const row = executionRow({ inputs: { a: 1 } })
    await db.insert(executions).values(row)
    const types = await db
      .select({ kind: sql<string>`json_typeof(${executions.inputs})`, text: sql<string>`${executions.inputs}` })
      .from(executions)
      .where(eq(executions.id, row.id))
    expect(types).toEqual([{ kind: 'object', text: '{"a":1}' }])
  })

  test('text[] comes back as it was', async () => {
    expect(await storeTags(db, TAGS)).toEqual(TAGS)
    expect(await storeTags(db, [])).toEqual([])
  })

  test('a date keeps its milliseconds, null stays null', async () => {
    const started_at = new Date('2026-02-28T23:59:59.987Z')
    const row = await storeAndRead(db, { started_at, created_at: new Date(0) })
    expect(row).toMatchObject({ started_at, created_at: new Date(0), finished_at: null, inputs: null })
  })

  test('a date in a template is a parameter like another', async () => {
    const started_at = new Date('2026-02-28T23:59:59.987Z')
    const row = executionRow({ started_at })
    const { executions } = db.tables
    await db.insert(executions).values(row)
    const found = await db
      .select({ id: executions.id })
      .from(executions)
      .where(sql`${executions.started_at} = ${started_at} and ${executions.id} = ${row.id} and ${true}`)
    expect(found).toEqual([{ id: row.id }])
  })

  test('counts are numbers through count(), $count and mapWith', async () => {
    const { executions } = db.tables
    const workspace_id = newId()
    await db.insert(executions).values([executionRow({ workspace_id }), executionRow({ workspace_id })])
    const mine = eq(executions.workspace_id, workspace_id)
    const total = sql<number>`count(*) over ()`.mapWith(Number)
    expect(await db.select({ count: count() }).from(executions).where(mine)).toEqual([{ count: 2 }])
    expect(await db.select({ total }).from(executions).where(mine)).toEqual([{ total: 2 }, { total: 2 }])
    expect(await db.$count(executions, mine)).toBe(2)
  })

  test('execute gives objects: booleans, numbers and arrays read, the rest as text', async () => {
    const rows = await db.execute(
      sql`select 1 as int, 2::int8 as big, 1.5::numeric as num, 0.5::float8 as float, true as yes, null as nil,
            '{"a":1}'::jsonb as doc, array['x', null, 'NULL'] as list, ${'text'}::text as text`,
    )
    expect(rows).toEqual([
      {
        int: 1,
        big: '2',
        num: '1.5',
        float: 0.5,
        yes: true,
        nil: null,
        doc: '{"a": 1}',
        list: ['x', null, 'NULL'],
        text: 'text',
      },
    ])
  })

  test('a large document passes', async () => {
    const inputs = { text: 'x'.repeat(4_000_000) }
    expect(await storeAndRead(db, { inputs })).toMatchObject({ inputs })
  })
})
