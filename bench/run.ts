/**
 * `npm run bench`: starts what it measures, alone, one after another.
 *
 *     npm run bench                          everything (about ten minutes)
 *     npm run bench -- list webhook          these rows
 *     npm run bench -- endurance             ten minutes more, which is in no other run
 *     npm run bench -- --quick               a tenth of the requests: that it works, and no figures
 *     PEER_FASTAPI=<directory> npm run bench the peer beside ours
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureIdleChats, measureStreams } from './chats.ts'
import { measureEndurance } from './endurance.ts'
import { measureHooks, measureRest } from './rates.ts'
import { createBench } from './report.ts'
import { measureLatency, measureLoop, measureOutput, measureSockets, measureStart, measureWaiting } from './sizes.ts'

const ROWS = [
  'health',
  'list',
  'create',
  'webhook',
  'latency',
  'waiting',
  'sockets',
  'chat-sockets',
  'streams',
  'loop',
  'output',
  'start',
]
/** Only when it is asked for. */
const LONG_ROW = 'endurance'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((row) => row !== LONG_ROW && !ROWS.includes(row))
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${ROWS.join(', ')}, ${LONG_ROW}`)
  process.exit(2)
}

const bench = createBench(positionals, values.quick)
const directory = mkdtempSync(join(tmpdir(), 'synapscale-bench-'))
try {
  if (['health', 'list', 'create'].some((row) => bench.wants(row)))
    await measureRest(bench, join(directory, 'postgres'))
  if (bench.wants('webhook')) await measureHooks(bench)
  if (bench.wants('latency')) await measureLatency(bench)
  if (bench.wants('waiting')) await measureWaiting(bench)
  if (bench.wants('sockets')) await measureSockets(bench)
  if (bench.wants('chat-sockets')) await measureIdleChats(bench)
  if (bench.wants('streams')) await measureStreams(bench)
  if (bench.wants('loop')) await measureLoop(bench)
  if (bench.wants('output')) await measureOutput(bench)
  if (bench.wants('start')) await measureStart(bench)
  if (positionals.includes(LONG_ROW)) await measureEndurance(bench)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
console.log(`\n${bench.report()}\n\nalso in bench/results/latest.json and latest.svg`)
process.exit(0)
