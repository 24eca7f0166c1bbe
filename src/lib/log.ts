export type LogLevel = 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, unknown>>

/** One line of JSON on the log. Never pass a token, a query string or a path: ids of webhooks are secrets too. */
export function logLine(level: LogLevel, fields: LogFields): void {
  print(level, formatLine(level, fields))
}

/** The line of now, for `print`. */
export function formatLine(level: LogLevel, fields: LogFields): string {
  return JSON.stringify({ time: new Date().toISOString(), level, ...fields })
}

/** @param lines of `formatLine`, with `\n` between them */
export function print(level: LogLevel, lines: string): void {
  if (level === 'info') console.log(lines)
  else console.error(lines)
}

/** An error with its causes, as the log keeps it. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  return { name: error.name, message: error.message, stack: error.stack, ...cause }
}
