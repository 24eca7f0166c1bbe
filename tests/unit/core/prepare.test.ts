import { describe, expect, test } from 'vitest'
import { emit } from '#core/workflow/node-type'
import { openVisit } from '#core/workflow/open-visit'
import { checkDecision, prepareVisit } from '#core/workflow/prepare'
import type { Json } from '#lib/json'
import { httpRequest } from '#nodes/http-request'
import { draw } from './graph-builder.ts'
import { started, T0 } from './run-driver.ts'

/** What a node is given, once everything before it has ended. */
function prepared(config: Json, inputs: Json) {
  const run = started(draw('start -> http', { http: { type: 'http.request', config } }), inputs)
  const { plan, facts } = run.machine
  return prepareVisit(openVisit(plan, run.state, { node_id: 'http', visit: 1 }, httpRequest, facts, T0).see())
}

function failureOf(config: Json, inputs: Json): unknown {
  try {
    return prepared(config, inputs)
  } catch (error) {
    return error
  }
}

const post = { method: 'POST', url: 'https://example.com' }

describe('what a visit is given', () => {
  test('its input, its trigger and its config with every expression evaluated', () => {
    const config = { ...post, body: { order: '{{ $trigger.id }}', of: '{{ $workflow.name }}', at: '{{ $now }}' } }
    expect(prepared(config, { id: 7 })).toMatchObject({
      input: { id: 7 },
      trigger: { id: 7 },
      config: { body: { order: 7, of: 'Orders', at: '2030-01-01T00:00:00.000Z' } },
    })
  })

  test('a config that holds a large output many times fails the node before anyone writes it out', () => {
    const config = { ...post, body: Array.from({ length: 200 }, () => '{{ $input }}') }
    expect(() => prepared(config, 'x'.repeat(200_000))).toThrow(
      expect.objectContaining({ error: expect.objectContaining({ code: 'config_too_large' }) }),
    )
  })

  test('what is wrong with an evaluated config is told in short, without its values', () => {
    const headers = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`h${index}`, ['hunter2']]))
    const failure = failureOf({ ...post, headers: '{{ $input }}' }, headers)
    expect(failure).toMatchObject({ error: { code: 'config_invalid' }, retryable: false })
    const text = JSON.stringify(failure)
    expect(text.length).toBeLessThan(2000)
    expect(text).toContain('/headers/h0')
    expect(text).not.toContain('hunter2')
  })
})

describe('what a visit may give', () => {
  const nested = (levels: number): Json => (levels === 0 ? 1 : [nested(levels - 1)])

  test.each<[Json, string]>([
    ['x'.repeat(26_214_399), 'output_too_large'],
    ['\0'.repeat(4_400_000), 'output_too_large'],
    ['日'.repeat(8_800_000), 'output_too_large'],
    [nested(501), 'output_too_deep'],
  ])('not more than an object may hold (%#)', (output, code) => {
    expect(() => checkDecision(emit(output))).toThrow(
      expect.objectContaining({ error: expect.objectContaining({ code }) }),
    )
  })

  test.each<[Json, number]>([
    ['x'.repeat(26_214_398), 26_214_400],
    [nested(500), 1_001],
    [null, 4],
  ])('and up to that (%#)', (output, bytes) => {
    expect(checkDecision(emit(output))).toBe(bytes)
  })
})
