/**
 * Hands spans to a collector over OTLP/HTTP. A small one of our own: the OpenTelemetry SDK for Node rests on what workerd
 * does not have, and the one library for Workers has not followed it for years.
 *
 * X1  Nobody waits for it and nothing fails because of it: what cannot be handed over is dropped and counted.
 * X2  What is kept, and what is on its way, is bounded. A collector that does not answer is left alone for a while.
 * X3  It lives in one isolate and holds nothing that another request would have to wait for.
 */
import { type Config, readConfig } from '#config'
import { logLine } from '#lib/log'
import { count } from './metrics.ts'
import { type Span, toOtlp } from './span.ts'

const MAX_KEPT = 2_048
const BATCH = 256
const MAX_ON_THE_WAY = 4
const GATHER_MS = 1_000
const DEADLINE_MS = 5_000
/** A flush whose request was cut off with its invocation is planned anew after this. */
const LOST_MS = 10_000
const BACK_OFF_MS = 30_000

interface Collector {
  readonly url: string
  readonly headers: Record<string, string>
  readonly service: string
}

type WaitUntil = (work: Promise<unknown>) => void

let kept: Span[] = []
let plannedUntil = 0
let silentUntil = 0
/** When each request that is on its way is over at the latest (Unix milliseconds). */
let onTheWay: number[] = []

/** Keeps a span for the next batch; without a collector, or where the trace is not to be recorded, it does nothing. */
export function exportSpan(env: object, waitUntil: WaitUntil, span: Span): void {
  const collector = collectorOf(env)
  if (collector === undefined || !span.trace.sampled) return
  const now = Date.now()
  if (kept.length >= MAX_KEPT || now < silentUntil) return count('spans_dropped', {})
  kept.push(span)
  if (kept.length >= BATCH) waitUntil(flush(collector))
  else if (now >= plannedUntil) {
    plannedUntil = now + LOST_MS
    waitUntil(scheduler.wait(GATHER_MS).then(() => flush(collector)))
  }
}

async function flush(collector: Collector): Promise<void> {
  plannedUntil = 0
  while (kept.length > 0) {
    const until = Date.now() + DEADLINE_MS
    onTheWay = onTheWay.filter((time) => time > Date.now())
    if (onTheWay.length >= MAX_ON_THE_WAY) return
    const batch = kept.splice(0, BATCH)
    onTheWay.push(until)
    const problem = await deliver(collector, batch)
    onTheWay = onTheWay.filter((time) => time !== until)
    if (problem === undefined) count('spans_exported', {}, batch.length)
    else giveUp(batch.length, problem)
  }
}

function giveUp(spans: number, problem: string): void {
  count('spans_dropped', {}, spans + kept.length)
  kept = []
  silentUntil = Date.now() + BACK_OFF_MS
  logLine('warn', { event: 'spans_dropped', spans, error: problem })
}

/** @returns what went wrong */
async function deliver({ url, headers, service }: Collector, batch: readonly Span[]): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(toOtlp(batch, service)),
      // A redirect would carry the headers to whoever it names.
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE_MS),
    })
    await response.body?.cancel()
    return response.ok ? undefined : `the collector answered ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown'
  }
}

const collectors = new WeakMap<object, Collector>()

function collectorOf(env: object): Collector | undefined {
  const known = collectors.get(env)
  if (known !== undefined) return known
  const collector = toCollector(env)
  if (collector !== undefined) collectors.set(env, collector)
  return collector
}

function toCollector(env: object): Collector | undefined {
  const config = configOf(env)
  if (config === undefined) return undefined
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = config
  if (endpoint === undefined) return undefined
  return {
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...Object.fromEntries(headers), 'Content-Type': 'application/json' },
    service: config.OTEL_SERVICE_NAME,
  }
}

/** A configuration that cannot be used is told to everybody who asks for anything: not here (X1). */
function configOf(env: object): Config | undefined {
  try {
    return readConfig(env)
  } catch {
    return undefined
  }
}
