import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRIC_NAMES } from '#telemetry/metrics'

const GAUGES = ['up', 'executions_open', 'queue_age_seconds', 'queue_length', 'database_pool']

test('the dashboard asks for nothing that is not told', () => {
  const text = readFileSync('docs/grafana/synapscale.json', 'utf8')
  const asked = new Set(
    Array.from(text.matchAll(/synapscale_(\w+)\{/g), ([, name = '']) => name.replace(/_(?:total|bucket)$/, '')),
  )
  expect(asked.size).toBeGreaterThan(10)
  expect([...asked].filter((name) => ![...METRIC_NAMES, ...GAUGES].includes(name))).toEqual([])
})
