/** Budgets as a client has them, and a ledger that is written by hand. */
import { env } from 'cloudflare:workers'
import { eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { NO_USAGE } from '#core/agent/model'
import { Budget } from '#core/budgets/budget'
import type { UsageEntry } from '#core/usage/usage-entry'
import { connect, connectWithin } from '#db/connect'
import { newId } from '#lib/ids'
import { recordUsage } from '#services/usage/record-usage'
import { post } from '#tests/worker/events/support'
import type { Caller } from '#tests/worker/security/people'
import { requestsOf } from '#tests/worker/support/api'

export const BASE = '/api/v1/budgets'
export const db = connect(env)

/** A budget of 10 US dollars a month, unless it says otherwise. */
export async function createBudget(who: Caller, input: object = {}): Promise<Budget> {
  return Budget.parse((await post(who, BASE, { name: 'Mês', limit: 10, ...input })).body)
}

export async function read(who: Caller, { id }: { readonly id: string }): Promise<Budget> {
  return Budget.parse(JSON.parse((await who.call(`${BASE}/${id}`)).text))
}

export async function patch(who: Caller, { id }: { readonly id: string }, body: Record<string, unknown>) {
  return Budget.parse(JSON.parse((await who.call(`${BASE}/${id}`, { method: 'PATCH', body })).text))
}

/** What one call took, in a chat of nobody. */
export function entry(cost: number | null, more: Partial<UsageEntry> = {}): UsageEntry {
  return {
    key: newId(),
    model: 'openai/gpt-5',
    usage: NO_USAGE,
    cost,
    at: Date.now(),
    source: 'chat',
    user_id: null,
    execution_id: null,
    node_id: null,
    chat_id: null,
    agent_id: null,
    ...more,
  }
}

/** @returns whether a threshold was reached */
export function spend(who: Pick<Caller, 'workspaceId'>, ...entries: readonly UsageEntry[]): Promise<boolean> {
  return recordUsage(connectWithin(env, who.workspaceId), who.workspaceId, entries)
}

/** Every threshold that was ever reached, in the order in which it was. */
export async function alertsOf({ id }: { readonly id: string }) {
  const { budgetAlerts: alerts } = db.tables
  const rows = await db.select().from(alerts).where(eq(alerts.budget_id, id))
  return rows.toSorted(
    (one, other) => one.fired_at.getTime() - other.fired_at.getTime() || one.threshold - other.threshold,
  )
}

export async function thresholdsOf(budget: { readonly id: string }): Promise<readonly number[]> {
  return (await alertsOf(budget)).map(({ threshold }) => threshold)
}

/** As if they had opened the link that confirms their address. */
export async function confirm(...people: readonly Caller[]): Promise<void> {
  const { users } = db.tables
  const ids = people.map(({ userId }) => userId)
  await db.update(users).set({ is_verified: true }).where(inArray(users.id, ids))
}

const Told = z.looseObject({ type: z.string(), workspace_id: z.string(), data: z.looseObject({ threshold: z.int() }) })

/** What an address was told of budgets. */
export async function toldTo(key: string) {
  return (await requestsOf(key)).map(({ body }) => Told.parse(JSON.parse(body)))
}
