/** What analytics answers to those who try it: a clear refusal or an honest nothing, never an error of ours. */
import { beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#lib/ids'
import { made } from '#tests/worker/security/fixtures/fixture'
import { createTeam, type Team } from '#tests/worker/security/people'
import { ran } from './support.ts'

let team: Team
let other: Team
beforeAll(async () => {
  ;[team, other] = [await createTeam(), await createTeam()]
})

const ask = (query: string) => team.members.viewer.call(`/api/v1/analytics/${query}`)

describe('analytics refuses', () => {
  it.each([
    'overview?from=0000-01-01T00:00:00Z',
    'overview?from=2031-01-01T00:00:00Z&to=2131-01-01T00:00:00Z',
    'overview?to=9999-12-31T23:59:59Z',
    'overview?from=2031-02-30T00:00:00Z',
    'timeseries?from=2031-01-01T00:00:00Z&to=2131-01-01T00:00:00Z&interval=year',
    'timeseries?interval=second&from=2031-01-01T00:00:00Z&to=2032-01-01T00:00:00Z',
    'timeseries?interval=quarter_hour&from=2031-01-01T00:00:00Z&to=2032-01-01T00:00:00Z',
    'timeseries?every=-1',
    'timeseries?every=1e9',
    'timeseries?every=NaN',
    'timeseries?top=0',
    "timeseries?timezone=UTC');drop%20table%20users;--",
    'timeseries?timezone=%00',
    'timeseries?timezone=',
    `timeseries?timezone=${'A'.repeat(10_000)}`,
    'timeseries?metric=__proto__',
    'timeseries?group_by=constructor',
    'usage?from=0000-01-01T00:00:00Z',
    'usage?to=9999-12-31T23:59:59%2B00:00',
    'usage?timezone=Mars/Olympus',
    'usage?agent_id=x',
    'usage?model=%00',
    'usage?top=1001',
    'usage?group_by=password_hash',
  ])('%s', async (query) => {
    const answer = await ask(query)
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('"validation_failed"')])
  })

  it.each([
    'America/Sao_Paulo',
    'america/sao_paulo',
    'Asia/Kathmandu',
    'Etc/GMT+5',
    'GMT',
    'EST5EDT',
    'Europe/Kyiv',
    'Z',
    'AET',
    'PNT',
    'US/Pacific-New',
  ])('or knows the time zone %s', async (zone) => {
    for (const path of ['timeseries?', 'usage?group_by=day&']) {
      expect([200, 422]).toContain((await ask(`${path}timezone=${encodeURIComponent(zone)}`)).status)
    }
  })
})

it('tells nothing of another workspace, whatever is named', async () => {
  const agent = await made(other.members.owner, '/api/v1/agents', { name: 'Bia' })
  await ran({ workspaceId: other.workspaceId, at: '2036-01-01T00:00:00Z', userId: other.members.owner.userId })
  const span = 'from=2036-01-01T00:00:00Z&to=2036-01-02T00:00:00Z'
  const usage = await ask(`usage?${span}&agent_id=${agent.id}`)
  expect(JSON.parse(usage.text)).toMatchObject({ items: [], total: { calls: 0 }, rest: null })
  const byUser = await ask(`timeseries?${span}&group_by=user&workspace_id=${other.workspaceId}`)
  expect(byUser.text).not.toContain(other.members.owner.userId)
  for (const query of [`overview?${span}`, `timeseries?${span}`, `usage?${span}`]) {
    const headers = { 'X-Workspace-Id': other.workspaceId }
    expect((await team.members.owner.call(`/api/v1/analytics/${query}`, { headers })).status).toBe(404)
  }
})

it.each(["=cmd|' /C calc'!A0", '+1+1', '-2+3', '@SUM(1)', '\uFF1D1+1', 'a";=1+1'])(
  'writes the workflow %j so that no spreadsheet reckons it',
  async (name) => {
    const { id } = await made(team.members.owner, '/api/v1/workflows', { name: `${name} ${newId().slice(-4)}` })
    const at = '2037-01-01T00:00:00Z'
    await ran(...Array.from({ length: 3 }, () => ({ workspaceId: team.workspaceId, at, workflowId: id })))
    const query = `timeseries?from=${at}&to=2037-01-01T12:00:00Z&group_by=workflow&top=50&format=csv`
    const [head = ''] = (await ask(query)).text.split('\r\n')
    for (const cell of head.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^",]*)/g)) {
      expect(cell[1]?.replace(/^"/, '')).not.toMatch(/^[=+\-@\t\r\uFF1D]/)
    }
    expect(head).toContain(name.replaceAll('"', '""'))
  },
)
