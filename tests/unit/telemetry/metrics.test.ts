import { expect, test } from 'vitest'
import { count, observe, toPrometheus } from '#telemetry/metrics'

test('figures read as Prometheus reads them', () => {
  count('executions_finished', { status: 'completed' }, 2)
  count('executions_finished', { status: 'failed' })
  observe('outbox_lag_seconds', {}, 0.02)
  observe('outbox_lag_seconds', {}, 100)
  const text = toPrometheus([{ name: 'up', help: 'Whether.', values: [{ labels: { part: 'a"b\\c\nd' }, value: 1 }] }])
  expect(text).toContain('# TYPE synapscale_executions_finished_total counter\n')
  expect(text).toContain('synapscale_executions_finished_total{status="completed"} 2\n')
  expect(text).toContain('synapscale_outbox_lag_seconds_bucket{le="0.01"} 0\n')
  expect(text).toContain('synapscale_outbox_lag_seconds_bucket{le="0.025"} 1\n')
  expect(text).toContain('synapscale_outbox_lag_seconds_bucket{le="+Inf"} 2\n')
  expect(text).toContain('synapscale_outbox_lag_seconds_sum 100.02\nsynapscale_outbox_lag_seconds_count 2\n')
  expect(text).toContain('synapscale_up{part="a\\"b\\\\c\\nd"} 1\n')
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) synapscale_\w+ .+|synapscale_\w+(?:\{.*\})? [\d.e+-]+)$/)
  }
})

test('whoever makes up endless labels fills no memory', () => {
  for (let index = 0; index < 20_000; index += 1)
    count('http_requests', { method: 'GET', route: String(index), status: 200 })
  expect(toPrometheus([]).match(/http_requests_total\{/g)?.length).toBeLessThanOrEqual(5_000)
})
