/** When a schedule fires: its config, its times, and what becomes of those that were missed. */
import { Cron } from 'croner'
import { z } from 'zod'
import { YEAR_MS } from '#core/workflow/graph'

const MIN_INTERVAL_MS = 1_000
/** Later than this a time counts as missed: an alarm comes within seconds, a restart within a minute. */
export const GRACE_MS = 60_000
/** Of the times that were missed, the policy `run_all` makes up for this many, oldest first. */
export const MAX_CATCH_UP = 100

export const ScheduleConfig = z
  .strictObject({
    cron: z.string().trim().max(100).optional().describe('Five fields: minute hour day month weekday.'),
    time_zone: z.string().max(64).default('UTC').describe('Of the IANA list, e.g. America/Sao_Paulo; for cron.'),
    interval_ms: z.int().min(MIN_INTERVAL_MS).max(YEAR_MS).optional().describe('Counted from the first publication.'),
    missed: z
      .enum(['skip', 'run_once', 'run_all'])
      .default('run_once')
      .describe(`Times that passed while the server was away; run_all makes up for at most ${MAX_CATCH_UP}.`),
  })
  .refine(({ cron, interval_ms }) => (cron === undefined) !== (interval_ms === undefined), {
    path: ['cron'],
    message: 'either cron or interval_ms',
  })
  .refine(({ time_zone }) => isTimeZone(time_zone), { path: ['time_zone'], message: 'no time zone of the IANA list' })
  .refine(({ cron, time_zone }) => cron === undefined || !isTimeZone(time_zone) || isCron(cron), {
    path: ['cron'],
    message: 'no cron expression of five fields',
  })
export type ScheduleConfig = z.infer<typeof ScheduleConfig>

export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).format(0) !== ''
  } catch {
    return false
  }
}

function isCron(pattern: string): boolean {
  try {
    return toCron(pattern, 'UTC') instanceof Cron
  } catch {
    return false
  }
}

function toCron(pattern: string, timezone: string): Cron {
  return new Cron(pattern, { timezone, mode: '5-part' })
}

/** Looking for a time among many asks often, and parsing takes the most of it. */
const crons = new WeakMap<ScheduleConfig, Cron>()

/** What decides on the times: all in Unix milliseconds. */
export interface Timetable {
  readonly config: ScheduleConfig
  /** What intervals are counted from. */
  readonly anchor: number
}

/** The first time behind `after`; undefined where there is none (30 February). */
export function nextTime({ config, anchor }: Timetable, after: number): number | undefined {
  const { cron, interval_ms: interval, time_zone } = config
  if (interval !== undefined) return anchor + (Math.floor((after - anchor) / interval) + 1) * interval
  if (cron === undefined) return undefined
  const parsed = crons.get(config) ?? toCron(cron, time_zone)
  crons.set(config, parsed)
  return parsed.nextRun(new Date(after))?.getTime()
}

/** The times to fire for, oldest first: `due` has come, and perhaps others behind it. */
export function takeDue(timetable: Timetable, due: number, now: number): number[] {
  if (timetable.config.missed === 'run_all') return timesFrom(timetable, due, now)
  const latest = latestTime(timetable, due, now)
  return timetable.config.missed === 'skip' && now - latest > GRACE_MS ? [] : [latest]
}

function timesFrom(timetable: Timetable, due: number, now: number): number[] {
  const times: number[] = []
  let time: number | undefined = due
  while (time !== undefined && time <= now && times.length < MAX_CATCH_UP) {
    times.push(time)
    time = nextTime(timetable, time)
  }
  return times
}

/** Looks back further and further: going through every minute of a month would hold up everybody else. */
function latestTime(timetable: Timetable, due: number, now: number): number {
  for (let back = GRACE_MS; now - back > due; back *= 2) {
    const found = nextTime(timetable, now - back)
    if (found !== undefined && found <= now) return lastFrom(timetable, found, now)
  }
  return lastFrom(timetable, due, now)
}

function lastFrom(timetable: Timetable, from: number, now: number): number {
  let last = from
  for (let next = nextTime(timetable, from); next !== undefined && next <= now; next = nextTime(timetable, next)) {
    last = next
  }
  return last
}
