/** A load generator: so many connections, each with one request at a time. */
import { Agent, request, type RequestOptions } from 'node:http'
import { cpuMs, loadAverage, residentMib } from '#tests/support/process-usage'

export interface Shot {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Load {
  readonly url: string
  /** The processes whose time and memory are counted. */
  readonly pids: () => readonly number[]
  readonly shot: (n: number) => Shot
  readonly connections: number
  readonly requests: number
}

export interface Measured {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
  readonly cpuMsPerRequest: number
  readonly memoryMib: number
  /** The machine's load when it began. */
  readonly machineLoad: number
}

/** Of a run's requests, before it: compiled code and warm connections are what is measured. */
const WARM_UP = 0.1

/** The value below which so many of the others lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** One request; its status, or 0 when the connection failed. */
function send(url: URL, agent: Agent, { method, path, headers = {}, body }: Shot): Promise<number> {
  const options: RequestOptions = { host: url.hostname, port: url.port, method, path, agent, headers }
  return new Promise((done) => {
    const sending = request(options, (response) => {
      response.on('end', () => done(response.statusCode ?? 0)).on('error', () => done(0))
      response.resume()
    })
    sending.on('error', () => done(0)).end(body)
  })
}

async function run({ url, shot, connections }: Load, first: number, count: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const target = new URL(url)
  const times: number[] = []
  let [next, errors] = [0, 0]
  async function lane(): Promise<void> {
    for (let n = next++; n < count; n = next++) {
      const began = performance.now()
      const status = await send(target, agent, shot(first + n))
      times.push(performance.now() - began)
      if (status < 200 || status > 299) errors += 1
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, lane))
  agent.destroy()
  return { times, errors, ms: performance.now() - began }
}

/** Warms up, then measures. */
export async function measure(load: Load): Promise<Measured> {
  const warmUp = Math.ceil(load.requests * WARM_UP)
  await run(load, 0, warmUp)
  const pids = load.pids()
  const [machineLoad, before] = [loadAverage(), cpuMs(pids)]
  const { times, errors, ms } = await run(load, warmUp, load.requests)
  return {
    requests: load.requests,
    perSecond: (load.requests * 1_000) / ms,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    errors,
    cpuMsPerRequest: (cpuMs(pids) - before) / load.requests,
    memoryMib: residentMib(pids),
    machineLoad,
  }
}
