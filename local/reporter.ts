/** What a start shows: a line per stage with its time. On a terminal with a mark, elsewhere plain. */
export interface Reporter {
  /** Runs a stage and prints its line, which the result words. Nothing begins after the signal was given. */
  stage<T>(work: () => Promise<T> | T, toLine: (result: T) => string): Promise<T>
  note(line: string): void
  fail(line: string): void
}

const GREEN = '\u001B[32m'
const YELLOW = '\u001B[33m'
const RED = '\u001B[31m'
const PLAIN = '\u001B[0m'

/** Milliseconds since `since`, as people read them. */
export function toDuration(since: number): string {
  return `${Math.round(performance.now() - since).toLocaleString('en')} ms`
}

/** Prints to the terminal of this process. */
export function createReporter(signal: AbortSignal): Reporter {
  const isTerminal = process.stdout.isTTY
  const hasColour = isTerminal && process.env['NO_COLOR'] === undefined
  const mark = (symbol: string, colour: string): string => {
    if (!isTerminal) return ''
    return hasColour ? `${colour}${symbol}${PLAIN} ` : `${symbol} `
  }
  return {
    async stage(work, toLine) {
      signal.throwIfAborted()
      const since = performance.now()
      const result = await work()
      console.log(`${mark('✓', GREEN)}${toLine(result)} (${toDuration(since)})`)
      return result
    },
    note: (line) => console.log(`${mark('•', YELLOW)}${line}`),
    fail: (line) => console.error(`${mark('✗', RED)}${line}`),
  }
}
