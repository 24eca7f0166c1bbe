/** A failure that the person at the terminal can mend: one line that says what is wrong and what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What an unknown thrown value says, for a line on the terminal. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of a system error (`ENOENT`, `EADDRINUSE`) or of a PostgreSQL error (`28P01`), if it carries one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
