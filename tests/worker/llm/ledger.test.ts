import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { NO_USAGE } from '#core/agent/model'
import type { UsageEntry } from '#core/usage/usage-entry'
import { connect, connectWithin } from '#db/connect'
import { newId } from '#lib/ids'
import { monthCost } from '#services/usage/month-cost'
import { recordUsage } from '#services/usage/record-usage'
import { call } from '#tests/worker/auth/api'
import { createTeam } from '#tests/worker/security/people'

const NOW = Date.UTC(2031, 2, 15)

beforeAll(async () => {
  await call('/auth/me')
})

function entry(more: Partial<UsageEntry> = {}): UsageEntry {
  return {
    key: newId(),
    model: 'openai/gpt-5',
    usage: NO_USAGE,
    cost: 0.5,
    at: NOW,
    source: 'chat',
    user_id: null,
    execution_id: null,
    node_id: null,
    chat_id: newId(),
    agent_id: null,
    ...more,
  }
}

async function rowsOf(workspaceId: string) {
  const db = connect(env)
  const { usageLedger } = db.tables
  return db.select().from(usageLedger).where(eq(usageLedger.workspace_id, workspaceId))
}

it('a call that is recorded many times, also at once, counts once', async () => {
  const { workspaceId, stranger } = await createTeam()
  const db = connectWithin(env, workspaceId)
  const [one, other] = [entry(), entry()]
  await Promise.all(Array.from({ length: 8 }, () => recordUsage(db, workspaceId, [one, other])))
  await recordUsage(db, workspaceId, [other])
  expect((await rowsOf(workspaceId)).length).toBe(2)
  // The key is a workspace's own: nobody can take another's row away by knowing its name.
  await recordUsage(connectWithin(env, stranger.workspaceId), stranger.workspaceId, [one])
  expect((await rowsOf(stranger.workspaceId)).length).toBe(1)
})

it('an agent’s month begins on its first day in UTC, and is its own', async () => {
  const { workspaceId } = await createTeam()
  const db = connectWithin(env, workspaceId)
  const agent_id = newId()
  expect(await monthCost(db, workspaceId, agent_id, NOW)).toBe(0)
  await recordUsage(db, workspaceId, [
    entry({ agent_id }),
    entry({ agent_id, source: 'execution', cost: 0.000000125 }),
    entry({ agent_id, cost: null }),
    entry({ agent_id, at: Date.UTC(2031, 2, 1) }),
    entry({ agent_id, at: Date.UTC(2031, 2, 1) - 1 }),
    entry({ agent_id: newId() }),
  ])
  expect(await monthCost(db, workspaceId, agent_id, NOW)).toBeCloseTo(1.000000125, 10)
})

it('of a workspace that is gone nothing is kept, and nobody is stuck with it', async () => {
  const workspaceId = newId()
  await recordUsage(connectWithin(env, workspaceId), workspaceId, [entry()])
  expect(await rowsOf(workspaceId)).toEqual([])
})
