/**
 * Sends the events of one workspace to whom it has subscribed, and tells of its budgets.
 *
 * E1  What is to be sent stands in PostgreSQL, written with what happened; this actor holds nothing but an alarm.
 * E2  While anything is owed an alarm is set, and its handler never throws (P5). One that is lost the hourly sweep sets
 *     again.
 */
import { DurableObject } from 'cloudflare:workers'
import type { EventDispatchActor } from '#actors'
import { describeError, logLine } from '#lib/log'
import { nextAlertAt, tellAlerts } from '#services/budgets/deliver-alerts'
import { mailAlerts } from '#services/budgets/mail-alerts'
import { deliverEvents } from '#services/events/deliver-events'

/** Several events of one moment become one round. */
const SOON_MS = 100
/** PostgreSQL may be away; a round may end with its isolate. */
const RETRY_MS = 30_000
const WORKSPACE = 'workspace'

export class EventDispatch extends DurableObject<Env> implements EventDispatchActor {
  async poke(workspaceId: string): Promise<void> {
    const { storage } = this.ctx
    const soon = Date.now() + SOON_MS
    const alarm = await storage.getAlarm()
    if (alarm !== null && alarm <= soon) return
    await storage.put(WORKSPACE, workspaceId)
    await storage.setAlarm(soon)
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx
    const workspaceId = await storage.get<string>(WORKSPACE)
    if (workspaceId === undefined) return
    const guard = Date.now() + RETRY_MS
    await storage.setAlarm(guard)
    try {
      const nextAt = await attend(this.env, workspaceId)
      // Whoever poked meanwhile has set an earlier one.
      if ((await storage.getAlarm()) !== guard) return
      if (nextAt === undefined) await storage.deleteAll()
      else await storage.setAlarm(Math.max(nextAt, Date.now()))
      if (nextAt === undefined) await storage.deleteAlarm()
    } catch (error) {
      logLine('warn', { event: 'events_failed', workspace_id: workspaceId, error: describeError(error) })
    }
  }
}

/** @returns when there is something to do again, in Unix milliseconds; undefined when nothing is owed */
async function attend(env: Env, workspaceId: string): Promise<number | undefined> {
  const owedAt = await nextAlertAt(env, workspaceId)
  const isOwed = owedAt !== undefined && owedAt <= Date.now()
  if (isOwed) await tellAlerts(env, workspaceId)
  const nextEvent = await deliverEvents(env, workspaceId)
  // Last: a mail server may let one wait.
  if (isOwed) await mailAlerts(env, workspaceId)
  const nextAlert = isOwed ? await nextAlertAt(env, workspaceId) : owedAt
  return nextEvent === undefined ? nextAlert : Math.min(nextEvent, nextAlert ?? nextEvent)
}
