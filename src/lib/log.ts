/** One line of JSON on the log. Never pass a token, a query string or a path: ids of webhooks are secrets too. */
export function logLine(level: 'info' | 'warn' | 'error', fields: Readonly<Record<string, unknown>>): void {
  const line = JSON.stringify({ time: new Date().toISOString(), level, ...fields })
  if (level === 'info') console.log(line)
  else console.error(line)
}

/** An error with its causes, as the log keeps it. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) }
  return { name: error.name, message: error.message, stack: error.stack, ...cause }
}
