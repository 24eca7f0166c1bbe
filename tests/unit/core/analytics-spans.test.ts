/** Which counts are read: the fewest that give the same as quarters of an hour do. */
import { expect, it } from 'vitest'
import { rangesBetween } from '#core/analytics/spans'

const at = (text: string): number => Date.parse(`2031-03-${text}Z`)
const told = (...moments: readonly string[]) =>
  rangesBetween(moments.map(at)).map(
    ({ span, from, to }) =>
      [span, new Date(from).toISOString().slice(8, 16), new Date(to).toISOString().slice(8, 16)] as const,
  )

it('takes whole days by day, and what is around them by quarter of an hour', () => {
  expect(told('01T22:15', '04T00:30')).toEqual([
    ['quarter_hour', '01T22:15', '02T00:00'],
    ['day', '02T00:00', '04T00:00'],
    ['quarter_hour', '04T00:00', '04T00:30'],
  ])
  expect(told('01T00:00', '02T00:00', '03T00:00')).toEqual([['day', '01T00:00', '03T00:00']])
  expect(told('01T01:00', '01T23:00')).toEqual([['quarter_hour', '01T01:00', '01T23:00']])
  expect(told('01T01:00', '02T00:00')).toEqual([['quarter_hour', '01T01:00', '02T00:00']])
})

it('never reaches over a moment that is asked for', () => {
  expect(told('01T00:00', '02T12:00', '04T00:00')).toEqual([
    ['day', '01T00:00', '02T00:00'],
    ['quarter_hour', '02T00:00', '03T00:00'],
    ['day', '03T00:00', '04T00:00'],
  ])
  // São Paulo's days: none is one of UTC.
  expect(told('01T03:00', '02T03:00', '03T03:00')).toEqual([['quarter_hour', '01T03:00', '03T03:00']])
})

it('of nothing is nothing', () => {
  expect(told('01T00:00', '01T00:00')).toEqual([])
})
