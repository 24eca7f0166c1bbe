/** How a workspace has fared: the same whether it was counted already or not, and also when the executions are gone. */
import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { Overview } from '#core/analytics/overview'
import { connect, connectWithin } from '#db/connect'
import { newId } from '#lib/ids'
import { recordUsage } from '#services/usage/record-usage'
import { countExecutions } from '#services/maintenance/count-executions'
import { createPerson, createTeam, type Team } from '#tests/worker/security/people'
import { countAll, ran } from './support.ts'

const SPAN = 'from=2031-03-02T00:00:00Z&to=2031-03-03T00:00:00Z'
let team: Team
beforeAll(async () => {
  team = await createTeam()
})

async function overviewOf({ members: { viewer } }: Team, span = SPAN): Promise<Overview> {
  const answer = await viewer.call(`/api/v1/analytics/overview?${span}`)
  expect(answer.status).toBe(200)
  return Overview.parse(JSON.parse(answer.text))
}

async function seed(): Promise<Team> {
  const one = await createTeam()
  const { workspaceId, members } = one
  const at = (time: string) => ({ workspaceId, at: `2031-03-02T${time}Z`, userId: members.editor.userId })
  await ran(
    ...Array.from({ length: 98 }, () => ({ ...at('00:00:00'), ms: 100 })),
    { ...at('12:07:00'), status: 'failed', ms: 5_000 },
    { ...at('12:07:00'), status: 'timeout', ms: 60_000 },
    { ...at('23:59:59'), status: 'cancelled', ms: 1, userId: members.owner.userId },
    { ...at('23:59:59'), status: 'running' },
    { workspaceId, at: '2031-03-01T23:59:59.999Z' },
    { workspaceId, at: '2031-03-03T00:00:00Z' },
  )
  return one
}

describe('the overview', () => {
  it('of nothing is nothing', async () => {
    const { current, previous, storage } = await overviewOf(team)
    expect(current).toMatchObject({ executions: 0, success_rate: null, active_users: 0, cost: 0 })
    expect(current.duration_ms).toEqual({ average: null, p50: null, p95: null, p99: null })
    expect(previous).toMatchObject({ from: '2031-03-01T00:00:00.000Z', to: '2031-03-02T00:00:00.000Z', executions: 0 })
    expect(storage).toEqual({ files: 0, bytes: 0 })
  })

  it('counts what ended and what has not, before it was counted and after, and when the rows are gone', async () => {
    const one = await seed()
    const { workspaceId, members } = one
    const entry = {
      model: 'openai/x',
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      at: Date.UTC(2031, 2, 2, 3),
    }
    const more = { source: 'chat' as const, execution_id: null, node_id: null, chat_id: null, agent_id: null }
    await recordUsage(connectWithin(env, workspaceId), workspaceId, [
      { ...entry, ...more, key: newId(), cost: 0.25, user_id: members.admin.userId },
      { ...entry, ...more, key: newId(), cost: null, user_id: null },
    ])
    const before = await overviewOf(one)
    expect(before.current).toMatchObject({
      executions: 102,
      by_status: { completed: 98, failed: 1, timeout: 1, cancelled: 1, running: 1, paused: 0 },
      success_rate: 0.98,
      duration_ms: { average: 748 },
      model_calls: 2,
      input_tokens: 20,
      output_tokens: 10,
      cost: 0.25,
      active_users: 3,
    })
    const { p50, p95, p99 } = before.current.duration_ms
    expect(Math.abs((p50 ?? 0) - 100)).toBeLessThanOrEqual(19)
    expect(Math.abs((p95 ?? 0) - 100)).toBeLessThanOrEqual(19)
    expect(p99).toBeGreaterThan(4_500)
    expect(before.previous).toMatchObject({ executions: 1, success_rate: 1 })

    await Promise.all([countAll(), countAll(), countAll()])
    expect(await overviewOf(one)).toEqual(before)
    const db = connect(env)
    const { executions } = db.tables
    const gone = await db
      .delete(executions)
      .where(eq(executions.workspace_id, workspaceId))
      .returning({ status: executions.status })
    expect(gone).toHaveLength(104)
    const { current } = await overviewOf(one)
    // What never ended was never counted.
    expect(current).toMatchObject({ executions: 101, by_status: { ...before.current.by_status, running: 0 } })
  })

  it('counts a projection that comes late in the time that it belongs to, and nothing twice', async () => {
    const one = await seed()
    await countAll()
    const { current } = await overviewOf(one)
    await ran({ workspaceId: one.workspaceId, at: '2031-03-02T00:01:00Z', ms: 100 })
    await countAll()
    await countAll()
    expect((await overviewOf(one)).current.executions).toBe(current.executions + 1)
  })

  it.each([
    ['within a day', 'from=2031-03-02T00:15:00Z&to=2031-03-02T23:45:00Z', 2, 99],
    ['over two midnights', 'from=2031-03-01T23:45:00Z&to=2031-03-03T00:15:00Z', 104, 0],
    ['of two days that share one', 'from=2031-03-02T12:00:00Z&to=2031-03-03T12:00:00Z', 5, 99],
  ])('tells the same %s from counts of days and of quarters of an hour', async (_, span, now, then) => {
    const one = await seed()
    const before = await overviewOf(one, span)
    expect([before.current.executions, before.previous.executions]).toEqual([now, then])
    await countAll()
    expect(await overviewOf(one, span)).toEqual(before)
  })

  it('goes with its workspace, and what comes after does not bring it back', async () => {
    const workspaceId = newId()
    await ran({ workspaceId, at: '2031-03-02T00:01:00Z' })
    await countExecutions({ db: connect(env), now: Date.now })
    await countAll()
    const db = connect(env)
    const [row] = await db
      .select({ count: sql`count(*)`.mapWith(Number) })
      .from(db.tables.executionStats)
      .where(eq(db.tables.executionStats.workspace_id, workspaceId))
    expect(row?.count).toBe(0)
  })

  it('is each workspace’s own', async () => {
    await seed()
    const eva = await createPerson()
    const answer = await eva.call(`/api/v1/analytics/overview?${SPAN}`)
    expect(Overview.parse(JSON.parse(answer.text)).current).toMatchObject({ executions: 0, active_users: 0 })
    const foreign = await eva.call(`/api/v1/analytics/overview?${SPAN}`, {
      headers: { 'X-Workspace-Id': team.workspaceId },
    })
    expect(foreign.status).toBe(404)
  })

  it('refuses spans that are none', async () => {
    const { viewer } = team.members
    for (const query of [
      'from=2031-03-02T00:00:00Z&to=2031-03-01T00:00:00Z',
      'from=1900-01-01T00:00:00Z',
      'from=x',
      'from=2010-01-01T00:00:00Z&to=2031-03-01T00:00:00Z',
    ]) {
      expect((await viewer.call(`/api/v1/analytics/overview?${query}`)).status).toBe(422)
    }
  })

  it('comes as a table', async () => {
    const { viewer } = team.members
    const answer = await viewer.call(`/api/v1/analytics/overview?${SPAN}`, { headers: { accept: 'text/csv' } })
    expect(answer.text).toMatch(
      /^metric,current,previous\r\nfrom,2031-03-02T00:00:00.000Z,2031-03-01T00:00:00.000Z\r\n/,
    )
    expect(answer.text).toContain('\r\nby_status.completed,0,0\r\n')
  })
})
