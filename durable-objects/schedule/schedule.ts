/**
 * The actor of one schedule.
 *
 * C1  A time that has come is written down, with the next one, before anything is started for it; it is struck out when
 *     its execution is durable. The execution's id follows from trigger and time: starting twice is once.
 * C2  PostgreSQL alone says whether the schedule fires and how; it is asked after every change and for every firing.
 *     Away, it is asked again: what was written down waits.
 * C3  Nothing fires before its time (P4): an alarm that is early is set again.
 * C4  While anything is to be done an alarm is set, and its handler never throws (P5).
 */
import { DurableObject } from 'cloudflare:workers'
import type { ScheduleActor } from '#actors'
import { nextTime, takeDue } from '#core/triggers/schedule'
import { describeError, logLine } from '#lib/log'
import { fireSchedule, findSchedule, type LiveSchedule } from '#services/triggers/fire-schedule'
import { createScheduleStorage, type Known } from './storage.ts'

/** After an announced change, how long to wait for word that it was made. */
const EXPECT_MS = 10_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
/** While PostgreSQL is away for long, times beyond these are given up, the newest first, and the log says so. */
const MAX_FIRINGS = 1_000

export class Schedule extends DurableObject<Env> implements ScheduleActor {
  readonly #storage = createScheduleStorage(this.ctx.storage.sql)
  #failures = 0

  async expect(triggerId: string): Promise<void> {
    const { lookAt = Infinity } = this.#open(triggerId)
    this.#storage.setLookAt(Math.min(lookAt, Date.now() + EXPECT_MS))
    await this.#arm()
  }

  async sync(triggerId: string): Promise<void> {
    const known = this.#open(triggerId)
    this.#storage.setLookAt(Math.min(known.lookAt ?? Infinity, Date.now() + EXPECT_MS))
    await this.#arm()
    await this.#look()
    await this.#arm()
  }

  override async alarm(): Promise<void> {
    try {
      await this.#ring()
      await this.#arm()
    } catch (error) {
      this.#failures += 1
      logLine('warn', { event: 'schedule_failed', error: describeError(error) })
      await this.ctx.storage.setAlarm(this.#retryAt(Date.now()))
    }
  }

  async #ring(): Promise<void> {
    const now = Date.now()
    this.#take(now)
    const { lookAt } = this.#storage.load() ?? {}
    if (lookAt !== undefined && lookAt <= now) await this.#look()
    await this.#deliver()
    this.#failures = 0
  }

  /** Writes down the times that have come (C1). */
  #take(now: number): void {
    const { timetable, nextAt } = this.#storage.load() ?? {}
    if (timetable === undefined || nextAt === undefined || nextAt > now) return
    const room = MAX_FIRINGS - this.#storage.firings().length
    const due = takeDue(timetable, nextAt, now)
    if (due.length > room) logLine('warn', { event: 'schedule_overrun', given_up: due.length - room })
    this.ctx.storage.transactionSync(() => {
      for (const time of due.slice(0, Math.max(0, room))) this.#storage.addFiring(time)
      this.#storage.setNextAt(nextTime(timetable, now))
    })
  }

  async #deliver(): Promise<void> {
    const { triggerId } = this.#storage.load() ?? {}
    if (triggerId === undefined) return
    for (const time of this.#storage.firings()) {
      const isLive = await fireSchedule(this.env, triggerId, time)
      if (!isLive && (await this.#look())) return
      this.#storage.removeFiring(time)
    }
  }

  /**
   * Asks PostgreSQL what the schedule is (C2). Another change may be announced while it answers: then it is asked again.
   *
   * @returns whether the schedule is no more, and with it all that this actor knew
   */
  async #look(): Promise<boolean> {
    const before = this.#storage.load()
    if (before === undefined) return true
    const found = await findSchedule(this.env, before.triggerId)
    const after = this.#storage.load()
    if (after === undefined) return true
    const isNewest = after.lookAt === before.lookAt
    if (found !== undefined) this.#learn(after, found)
    else if (isNewest) {
      await this.ctx.storage.deleteAlarm()
      await this.ctx.storage.deleteAll()
      return true
    }
    if (isNewest) this.#storage.setLookAt(undefined)
    return false
  }

  /** Times count from now where the schedule is new or another; else the next one stays. */
  #learn({ timetable }: Known, { config, anchor }: LiveSchedule): void {
    const isSame = JSON.stringify(timetable) === JSON.stringify({ config, anchor })
    if (!isSame) this.#storage.setTimetable({ config, anchor }, nextTime({ config, anchor }, Date.now()))
  }

  async #arm(): Promise<void> {
    const known = this.#storage.load()
    if (known === undefined) return
    const owed = this.#storage.firings().length > 0 ? Date.now() + this.#retryMs() : Infinity
    const at = Math.min(known.nextAt ?? Infinity, known.lookAt ?? Infinity, owed)
    if (at === Infinity) await this.ctx.storage.deleteAlarm()
    else await this.ctx.storage.setAlarm(at)
  }

  /** Never behind the next time: one that is seen late counts as missed. */
  #retryAt(now: number): number {
    const retryAt = now + this.#retryMs()
    try {
      const { nextAt = Infinity } = this.#storage.load() ?? {}
      return nextAt > now ? Math.min(nextAt, retryAt) : retryAt
    } catch {
      return retryAt
    }
  }

  #retryMs(): number {
    return Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 10), LAST_RETRY_MS)
  }

  /** All or nothing: an actor with tables that does not know its trigger would stay so. */
  #open(triggerId: string): Known {
    const known = this.#storage.load()
    if (known !== undefined) return known
    this.ctx.storage.transactionSync(() => this.#storage.create(triggerId))
    return { triggerId, timetable: undefined, nextAt: undefined, lookAt: undefined }
  }
}
