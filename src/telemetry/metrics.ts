/**
 * What this isolate counts: on one machine that is the whole process, at the edge one of many, so that these figures are
 * local there. Labels have few values each, none of which a caller chooses.
 */

interface Counter {
  readonly type: 'counter'
  readonly help: string
}
interface Histogram {
  readonly type: 'histogram'
  readonly help: string
  /** Upper bounds, in the unit that the name ends with. */
  readonly buckets: readonly number[]
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const LOCAL = {
  http_requests: { type: 'counter', help: 'Requests answered, by method, route and status.' },
  http_request_seconds: { type: 'histogram', help: 'Time to the answer, by method and route.', buckets: SECONDS },
  executions_finished: { type: 'counter', help: 'Executions that ended here, by status.' },
  execution_seconds: {
    type: 'histogram',
    help: 'From start to end of executions that ended here.',
    buckets: [...SECONDS, 300, 1800, 7200],
  },
  node_visits: { type: 'counter', help: 'Visits of nodes that ended, by node type and outcome.' },
  deliveries: { type: 'counter', help: 'What actors owed and delivered, or failed to, by kind and outcome.' },
  outbox_lag_seconds: {
    type: 'histogram',
    help: 'From the end of an execution until PostgreSQL lists it so.',
    buckets: SECONDS,
  },
  sockets_opened: { type: 'counter', help: 'Websockets and event streams that were let in, by resource.' },
  sockets_closed: { type: 'counter', help: 'The same that have gone.' },
  model_calls: { type: 'counter', help: 'Calls of models, by provider and outcome.' },
  model_tokens: { type: 'counter', help: 'Tokens that models counted, by provider and direction.' },
  spans_exported: { type: 'counter', help: 'Spans that the collector took.' },
  spans_dropped: { type: 'counter', help: 'Spans that it did not, or that were too many.' },
} as const satisfies Record<string, Counter | Histogram>

type Catalog = typeof LOCAL

/** Without prefix and ending. */
export const METRIC_NAMES: readonly string[] = Object.keys(LOCAL)

type NameOf<Type extends string> = {
  [Name in keyof Catalog]: Catalog[Name]['type'] extends Type ? Name : never
}[keyof Catalog]

export type Labels = Readonly<Record<string, string | number>>

/** A figure as it stands now. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly values: readonly { readonly labels: Labels; readonly value: number }[]
}

/** Nothing should ever come near it; what does is lost rather than kept. */
const MAX_SERIES = 5_000
const PREFIX = 'synapscale_'

interface Series {
  value: number
  readonly buckets: number[]
  sum: number
}
const series = new Map<string, Map<string, Series>>()
let seriesCount = 0

function seriesOf(name: keyof Catalog, labels: Labels): Series | undefined {
  const text = formatLabels(labels)
  const ofName = series.get(name) ?? new Map<string, Series>()
  series.set(name, ofName)
  const known = ofName.get(text)
  if (known !== undefined || seriesCount >= MAX_SERIES) return known
  seriesCount += 1
  const fresh: Series = { value: 0, buckets: [], sum: 0 }
  ofName.set(text, fresh)
  return fresh
}

/** Adds to a counter. */
export function count(name: NameOf<'counter'>, labels: Labels, by = 1): void {
  const found = seriesOf(name, labels)
  if (found !== undefined) found.value += by
}

/** Puts a value, in seconds, into a histogram. */
export function observe(name: NameOf<'histogram'>, labels: Labels, seconds: number): void {
  const found = seriesOf(name, labels)
  if (found === undefined) return
  found.value += 1
  found.sum += seconds
  LOCAL[name].buckets.forEach((bound, index) => {
    if (seconds <= bound) found.buckets[index] = (found.buckets[index] ?? 0) + 1
  })
}

/** Everything in Prometheus's text format, 0.0.4. */
export function toPrometheus(gauges: readonly Gauge[]): string {
  const local = Object.entries(LOCAL).flatMap(([name, metric]) => [
    ...head(metric.type === 'counter' ? `${name}_total` : name, metric.type, `${metric.help} Of this isolate.`),
    ...Array.from(series.get(name) ?? [], ([labels, one]) => lines(name, metric, labels, one)).flat(),
  ])
  const given = gauges.flatMap(({ name, help, values }) => [
    ...head(name, 'gauge', help),
    ...values.map(({ labels, value }) => `${PREFIX}${name}${braces(formatLabels(labels))} ${value}`),
  ])
  return [...local, ...given, ''].join('\n')
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`]
}

function lines(name: string, metric: Counter | Histogram, labels: string, { value, sum, buckets }: Series): string[] {
  if (metric.type === 'counter') return [`${PREFIX}${name}_total${braces(labels)} ${value}`]
  const withBound = (bound: number | string): string => braces([labels, `le="${bound}"`].filter(Boolean).join(','))
  return [
    ...metric.buckets.map((bound, index) => `${PREFIX}${name}_bucket${withBound(bound)} ${buckets[index] ?? 0}`),
    `${PREFIX}${name}_bucket${withBound('+Inf')} ${value}`,
    `${PREFIX}${name}_sum${braces(labels)} ${sum}`,
    `${PREFIX}${name}_count${braces(labels)} ${value}`,
  ]
}

function formatLabels(labels: Labels): string {
  const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escape(String(value))}"`)
    .join(',')
}

function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}
