import { DurableObject } from 'cloudflare:workers'
import type { MaintenanceActor } from '#actors'
import { describeError, logLine } from '#lib/log'
import { sweep } from '#services/maintenance/sweep'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
/** Between two sweeps. */
const INTERVAL_MS = 60 * MINUTE_MS
/** After a start there is more urgent work. */
const FIRST_MS = MINUTE_MS
/** While there is more than fits into one sweep; and behind a deletion, whose objects are to go. */
const SOON_MS = 5 * SECOND_MS
/** PostgreSQL may be away. */
const RETRY_MS = 5 * MINUTE_MS

const WOKEN_TO = 'woken_to'

/** One for the installation: its alarm looks after everything that nobody else is awake for. There is no cron. */
export class Maintenance extends DurableObject<Env> implements MaintenanceActor {
  /** Sets the first alarm, or the one that was lost. */
  async poke(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + FIRST_MS)
  }

  /** There is something to delete. */
  async sweepSoon(): Promise<void> {
    const soon = Date.now() + SOON_MS
    const alarm = await this.ctx.storage.getAlarm()
    if (alarm === null || alarm > soon) await this.ctx.storage.setAlarm(soon)
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx
    // The platform drops an alarm whose handler has thrown six times (P5), and a sweep may end with its isolate.
    await storage.setAlarm(Date.now() + INTERVAL_MS)
    try {
      const { isLeft, hasFailed, wokenTo } = await sweep(this.env, await storage.get<string>(WOKEN_TO))
      if (wokenTo === undefined) await storage.delete(WOKEN_TO)
      else await storage.put(WOKEN_TO, wokenTo)
      if (isLeft || hasFailed) await storage.setAlarm(Date.now() + (hasFailed ? RETRY_MS : SOON_MS))
    } catch (error) {
      logLine('error', { event: 'alarm_failed', error: describeError(error) })
    }
  }
}
