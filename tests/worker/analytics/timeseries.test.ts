/** A figure over time: gaps, clocks that are changed, the largest and the rest. */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { Timeseries } from '#core/analytics/timeseries'
import { UsageReport } from '#core/usage/usage-report'
import { connectWithin } from '#db/connect'
import { newId } from '#lib/ids'
import { recordUsage } from '#services/usage/record-usage'
import { createTeam, type Team } from '#tests/worker/security/people'
import { made } from '#tests/worker/security/fixtures/fixture'
import { countAll, ran } from './support.ts'

let team: Team
let workspaceId: string
beforeAll(async () => {
  team = await createTeam()
  ;({ workspaceId } = team)
})

const ask = (query: string, headers = {}) =>
  team.members.viewer.call(`/api/v1/analytics/timeseries?${query}`, { headers })
async function series(query: string): Promise<Timeseries> {
  const answer = await ask(query)
  expect(answer.text).toContain('"points"')
  return Timeseries.parse(JSON.parse(answer.text))
}

describe('a time series', () => {
  it('has a point for each day, with 0 where nothing was, before counting and after', async () => {
    await ran(
      ...['2032-05-01T00:00:00Z', '2032-05-01T23:59:59Z', '2032-05-04T12:00:00Z'].map((at) => ({ workspaceId, at })),
    )
    const query = 'from=2032-05-01T00:00:00Z&to=2032-05-05T00:00:00Z'
    const before = await series(query)
    expect(before.points).toEqual(['01', '02', '03', '04'].map((day) => `2032-05-${day}T00:00:00.000Z`))
    expect(before.series).toEqual([{ key: null, name: null, rest: false, values: [2, 0, 0, 1] }])
    await countAll()
    expect(await series(query)).toEqual(before)
    expect((await series(`${query}&metric=success_rate`)).series[0]?.values).toEqual([1, null, null, 1])
    expect((await series(`${query}&metric=duration_avg`)).series[0]?.values).toEqual([1_000, null, null, 1_000])
    const [p95] = (await series(`${query}&metric=duration_p95`)).series
    expect(p95?.values).toMatchObject([expect.closeTo(1_000, -3), null, null, expect.any(Number)])
    expect((await series(`${query}&every=3`)).series[0]?.values).toEqual([2, 1])
  })

  it('knows days of 23 and 25 hours, and an hour that comes twice', async () => {
    // New York: 14 March 2032 has 23 hours, 7 November 25.
    await ran(
      ...['2032-03-14T04:59:59Z', '2032-03-14T05:00:00Z', '2032-03-15T03:59:59Z', '2032-03-15T04:00:00Z'].map((at) => ({
        workspaceId,
        at,
      })),
      ...['2032-11-07T05:30:00Z', '2032-11-07T06:30:00Z', '2032-11-08T04:59:59Z'].map((at) => ({ workspaceId, at })),
    )
    const zone = 'timezone=America/New_York'
    const spring = await series(`${zone}&from=2032-03-13T05:00:00Z&to=2032-03-16T04:00:00Z`)
    expect(spring.points).toEqual(['2032-03-13T05:00:00.000Z', '2032-03-14T05:00:00.000Z', '2032-03-15T04:00:00.000Z'])
    expect(spring.series[0]?.values).toEqual([1, 2, 1])
    const autumn = await series(`${zone}&from=2032-11-07T04:00:00Z&to=2032-11-09T05:00:00Z`)
    expect(autumn.points).toEqual(['2032-11-07T04:00:00.000Z', '2032-11-08T05:00:00.000Z'])
    expect(autumn.series[0]?.values).toEqual([3, 0])
    const hours = await series(`${zone}&from=2032-11-07T04:00:00Z&to=2032-11-08T05:00:00Z&interval=hour`)
    expect(hours.points).toHaveLength(25)
    expect(hours.series[0]?.values.slice(0, 4)).toEqual([0, 1, 1, 0])
  })

  it('knows zones of half and quarter hours, weeks and months', async () => {
    // Kathmandu is 5:45 ahead: its 1 June 2033 begins at 18:15 in UTC.
    await ran(...['2033-05-31T18:14:59Z', '2033-05-31T18:15:00Z'].map((at) => ({ workspaceId, at })))
    await countAll()
    const days = await series('timezone=Asia/Kathmandu&from=2033-05-31T00:00:00Z&to=2033-06-01T12:00:00Z')
    expect(days.points.slice(1)).toEqual(['2033-05-31T18:15:00.000Z'])
    expect(days.series[0]?.values).toEqual([1, 1])
    const months = await series(
      'timezone=Asia/Kathmandu&from=2033-05-02T00:00:00Z&to=2033-07-01T00:00:00Z&interval=month',
    )
    expect(months.points).toEqual(['2033-04-30T18:15:00.000Z', '2033-05-31T18:15:00.000Z', '2033-06-30T18:15:00.000Z'])
    expect(months.series[0]?.values).toEqual([1, 1, 0])
    const weeks = await series('from=2033-06-01T00:00:00Z&to=2033-06-14T00:00:00Z&interval=week')
    expect(weeks.points).toEqual(['30T', '06T', '13T'].map((day, i) => `2033-0${i === 0 ? 5 : 6}-${day}00:00:00.000Z`))
  })

  it('names the largest, and the rest together', async () => {
    const [a, b] = [await made(team.members.owner, '/api/v1/workflows', { name: '=1+1' }), newId()]
    const at = '2034-01-01T10:00:00Z'
    const of = (count: number, workflowId: string) =>
      Array.from({ length: count }, () => ({ workspaceId, at, workflowId }))
    await ran(...of(3, a.id), ...of(2, b), ...of(1, newId()), ...of(1, newId()))
    const span = 'from=2034-01-01T00:00:00Z&to=2034-01-02T00:00:00Z'
    const query = `${span}&group_by=workflow&top=2`
    expect((await series(query)).series).toEqual([
      { key: a.id, name: '=1+1', rest: false, values: [3] },
      { key: b, name: null, rest: false, values: [2] },
      { key: null, name: null, rest: true, values: [2] },
    ])
    // Nobody's spreadsheet reckons the name of a workflow.
    const csv = await ask(`${query}&format=csv`)
    expect(csv.text).toBe(`time,'=1+1,${b},(rest)\r\n2034-01-01T00:00:00.000Z,3,2,2\r\n`)
    await ran({
      workspaceId,
      at,
      nodes: [
        ['http.request', 'completed'],
        ['http.request', 'failed'],
        ['set', 'completed'],
      ],
    })
    for (const count of [() => Promise.resolve(), countAll]) {
      await count()
      const nodes = await series(`${span}&group_by=node_type&metric=executions`)
      expect(nodes.series.map(({ key, values }) => [key, ...values])).toEqual([
        ['http.request', 2],
        ['set', 1],
      ])
    }
  })

  it('tells tokens and cost by agent, model and user', async () => {
    const agent = await made(team.members.owner, '/api/v1/agents', { name: 'Bia' })
    const entry = (model: string, cost: number, agent_id: string | null) => ({
      key: newId(),
      model,
      cost,
      agent_id,
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      at: Date.UTC(2035, 0, 1, 23, 30),
      source: 'chat' as const,
      user_id: team.members.editor.userId,
      execution_id: null,
      node_id: null,
      chat_id: null,
    })
    await recordUsage(connectWithin(env, workspaceId), workspaceId, [
      entry('openai/a', 1, agent.id),
      entry('openai/b', 2, null),
      entry('openai/c', 0.5, null),
    ])
    const span = 'from=2035-01-01T00:00:00Z&to=2035-01-03T00:00:00Z'
    expect((await series(`${span}&metric=tokens`)).series[0]?.values).toEqual([45, 0])
    expect((await series(`${span}&metric=cost&group_by=agent`)).series).toMatchObject([
      { key: null, rest: false, values: [2.5, 0] },
      { key: agent.id, name: 'Bia', values: [1, 0] },
    ])
    expect((await series(`${span}&metric=cost&group_by=model&top=1`)).series).toMatchObject([
      { key: 'openai/b', values: [2, 0] },
      { key: null, rest: true, values: [1.5, 0] },
    ])
    const usage = async (query: string) =>
      UsageReport.parse(JSON.parse((await team.members.viewer.call(`/api/v1/analytics/usage?${span}&${query}`)).text))
    expect(await usage('group_by=model&top=1')).toMatchObject({
      total: { cost: 3.5 },
      items: [{ key: 'openai/b', cost: 2 }],
      rest: { calls: 2, cost: 1.5 },
    })
    expect((await usage('group_by=user')).items).toMatchObject([{ key: team.members.editor.userId, name: 'Ana' }])
    expect((await usage('group_by=day&timezone=Europe/Berlin')).items).toMatchObject([{ key: '2035-01-02' }])
    const csv = await team.members.viewer.call(`/api/v1/analytics/usage?${span}&top=1`, {
      headers: { accept: 'text/csv' },
    })
    expect(csv.text).toBe(
      'model,name,calls,input_tokens,output_tokens,total_tokens,cost,unpriced_calls\r\nopenai/b,,1,10,5,15,2,0\r\n(rest),,2,20,10,30,1.5,0\r\n',
    )
  })

  it.each([
    'timezone=Mars/Olympus',
    'timezone=%2B05:30',
    'timezone=x%27',
    'interval=hour&from=2030-01-01T00:00:00Z&to=2031-01-01T00:00:00Z',
    'metric=cost&group_by=node_type',
    'metric=duration_p95&group_by=workflow',
    'group_by=model',
    'metric=none',
    'every=0',
    'top=51',
  ])('refuses %s', async (query) => {
    expect((await ask(query)).status).toBe(422)
  })
})
