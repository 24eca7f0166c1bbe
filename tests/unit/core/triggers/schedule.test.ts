import { describe, expect, it, test } from 'vitest'
import { MAX_CATCH_UP, nextTime, ScheduleConfig, takeDue, type Timetable } from '#core/triggers/schedule'

const HOUR_MS = 3_600_000
const at = (iso: string) => Date.parse(iso)
const cron = (pattern: string, time_zone = 'UTC', more = {}): Timetable => ({
  config: ScheduleConfig.parse({ cron: pattern, time_zone, ...more }),
  anchor: 0,
})

function times(timetable: Timetable, after: string, count: number): string[] {
  const found: string[] = []
  for (let time = nextTime(timetable, at(after)); time !== undefined && found.length < count;) {
    found.push(new Date(time).toISOString().replace(':00.000Z', 'Z'))
    time = nextTime(timetable, time)
  }
  return found
}

describe('an hour that a clock change skips', () => {
  test('New York, 8 March 2026: what was for 02:30 comes when the clock has jumped, at 03:00', () => {
    expect(times(cron('30 2 * * *', 'America/New_York'), '2026-03-07T00:00Z', 3)).toEqual([
      '2026-03-07T07:30Z',
      '2026-03-08T07:00Z',
      '2026-03-09T06:30Z',
    ])
  })

  test('Lisbon, 29 March 2026', () => {
    expect(times(cron('30 1 * * *', 'Europe/Lisbon'), '2026-03-28T00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ])
  })

  test('São Paulo, 4 November 2018: the day began at 01:00', () => {
    expect(times(cron('0 0 * * *', 'America/Sao_Paulo'), '2018-11-02T12:00Z', 3)).toEqual([
      '2018-11-03T03:00Z',
      '2018-11-04T03:00Z',
      '2018-11-05T02:00Z',
    ])
  })
})

describe('an hour that comes twice', () => {
  test('a fixed hour fires the first time only: New York, Lisbon, São Paulo', () => {
    expect(times(cron('30 1 * * *', 'America/New_York'), '2026-10-31T12:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ])
    expect(times(cron('30 1 * * *', 'Europe/Lisbon'), '2026-10-24T12:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
    expect(times(cron('30 23 * * *', 'America/Sao_Paulo'), '2019-02-16T12:00Z', 2)).toEqual([
      '2019-02-17T01:30Z',
      '2019-02-18T02:30Z',
    ])
  })

  test('every half hour goes on every half hour', () => {
    expect(times(cron('*/30 * * * *', 'America/New_York'), '2026-11-01T05:00Z', 4)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-01T06:00Z',
      '2026-11-01T06:30Z',
      '2026-11-01T07:00Z',
    ])
  })
})

describe('intervals', () => {
  it('are counted from their beginning, whoever asks when', () => {
    const timetable = { config: ScheduleConfig.parse({ interval_ms: 90_000 }), anchor: at('2026-01-01T00:00:10Z') }
    expect(nextTime(timetable, at('2026-01-01T00:00:10Z'))).toBe(at('2026-01-01T00:01:40Z'))
    expect(nextTime(timetable, at('2026-01-01T00:01:39.999Z'))).toBe(at('2026-01-01T00:01:40Z'))
    expect(nextTime(timetable, at('2026-01-01T00:01:40Z'))).toBe(at('2026-01-01T00:03:10Z'))
  })
})

describe('times that were missed', () => {
  const due = at('2026-01-01T10:00Z')

  it('are none when the alarm comes in time', () => {
    for (const missed of ['skip', 'run_once', 'run_all']) {
      expect(takeDue(cron('0 * * * *', 'UTC', { missed }), due, due + 5_000)).toEqual([due])
    }
  })

  it('skip: fires nothing, unless the last one is just now', () => {
    const hourly = cron('0 * * * *', 'UTC', { missed: 'skip' })
    expect(takeDue(hourly, due, at('2026-01-01T13:30Z'))).toEqual([])
    expect(takeDue(hourly, due, at('2026-01-01T13:00:20Z'))).toEqual([at('2026-01-01T13:00Z')])
  })

  it('run_once: fires for the last of them, also after months', () => {
    expect(takeDue(cron('0 * * * *'), due, at('2026-01-01T13:30Z'))).toEqual([at('2026-01-01T13:00Z')])
    expect(takeDue(cron('* * * * *'), due, at('2026-07-01T00:00:30Z'))).toEqual([at('2026-07-01T00:00Z')])
    expect(takeDue(cron('0 10 1 1 *'), due, at('2026-12-31T00:00Z'))).toEqual([due])
  })

  it('run_all: fires for each, oldest first, up to a bound', () => {
    const hourly = cron('0 * * * *', 'UTC', { missed: 'run_all' })
    expect(takeDue(hourly, due, due + 2.5 * HOUR_MS)).toEqual([due, due + HOUR_MS, due + 2 * HOUR_MS])
    expect(takeDue(hourly, due, due + 1_000 * HOUR_MS)).toHaveLength(MAX_CATCH_UP)
  })
})

describe('a config', () => {
  it('has either cron or an interval, and both must be possible', () => {
    for (const config of [
      {},
      { cron: '* * * * *', interval_ms: 1_000 },
      { cron: '* * * * * *' },
      { cron: '61 * * * *' },
      { cron: 'amanhã' },
      { cron: '* * * * *', time_zone: 'Marte/Base' },
      { interval_ms: 999 },
    ]) {
      expect(ScheduleConfig.safeParse(config).success, JSON.stringify(config)).toBe(false)
    }
  })

  it('may name a day that never comes', () => {
    expect(nextTime(cron('0 0 30 2 *'), at('2026-01-01T10:00Z'))).toBeUndefined()
  })
})
