import { DurableObject } from 'cloudflare:workers'
import type { MaintenanceActor } from '#actors'
import { describeError, logLine } from '#lib/log'
import { deliverLeft } from '#services/maintenance/deliver-left'
import { sweep, type SweepCursors } from '#services/maintenance/sweep'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
/** Between two sweeps. */
const INTERVAL_MS = 60 * MINUTE_MS
/** After a start there is more urgent work. */
const FIRST_MS = MINUTE_MS
/** What a crash left behind counts as late by then; and where isolates come and go, sweeps are no closer together. */
const ANEW_MS = 6 * MINUTE_MS
/** While there is more than fits into one sweep; and behind a deletion, whose objects are to go. */
const SOON_MS = 5 * SECOND_MS
/** PostgreSQL may be away. */
const RETRY_MS = 5 * MINUTE_MS

const CURSORS = 'cursors'
/** While the next alarm is for deliveries alone: when the sweep is due (Unix milliseconds). */
const SWEEP_AT = 'sweep_at'

/** One for the installation: its alarm looks after everything that nobody else is awake for. There is no cron. */
export class Maintenance extends DurableObject<Env> implements MaintenanceActor {
  /** An isolate has begun, after a crash for all that we know: sets the first alarm, or a sooner one. */
  async poke(): Promise<void> {
    const { storage } = this.ctx
    const [anew, alarm, sweepAt] = [Date.now() + ANEW_MS, await storage.getAlarm(), await storage.get<number>(SWEEP_AT)]
    if (alarm === null) return storage.setAlarm(Date.now() + FIRST_MS)
    if (sweepAt !== undefined) await storage.put(SWEEP_AT, Math.min(sweepAt, anew))
    if (alarm > anew) await storage.setAlarm(anew)
  }

  /** There is something to delete. */
  async sweepSoon(): Promise<void> {
    const soon = Date.now() + SOON_MS
    const { storage } = this.ctx
    const alarm = await storage.getAlarm()
    await storage.delete(SWEEP_AT)
    if (alarm === null || alarm > soon) await storage.setAlarm(soon)
  }

  /** A whole sweep for each uploaded file would be too much. */
  async deliverSoon(): Promise<void> {
    const { storage } = this.ctx
    const [now, alarm] = [Date.now(), await storage.getAlarm()]
    if (alarm !== null && alarm <= now + SOON_MS) return
    await storage.put(SWEEP_AT, alarm ?? now + FIRST_MS)
    await storage.setAlarm(now + SOON_MS)
  }

  override async alarm(): Promise<void> {
    const { storage } = this.ctx
    const sweepAt = await storage.get<number>(SWEEP_AT)
    if (sweepAt !== undefined && sweepAt > Date.now()) return this.#deliver(sweepAt)
    await storage.delete(SWEEP_AT)
    // The platform drops an alarm whose handler has thrown six times (P5), and a sweep may end with its isolate.
    await storage.setAlarm(Date.now() + INTERVAL_MS)
    try {
      const { isLeft, hasFailed, cursors } = await sweep(this.env, await storage.get<SweepCursors>(CURSORS))
      await storage.put(CURSORS, cursors)
      if (isLeft || hasFailed) await storage.setAlarm(Date.now() + (hasFailed ? RETRY_MS : SOON_MS))
    } catch (error) {
      logLine('error', { event: 'alarm_failed', error: describeError(error) })
    }
  }

  async #deliver(sweepAt: number): Promise<void> {
    const { storage } = this.ctx
    await storage.setAlarm(sweepAt)
    if (await deliverLeft(this.env)) return
    await storage.setAlarm(Math.min(sweepAt, Date.now() + RETRY_MS))
  }
}
