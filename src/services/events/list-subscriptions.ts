import { desc, eq } from 'drizzle-orm'
import type { Subscription } from '#core/events/subscription'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { toSubscription } from './to-subscription.ts'

/** The workspace's subscriptions, the newest first. */
export async function listSubscriptions({ db, principal }: Ctx, paging: Paging): Promise<Page<Subscription>> {
  const { eventSubscriptions: subscriptions } = db.tables
  const isOurs = eq(subscriptions.workspace_id, principal.workspaceId)
  const rows = await db
    .select()
    .from(subscriptions)
    .where(isOurs)
    .orderBy(desc(subscriptions.created_at), desc(subscriptions.id))
    .limit(paging.size)
    .offset((paging.page - 1) * paging.size)
  return toPage(rows.map(toSubscription), await db.$count(subscriptions, isOurs), paging)
}
