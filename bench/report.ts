/** What was measured: gathered, printed as one table, written as JSON and as a chart. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Measured } from './load.ts'
import { loadAverage } from '#tests/support/process-usage'
import { toChart } from './chart.ts'

export type Who = 'ours' | 'peer' | 'floor'

export interface Rate extends Measured {
  readonly row: string
  readonly who: Who
}

export interface Figure {
  readonly row: string
  readonly what: string
  readonly value: string
  readonly machineLoad: number
}

export interface Bench {
  /** Whether this row was asked for. */
  wants(row: string): boolean
  /** How many requests, of as many for a full run. */
  requests(full: number): number
  rate(row: string, who: Who, measured: Measured): void
  figure(row: string, what: string, value: string): void
  skip(what: string, why: string): void
  /** The table; also written to `bench/results/`. */
  report(): string
}

const QUICK = 0.1
const RESULTS = join(import.meta.dirname, 'results')

/** @param rows those that were asked for; none: all */
export function createBench(rows: readonly string[], isQuick: boolean): Bench {
  const rates: Rate[] = []
  const figures: Figure[] = []
  const skipped: string[] = []

  function toLine({ row, who, ...measured }: Rate): string {
    const beside = rates.find((other) => other.row === row && other.who !== 'ours')
    const ratio = who === 'ours' && beside !== undefined ? (measured.perSecond / beside.perSecond).toFixed(2) : ''
    const cells = [
      measured.perSecond.toFixed(0),
      measured.p50Ms.toFixed(1),
      measured.p99Ms.toFixed(1),
      String(measured.errors),
      String(measured.memoryMib),
      measured.cpuMsPerRequest.toFixed(2),
      ratio,
      measured.machineLoad.toFixed(1),
    ]
    return `${row.padEnd(14)} ${who.padEnd(6)} ${cells.map((cell) => cell.padStart(8)).join(' ')}`
  }

  return {
    wants: (row) => rows.length === 0 || rows.includes(row),
    requests: (full) => Math.ceil(full * (isQuick ? QUICK : 1)),
    rate(row, who, measured) {
      rates.push({ row, who, ...measured })
      console.log(toLine({ row, who, ...measured }))
    },
    figure(row, what, value) {
      figures.push({ row, what, value, machineLoad: loadAverage() })
      console.log(`${row.padEnd(14)} ${what}: ${value}`)
    },
    skip(what, why) {
      skipped.push(`${what}: ${why}`)
      console.log(`SKIPPED ${what}: ${why}`)
    },
    report() {
      const head = `${'row'.padEnd(21)} ${['per s', 'p50 ms', 'p99 ms', 'errors', 'MiB', 'CPU ms', 'ratio', 'load'].map((cell) => cell.padStart(8)).join(' ')}`
      const machine = { cores: availableParallelism(), model: cpus()[0]?.model ?? '', node: process.version }
      const result = { at: new Date().toISOString(), commit: commit(), machine, rates, figures, skipped }
      mkdirSync(RESULTS, { recursive: true })
      writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(result, undefined, 2)}\n`)
      writeFileSync(join(RESULTS, 'latest.svg'), toChart(rates))
      const lines = figures.map(({ row, what, value }) => `${row.padEnd(14)} ${what}: ${value}`)
      return [head, ...rates.map(toLine), '', ...lines, ...skipped.map((line) => `SKIPPED ${line}`)].join('\n')
    },
  }
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: RESULTS }).trim()
  } catch {
    return 'unknown'
  }
}
