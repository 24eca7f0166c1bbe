/**
 * The line of each request. On one machine lines are gathered for a moment, since workerd and what prints it spend a
 * third as much on one line by itself as on a whole simple request. At the edge a line belongs to its own invocation.
 *
 * A1  A line is kept for `GATHER_MS` at most while the isolate serves anything; only a killed one loses it.
 * A2  Lines keep their order among themselves. Warnings and errors do not wait.
 */
import { formatLine, type LogFields, print } from '#lib/log'

const GATHER_MS = 20
const BATCH = 64
/** A flush whose request was cut off with its invocation is planned anew after this. */
const LOST_MS = 200

let kept: string[] = []
let plannedUntil = 0

/** Puts a request's line on the log, soon. */
export function logRequest(env: object, waitUntil: (work: Promise<unknown>) => void, fields: LogFields): void {
  const line = formatLine('info', fields)
  if ('HYPERDRIVE' in env) return print('info', line)
  const now = Date.now()
  kept.push(line)
  if (kept.length >= BATCH) flush()
  else if (now >= plannedUntil) {
    plannedUntil = now + LOST_MS
    waitUntil(scheduler.wait(GATHER_MS).then(flush))
  }
}

function flush(): void {
  plannedUntil = 0
  const lines = kept
  kept = []
  if (lines.length > 0) print('info', lines.join('\n'))
}
