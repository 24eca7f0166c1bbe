import { describe, expect, test } from 'vitest'
import { runTrace } from '#core/workflow/run-trace'
import { newId } from '#lib/ids'
import { childTrace, formatTraceparent, parseTraceparent } from '#lib/trace'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

describe('traceparent', () => {
  test.each([
    ['00', '01', true],
    ['00', '00', false],
    ['00', '03', true],
    ['cc', '01', true],
  ])('is read, version %s, flags %s', (version, flags, sampled) => {
    expect(parseTraceparent(`${version}-${TRACE}-${SPAN}-${flags}`)).toEqual({ traceId: TRACE, spanId: SPAN, sampled })
  })

  test('of a later version may say more', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)?.traceId).toBe(TRACE)
  })

  test.each([
    undefined,
    null,
    '',
    'junk',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-0`,
    `00-${TRACE}-${SPAN}-01\n`,
  ])('%j counts as none', (header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })

  test('is written as it is read', () => {
    const header = `00-${TRACE}-${SPAN}-00`
    expect(formatTraceparent(parseTraceparent(header) ?? childTrace())).toBe(header)
  })
})

test('a span below another shares its trace and its recording, and no two are the same', () => {
  const above = { traceId: TRACE, spanId: SPAN, sampled: false }
  const spans = Array.from({ length: 100 }, () => childTrace(above))
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(100)
  expect(spans[0]).toMatchObject({ traceId: TRACE, sampled: false })
  expect(parseTraceparent(formatTraceparent(childTrace()))).toBeDefined()
})

test('an execution has the same span whenever it is asked, in the trace that began it or in its own', () => {
  const executionId = newId()
  const alone = runTrace({ executionId })
  expect(alone).toEqual(runTrace({ executionId }))
  expect(parseTraceparent(formatTraceparent(alone))).toEqual(alone)
  expect(runTrace({ executionId, traceparent: `00-${TRACE}-${SPAN}-00` })).toEqual({
    traceId: TRACE,
    spanId: alone.spanId,
    sampled: false,
  })
})
